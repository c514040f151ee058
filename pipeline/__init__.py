"""Flatline's stages: what each computes, as plain functions with a thin command line."""
