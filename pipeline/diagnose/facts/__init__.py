"""What is measured, without thresholds."""
