"""The page of the comparison: the sides of each experiment, filled into the template."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from pipeline.report import comparison, diagnosis, pairs, pictures
from pipeline.report.templates import fill
from pipeline.report.wording import METRICS, count_range, joined, number, percent, thousands
from workflow.compare import curves, numbers
from workflow.compare.revisions import Revision, Side

_TEMPLATE = Path(__file__).with_name("compare.html")
_MAIN = {"regression": "r2", "classes": "accuracy"}
_LOSS = {"regression": "mse", "classes": "brier"}
# Number of file names shown in a remark.
_SOURCES = 8
_PARTS = ("test", "validation", "train")


def render(revisions: list[Revision], sections: list[dict[str, Any]], same: list[str], only: list[str]) -> str:
    """Return the page as one HTML text.

    Args:
        revisions: The first is the baseline of the others.
        sections: Experiments that differ (`section`), their sides in the order of the revisions.
        same: Experiments that do not differ.
        only: Experiments that the user limited the comparison to; empty for all.
    """
    names = [revision.name for revision in revisions]
    limits = [word for name in only for word in ("--only", name)]
    return fill(
        _TEMPLATE,
        style=pictures.STYLE,
        script=pictures.SCRIPT,
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


def section(name: str, sides: list[Side], scored: int = 0) -> dict[str, Any]:
    """Return one experiment as texts.

    Args:
        name: Name of the experiment.
        sides: The first is the baseline of the others.
        scored: Number of results on the test rows of the first (`tried.family`).
    """
    effects = numbers.effects(sides, scored - 1)
    differing = numbers.changed(sides)
    kind = next((side.evaluation["kind"] for side in sides if side.evaluation), "regression")
    rows = [_row(sides[0], side, kind, effect) for side, effect in zip(sides, [None, *effects], strict=True)]
    again = numbers.retrained(sides[0])
    compared = [effect for effect in effects if effect["paired"]]
    corrected = max(len(compared), scored - 1)
    return {
        "name": name,
        "changed": differing,
        "rows": [row | {"stroke": curves.sample(order)} for order, row in enumerate(rows)],
        "again": pairs.difference_row("its other seeds, against its first one", "unchanged", again) if again else None,
        "summary": [_summary(side.revision, effect) for side, effect in zip(sides[1:], effects, strict=True)],
        "remarks": _remarks(sides, differing, effects, scored),
        "score": METRICS[_MAIN[kind]],
        "loss": METRICS[_LOSS[kind]],
        "level": percent(1 - compared[0]["paired"]["level"]) if compared else "",
        "corrected": corrected if compared and corrected > 1 else 0,
        "seconds": any(side.seconds is not None for side in sides),
        "curves": _curves(name, sides, differing),
        "parts": _parts(sides, kind),
    }


def _row(base: Side, side: Side, kind: str, effect: dict[str, Any] | None) -> dict[str, Any]:
    """Return one revision's row of the table: its scores, its loss in the units of the first, and its difference."""
    paired = (effect or {}).get("paired")
    difference = pairs.difference_row(side.revision, "seed", paired) if paired else None
    chip = comparison.CHIPS[effect["outcome"]] if effect and effect["outcome"] else None
    runs = (side.evaluation or {}).get("training") or []
    score, spread = _score(side, kind, "test", _MAIN[kind])
    return {
        "revision": side.revision,
        "validation": _score(side, kind, "validation", _MAIN[kind], first_fold=True),
        "score": score,
        "spread": spread,
        "loss": _score(side, kind, "test", _LOSS[kind], (numbers.scale(side) / numbers.scale(base)) ** 2)[0],
        "reduction": difference["reduction"] if difference else "",
        "interval": difference["interval"] if difference else "",
        "p_value": difference["p_value"] if difference else "",
        "chip": chip,
        "uncorrected": difference["chip"]["chip"] if difference and difference["chip"] != chip else "",
        "verdict": diagnosis.chip(side.diagnosis),
        "weights": count_range([run["weights"] for run in runs]),
        "updates": count_range([run["updates"] for run in runs]),
        "seconds": "–" if side.seconds is None else f"{side.seconds:,.1f}",
    }


def _score(
    side: Side, kind: str, part: str, metric: str, factor: float = 1.0, first_fold: bool = False
) -> tuple[str, str]:
    """Return the mean over the seeds and ± their standard deviation; a dash if the score does not exist.

    Args:
        side: revision.
        kind: regression or classes.
        part: train, validation or test.
        metric: name of the score.
        factor: turns the score into other units.
        first_fold: whether to leave out the other folds. Their validation rows are test rows of earlier folds, so
            settings are chosen by the first one's.
    """
    if side.evaluation is None or side.evaluation["kind"] != kind or part not in side.evaluation["parts"]:
        return "–", ""
    scored = side.evaluation["parts"][part]
    over = (scored["folds"][0] if first_fold and scored["folds"] else scored)["network"].get(metric)
    if over is None:
        return "–", ""
    if over["mean"] is None:
        return "NaN", ""
    return number(over["mean"] * factor), f"± {number(over['std'] * factor, 2)}" if over["std"] is not None else ""


