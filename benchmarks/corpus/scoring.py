"""Recall, precision, false alarms and right verdicts, from the faults injected and the findings reported."""

from __future__ import annotations

from typing import Any

from benchmarks.corpus.case import Case


def judged(case: Case, found: list[str], verdict: str) -> dict[str, Any]:
    """Return a case and its diagnosis, as in benchmarks/results/corpus.json.

    Args:
        case: the case.
        found: finding codes reported.
        verdict: the one given.
    """
    return {
        "name": case.name,
        "half": case.half,
        "base": case.base,
        "faults": list(case.faults),
        "acceptable": sorted(case.acceptable),
        "same": {code: list(others) for code, others in case.same.items()},
        "verdicts": list(case.verdicts),
        "found": sorted(set(found)),
        "verdict": verdict,
    }


def hit(row: dict[str, Any], code: str) -> bool:
    """Whether an injected code was reported, itself or one that the case declares equivalent."""
    return bool({code, *row["same"].get(code, [])} & set(row["found"]))


def scores(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures over some cases.

    Returns:
        `cases`, `faulty`, `healthy`; `recall`, injected codes found / injected codes; `precision`, reported codes that
        are acceptable / reported codes; `false_alarms`, reported codes that are not acceptable on healthy cases, and
        `alarmed`, the names of these cases; `verdict_right`, a share. A share of nothing is None.
    """
    injected = [(row, code) for row in rows for code in row["faults"]]
    reported = [(row, code) for row in rows for code in row["found"]]
    healthy = [row for row in rows if not row["faults"]]
    wrong = [(row, code) for row, code in reported if code not in row["acceptable"]]
    alarms = [(row["name"], code) for row, code in wrong if not row["faults"]]
    return {
        "cases": len(rows),
        "faulty": len(rows) - len(healthy),
        "healthy": len(healthy),
        "recall": _share(sum(hit(row, code) for row, code in injected), len(injected)),
        "precision": _share(len(reported) - len(wrong), len(reported)),
        "false_alarms": len(alarms),
        "alarmed": sorted({name for name, _ in alarms}),
        "verdict_right": _share(sum(row["verdict"] in row["verdicts"] for row in rows), len(rows)),
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


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
