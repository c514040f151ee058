"""Flatline's stages: a folder is a room of plain functions, a file is the command line of a stage."""
