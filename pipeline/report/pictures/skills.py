"""Pictures of skills: controls with a known outcome, networks beside their references, seeds side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.pictures.bars import Bar, Group, bars
from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import Scale, around
from pipeline.report.pictures.svg import SEEDS, Entry, Picture, written
from pipeline.report.wording import baseline

_LIMITS = (-1.0, 1.0)
_PARTS = {
    "validation": "validation windows",
    "last_tenth": "the last training windows, held back from a second training",
}


def controls(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the short trainings whose outcome is known, and the networks beside naive forecast, ridge and trees.

    Args:
        diagnosis: output of the stage `diagnose`.

    Returns:
        None where nothing was measured.
    """
    facts = diagnosis.get("facts")
    if not facts:
        return None
    groups = [group for group in (_short(facts["controls"]), *_unseen(facts["unseen"])) if group.bars]
    if not groups:
        return None
    title = "Controls: what this network can learn, and what there is to learn"
    legend = [Entry("best possible", "oracle")] if facts["controls"]["planted"] else []
    axis = "skill (1: perfect; 0: as good as what it is compared with)"
    svg = bars(f"{diagnosis['experiment']}-controls", title, groups, axis, limits=_LIMITS, entries=legend)
    return Picture(title, svg, _caption(facts))


def inputs(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the short trainings alone: as they are, without inputs, with shuffled targets, and on a planted signal."""
    known = diagnosis["facts"]["controls"]
    group = _short(known)
    if not group.bars:
        return None
    title = "Short trainings of the same network"
    legend = [Entry("best possible", "oracle")] if known["planted"] else []
    svg = bars(
        f"{diagnosis['experiment']}-short", title, [group], "skill against a constant", limits=_LIMITS, entries=legend
    )
    caption = "A network that uses its inputs is better with them than with zeros in their place."
    return Picture(title, svg, caption)


def references(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the networks beside naive forecast, ridge and trees on unseen windows, and their skill in training."""
    facts = diagnosis["facts"]
    groups = list(_unseen(facts["unseen"]))
    seen = facts["unseen"]["train_skill"]
    if seen is not None:
        bar = Bar("network", seen, "train")
        groups.insert(0, Group("Training windows, against a constant", [bar]))
    groups = [group for group in groups if group.bars]
    if not groups:
        return None
    title = "Skill on training and on unseen windows"
    svg = bars(f"{diagnosis['experiment']}-references", title, groups, "skill", limits=_LIMITS)
    return Picture(
        title, svg, f"{_windows(facts['unseen'])} Lines are 95 % intervals; 0 is as good as what it is compared with."
    )


def seeds(diagnosis: dict[str, Any], fact: str, title: str, axis: str, caption: str) -> Picture | None:
    """Draw one fact of the predictions for each seed, on training and validation windows.

    Args:
        diagnosis: output of the stage `diagnose`.
        fact: its name among those of `outcome`; `echo.direction` is that name of `echo`.
        title: of the picture.
        axis: what is measured.
        caption: how to read it.
    """
    groups = []
    for part, heading in (("train", "Training windows"), ("held", "Validation windows")):
        own = []
        for order, (seed, found) in enumerate(diagnosis["facts"]["outcome"]["seeds"].items()):
            value: Any = found[part] or {}
            for name in fact.split("."):
                value = (value or {}).get(name)
            if value is not None:
                own.append(Bar(f"seed {seed}", value, SEEDS[order % len(SEEDS)]))
        groups.append(Group(heading, own))
    if not any(group.bars for group in groups):
        return None
    drawn = [bar.value for group in groups for bar in group.bars if bar.value is not None]
    limits = _LIMITS if min(drawn) < 0 else (0.0, max(1.0, *drawn))
    key = f"{diagnosis['experiment']}-seeds-{fact}"
    return Picture(title, bars(key, title, groups, axis, limits=limits), caption)


def window_lengths(diagnosis: dict[str, Any]) -> Picture | None:
    """Draw the skill of a linear model by the rows that it reads."""
    facts = diagnosis["facts"]
    longer = {
        int(length): skill for length, skill in (facts["references"]["longer"] or {}).items() if skill is not None
    }
    if len(longer) < 2:
        return None
    lengths, skills = list(sorted(longer)), [longer[length] for length in sorted(longer)]
    y = around(np.array([0.0, *skills]), pad=0.1)
    x = around(np.array(lengths, dtype=float), "log", 0.05)
    chart = Chart(
        x, Scale(max(y.low, -1.0), y.high), "rows that the model reads", "skill of a linear model", height=130
    )
    chart.level(0.0, "as good as the naive forecast", "naive", "6 3")
    chart.upright(facts["data"]["length"], f"length of the window, {facts['data']['length']:,}", "ink", "3 2")
    chart.line(lengths, skills, "linear model", "linear")
    chart.dots(lengths, skills, "linear model", "linear", listed=False)
    title = "Skill of a linear model by the length of its window"
    text = "; ".join(f"{length:,} rows: {written(skill)}" for length, skill in zip(lengths, skills, strict=True))
    caption = (
        "The same unseen windows, read with more rows before them. A curve that still rises needs a longer window."
    )
    return Picture(title, chart.svg(f"{diagnosis['experiment']}-lengths", title, text + "."), caption)


def _short(known: dict[str, Any]) -> Group:
    own = [
        Bar(name, known[key]["skill"], colour)
        for key, name, colour in (
            ("real", "as they are", "network"),
            ("zeroed", "inputs set to zero", "naive"),
            ("shuffled", "targets shuffled", "naive"),
        )
        if known[key]
    ]
    planted = known["planted"]
    if planted:
        share = planted["share"]
        reached = None if share is None else share * planted["strength"]
        own.append(Bar("planted signal", reached, "network", best=planted["strength"]))
    return Group("Short trainings, against a constant", own)


def _unseen(unseen: dict[str, Any]) -> list[Group]:
    naive, networks = unseen["naive"], unseen["networks"]
    if not naive:
        return []
    name = baseline(naive["name"])

    def bar(label: str, found: dict[str, Any] | None, colour: str) -> list[Bar]:
        if not found or found["skill"] is None:
            return []
        return [Bar(label, found["skill"], colour, found["low"], found["high"])]

    constant = bar("network", (networks or {}).get("against_constant"), "network")
    constant += bar(name, naive["against_constant"], "naive")
    other = bar("network", (networks or {}).get("against_naive"), "network")
    other += bar("linear model", unseen["linear"], "linear") + bar("boosted trees", unseen["trees"], "season")
    return [Group("Unseen windows, against a constant", constant), Group(f"Unseen windows, against {name}", other)]


def _caption(facts: dict[str, Any]) -> str:
    known, text = facts["controls"], ""
    if known["real"]:
        steps = known["real"]["steps"]
        text += f"Short trainings of {steps:,} steps show whether the network uses its inputs: without them, or with "
        text += "shuffled targets, it should have no skill. "
    if known["planted"]:
        text += "The mark is the best possible skill on the planted signal. "
    text += f"{_windows(facts['unseen'])} Lines are 95 % intervals. "
    return text + "An arrow means that the bar goes on; the number is beside it."


def _windows(unseen: dict[str, Any]) -> str:
    """Return which windows the unseen ones are."""
    return f"The {unseen['windows']:,} unseen windows are {_PARTS.get(unseen['part'], unseen['part'])}."
