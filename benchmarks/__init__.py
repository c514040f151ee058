"""What `make bench` runs: measurements side by side, never part of a test, for machines are shared and noisy."""
