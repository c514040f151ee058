"""Which settings differ between two experiments, and which finding names each of them."""

from __future__ import annotations

import ast
from typing import Any

from pipeline.common import architectures, params
from pipeline.report.wording import joined, setting

# What changes how fast a training is, and nothing about what it computes but last digits.
_SPEED = ("training.jit_compile", "training.steps_per_execution", "training.threads")


def between(settings: dict[str, Any], posted: str, remedied: str, found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Every setting that differs between two experiments, their datasets and series, with the findings that name it.

    Args:
        settings: `params.load()`: sizes resolved, defaults filled in.
        posted: name of an experiment.
        remedied: name of the other one.
        found: the diagnosis of the first, whose remedies are looked at; or None.

    Returns:
        `parameter` (dotted, below `experiments.NAME`, or `dataset.` or `series.`), `posted`, `remedied` (texts),
        `findings` (codes), `speed` (whether it changes nothing but the speed).
    """
    one, other = _flat(settings, posted), _flat(settings, remedied)
    result = []
    for parameter in dict.fromkeys([*one, *other]):
        if parameter in one and parameter in other and one[parameter] == other[parameter]:
            continue
        result.append(
            {
                "parameter": parameter,
                "posted": setting(one[parameter]) if parameter in one else "not set",
                "remedied": setting(other[parameter]) if parameter in other else "not set",
                "findings": [code for code, own in _named(settings, posted, found) if _same(own, parameter)],
                "speed": parameter in _SPEED,
            }
        )
    return result


def _flat(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """All settings of an experiment by dotted path, its dataset's and series' too, without names and posts."""
    experiment = settings["experiments"][name]
    dataset = settings["datasets"][experiment["dataset"]]
    own = {key: experiment[key] for key in experiment if key not in ("dataset", "post", "published")}
    own["dataset"] = {key: value for key, value in dataset.items() if key != "series"}
    own["architecture"] = _defaults(experiment["architecture"]) | experiment["architecture"]
    own["series"] = settings["series"][dataset["series"]]
    return params.leaves(own)


def _defaults(architecture: dict[str, Any]) -> dict[str, Any]:
    """The builder's own values of the options that params.yaml leaves out; only what is written out in its head."""
    path, function = architectures.locate("architecture", architecture)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            plain = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            only = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            given = [(name.arg, value) for name, value in [*only, *reversed(list(plain))] if value is not None]
            known = {name: ast.literal_eval(value) for name, value in given if _literal(value)}
            # params.yaml has lists where a builder's head has tuples.
            return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}
    return {}


def _literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _named(settings: dict[str, Any], name: str, found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(code, parameter) of all remedies, the parameters as `_flat` writes them."""
    dataset = settings["experiments"][name]["dataset"]
    series = settings["datasets"][dataset]["series"]
    prefixes = {
        f"experiments.{name}.": "",
        f"datasets.{dataset}.": "dataset.",
        f"series.{series}.": "series.",
    }
    result = []
    for finding in (found or {}).get("findings") or []:
        for parameter in (finding.get("remedy") or {}).get("set") or {}:
            prefix = next((one for one in prefixes if parameter.startswith(one)), "")
            own = prefixes.get(prefix, "") + parameter.removeprefix(prefix)
            if (finding["code"], own) not in result:
                result.append((finding["code"], own))
    return result


def _same(named: str, parameter: str) -> bool:
    """Whether a remedy that sets `named` changes `parameter`: either may be a group that holds the other."""
    return named == parameter or parameter.startswith(named + ".") or named.startswith(parameter + ".")


def unnamed(changed: list[dict[str, Any]], found: dict[str, Any] | None) -> str:
    """Whether the remedied one changes only what the findings name, in a sentence."""
    if not changed:
        return "No setting differs."
    if found is None:
        return "Not diagnosed yet, so it is not known which of these a finding names."
    extra = [f"`{one['parameter']}`" for one in changed if not one["findings"] and not one["speed"]]
    return f"No finding names {joined(extra)}." if extra else "Every one of them is named by a finding."
