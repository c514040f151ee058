"""Measurements side by side, run by `make bench`; never part of a test, because machines are shared and noisy."""
