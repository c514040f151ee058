"""What became of the experiments, at the end of a run.

One experiment gets its card, as on its page; several get a table, your own ones first.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pipeline.common import files, params
from pipeline.common.errors import escaped, harmless
from pipeline.report import cards

_HEADER = ("experiment", "verdict", "first finding")


def lines(settings: dict[str, Any], names: set[str] | None = None, failed: Collection[str] = ()) -> Iterator[str]:
    """Yield the lines of the card or the table, and where the pages are.

    Args:
        settings: all settings, complete.
        names: the experiments to show; None for all of them.
        failed: experiments that wait for a stage that has just failed: DVC has restored their earlier results.
    """
    shown = [name for name in params.without_candidates(settings)["experiments"] if names is None or name in names]
    own = [name for name in shown if _is_own(settings, name)]
    found = {name: _diagnosis(name) for name in [*own, *(name for name in shown if name not in own)]}
    found = {name: diagnosis for name, diagnosis in found.items() if diagnosis or name in failed}
    if not found:
        return
    if len(found) == 1 and not failed:
        name, diagnosis = next(iter(found.items()))
        yield from _card(name, diagnosis, settings["experiments"][name]["dataset"])
    else:
        yield from _table(found, own, failed)
    with_page = own if len(found) > 1 else found
    for path in [*(files.EXPERIMENTS / f"{name}.html" for name in with_page), files.REPORT]:
        if path.is_file() and (path != files.REPORT or names is None):
            yield f"The page: {path.resolve()}" if path != files.REPORT else f"The report: {path.resolve()}"


def _card(name: str, diagnosis: dict[str, Any] | None, dataset: str) -> Iterator[str]:
    """Yield the verdict in five lines: what happened, why, what to try, the command, and how sure that is."""
    evaluation, leakage = _read(files.EVALUATION / f"{name}.json"), _read(files.LEAKAGE / f"{dataset}.json")
    card = cards.card(name, evaluation, diagnosis, leakage=leakage)
    yield harmless(f"{name}: {card['verdict']['chip']}. {cards.summary(card)}")
    if card["why"]:
        yield harmless(f"{card['because']}: {card['why']}")
    if card["try"]["text"]:
        yield harmless(f"{'Try' if card['try']['command'] else 'Next'}: {card['try']['text']}")
    if card["try"]["command"]:
        yield escaped(f"  {card['try']['command']}")
    if card["sure"]:
        yield harmless(f"How sure: {card['sure']}")


def _table(found: dict[str, dict[str, Any] | None], own: list[str], failed: Collection[str]) -> Iterator[str]:
    rows = [
        (name, "failed", "-") if name in failed or diagnosis is None else (name, *_row(diagnosis))
        for name, diagnosis in found.items()
    ]
    widths = [max(len(row[k]) for row in [_HEADER, *rows]) for k in range(2)]
    for row in [_HEADER, *rows]:
        yield escaped(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}".rstrip())
    for name in own:
        step = (found.get(name) or {}).get("next") or {}
        if step.get("text") and name not in failed:
            yield harmless(f"{name}: {step['text']}")
        if step.get("command") and name not in failed:
            yield escaped(f"  {step['command']}")


def _is_own(settings: dict[str, Any], name: str) -> bool:
    dataset = settings["datasets"][settings["experiments"][name]["dataset"]]
    return files.is_own(settings["series"][dataset["series"]]["source"])


def _diagnosis(name: str) -> dict[str, Any] | None:
    found = _read(files.DIAGNOSIS / f"{name}.json")
    return found if found and "verdict" in found else None


def _read(path: Path) -> dict[str, Any] | None:
    """Return the result in a file; None without one, or if a killed run has left half of it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _row(diagnosis: dict[str, Any]) -> tuple[str, str]:
    codes = [finding["code"] for finding in diagnosis.get("findings", [])]
    more = f" and {len(codes) - 1} more" if len(codes) > 1 else ""
    return str(diagnosis["verdict"]).replace("_", " "), (codes[0].replace("_", " ") + more) if codes else "-"
