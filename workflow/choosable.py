"""`python -m workflow.choosable`: name the experiments for which no setting can be chosen, after `make experiments`.

A setting is chosen by its scores on the validation part. Without one, only test scores are left, and the best of many
settings on the test part looks better than it is.
"""

from __future__ import annotations

from typing import Any

from pipeline.common import errors, files, params


def without_validation(settings: dict[str, Any]) -> list[str]:
    """Return the experiments of params.yaml without validation scores, in their order.

    What counts is the last evaluation, as in the table of experiments; before the first one, the settings of the split.
    """
    names = []
    for name, experiment in settings["experiments"].items():
        path = files.METRICS / f"{name}.json"
        split = settings["datasets"][experiment["dataset"]]["split"]
        chosen_by = split.get("validation") or split.get("validation_size")
        if path.exists():
            chosen_by = isinstance(files.read_json(path).get(name, {}).get("validation"), dict)
        if not chosen_by:
            names.append(name)
    return names


def main(arguments: list[str]) -> None:
    """Print one line, or nothing."""
    if names := without_validation(params.without_candidates(params.load())):
        print(f"Without a validation part, no setting can be chosen for: {', '.join(names)}.")


if __name__ == "__main__":
    errors.run(main)
