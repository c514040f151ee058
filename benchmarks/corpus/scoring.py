"""Recall, precision, false alarms and right verdicts, from the faults injected and the findings reported."""

from __future__ import annotations

from collections import Counter
from typing import Any

from benchmarks.corpus.case import Case

GROUPS = ("faulty", "healthy", "null")


def judged(case: Case, effects: dict[str, Any], found: dict[str, str], verdict: str) -> dict[str, Any]:
    """Return a case and its diagnosis, as in benchmarks/results/corpus.json.

    Args:
        case: the case.
        effects: of the draw.
        found: the weight of each finding reported, by its code: `cause`, `symptom` or `note`.
        verdict: the one given.
    """
    return {
        "name": case.name,
        "half": case.half,
        "group": case.group,
        "base": case.base,
        "faults": list(case.faults),
        "acceptable": sorted(case.acceptable),
        "same": {code: list(others) for code, others in case.same.items()},
        "verdicts": list(case.accepted(effects)),
        "found": sorted(found),
        "causes": sorted(code for code, weight in found.items() if weight == "cause"),
        "notes": sorted(code for code, weight in found.items() if weight == "note"),
        "verdict": verdict,
    }


def hit(row: dict[str, Any], code: str) -> bool:
    """Whether an injected code was reported, itself or one that the case declares equivalent."""
    return bool({code, *row["same"].get(code, [])} & set(row["found"]))


def right(row: dict[str, Any]) -> bool:
    """Whether the verdict is one of the right ones."""
    return row["verdict"] in row["verdicts"]


def scores(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures over some cases.

    Returns:
        `cases`; `faulty`, `healthy` and `null`, each with `cases`, `wrong` (verdicts) and `not_learning` (verdicts of
        that word that are wrong); `recall`, injected codes found / injected codes; `precision`, causes reported that
        are acceptable / causes reported; `false_alarms`, causes that are not acceptable on healthy cases and on those
        with nothing to learn, and `alarmed`, the names of these cases; `verdict_right`, a share. A share of nothing is
        None.
    """
    injected = [(row, code) for row in rows for code in row["faults"]]
    reported = [(row, code) for row in rows for code in row["causes"]]
    wrong = [(row, code) for row, code in reported if code not in row["acceptable"]]
    alarms = [(row["name"], code) for row, code in wrong if row["group"] != "faulty"]
    return {
        "cases": len(rows),
        **{group: _group([row for row in rows if row["group"] == group]) for group in GROUPS},
        "recall": _share(sum(hit(row, code) for row, code in injected), len(injected)),
        "precision": _share(len(reported) - len(wrong), len(reported)),
        "false_alarms": len(alarms),
        "alarmed": sorted({name for name, _ in alarms}),
        "verdict_right": _share(sum(map(right, rows)), len(rows)),
    }


def _group(rows: list[dict[str, Any]]) -> dict[str, int]:
    wrong = [row for row in rows if not right(row)]
    return {
        "cases": len(rows),
        "wrong": len(wrong),
        "not_learning": sum(row["verdict"] == "not_learning" for row in wrong),
    }


def by_code(rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Count, per finding code, the cases that have it and those where it was found."""
    table: dict[str, dict[str, int]] = {}
    for row in rows:
        for code in row["faults"]:
            entry = table.setdefault(code, {"cases": 0, "found": 0})
            entry["cases"] += 1
            entry["found"] += hit(row, code)
    return dict(sorted(table.items()))


def by_kind(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Count, per group without a fault and kind, its cases, the right verdicts, and the wrong ones by word."""
    table: dict[str, dict[str, dict[str, Any]]] = {"healthy": {}, "null": {}}
    for row in rows:
        if row["group"] in table:
            entry = table[row["group"]].setdefault(row["base"], {"cases": 0, "right": 0, "wrong": {}})
            entry["cases"] += 1
            entry["right"] += right(row)
            if not right(row):
                entry["wrong"][row["verdict"]] = entry["wrong"].get(row["verdict"], 0) + 1
    return {group: dict(sorted(kinds.items())) for group, kinds in table.items()}


def notes(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Count the notes on cases without a fault, by code, the most frequent first."""
    counted = Counter(code for row in rows if row["group"] != "faulty" for code in row["notes"])
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
