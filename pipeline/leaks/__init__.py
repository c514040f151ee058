"""Stage `leaks`."""
