"""Stage `diagnose`."""
