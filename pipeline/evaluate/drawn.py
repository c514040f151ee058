"""What the report draws of an experiment's windows: truth and forecasts in time order, a sample, and residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.evaluate import plot_tables
from pipeline.scoring import scores

# Rows between two ids.
_FAR = 1 << 32
# Windows of a stretch, windows of a sample, and lags of an autocorrelation.
_POINTS, _SAMPLE, _LAGS = 300, 300, 48
# Baselines that are drawn, if there are such forecasts, beside those that are the references.
_ALWAYS = ("persistence", "seasonal_naive")

# (part, name) -> an array per fold; see `pipeline.evaluate.collect`
Arrays = Mapping[Any, list[np.ndarray]]


def drawn(arrays: Arrays, part: str, seeds: list[int], about: dict[str, Any]) -> dict[str, Any]:
    """Return truth and forecasts of at most 300 consecutive windows of the last fold.

    Of several steps the first; of two classes the probability of class 1, of more the predicted class.

    Args:
        arrays: from `pipeline.evaluate.collect`.
        part: train, validation or test.
        seeds: the random seeds.
        about: `classes`, and the baselines `chosen` as references.

    Returns:
        `row` and `time` (ISO 8601 in UTC, or as the file has it; None without a time column) of the target, `truth`,
        `seeds`, `baselines` by name, `oracle` (or None).
    """
    rows = arrays[part, "row"][-1][:_POINTS]
    names = [*_ALWAYS, *(about["chosen"][side]["baseline"] for side in ("naive", "linear"))]
    known = [name for name in dict.fromkeys(names) if (part, ("baseline", name)) in arrays]

    def forecast(key: tuple[str, Any]) -> np.ndarray:
        return _first_step(arrays[part, key][-1][: len(rows)], about["classes"])

    return {
        "row": rows,
        "time": texts(arrays[part, "time"][-1][: len(rows)]) if (part, "time") in arrays else None,
        "truth": arrays[part, "truth"][-1][: len(rows), 0],
        "seeds": {str(seed): forecast(("seed", seed)) for seed in seeds},
        "baselines": {name: forecast(("baseline", name)) for name in known},
        "oracle": forecast(("oracle", "")) if (part, ("oracle", "")) in arrays else None,
    }


def sample(arrays: Arrays, part: str, seeds: list[int], classes: int | None) -> dict[str, Any] | None:
    """Return truth and predictions of at most 300 evenly spaced windows of all folds; None for classes.

    Returns:
        `windows` (of how many), `truth` and `seeds`: of several steps the first.
    """
    if classes:
        return None
    truth = np.concatenate(arrays[part, "truth"])
    some = evenly(len(truth), _SAMPLE)
    outputs = {str(seed): np.concatenate(arrays[part, ("seed", seed)])[some, 0] for seed in seeds}
    return {"windows": len(truth), "truth": truth[some, 0], "seeds": outputs}


def reliability(arrays: Arrays, part: str, seeds: list[int], classes: int | None) -> list[dict[str, Any]] | None:
    """Return how often a class comes true where it is predicted with a probability, of all folds; None for values.

    Returns:
        A row per class, seed and bin; see `plot_tables.calibration`.
    """
    if not classes:
        return None
    outputs = {seed: np.concatenate(arrays[part, ("seed", seed)]) for seed in seeds}
    return list(plot_tables.calibration(np.concatenate(arrays[part, "truth"]), outputs, classes))


def residuals(arrays: Arrays, part: str, seeds: list[int], about: dict[str, Any]) -> dict[str, Any] | None:
    """Return the autocorrelation of the residuals, truth less prediction, of the first step.

    Residuals are as far apart as their rows; a lag without enough pairs is None. The folds are pooled around one mean.

    Args:
        arrays: from `pipeline.evaluate.collect`.
        part: train, validation or test.
        seeds: the random seeds.
        about: `classes` and `sequence_length`.

    Returns:
        `step` (rows from one lag to the next), `windows`, and by seed `mean`, `std` and `autocorrelation` at the lags
        1, 2, … up to 48 steps; None for three classes or more, for sequences, or for fewer than ten windows.
    """
    rows = arrays[part, "row"]
    if starts := about.get("ids", {}).get("starts"):
        # No pair of rows lies in two ids.
        rows = [own + np.searchsorted(starts, own, side="right") * _FAR for own in rows]
    count = sum(map(len, rows))
    if (about["classes"] or 0) > 2 or about["sequence_length"] or count < 10:
        return None
    gaps = np.concatenate([np.diff(own) for own in rows])
    step = int(np.median(gaps)) if len(gaps) else 1
    result: dict[str, Any] = {"step": step, "windows": count, "seeds": {}}
    for seed in seeds:
        pairs = zip(arrays[part, "truth"], arrays[part, ("seed", seed)], strict=True)
        own = [truth[:, 0] - outputs[:, 0] for truth, outputs in pairs]
        result["seeds"][str(seed)] = _correlated(own, rows, step, min(_LAGS, count // 4))
    return result


def axis(arrays: Arrays, split: dict[str, Any]) -> dict[str, Any] | None:
    """Return the times of the rows at which a part begins or ends, and of the first and the last row.

    A row that is no window's target is placed between its neighbours among those that are.

    Args:
        arrays: from `pipeline.evaluate.collect`.
        split: split.json.

    Returns:
        `rows` and `time`; None without a time column.
    """
    known = split["series"]["time"]
    # The times of several ids lie over one another.
    if not known or "ids" in split["series"] or ("train", "time") not in arrays:
        return None
    ends = np.array([known["first"], known["last"]], dtype="datetime64[us]")
    rows = np.concatenate(
        [[0, split["rows"] - 1], *(own for (_, key), all_ in arrays.items() if key == "row" for own in all_)]
    )
    times = np.concatenate([ends, *(own for (_, key), all_ in arrays.items() if key == "time" for own in all_)])
    rows, first = np.unique(rows, return_index=True)
    wanted = {0, split["rows"] - 1}
    for fold in split["folds"]:
        for part in filter(None, (fold[name] for name in ("train", "validation", "test"))):
            wanted |= {row for interval in part["intervals"] for row in interval}
            wanted.add(part["intervals"][0][0] + part["context"])
    places = np.array(sorted(row for row in wanted if row < split["rows"]))
    made = np.interp(places, rows, times[first].astype("datetime64[us]").astype(np.int64))
    return {
        "rows": places,
        "time": texts(np.rint(made).astype(np.int64).astype("datetime64[us]").astype("datetime64[s]")),
    }


def texts(times: np.ndarray) -> list[str]:
    """Write times in ISO 8601, as short as all of them allow: dates alone if every time is midnight."""
    unit = next((unit for unit in ("D", "m", "s") if (times == times.astype(f"datetime64[{unit}]")).all()), "us")
    return [str(text) for text in np.datetime_as_string(times.astype(f"datetime64[{unit}]"))]


def _first_step(outputs: np.ndarray, classes: int | None) -> np.ndarray:
    return scores.predicted_classes(outputs, classes) if classes and classes > 2 else outputs[:, 0]


def _correlated(residuals: list[np.ndarray], rows: list[np.ndarray], step: int, lags: int) -> dict[str, Any]:
    """Return mean, standard deviation and autocorrelation of residuals that lie at rows, per fold."""
    every = np.concatenate(residuals)
    every = every[np.isfinite(every)]
    if len(every) < 10 or not every.std():
        return {"mean": float(every.mean()) if len(every) else None, "std": None, "autocorrelation": []}
    mean, variance = float(every.mean()), float(every.var())
    sums, counts = np.zeros(lags), np.zeros(lags)
    for own, at in zip(residuals, rows, strict=True):
        centred = own - mean
        for lag in range(1, lags + 1):
            # The later window of each pair, where there is one.
            later = np.searchsorted(at, at + lag * step)
            there = later < len(at)
            there[there] = at[later[there]] == at[there] + lag * step
            products = centred[there] * centred[later[there]]
            good = np.isfinite(products)
            sums[lag - 1] += products[good].sum()
            counts[lag - 1] += good.sum()
    known = counts >= 10
    values = np.where(known, sums / np.maximum(counts, 1) / variance, np.nan)
    return {"mean": mean, "std": float(np.sqrt(variance)), "autocorrelation": values}
