"""What the comparison says, put together from the sides of each experiment, and filled into the template."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from pipeline.report import comparison, diagnosis, pairs
from pipeline.report.page import fill
from pipeline.report.wording import METRICS, joined, number, percent, thousands
from workflow.compare import curves, numbers
from workflow.compare.revisions import Revision, Side

_TEMPLATE = Path(__file__).with_name("compare.html")
_MAIN = {"regression": "r2", "classes": "accuracy"}
_LOSS = {"regression": "mse", "classes": "brier"}
# More names of files than these tell no more.
_SOURCES = 8
_PARTS = ("test", "validation", "train")


def render(revisions: list[Revision], sections: list[dict[str, Any]], same: list[str], only: list[str]) -> str:
    """The whole page as one HTML text.

    Args:
        revisions: the first is the one that the others are compared with.
        sections: of the experiments that differ (`section`), their sides in the order of the revisions.
        same: the experiments in which nothing differs.
        only: the experiments that the user limited the comparison to, or none.
    """
    names = [revision.name for revision in revisions]
    limits = [word for name in only for word in ("--only", name)]
    return fill(
        _TEMPLATE,
        names=names,
        others=joined(names[1:]),
        revisions=[
            {
                "name": revision.name,
                "kind": revision.kind,
                "commit": revision.commit or "–",
                "size": str(revision.raw.get("size", "–")),
                "stroke": curves.sample(order),
                "old": revision.settings is None,
            }
            for order, revision in enumerate(revisions)
        ],
        sections=sections,
        same=same,
        command=shlex.join(["python", "-m", "workflow.compare", *names, *limits]),
    )


def section(name: str, sides: list[Side]) -> dict[str, Any]:
    """What the page shows of one experiment, as texts; the first side is the one to compare with."""
    effects = numbers.effects(sides)
    differing = numbers.changed(sides)
    kind = next((side.evaluation["kind"] for side in sides if side.evaluation), "regression")
    rows = [_row(side, kind, effect) for side, effect in zip(sides, [None, *effects], strict=True)]
    again = numbers.retrained(sides[0])
    compared = [effect for effect in effects if effect["found"]]
    return {
        "name": name,
        "changed": differing,
        "rows": [row | {"stroke": curves.sample(order)} for order, row in enumerate(rows)],
        "again": pairs.summed("its other seeds against its first one", "unchanged", again) if again else None,
        "told": [_told(side.revision, effect) for side, effect in zip(sides[1:], effects, strict=True)],
        "remarks": _remarks(sides, differing, effects),
        "score": METRICS[_MAIN[kind]],
        "loss": METRICS[_LOSS[kind]],
        "level": percent(1 - compared[0]["found"]["level"]) if compared else "",
        "corrected": len(compared) if len(compared) > 1 else 0,
        "seconds": any(side.seconds is not None for side in sides),
        "curves": _curves(name, sides, differing),
        "parts": _parts(sides, kind),
    }


def _row(side: Side, kind: str, effect: dict[str, Any] | None) -> dict[str, Any]:
    """One revision's row of the table: its scores, and its difference from the first revision."""
    found = (effect or {}).get("found")
    told = pairs.summed(side.revision, "seed", found) if found else None
    chip = comparison.CHIPS[effect["outcome"]] if effect and effect["outcome"] else None
    runs = (side.evaluation or {}).get("training") or []
    score, spread = _score(side, kind, "test", _MAIN[kind])
    return {
        "revision": side.revision,
        "score": score,
        "spread": spread,
        "loss": _score(side, kind, "test", _LOSS[kind])[0],
        "reduction": told["reduction"] if told else "",
        "interval": told["interval"] if told else "",
        "p_value": told["p_value"] if told else "",
        "chip": chip,
        "uncorrected": told["chip"]["chip"] if told and told["chip"] != chip else "",
        "verdict": diagnosis.chip(side.diagnosis),
        "weights": _between([run["weights"] for run in runs]),
        "updates": _between([run["updates"] for run in runs]),
        "seconds": "–" if side.seconds is None else f"{side.seconds:,.1f}",
    }