def _summary(name: str, effect: dict[str, Any]) -> dict[str, Any]:
    """Return the effect of one revision, in a sentence."""
    if effect["missing"]:
        return {"name": name, "text": f"not compared, because {effect['missing']}.", "chip": None}
    if not effect["paired"]:
        return {"name": name, "text": "nothing differs.", "chip": None}
    return {"name": name, "text": pairs.change(effect["paired"]) + ".", "chip": comparison.CHIPS[effect["outcome"]]}


def _remarks(
    sides: list[Side], differing: list[dict[str, Any]], effects: list[dict[str, Any]], scored: int
) -> list[str]:
    remarks = []
    base = sides[0]
    windows = [effect["paired"]["windows"] for effect in effects if effect["paired"]]
    if windows:
        remarks.append(f"Compared on the same {thousands(windows[0])} test windows in each.")
    if windows and scored > 1:
        remarks.append(
            f"{thousands(scored)} different results are scored on these test rows or on rows that overlap them: in all "
            "DVC experiments, and in the revisions compared here. Each is a comparison that could be shown in place of "
            "this one, so the outcome is corrected for all of them."
        )
    for other in sides[1:]:
        scales = numbers.scale(base), numbers.scale(other)
        if scales[0] != scales[1]:
            units = [number(own) for own in reversed(scales)]
            remarks.append(
                f"The loss of `{other.revision}` is converted from units of {units[0]} to units of {units[1]}, the "
                f"scaling of `{base.revision}`. In the list of all scores, each has its own units."
            )
        changed = numbers.sources(base, other)
        if changed:
            paths = [f"`{path}`" for path in changed[:_SOURCES]]
            paths += [f"{len(changed) - _SOURCES} more"] if len(changed) > _SOURCES else []
            remarks.append(f"`{base.revision}` and `{other.revision}` have different versions of {joined(paths)}.")
        elif not differing and base.evaluation and other.evaluation:
            remarks.append(f"No setting and no code differs between `{base.revision}` and `{other.revision}`.")
    for side in sides:
        if behind := numbers.stale(side):
            listed = joined([f"`{parameter}`" for parameter in behind])
            remarks.append(
                f"The results in `{side.revision}` are older than its params.yaml: {listed} changed since. "
                "The settings shown are those of the results."
            )
        if not side.known:
            remarks.append(f"`{side.revision}` does not have this experiment.")
        elif side.evaluation is None:
            remarks.append(f"It is not evaluated in `{side.revision}`.")
        elif side.diagnosis is None:
            remarks.append(f"The trainings of `{side.revision}` are not diagnosed.")
        failed = [run for run in (side.evaluation or {}).get("training") or [] if run["nonfinite"]]
        if failed:
            trainings = f"{len(failed)} training{'s' if len(failed) > 1 else ''}"
            first = failed[0]["nonfinite"]
            remarks.append(
                f"{trainings} of `{side.revision}` ended in NaN or infinity, the first in epoch "
                f"{thousands(first['epoch'])}, batch {thousands(first['batch'])}."
            )
    return remarks


def _curves(name: str, sides: list[Side], differing: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return figures with captions: the training loss, and the validation loss if it was recorded."""
    units = numbers.other_units(differing)
    note = f" Compare shapes, not heights: {units} changes the units of the loss." if units else ""
    captions = {
        "loss": ("training loss", "Training loss, including the penalty of the regularisers."),
        "val_loss": ("validation loss", "Loss on the validation windows."),
    }
    drawn = [
        (curves.curve(sides, kind, name, label), f"{caption} Thick: mean of the trainings; thin: each of them.{note}")
        for kind, (label, caption) in captions.items()
    ]
    return [(svg, caption) for svg, caption in drawn if svg]


def _parts(sides: list[Side], kind: str) -> list[tuple[str, list[tuple[str, list[tuple[str, str]]]]]]:
    """Return all scores by part: (part, [(metric, [(mean, ± deviation) per side])])."""
    from pipeline.scoring import scores

    metrics = scores.CLASSES if kind == "classes" else scores.REGRESSION
    present = [part for part in _PARTS if any(side.evaluation and part in side.evaluation["parts"] for side in sides)]
    return [
        (part, [(METRICS[metric], [_score(side, kind, part, metric) for side in sides]) for metric in metrics])
        for part in present
    ]
