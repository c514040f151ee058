"""Whether a forecast beats another one on the same windows, with an interval that accounts for overlapping windows.

All numbers of one experiment come from one set of resamples (`bootstrap`), and from an autoregression where its
interval is wider (`gains`). A loss is a squared error (mean over the steps), or the Brier score for classes.
skill = 1 - mean loss / mean loss of the baseline.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.scoring import bootstrap, gains, scores
from pipeline.scoring.bootstrap import LEVEL, RESAMPLES, Draws
from pipeline.scoring.gains import Sample, Side
from pipeline.scoring.long_run import FEWEST
from pipeline.scoring.significance import diebold_mariano, signs

if TYPE_CHECKING:
    from pipeline.dataset import Spec

# (part, name) -> an array per fold; see `pipeline.evaluate.collect`
Arrays = dict[tuple[str, Any], list[np.ndarray]]


def losses(truth: np.ndarray, outputs: np.ndarray, classes: int | None) -> np.ndarray:
    """Return the loss of each window, `[windows]`; NaN where the forecast is not finite.

    Its mean is the MSE or the Brier score of `scores`.

    Args:
        truth: `[windows, steps]`, or class numbers `[windows, 1]`.
        outputs: `[windows, steps]`, or outputs of the head as in `scores.probabilities`.
        classes: None, 2 or 3.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if not classes:
            return np.mean((outputs - truth) ** 2, axis=1)
        known = np.eye(classes)[truth.reshape(len(truth)).astype(int)]
        error = np.sum((scores.probabilities(outputs, classes) - known) ** 2, axis=1)
    return error / 2 if classes == 2 else error


def compare_experiment(arrays: Arrays, seeds: list[int], about: dict[str, Any], series: str) -> dict[str, Any]:
    """Apply `compare` and `signs` to the test windows of all folds, in time order.

    Args:
        arrays: truth and forecasts in the units of the scores, from `pipeline.evaluate.collect`.
        seeds: seeds of the trainings.
        about: `classes`, `sequence_length` and `overlap` of the dataset, and the baselines `chosen` as references.
        series: name of the series.
    """
    classes, sequence_length, overlap = about["classes"], about["sequence_length"], about["overlap"]

    def pooled(part: str, key: Any) -> np.ndarray:
        return np.concatenate(arrays[part, key])

    def loss(part: str, key: Any) -> np.ndarray:
        return losses(pooled(part, "truth"), pooled(part, key), classes)

    naive, linear = (about["chosen"][side]["baseline"] for side in ("naive", "linear"))
    rows, truth = pooled("test", "row"), pooled("test", "truth")
    order = np.argsort(rows, kind="stable")
    outputs = [pooled("test", ("seed", seed)) for seed in seeds]
    hits = None
    if classes:
        correct = [scores.predicted_classes(each, classes) == truth[:, 0] for each in outputs]
        hits = np.mean(correct, axis=0)[order]
    result = compare(
        {seed: loss("test", ("seed", seed))[order] for seed in seeds},
        (naive, loss("test", ("baseline", naive))[order]),
        (linear, loss("test", ("baseline", linear))[order]),
        oracle=loss("test", ("oracle", ""))[order] if ("test", ("oracle", "")) in arrays else None,
        hits=hits,
        overlap=overlap,
        sequences=rows[order] // sequence_length if sequence_length else None,
        rows=rows[order],
    )
    for side in ("naive", "linear"):
        result[side]["chosen_on"] = about["chosen"][side]["chosen_on"]
    result["signs"] = None
    if ("test", "reference") in arrays:
        last, forecast = truth[order, -1], np.mean(outputs, axis=0)[order, -1]
        result["signs"] = signs(last, forecast, pooled("test", "reference")[order], overlap)
    return {**result, "windows_key": windows_key(series, rows[order], pooled("test", "raw")[order])}


