"""The settings in which two experiments differ, and the findings that name each of them."""

from __future__ import annotations

import ast
from typing import Any

from pipeline.common import architectures, params
from pipeline.report.wording import joined, setting

# Settings that change the speed of a training and nothing else but last digits.
_SPEED = ("training.backend", "training.jit_compile", "training.steps_per_execution", "training.threads")


def between(
    settings: dict[str, Any], before: str, after: str, diagnosis: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Return every setting that differs between two experiments, their datasets and series.

    Args:
        settings: Output of `params.load()`: sizes resolved, defaults filled in.
        before: Name of the experiment without the fix.
        after: Name of the experiment with the fix.
        diagnosis: Diagnosis of the first one, or None.

    Returns:
        Per setting `parameter` (dotted, below `experiments.NAME`, or `dataset.` or `series.`), `before` and `after`
        (texts), `findings` (codes whose remedy sets it), `speed` (whether it changes only the speed).
    """
    old, new = _flat(settings, before), _flat(settings, after)
    named = _named(settings, before, diagnosis)
    return [
        {
            "parameter": parameter,
            "before": setting(old[parameter]) if parameter in old else "not set",
            "after": setting(new[parameter]) if parameter in new else "not set",
            "findings": [code for code, path in named if _overlap(path, parameter)],
            "speed": parameter in _SPEED,
        }
        for parameter in dict.fromkeys([*old, *new])
        if parameter not in old or parameter not in new or old[parameter] != new[parameter]
    ]


def _flat(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Return all settings of an experiment, its dataset and series by dotted path, without names and posts."""
    experiment = settings["experiments"][name]
    dataset = settings["datasets"][experiment["dataset"]]
    own = {key: experiment[key] for key in experiment if key not in ("dataset", "post", "published")}
    own["dataset"] = {key: value for key, value in dataset.items() if key != "series"}
    own["architecture"] = _defaults(experiment["architecture"]) | experiment["architecture"]
    own["series"] = settings["series"][dataset["series"]]
    return params.leaves(own)


def _defaults(architecture: dict[str, Any]) -> dict[str, Any]:
    """Return the builder's default options, read from its signature; only literals."""
    path, function = architectures.locate("architecture", architecture)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            positional = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            keyword_only = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            given = [(name.arg, value) for name, value in [*keyword_only, *reversed(list(positional))] if value]
            literals = {name: ast.literal_eval(value) for name, value in given if _is_literal(value)}
            # params.yaml has lists where a signature has tuples.
            return {name: list(value) if isinstance(value, tuple) else value for name, value in literals.items()}
    return {}


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _named(settings: dict[str, Any], name: str, diagnosis: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return (code, parameter) for all remedies, the parameters as `_flat` writes them."""
    dataset = settings["experiments"][name]["dataset"]
    series = settings["datasets"][dataset]["series"]
    prefixes = {
        f"experiments.{name}.": "",
        f"datasets.{dataset}.": "dataset.",
        f"series.{series}.": "series.",
    }
    result: dict[tuple[str, str], None] = {}
    for finding in (diagnosis or {}).get("findings") or []:
        for parameter in (finding.get("remedy") or {}).get("set") or {}:
            prefix = next((each for each in prefixes if parameter.startswith(each)), "")
            result[finding["code"], prefixes.get(prefix, "") + parameter.removeprefix(prefix)] = None
    return list(result)


def _overlap(named: str, parameter: str) -> bool:
    """Return whether one of two dotted paths is the other or contains it."""
    return named == parameter or parameter.startswith(named + ".") or named.startswith(parameter + ".")


def unnamed(changed: list[dict[str, Any]], diagnosis: dict[str, Any] | None) -> str:
    """Return a sentence on whether the fix changes only settings that a finding names."""
    if not changed:
        return "No setting differs."
    if diagnosis is None:
        return "Not diagnosed yet, so it is unknown which of these settings a finding names."
    extra = [f"`{row['parameter']}`" for row in changed if not row["findings"] and not row["speed"]]
    if extra == ["`training.seeds`"] and len(changed) > 1:
        return "A finding names each of these settings but `training.seeds`: a fix has at least three."
    return f"No finding names {joined(extra)}." if extra else "A finding names each of these settings."
