"""Pairs of an experiment and its fix: the settings that differ, and what they do to the test loss.

A pair is NAME and NAME_fixed in params.yaml. Their losses are compared by `pairing.paired`, on the windows of both.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import comparison, diagnosis, differences
from pipeline.report.wording import METRICS, baseline, joined, number, p_value, percent, setting, thousands
from pipeline.report.wording import score as score_text
from pipeline.scoring import scores

SUFFIX = "_fixed"
# A loss more than ten times as high is written as a factor instead of a percentage.
_LEAST_REDUCTION = -10


def names(experiments: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs among the experiments of params.yaml, in their order."""
    return [(name, name + SUFFIX) for name in experiments if name + SUFFIX in experiments]


def sections(
    settings: dict[str, Any],
    evaluations: dict[str, dict[str, Any]],
    losses: dict[str, Any],
    diagnoses: dict[str, dict[str, Any] | None],
) -> list[dict[str, Any]]:
    """Return every pair as the page shows it.

    Args:
        settings: Output of `params.load()`.
        evaluations: Output of the stage `evaluate` by experiment, where it has run.
        losses: Tables of `reports/losses/` by experiment, where they exist.
        diagnoses: Output of the stage `diagnose` by experiment, or None.
    """
    return [
        section(
            (before, after),
            differences.between(settings, before, after, diagnoses.get(before)),
            (evaluations.get(before), evaluations.get(after)),
            (losses.get(before), losses.get(after)),
            (diagnoses.get(before), diagnoses.get(after)),
        )
        | {"post": settings["experiments"][before].get("post")}
        for before, after in names(settings["experiments"])
    ]


def section(
    pair: tuple[str, str],
    changed: list[dict[str, Any]],
    evaluations: tuple[dict[str, Any] | None, dict[str, Any] | None],
    losses: tuple[Any, Any],
    diagnoses: tuple[dict[str, Any] | None, dict[str, Any] | None],
) -> dict[str, Any]:
    """Return one pair as the page shows it.

    Args:
        pair: Names of the two experiments, without the fix and with it. The other tuples are in this order.
        changed: Output of `differences.between`.
        evaluations: Output of the stage `evaluate`, or None.
        losses: Tables of `reports/losses/`, or None.
        diagnoses: Output of the stage `diagnose`, or None.
    """
    absent = [name for name, evaluation in zip(pair, evaluations, strict=True) if evaluation is None]
    result = {
        "names": pair,
        "changed": changed,
        "unnamed": differences.unnamed(changed, diagnoses[0]),
        "verdicts": [diagnosis.chip(result) for result in diagnoses],
        "missing": f"Not evaluated yet: run {_evaluate(absent)}." if absent else "",
        "rows": [],
        "summary": "",
        "remarks": [],
        "score": "",
        "loss": "",
        "level": "95 %",
    }
    if absent:
        return result
    before, after = (evaluation for evaluation in evaluations if evaluation is not None)
    result |= {"score": METRICS[_main(before)], "loss": METRICS[_loss(before)]}
    again = effect = None
    if reason := mismatch(before, after):
        result["missing"] = f"The two cannot be compared window by window: {reason}."
    elif absent := [name for name, table in zip(pair, losses, strict=True) if table is None]:
        result["missing"] = f"The losses of the windows are missing: run {_evaluate(absent)} again."
    else:
        from pipeline.scoring import pairing

        about = {"overlap": max(before["overlap"], after["overlap"]), "sequence_length": before["sequence_length"]}
        about["ids"] = before.get("ids")
        about["scale"] = before["score_scale"]
        again = pairing.unchanged(losses[0], **about)
        effect = pairing.paired(*losses, **about)
        result["summary"] = _sentence(effect, again)
        result["level"] = percent(1 - effect["level"])
    result["rows"] = _rows(before, after, again, effect)
    result["remarks"] = _remarks(before, after, effect)
    return result


def _evaluate(names: list[str]) -> str:
    return joined([f"`dvc repro evaluate@{name}`" for name in names])