def compare(
    network: dict[int, np.ndarray],
    naive: tuple[str, np.ndarray],
    linear: tuple[str, np.ndarray],
    *,
    oracle: np.ndarray | None = None,
    hits: np.ndarray | None = None,
    overlap: int = 1,
    sequences: np.ndarray | None = None,
    rows: np.ndarray | None = None,
) -> dict[str, Any]:
    """Compare a network, over all its seeds, with a naive and a linear baseline on the same windows.

    Args:
        network: losses `[windows]` by seed, in time order.
        naive: name of the baseline and its losses `[windows]`.
        linear: the same.
        oracle: losses of the best possible forecast, or None.
        hits: for classes, the share of seeds that predicted the true class, `[windows]`.
        overlap: how many windows in a row share a target row.
        sequences: for independent sequences, the number of each window's sequence, `[windows]`. Whole sequences are
            then resampled instead of blocks of windows.
        rows: series row of each window, `[windows]`; None for consecutive ones.

    Returns:
        `naive` and `linear`: `baseline`, `skill`, `low`, `high` (95 %), two-sided `p_value`, `comparison`, `reason`
        (`gains.side`), `diebold_mariano`, `seeds`; `oracle_share`, `accuracy`, `windows`, `effective_windows`, `unit`,
        `block_length`, `resamples`, `level`. A network with NaN or infinite losses in any seed is worse than any
        baseline. With fewer than five sequences, or windows worth fewer than five independent ones, there is no
        interval and nothing is distinguishable.
    """
    net = np.mean(list(network.values()), axis=0)
    finite = bool(np.isfinite(net).all())
    columns = [net, naive[1], linear[1], net if oracle is None else oracle, net if hits is None else hits]
    # Columns that are not finite are handled below; zeros in their place keep the arithmetic of the others finite.
    columns = [column if np.isfinite(column).all() else np.zeros(len(net)) for column in columns]
    differences = ([(0, 1), (0, 2)] if finite else []) + ([(4, 4)] if hits is not None else [])
    units = gains.sample(columns, differences, overlap, sequences, rows)
    result: dict[str, Any] = {}
    for at, (key, (name, base)) in enumerate((("naive", naive), ("linear", linear)), start=1):
        known = bool(np.isfinite(base).all())
        if not finite:
            compared = gains.worst()
        else:
            compared = gains.side(units, 0, at) if known else gains.undecided(None, gains.BASELINE)
        result[key] = {"baseline": name, **compared}
        result[key]["diebold_mariano"] = (
            diebold_mariano(units.table[:, 0], units.table[:, at], overlap, sequences) if finite and known else None
        )
        result[key]["seeds"] = {
            str(seed): scores.skill(float(np.mean(loss)), float(np.mean(base))) for seed, loss in network.items()
        }
    result["oracle_share"] = _oracle_share(units.draws) if oracle is not None and finite and units.many else None
    result["accuracy"] = None if hits is None else _accuracy(units, len(net))
    result["windows"] = len(net)
    result["effective_windows"] = None
    if finite and np.isfinite(naive[1]).all():
        result["effective_windows"] = effective(net - naive[1], units.draws)
        worth = gains.worth(units, 0, 1)
        if worth < FEWEST:
            # The reason why nothing is concluded.
            result["effective_windows"] = min(result["effective_windows"], worth)
    result["unit"] = "window" if sequences is None else "sequence"
    return {**result, "block_length": units.block, "resamples": RESAMPLES, "level": LEVEL}


def paired(
    before: dict[str, np.ndarray],
    after: dict[str, np.ndarray],
    *,
    overlap: int = 1,
    sequence_length: int | None = None,
    scale: float = 1.0,
) -> dict[str, Any]:
    """Measure how much lower the losses of one experiment are than those of another, on their common test windows.

    Resamples, blocks and intervals are those of `compare`. Nothing is corrected for several pairs.

    Args:
        before: table of `reports/losses/`: `row` `[windows]`, and `loss_SEED` `[windows]` per seed, which are averaged.
        after: the same for the other experiment; windows are matched by their `row`.
        overlap: how many windows in a row share a target row; the larger number of the two experiments.
        sequence_length: rows of an independent sequence, or None.
        scale: unit of `posted` and `remedied`, in units of the losses' errors: `score_scale` of the first experiment.

    Returns:
        `posted` and `remedied`, the mean losses before and after on the common windows; `reduction`,
        1 - remedied / posted, with `low`, `high` (95 %), two-sided `p_value` and `comparison` (of the remedied:
        `better`, `not_distinguishable`, `worse`); `windows`; `left_out`, the windows that only one of them has, by
        `posted` and `remedied`; `unit`, `block_length`, `resamples`, `level`. Losses that are NaN or infinite are
        worse than any finite ones. Then there is no reduction, nor where the posted losses are 0.
    """
    rows, left, right = np.intersect1d(before["row"], after["row"], return_indices=True)
    posted, remedied = _seeds_mean(before)[left], _seeds_mean(after)[right]
    # Losses that differ by the rounding of their units are equal.
    remedied = np.where(np.isclose(remedied, posted, rtol=1e-9, atol=0), posted, remedied)
    sides = {"posted": posted, "remedied": remedied}
    result: dict[str, Any] = {
        "windows": len(rows),
        "left_out": {"posted": len(before["row"]) - len(rows), "remedied": len(after["row"]) - len(rows)},
        "unit": "sequence" if sequence_length else "window",
        "resamples": RESAMPLES,
        "level": LEVEL,
    }
    finite = {key: bool(np.isfinite(loss).all()) and len(rows) > 0 for key, loss in sides.items()}
    result |= {key: float(np.mean(loss)) / scale**2 if finite[key] else None for key, loss in sides.items()}
    if not all(finite.values()):
        comparison = "better" if finite["remedied"] else "worse" if finite["posted"] else "not_distinguishable"
        p_value = 1.0 if comparison == "not_distinguishable" else 0.0
        undefined = {"reduction": None, "low": None, "high": None, "block_length": None}
        return {**result, **undefined, "p_value": p_value, "comparison": comparison}
    sequences = rows // sequence_length if sequence_length else None
    units = gains.sample([sides["remedied"], sides["posted"]], [(0, 1)], overlap, sequences, rows)
    side = gains.side(units, 0, 1)
    return {**result, "reduction": side.pop("skill"), **side, "block_length": units.block}


