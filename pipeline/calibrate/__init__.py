"""Stage `calibrate`."""
