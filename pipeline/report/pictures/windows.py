"""Pictures of test windows: predictions beside the truth and the baselines, and what is left between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.classes import confusion
from pipeline.report.pictures.scales import Scale, around, seconds
from pipeline.report.pictures.svg import DASHES, SEEDS, Picture, shortened, written
from pipeline.report.wording import baseline

_KINDS = {"difference": "change of ", "return": "return of ", "sequence_mean": "mean of "}


def predictions(evaluation: dict[str, Any]) -> Picture:
    """Draw truth, network, and its references over the first test windows of the last fold.

    Sequences are drawn one by one, as prediction over truth, and three classes or more as a table of how often which
    is taken for which.

    Args:
        evaluation: output of the stage `evaluate`.
    """
    if evaluation["target"]["kind"] == "sequence_mean":
        return _sequences(evaluation)
    if (evaluation["classes"] or 0) > 2:
        return confusion(evaluation)
    drawn, binary = evaluation["parts"]["test"]["drawn"], evaluation["classes"] == 2
    x, x_scale, x_label = _when(evaluation, drawn)
    others = _shown(evaluation, drawn)
    every = [drawn["truth"], *drawn["seeds"].values(), *(drawn["baselines"][name] for name in others)]
    y = Scale(-0.06, 1.06) if binary else _robust(every)
    first = shortened((evaluation.get("labels") or ["", "class 1"])[1]) if binary else ""
    what = f"probability of {first}" if binary else target(evaluation)
    chart = Chart(x_scale, y, x_label, what, height=175)
    for name in others:
        colour = _colour(evaluation, name)
        dash = {"linear": "5 2", "season": "2 2"}.get(colour, "")
        chart.line(x, drawn["baselines"][name], baseline(name), colour, dash, width=1.1)
    if drawn["oracle"] is not None:
        chart.line(x, drawn["oracle"], "oracle", "oracle", "8 2 2 2", width=1.2)
    if binary:
        chart.level(0.5, "", "line")
        chart.dots(x, drawn["truth"], "truth", "truth", size=3.5)
    else:
        chart.line(x, drawn["truth"], "truth", "truth", width=1.5)
    _seeds(chart, x, drawn["seeds"])
    title = "Predictions on the first test windows"
    text = f"{len(drawn['row'])} windows, {_period(drawn)}. Mean of the truth {_mean(drawn['truth'])}; of the network "
    text += "; ".join(f"seed {seed} {_mean(values)}" for seed, values in drawn["seeds"].items()) + "."
    svg = chart.svg(f"{evaluation['experiment']}-predictions", title, text)
    return Picture(title, svg, _predictions_caption(evaluation, others))


def scatter(evaluation: dict[str, Any]) -> Picture | None:
    """Draw prediction over truth for evenly spaced test windows; None for classes and for sequences."""
    sample = evaluation["parts"]["test"].get("sample")
    if not sample or evaluation["target"]["kind"] == "sequence_mean":
        return None
    scale = _robust([sample["truth"], *sample["seeds"].values()])
    name = target(evaluation)
    chart = Chart(scale, scale, f"truth: {name}", f"prediction: {name}", height=230)
    chart.line([scale.low, scale.high], [scale.low, scale.high], "perfect", "oracle", "6 3", width=1.2)
    for order, (seed, values) in enumerate(sample["seeds"].items()):
        chart.dots(sample["truth"], values, f"seed {seed}", SEEDS[order % len(SEEDS)], size=3.2)
    title = "Prediction against truth"
    text = "; ".join(
        f"seed {seed}: correlation {written(_correlation(sample['truth'], values))}, standard deviation "
        f"{written(_spread(values))} of {written(_spread(sample['truth']))}"
        for seed, values in sample["seeds"].items()
    )
    svg = chart.svg(f"{evaluation['experiment']}-scatter", title, text + ".")
    count, total = len(sample["truth"]), sample["windows"]
    shown = (
        f"{count:,} evenly spaced ones of the {total:,} test windows"
        if count < total
        else f"All {total:,} test windows"
    )
    step = ", first step" if evaluation["horizon"] > 1 else ""
    caption = (
        f"{shown}{step}. Dots on the dashed line are right. A flat cloud means that the network predicts nearly one "
        "value; one that bends away at an end, that it misses high or low values."
    )
    return Picture(title, svg, caption)


def residuals(evaluation: dict[str, Any]) -> list[Picture]:
    """Draw truth less prediction over time, and its autocorrelation; of two classes the latter, of more neither."""
    test = evaluation["parts"]["test"]
    known, drawn = test.get("residuals"), test["drawn"]
    if not known:
        return []
    first = [] if evaluation["classes"] else [_left(evaluation, known, drawn)]  # of 0 and 1 they would be two bands
    correlogram = _correlogram(evaluation, known)
    return [*first, correlogram] if correlogram else first


def target(evaluation: dict[str, Any]) -> str:
    """Return what is predicted, with its unit as far as it is known."""
    kind, column = evaluation["target"]["kind"], evaluation["target"]["column"]
    return f"{_KINDS.get(kind, '')}{column}" + (", standardised" if evaluation["units"] == "standardised" else "")


def _left(evaluation: dict[str, Any], known: dict[str, Any], drawn: dict[str, Any]) -> Picture:
    """Draw the residuals over time."""
    truth = _numbers(drawn["truth"])
    left = {seed: truth - _numbers(values) for seed, values in drawn["seeds"].items()}
    x, x_scale, x_label = _when(evaluation, drawn)
    name = f"truth less prediction: {target(evaluation)}"
    chart = Chart(x_scale, _robust([*left.values(), [0.0]]), x_label, name, height=130)
    chart.level(0.0, "", "soft")
    _seeds(chart, x, left)
    title = "Residuals on the first test windows"
    text = "; ".join(
        f"seed {seed}: mean {written(own['mean'])}, standard deviation {written(own['std'])} over all test windows"
        for seed, own in known["seeds"].items()
    )
    caption = (
        "Truth less prediction. A level above or below 0 is a bias; waves show a season or a trend that the network "
        "missed."
    )
    return Picture(title, chart.svg(f"{evaluation['experiment']}-residuals", title, text + "."), caption)


def _correlogram(evaluation: dict[str, Any], known: dict[str, Any]) -> Picture | None:
    every = {seed: own["autocorrelation"] for seed, own in known["seeds"].items()}
    seeds = {seed: own for seed, own in every.items() if np.isfinite(_numbers(own)).any()}
    if not seeds:
        return None
    lags = np.arange(1, 1 + max(map(len, seeds.values()))) * known["step"]
    bound = 1.96 / np.sqrt(known["windows"])
    values = np.concatenate([_numbers(own) for own in seeds.values()])
    low, high = min(np.nanmin(values), -bound), max(np.nanmax(values), bound)
    y = Scale(max(float(low) - 0.08, -1.05), min(float(high) + 0.08, 1.05))
    chart = Chart(
        Scale(0.0, float(lags[-1]) + known["step"]), y, "lag, in rows", "autocorrelation of the residuals", 110
    )
    chart.area((chart.x.low, chart.x.high), (-bound, bound), "95 % of these lags, if nothing were left", "area")
    chart.level(0.0, "", "soft")
    for order, (seed, own) in enumerate(seeds.items()):
        colour, dash = SEEDS[order % len(SEEDS)], DASHES[order % len(DASHES)]
        chart.line(lags[: len(own)], own, f"seed {seed}", colour, dash)
        chart.dots(lags[: len(own)], own, f"seed {seed}", colour, size=4, listed=False)
    period = evaluation["period"]
    if period and period <= lags[-1]:
        chart.upright(period, f"period, {period:,} rows", "ink", "2 2")
    title = "Autocorrelation of the residuals"
    largest = {seed: int(np.nanargmax(np.abs(_numbers(own)))) for seed, own in seeds.items()}
    text = "; ".join(
        f"seed {seed}: largest {written(seeds[seed][k])} at lag {lags[k]:,}" for seed, k in largest.items()
    )
    caption = (
        f"Of all {known['windows']:,} test windows. Residuals that still follow each other hold a signal that the "
        "network leaves. By chance alone, one lag in twenty is outside the band."
    )
    if evaluation["horizon"] > 1:
        caption += " It is of the first step alone."
    return Picture(title, chart.svg(f"{evaluation['experiment']}-correlogram", title, text + "."), caption)


def _sequences(evaluation: dict[str, Any]) -> Picture:
    """Draw prediction over truth, one mark per sequence; the diagonal is perfect."""
    parts = {part: evaluation["parts"][part]["drawn"] for part in ("train", "test") if part in evaluation["parts"]}
    every = [values for drawn in parts.values() for values in (drawn["truth"], *drawn["seeds"].values())]
    scale = _robust([*every, [0.0]])
    name = target(evaluation)
    chart = Chart(scale, scale, f"truth: {name}", f"prediction: {name}", height=230)
    chart.line([scale.low, scale.high], [scale.low, scale.high], "perfect", "oracle", "6 3", width=1.2)
    for part, drawn in parts.items():
        for order, (seed, values) in enumerate(drawn["seeds"].items()):
            colour = SEEDS[order % len(SEEDS)] if part == "test" else "train"
            own = f"test, seed {seed}" if part == "test" else "train, all seeds"
            chart.dots(drawn["truth"], values, own, colour, 6.5 if part == "test" else 4.0)
    title = "Prediction against truth for each sequence"
    test = parts["test"]
    text = "; ".join(f"seed {seed} predicts {_mean(values)} on average" for seed, values in test["seeds"].items())
    caption = (
        "One mark per sequence and seed. Marks on the dashed line are right; a horizontal line of marks means one "
        "value for all sequences."
    )
    text += f"; the truth is {_mean(test['truth'])} on average."
    return Picture(title, chart.svg(f"{evaluation['experiment']}-scatter", title, text), caption)


def _seeds(chart: Chart, x: Any, seeds: dict[str, Any]) -> None:
    """Draw each seed in its own colour and dashes; one without a finite value is not drawn, but listed."""
    for order, (seed, values) in enumerate(seeds.items()):
        none = "" if np.isfinite(_numbers(values)).any() else ": NaN"
        colour, dash = SEEDS[order % len(SEEDS)], DASHES[order % len(DASHES)]
        chart.line(x, values, f"network, seed {seed}{none}", colour, dash, width=1.6)


def _shown(evaluation: dict[str, Any], drawn: dict[str, Any]) -> list[str]:
    """Return the baselines to draw: the references and the season; persistence where there is no season."""
    chosen = [evaluation["chosen"][side]["baseline"] for side in ("naive", "linear")]
    if evaluation["classes"]:  # persistence of classes jumps between 0 and 1 and would hide the rest
        return [name for name in drawn["baselines"] if name == chosen[1]]
    season = "seasonal_naive" if "seasonal_naive" in drawn["baselines"] else "persistence"
    return [name for name in drawn["baselines"] if name in (*chosen, season)]


def _colour(evaluation: dict[str, Any], name: str) -> str:
    if name == evaluation["chosen"]["linear"]["baseline"]:
        return "linear"
    return "season" if name == "seasonal_naive" else "naive"


def _when(evaluation: dict[str, Any], drawn: dict[str, Any]) -> tuple[np.ndarray, Scale, str]:
    """Return the places of the drawn windows, the scale and the label of that axis: times, or rows without them."""
    if drawn.get("time") and len(set(drawn["time"])) > 1:
        at = seconds(drawn["time"])
        scale = Scale(float(at[0]), float(at[-1]), "time")
        zone = " (UTC)" if evaluation["settings"]["series"].get("zone") else ""
        name = evaluation["settings"]["series"].get("time") or "time"
        # Marks of a month, day and time lack the year, marks of a time alone the day.
        mark = next((text for _, text in scale.ticks(4)), "")
        left_out = 0 if ":" not in mark else 4 if "-" in mark else 10
        since = f", {drawn['time'][0][:left_out]}" if left_out else ""
        return at, scale, f"{name}{zone}{since}"
    at = np.array(drawn["row"], dtype=float)
    return at, around(at, pad=0.0, whole=True), "row of the series"


def _robust(series: Iterable[Any]) -> Scale:
    """Return a scale for all values of the first series, and of the others as far as they are not far outside.

    The first is the truth: one diverging seed must not flatten it.
    """
    first, *others = (_numbers(values) for values in series)
    known = first[np.isfinite(first)]
    if not len(known):
        return around(np.concatenate([first, *others]))
    low, high = float(known.min()), float(known.max())
    room = (high - low) or abs(high) or 1.0
    rest = np.concatenate([*others, known])
    return around(rest[(rest >= low - room) & (rest <= high + room)])


def _numbers(values: Iterable[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _mean(values: Iterable[float | None]) -> str:
    known = _numbers(values)
    known = known[np.isfinite(known)]
    return written(float(known.mean())) if len(known) else "NaN"


def _spread(values: Iterable[float | None]) -> float | None:
    known = _numbers(values)
    known = known[np.isfinite(known)]
    return float(known.std()) if len(known) else None


def _correlation(truth: Iterable[float | None], values: Iterable[float | None]) -> float | None:
    a, b = _numbers(truth), _numbers(values)
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 2 and a.std() and b.std() else None


def _period(drawn: dict[str, Any]) -> str:
    ends = drawn.get("time") or [f"row {row:,}" for row in drawn["row"]]
    return f"from {ends[0]} to {ends[-1]}" if len(ends) else "none"


def _predictions_caption(evaluation: dict[str, Any], others: list[str]) -> str:
    drawn = evaluation["parts"]["test"]["drawn"]
    fold = " of the last fold" if len(evaluation["split"]["folds"]) > 1 else ""
    step = ", first step" if evaluation["horizon"] > 1 else ""
    text = f"The first {len(drawn['row']):,} test windows{fold}{step}. "
    if evaluation["classes"] == 2:
        text += "Dots at 0 and 1 are the truth, lines are probabilities. A line at one half has learned nothing."
    elif any(name in others for name in ("persistence", "drift")):
        text += "A network that follows persistence or drift repeats the last value; a flat line predicts the mean."
    else:
        text += "A flat line predicts the mean."
    return text + (" The oracle is the best possible forecast." if drawn["oracle"] is not None else "")
