"""A published table beside our scores, if both have the same windows, horizon and units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipeline.report.wording import baseline, joined, number, p_value, skill, thousands

_TABLES = Path(__file__).with_name("published.yaml")
_SETTINGS = {"windows": "test windows", "horizon": "horizon", "units": "units"}


def tables() -> dict[str, Any]:
    """Return the published tables by name; empty without the file."""
    return yaml.safe_load(_TABLES.read_text(encoding="utf-8")) or {} if _TABLES.exists() else {}


def sections(evaluations: list[dict[str, Any]], known: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a section for every experiment whose settings name one of the tables in `known`."""
    named = [(each, each["settings"]["experiment"].get("published")) for each in evaluations]
    return [section(evaluation, known[name]) for evaluation, name in named if name in known]


def section(evaluation: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return the rows of both, sorted by MSE, with a summary; or what differs, without rows."""
    ours = {
        "windows": evaluation["parts"]["test"]["windows"],
        "horizon": evaluation["horizon"],
        "units": evaluation["units"],
    }
    differs = [
        f"{word}: published {_text(table[key])}, here {_text(ours[key])}"
        for key, word in _SETTINGS.items()
        if table[key] != ours[key]
    ]
    rows = [] if differs else _rows(evaluation, table)
    return {
        "experiment": evaluation["experiment"],
        "title": table["title"],
        "source": table["source"],
        "url": table.get("url"),
        "differs": differs,
        "rows": rows,
        "seeds": len(evaluation["parts"]["test"]["seeds"]),
        "summary": []
        if differs
        else [text for text in (_against_persistence(evaluation, table), _linear(evaluation)) if text],
        "setting": f"{thousands(ours['windows'])} test windows, {_steps(ours['horizon'])}, in {ours['units']} units.",
    }


def _steps(horizon: int) -> str:
    return "one step ahead" if horizon == 1 else f"{thousands(horizon)} steps each"


def _text(value: Any) -> str:
    return thousands(value) if isinstance(value, int | float) else str(value)


def _rows(evaluation: dict[str, Any], table: dict[str, Any]) -> list[dict[str, Any]]:
    test = evaluation["parts"]["test"]
    rows = [{"name": row["name"], "kind": "published", "mse": row["mse"], "mae": row["mae"]} for row in table["rows"]]
    for name, score in test["baselines"].items():
        rows.append({"name": baseline(name), "kind": "here", "mse": score["mse"], "mae": score["mae"]})
    over = test["network"]
    rows.append(
        {"name": evaluation["experiment"], "kind": "network", "mse": over["mse"]["mean"], "mae": over["mae"]["mean"]}
    )
    for seed, score in test["seeds"].items() if len(test["seeds"]) > 1 else ():
        rows.append({"name": f"seed {seed}", "kind": "seed", "mse": score["mse"], "mae": score["mae"]})
    # NaN comes last; equal scores keep their order.
    rows.sort(key=lambda row: (row["mse"] is None, row["mse"] or 0.0))
    return [{**row, "mse": number(row["mse"]), "mae": number(row["mae"])} for row in rows]


def _against_persistence(evaluation: dict[str, Any], table: dict[str, Any]) -> str:
    """Return which published networks lose to persistence."""
    persistence = evaluation["parts"]["test"]["baselines"]["persistence"]["mse"]
    losing = [row["name"] for row in table["rows"] if row["mse"] > persistence]
    if not losing:
        return f"Every published network has a lower MSE than persistence ({number(persistence)})."
    every = " These are all networks of the table." if len(losing) == len(table["rows"]) > 1 else ""
    verb = "loses" if len(losing) == 1 else "lose"
    return (
        f"{joined(losing)} {verb} to persistence (MSE {number(persistence)}), which only repeats the last value.{every}"
    )


def _linear(evaluation: dict[str, Any]) -> str:
    """Return the network's skill against the linear model, with the test of their errors."""
    side = (evaluation.get("comparison") or {}).get("linear")
    if not side:
        return ""
    against = baseline(side["baseline"])
    if side["skill"] is None:
        return f"Our network's skill against {against} cannot be computed."
    text = f"Our network's skill against {against} is {skill(side['skill'])}"
    tested = side.get("diebold_mariano")
    if tested:
        text += f"; Diebold-Mariano {number(tested['statistic'])}, p {p_value(tested['p_value'])}"
    return text + "."