def _seeds_mean(table: dict[str, np.ndarray]) -> np.ndarray:
    """Return the losses of a table of `reports/losses/`, averaged over the seeds, `[windows]`."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.mean([loss for name, loss in table.items() if name != "row"], axis=0)


def unchanged(
    table: dict[str, np.ndarray], *, overlap: int = 1, sequence_length: int | None = None, scale: float = 1.0
) -> dict[str, Any] | None:
    """Apply `paired` to one experiment retrained without a change: its first seed before, its other seeds after.

    A remedy must have a larger effect than other random numbers do. None where there is only one seed.

    Args:
        table: table of `reports/losses/`, its seeds in the order of the training's.
        overlap: as in `paired`.
        sequence_length: as in `paired`.
        scale: as in `paired`.
    """
    first, *others = (name for name in table if name != "row")
    if not others:
        return None
    before, after = ({"row": table["row"]} | {name: table[name] for name in names} for names in ([first], others))
    return paired(before, after, overlap=overlap, sequence_length=sequence_length, scale=scale)


def corrected(sides: list[Side], level: float = LEVEL, tried: int = 0) -> list[str]:
    """Correct several comparisons on the same test rows for their number, by Holm's method.

    Args:
        sides: one `naive` (or one `linear`) of `compare` per experiment.
        level: probability of any wrong `better` or `worse`.
        tried: number of comparisons that were made in all. Those that are not listed count as p = 1; a number below
            that of the listed ones changes nothing.

    Returns:
        better, not_distinguishable or worse, in the same order.
    """
    from statsmodels.stats.multitest import multipletests

    if not sides:
        return []
    p_values = [side["p_value"] for side in sides] + [1.0] * max(tried - len(sides), 0)
    rejected = multipletests(p_values, alpha=level, method="holm")[0][: len(sides)]
    return [side["comparison"] if r else "not_distinguishable" for side, r in zip(sides, rejected, strict=True)]


# --- statistics of the resamples


def _oracle_share(draws: Draws) -> dict[str, float] | None:
    """Return the share of the oracle's advantage over the naive baseline; None where that may be no advantage."""
    loss, naive, _, best = draws.means[:4]
    resampled = draws.resampled
    gain, gap = resampled[:, 1] - resampled[:, 0], resampled[:, 1] - resampled[:, 3]
    if naive <= best or bootstrap.interval(draws.widen(naive - best, gap))[0] <= 0:
        return None
    low, high = bootstrap.interval(draws.widen_ratio(naive - loss, naive - best, gain, gap))
    return {"share": float((naive - loss) / (naive - best)), "low": low, "high": high}


def _accuracy(units: Sample, windows: int) -> dict[str, Any]:
    """Return the accuracy with two intervals: the blocks', and Wilson's as if the windows were independent."""
    from statsmodels.stats.proportion import proportion_confint

    score = units.mean(4)
    binomial = proportion_confint(score * windows, windows, alpha=LEVEL, method="wilson")
    ends = bootstrap.interval(units.draws.widen(score, units.draws.resampled[:, 4]))
    block = [float(np.clip(end, 0, 1)) for end in ends] if units.many else [None, None]
    return {"score": score, "binomial": [float(b) for b in binomial], "block": block}


# --- properties of the windows


def effective(difference: np.ndarray, draws: Draws) -> float:
    """Return how many independent windows would determine the mean of `difference` as exactly, by the resamples.

    Args:
        difference: `[windows]`, between the losses of columns 0 and 1.
        draws: resamples of blocks of windows, or of sequences.

    Returns:
        windows x the squared width of the interval if they were independent / that of the interval by `draws`, both
        widened; from 1 to the number of windows.
    """
    windows = len(difference)
    independent = float(np.var(difference)) * bootstrap.widening(windows, 1) ** 2
    by_draws = float(np.var(draws.resampled[:, 0] - draws.resampled[:, 1])) * draws.widening**2
    if independent <= 0 or by_draws <= 0:
        return float(windows)
    return float(np.clip(independent / by_draws, 1, windows))


def overlapping(spec: Spec) -> int:
    """Return how many windows of an evaluated part in a row share a target row; 1 where none do."""
    return -(-spec.target_rows // spec.stride["evaluation"])


def windows_key(series: str, rows: np.ndarray, targets: np.ndarray) -> str:
    """Return 16 hexadecimal digits, equal for two experiments exactly if they are scored on the same windows.

    Args:
        series: name of the series.
        rows: `[windows]`, series row of each window's first target.
        targets: `[windows, steps]`, raw units or class numbers.
    """
    digest = hashlib.sha256(series.encode() + b"\0")
    digest.update(np.ascontiguousarray(rows, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(targets, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]