def _score(side: Side, kind: str, part: str, metric: str) -> tuple[str, str]:
    """Mean over the seeds, and ± their standard deviation; of another kind of target there is no such score."""
    if side.evaluation is None or side.evaluation["kind"] != kind or part not in side.evaluation["parts"]:
        return "–", ""
    over = side.evaluation["parts"][part]["network"].get(metric)
    if over is None:
        return "–", ""
    if over["mean"] is None:
        return "not a number", ""
    return number(over["mean"]), f"± {number(over['std'], 2)}" if over["std"] is not None else ""


def _between(values: list[int]) -> str:
    if not values:
        return "–"
    low, high = min(values), max(values)
    return thousands(low) if low == high else f"{thousands(low)} to {thousands(high)}"


def _told(name: str, effect: dict[str, Any]) -> dict[str, Any]:
    """What came of one revision, in a sentence."""
    if effect["missing"]:
        return {"name": name, "text": f"not compared, for {effect['missing']}.", "chip": None}
    if not effect["found"]:
        return {"name": name, "text": "nothing differs.", "chip": None}
    # `change` begins with the name and a comma, which stands as code here.
    text = pairs.change("", effect["found"]).removeprefix(", ") + "."
    return {"name": name, "text": text, "chip": comparison.CHIPS[effect["outcome"]]}


def _remarks(sides: list[Side], differing: list[dict[str, Any]], effects: list[dict[str, Any]]) -> list[str]:
    remarks = []
    base = sides[0]
    windows = [effect["found"]["windows"] for effect in effects if effect["found"]]
    if windows:
        remarks.append(f"Compared on {thousands(windows[0])} test windows, the same ones in each.")
    for other in sides[1:]:
        found = numbers.sources(base, other)
        if found:
            paths = [f"`{path}`" for path in found[:_SOURCES]]
            paths += [f"{len(found) - _SOURCES} more"] if len(found) > _SOURCES else []
            remarks.append(f"Not of the same version in `{base.revision}` and `{other.revision}`: {joined(paths)}.")
        elif not differing and base.evaluation and other.evaluation:
            remarks.append(f"No setting and no code differs between `{base.revision}` and `{other.revision}`.")
    for side in sides:
        if behind := numbers.stale(side):
            listed = joined([f"`{parameter}`" for parameter in behind])
            told = f"The results in `{side.revision}` are older than its params.yaml, which differs in {listed}"
            remarks.append(f"{told}: shown are the settings that they were computed with.")
        if not side.known:
            remarks.append(f"`{side.revision}` has no such experiment.")
        elif side.evaluation is None:
            remarks.append(f"It is not evaluated in `{side.revision}`.")
        elif side.diagnosis is None:
            remarks.append(f"The trainings of `{side.revision}` are not diagnosed.")
        failed = [run for run in (side.evaluation or {}).get("training") or [] if run["nonfinite"]]
        if failed:
            trainings = f"{len(failed)} training{'s' if len(failed) > 1 else ''}"
            first = failed[0]["nonfinite"]
            remarks.append(
                f"{trainings} of `{side.revision}` came to no number, the first in epoch {thousands(first['epoch'])}, "
                f"batch {thousands(first['batch'])}."
            )
    return remarks


def _curves(name: str, sides: list[Side], differing: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Figures with their captions: the training loss, and the validation loss where it was recorded."""
    units = numbers.other_units(differing)
    told = f" Compare shapes, not heights: {units} changes what a loss is measured in." if units else ""
    captions = {
        "loss": ("training loss", "Training loss, the regularisers' penalty included."),
        "val_loss": ("validation loss", "Loss on validation windows, which the weights are not fitted to."),
    }
    drawn = [
        (curves.curve(sides, kind, name, label), f"{caption} Thick: mean of the trainings; thin: each of them.{told}")
        for kind, (label, caption) in captions.items()
    ]
    return [(svg, caption) for svg, caption in drawn if svg]


def _parts(sides: list[Side], kind: str) -> list[tuple[str, list[tuple[str, list[tuple[str, str]]]]]]:
    """Every score of every part: (part, [(metric, [(mean, ± deviation) per side])])."""
    from pipeline.scoring import scores

    metrics = scores.CLASSES if kind == "classes" else scores.REGRESSION
    present = [part for part in _PARTS if any(side.evaluation and part in side.evaluation["parts"] for side in sides)]
    return [
        (part, [(METRICS[metric], [_score(side, kind, part, metric) for side in sides]) for metric in metrics])
        for part in present
    ]
