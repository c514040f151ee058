"""Stage `leakage`."""
