"""The backends of each dataset's experiments. The proofs of a dataset depend on them, and on nothing else of these."""

from __future__ import annotations

from typing import Any

from pipeline.common import files


def of_datasets(settings: dict[str, Any]) -> dict[str, list[str]]:
    """Return the backends of each dataset's experiments in alphabetical order; an empty list where it has none.

    Args:
        settings: all settings, complete.
    """
    used: dict[str, set[str]] = {name: set() for name in settings["datasets"]}
    for experiment in settings["experiments"].values():
        used[experiment["dataset"]].add(experiment["training"]["backend"])
    return {name: sorted(found) for name, found in used.items()}


def table(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the content of data/backends.json."""
    return {"backends": of_datasets(settings)}


def write(p: dict[str, Any]) -> None:
    """Write data/backends.json (docs/files.md)."""
    files.write_json(files.BACKENDS, table(p))


def read(dataset: str) -> list[str]:
    """Return the backends of a dataset's experiments from data/backends.json."""
    found: list[str] = files.read_json(files.BACKENDS)["backends"][dataset]
    return found
