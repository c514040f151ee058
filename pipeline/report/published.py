"""A published table beside what was measured here, where both are of the same windows, horizon and units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipeline.report.wording import baseline, joined, number, p_value, skill, thousands

_TABLES = Path(__file__).with_name("published.yaml")
_SETTINGS = {"windows": "test windows", "horizon": "horizon", "units": "units"}


def tables() -> dict[str, Any]:
    """The published tables by name; empty where the file is absent."""
    return yaml.safe_load(_TABLES.read_text(encoding="utf-8")) or {} if _TABLES.exists() else {}


def sections(evaluations: list[dict[str, Any]], known: dict[str, Any]) -> list[dict[str, Any]]:
    """A section for every experiment whose settings name one of the tables in `known`."""
    named = [(one, one["settings"]["experiment"].get("published")) for one in evaluations]
    return [section(one, known[name]) for one, name in named if name in known]


def section(one: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """The rows of both, sorted by MSE, with what the numbers say; or what differs, and then no row."""
    ours = {
        "windows": one["parts"]["test"]["windows"],
        "horizon": one["horizon"],
        "units": one["units"],
    }
    differs = [
        f"{word}: published {_text(table[key])}, here {_text(ours[key])}"
        for key, word in _SETTINGS.items()
        if table[key] != ours[key]
    ]
    rows = [] if differs else _rows(one, table)
    return {
        "experiment": one["experiment"],
        "title": table["title"],
        "source": table["source"],
        "url": table.get("url"),
        "differs": differs,
        "rows": rows,
        "seeds": len(one["parts"]["test"]["seeds"]),
        "said": [] if differs else [text for text in (_nothing(one, table), _linear(one)) if text],
        "setting": f"{thousands(ours['windows'])} test windows, {_steps(ours['horizon'])}, in {ours['units']} units.",
    }


def _steps(horizon: int) -> str:
    return "one step ahead" if horizon == 1 else f"{thousands(horizon)} steps each"


def _text(value: Any) -> str:
    return thousands(value) if isinstance(value, int | float) else str(value)


def _rows(one: dict[str, Any], table: dict[str, Any]) -> list[dict[str, Any]]:
    test = one["parts"]["test"]
    rows = [{"name": row["name"], "kind": "published", "mse": row["mse"], "mae": row["mae"]} for row in table["rows"]]
    for name, score in test["baselines"].items():
        rows.append({"name": baseline(name), "kind": "here", "mse": score["mse"], "mae": score["mae"]})
    over = test["network"]
    rows.append({"name": one["experiment"], "kind": "network", "mse": over["mse"]["mean"], "mae": over["mae"]["mean"]})
    for seed, score in test["seeds"].items() if len(test["seeds"]) > 1 else ():
        rows.append({"name": f"seed {seed}", "kind": "seed", "mse": score["mse"], "mae": score["mae"]})
    # What is no number stands last; equal scores keep their order.
    rows.sort(key=lambda row: (row["mse"] is None, row["mse"] or 0.0))
    return [{**row, "mse": _score(row["mse"]), "mae": _score(row["mae"])} for row in rows]


def _score(value: float | None) -> str:
    return "not a number" if value is None else number(value)


def _nothing(one: dict[str, Any], table: dict[str, Any]) -> str:
    """Which published rows lose to persistence, that is, to doing nothing."""
    idle = one["parts"]["test"]["baselines"]["persistence"]["mse"]
    losing = [row["name"] for row in table["rows"] if row["mse"] > idle]
    if not losing:
        return f"Every published network is better than persistence ({number(idle)}) in MSE."
    who = joined(losing)
    every = " Every network of the table does." if len(losing) == len(table["rows"]) > 1 else ""
    verb = "loses" if len(losing) == 1 else "lose"
    return (
        f"{who} {verb} to persistence ({number(idle)} in MSE), which repeats the last value: to doing nothing.{every}"
    )


def _linear(one: dict[str, Any]) -> str:
    """The network against the linear model, with the test between their errors."""
    side = (one.get("comparison") or {}).get("linear")
    if not side:
        return ""
    against = baseline(side["baseline"])
    if side["skill"] is None:
        return f"Our network has no skill to compare with {against}."
    text = f"Our network's skill against {against} is {skill(side['skill'])}"
    tested = side.get("diebold_mariano")
    if tested:
        text += f"; Diebold-Mariano {number(tested['statistic'])}, p {p_value(tested['p_value'])}"
    return text + "."
