"""Experiments with known faults, and healthy ones: what the diagnosis finds, and what it should not."""
