"""Stage `baselines`."""
