"""Bundled real series and generators with a known oracle: one file each, chosen by name in params.yaml.

Each has `make(*, …) -> Series`. Its keywords are the keys of `series.NAME` in params.yaml; every source also takes
`target`, `features` and `period` (`series.select`).
"""
