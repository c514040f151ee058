"""What every stage stands on: its parameters, its files, its errors, its costs."""
