"""The short form of an experiment's page: Markdown of at most 40 lines, for a forum, an issue or a log."""

from __future__ import annotations

import re
from typing import Any

from pipeline.common import errors
from pipeline.report import cards
from pipeline.report.wording import METRICS, baseline, short_score, thousands
from pipeline.scoring import scores

MOST = 40
# Lines of findings; the others are counted.
_FINDINGS = 12


def text(evaluation: dict[str, Any], card: dict[str, Any], diagnosis: dict[str, Any]) -> str:
    """Return the Markdown text.

    Args:
        evaluation: Output of the stage `evaluate`.
        card: The experiment's card (`cards.card`).
        diagnosis: The experiment's diagnosis as texts (`diagnosis.section`).
    """
    lines = [f"## {card['name']}: {card['verdict']['chip']}", ""]
    lines += [
        f"**{escaped(card['headline'][0].upper() + card['headline'][1:])}.** {escaped(' '.join(card['happened']))}"
    ]
    if card["why"]:
        lines += ["", f"**{card['because']}:** {escaped(card['why'])}"]
    if card["try"]["text"]:
        lines += ["", f"**{'Try' if card['try']['command'] else 'Next'}:** {escaped(card['try']['text'])}"]
    if card["try"]["command"]:
        lines += ["", *(f"    {line}" for line in card["try"]["command"].splitlines())]
    if card["sure"]:
        lines += ["", f"**How sure:** {escaped(card['sure'])}"]
    lines += ["", *_table(evaluation)]
    if diagnosis["findings"]:
        shown = diagnosis["findings"][:_FINDINGS]
        lines += ["", *(f"- `{each['code']}` ({each['weight']['chip']})" for each in shown)]
        more = len(diagnosis["findings"]) - len(shown)
        lines += [f"- {more} more"] if more else []
    return "\n".join(lines) + "\n"


def _table(evaluation: dict[str, Any]) -> list[str]:
    """Return the main score of the network, the references and the oracle on each part."""
    main = scores.main_score(evaluation["classes"])
    parts = [part for part in ("train", "validation", "test") if part in evaluation["parts"]]
    windows = [f"{part} ({thousands(evaluation['parts'][part]['windows'])} windows)" for part in parts]
    chosen = [(evaluation["chosen"].get(side) or {}).get("baseline") for side in ("naive", "linear")]
    rows = [("network", [cards.main_mean(evaluation["parts"][part], evaluation["classes"]) for part in parts])]
    rows += [
        (
            escaped(baseline(name)),
            [(evaluation["parts"][part]["baselines"].get(name) or {}).get(main) for part in parts],
        )
        for name in chosen
        if name
    ]
    if evaluation["parts"]["test"]["oracle"]:
        rows.append(("oracle", [(evaluation["parts"][part]["oracle"] or {}).get(main) for part in parts]))
    if evaluation["parts"]["test"].get("given"):
        rows.append(("weights as they came", [evaluation["parts"][part]["given"].get(main) for part in parts]))
    return [
        f"| {METRICS[main]} | {' | '.join(windows)} |",
        f"|---|{'---:|' * len(parts)}",
        *(f"| {name} | {' | '.join(short_score(value) for value in values)} |" for name, values in rows),
    ]


def escaped(text: str) -> str:
    """Return a text on one line in which nothing but code in backticks is markup."""
    pieces = re.split(r"(`[^`]+`)", errors.harmless(text))
    return "".join(
        each
        if each.startswith("`") and each.endswith("`") and len(each) > 2
        else re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", each)
        for each in pieces
    )