def summary(pairs: list[dict[str, Any]]) -> str:
    """Return how many of these fixes lower the loss significantly; empty if none was measured."""
    measured = [pair["rows"] for pair in pairs if pair["summary"]]
    better = sum(any(row["kind"] == "effect" and row["chip"]["chip"] == "better" for row in rows) for rows in measured)
    if not measured:
        return ""
    return f"{better} of {len(measured)} {'fix lowers' if len(measured) == 1 else 'fixes lower'} the loss significantly"


def mismatch(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Return why the losses of two experiments measure different things; empty if they do not."""
    sides = [
        {
            "series": evaluation["settings"]["dataset"].get("series"),
            "target": "{kind} of {of} of {column}".format(**evaluation["target"]),
            "horizon": evaluation["horizon"],
            "units": evaluation["units"],
            "classes": evaluation["classes"],
        }
        for evaluation in (before, after)
    ]
    return "; ".join(
        f"{key} {setting(sides[0][key])} and {setting(sides[1][key])}"
        for key in sides[0]
        if sides[0][key] != sides[1][key]
    )


def unit(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Return the factor that turns a loss of `after` into the units of `before`: each may have its own scaling.

    Losses of `reports/losses/` are in the units of the series, and need none.
    """
    return float((after["score_scale"] / before["score_scale"]) ** 2)


def other_unit(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    """Return a remark on losses that are converted; empty if both have the same scaling."""
    if before["score_scale"] == after["score_scale"]:
        return ""
    scales = [number(evaluation["score_scale"]) for evaluation in (before, after)]
    return f"Losses {name} are converted from units of {scales[1]} to units of {scales[0]}, the scaling of the first."


def _main(evaluation: dict[str, Any]) -> str:
    return scores.main_score(evaluation["classes"])


def _loss(evaluation: dict[str, Any]) -> str:
    return scores.main_loss(evaluation["classes"])


def _rows(
    before: dict[str, Any], after: dict[str, Any], again: dict[str, Any] | None, effect: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Return each training by seed, each group followed by its difference, then the naive baseline and the oracle."""
    own, new = before["parts"]["test"], after["parts"]["test"]
    first, *others = own["seeds"]
    rows = [_row(f"without the fix, seed {first}", own["seeds"][first], before)]
    rows += [_row(f"retrained unchanged, seed {seed}", own["seeds"][seed], before) for seed in others]
    if again:
        rows.append(difference_row("retrained unchanged, against the first seed", "unchanged", again))
    factor = unit(before, after)
    rows += [_row(f"with the fix, seed {seed}", score, after, factor=factor) for seed, score in new["seeds"].items()]
    if effect:
        rows.append(difference_row("with the fix, against without it, all seeds", "effect", effect))
    chosen = ((after.get("comparison") or {}).get("naive") or {}).get("baseline")
    if chosen and chosen in new["baselines"]:
        rows.append(_row(f"{baseline(chosen)}, the naive baseline", new["baselines"][chosen], after, "beside", factor))
    if new["oracle"]:
        rows.append(_row("oracle", new["oracle"], after, "beside", factor))
    return rows


def _row(
    name: str, score: dict[str, Any], evaluation: dict[str, Any], kind: str = "seed", factor: float = 1.0
) -> dict[str, Any]:
    loss = score.get(_loss(evaluation))
    return {
        "kind": kind,
        "name": name,
        "score": "NaN" if (own := score.get(_main(evaluation))) is None else score_text(own, _main(evaluation)),
        "loss": number(None if loss is None else loss * factor),
        "reduction": "",
        "interval": "",
        "p_value": "",
        "chip": None,
    }


def difference_row(name: str, kind: str, paired: dict[str, Any]) -> dict[str, Any]:
    """Return a table row for a result of `pairing.paired`."""
    finite = paired["reduction"] is not None
    chip = comparison.CHIPS[paired["comparison"]]
    # Retraining with other seeds shows how large chance alone is: neither a success nor a failure.
    chip = chip | {"tone": "unknown"} if kind == "unchanged" else chip
    return {
        "kind": kind,
        "name": name,
        "score": "",
        "loss": f"{number(paired['before'])} → {number(paired['after'])}",
        "reduction": _reduction(paired["reduction"]) if finite else _no_ratio(paired),
        "interval": _interval(paired),
        "p_value": p_value(paired["p_value"]) if paired["p_value"] else "–",
        "chip": chip,
    }


def _no_ratio(paired: dict[str, Any]) -> str:
    """Return why two losses have no ratio."""
    if not paired["windows"]:
        return "the two have no window in common"
    if paired["before"] is not None and paired["after"] is not None:
        return "the loss before is 0"
    if paired["before"] is None and paired["after"] is None:
        return "both losses are NaN"
    return f"the loss {'before' if paired['before'] is None else 'after'} is NaN"


def _reduction(value: float | None) -> str:
    """Format the share by which a loss is lower, or the factor by which it is much higher."""
    if value is None:
        return "–"
    # Round first: a value just below 0 would become "−0.0 %".
    return percent(round(value, 3) + 0.0, 1) if value > _LEAST_REDUCTION else f"{_factor(value)} times as high"


def _factor(reduction: float) -> str:
    return f"{1 - reduction:,.0f}" if reduction > -1e6 else "over 1,000,000"


def _interval(paired: dict[str, Any]) -> str:
    if paired["low"] is None or paired["high"] is None:
        return "–"
    return f"{_reduction(paired['low'])} to {_reduction(paired['high'])}"


def _sentence(effect: dict[str, Any], again: dict[str, Any] | None) -> str:
    """Return the effect of the fix, and that of other random numbers alone."""
    text = f"With the fix, {_outcome(effect)}."
    if again is None:
        return text + " The network without the fix has one seed only, so the effect of chance is unknown."
    return f"{text} With other seeds alone, {_outcome(again)}."


def _outcome(paired: dict[str, Any]) -> str:
    return f"{comparison.CHIPS[paired['comparison']]['chip']}: {change(paired)}"


def change(paired: dict[str, Any]) -> str:
    """Return a result of `pairing.paired` as a clause."""
    value = paired["reduction"]
    if value is None:
        return _no_ratio(paired)
    if value <= _LEAST_REDUCTION:
        return f"the test loss is {_factor(value)} times as high" + _alone(paired)
    ends = [paired["low"], paired["high"]]
    if value < 0:
        ends = [None if end is None else -end for end in reversed(ends)]
    within = f" ({_reduction(ends[0])} to {_reduction(ends[1])})" if None not in ends else ""
    direction = "lower" if value >= 0 else "higher"
    return f"the test loss is {percent(abs(value), 1)} {direction}{within}" + _alone(paired)


def _alone(paired: dict[str, Any]) -> str:
    return "; with one seed only, nothing follows for other seeds" if paired["reason"] == "one_seed" else ""


def _remarks(before: dict[str, Any], after: dict[str, Any], effect: dict[str, Any] | None) -> list[str]:
    remarks = []
    if effect:
        left = effect["left_out"]
        text = f"Compared on the {thousands(effect['windows'])} test windows that both have"
        if any(left.values()):
            text += f"; {thousands(left['before'])} exist only without the fix, {thousands(left['after'])} only with it"
        remarks.append(text + ".")
        missed = effect["unanswered"]
        if any(missed.values()):
            remarks.append(
                f"Windows without a finite prediction: {thousands(missed['before'])} without the fix, "
                f"{thousands(missed['after'])} with it."
            )
    remarks += [text for text in [other_unit(before, after, "with the fix")] if text]
    if before["thresholds"] != after["thresholds"]:
        remarks.append("The class thresholds differ, so windows near them may belong to different classes in the two.")
    shares = [((each.get("comparison") or {}).get("oracle_share") or {}).get("share") for each in (before, after)]
    if shares[1] is not None:
        oracle = after["comparison"]["oracle_share"]
        within = f" ({percent(oracle['low'])} to {percent(oracle['high'])})" if oracle["low"] is not None else ""
        without = f"; without it, {percent(shares[0])}" if shares[0] is not None else ""
        remarks.append(
            f"Share of the oracle's skill over the naive baseline: with the fix, {percent(shares[1])}{within}{without}."
        )
    return remarks
