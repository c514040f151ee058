"""Whether a forecast beats another one on the same windows, with an interval that accounts for overlapping windows.

All numbers of one experiment come from one set of resamples (`bootstrap`), and from an autoregression where its
interval is wider (`gains`). A loss is a squared error (mean over the steps), or the Brier score for classes.
skill = 1 - mean loss / mean loss of the baseline.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.scoring import baselines, bootstrap, gains, grouping, scores
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
        classes: their number, None for a regression.
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
        about: `classes`, `sequence_length`, `ids` if any, and `overlap` of the dataset, and the baselines `chosen` as
            references.
        series: name of the series.
    """
    classes, overlap = about["classes"], about["overlap"]

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
    # Windows that came in a file stand for themselves, wherever the file's other parts lie between them.
    places = None if (about.get("target") or {}).get("kind") == "given" else rows[order]
    result = compare(
        {seed: loss("test", ("seed", seed))[order] for seed in seeds},
        (naive, loss("test", ("baseline", naive))[order]),
        (linear, loss("test", ("baseline", linear))[order]),
        oracle=loss("test", ("oracle", ""))[order] if ("test", ("oracle", "")) in arrays else None,
        hits=hits,
        rival=_rival(arrays, about["chosen"]["naive"]["chosen_on"], order) if classes else None,
        overlap=overlap,
        sequences=grouping.of(rows[order], about),
        rows=places,
    )
    for side in ("naive", "linear"):
        result[side]["chosen_on"] = about["chosen"][side]["chosen_on"]
    result["unit"] = grouping.unit(grouping.of(rows, about), about)
    result["signs"] = None
    if ("test", "reference") in arrays:
        last, forecast = truth[order, -1], np.mean(outputs, axis=0)[order, -1]
        result["signs"] = signs(last, forecast, pooled("test", "reference")[order], overlap)
    return {**result, "windows_key": windows_key(series, rows[order], pooled("test", "raw")[order])}


def _rival(arrays: Arrays, chosen_on: str, order: np.ndarray) -> tuple[str, np.ndarray]:
    """Return the naive classifier with the most hits on the first fold's rows of `chosen_on`, and its test hits."""

    def hits(part: str, name: str, folds: slice) -> np.ndarray:
        truth, outputs = (np.concatenate(arrays[part, key][folds]) for key in ("truth", ("baseline", name)))
        classes = max(outputs.shape[1], 2)
        return np.asarray(scores.predicted_classes(outputs, classes) == truth[:, 0], dtype=float)

    naive = [name for name in baselines.NAIVE if ("test", ("baseline", name)) in arrays]
    best = max(naive, key=lambda name: hits(chosen_on, name, slice(1)).mean())
    return best, hits("test", best, slice(None))[order]


def compare(
    network: dict[int, np.ndarray],
    naive: tuple[str, np.ndarray],
    linear: tuple[str, np.ndarray],
    *,
    oracle: np.ndarray | None = None,
    hits: np.ndarray | None = None,
    rival: tuple[str, np.ndarray] | None = None,
    overlap: int = 1,
    sequences: np.ndarray | None = None,
    rows: np.ndarray | None = None,
) -> dict[str, Any]:
    """Compare a network, over all its seeds, with a naive and a linear baseline on the windows that both answer.

    Args:
        network: losses `[windows]` by seed, in time order; NaN where the seed does not answer.
        naive: name of the baseline and its losses `[windows]`.
        linear: the same.
        oracle: losses of the best possible forecast, or None.
        hits: for classes, the share of seeds that predicted the true class, `[windows]`.
        rival: for classes, name and hits `[windows]` of the naive classifier whose accuracy the network must beat.
        overlap: how many windows in a row share a target row.
        sequences: for independent sequences, the number of each window's sequence, `[windows]`. Whole sequences are
            then resampled instead of blocks of windows.
        rows: series row of each window, `[windows]`; None for consecutive ones.

    Returns:
        `naive` and `linear`: `baseline`, `skill`, `low`, `high` (95 %), two-sided `p_value`, `comparison`, `reason`
        (`gains.side`), `windows` (compared), `diebold_mariano`, `seeds`; `oracle_share`, `accuracy`, `windows`,
        `unanswered` (windows that a seed does not answer), `effective_windows`, `unit`, `block_length`, `resamples`,
        `level`. A network with a seed that answers no window is worse than any baseline. A side that leaves more than
        5 % unanswered is never the better one (`gains.limited`). With fewer than five sequences, or windows worth fewer
        than five independent ones, there is no interval and nothing is distinguishable.
    """
    windows = _Windows(
        [np.mean(list(network.values()), axis=0), naive[1], linear[1], oracle, hits],
        overlap,
        sequences,
        np.arange(len(naive[1])) if rows is None else rows,
        {},
    )
    failed = not all(np.isfinite(loss).any() for loss in network.values())
    result: dict[str, Any] = {
        key: {"baseline": name, **_against(windows, network, at, failed)}
        for at, (key, (name, _)) in enumerate((("naive", naive), ("linear", linear)), start=1)
    }
    both = windows.answered(0) & windows.answered(1) & (not failed)
    units = windows.sampled(both if both.any() else np.ones(len(both), bool))
    known = oracle is not None and both.any() and np.isfinite(oracle[both]).all() and units.many
    result["oracle_share"] = gains.oracle_share(units.draws) if known else None
    result["accuracy"] = None if hits is None else _accuracy(windows, rival, failed)
    result["windows"], result["unanswered"] = len(both), int((~windows.answered(0)).sum())
    result["effective_windows"] = _worth(units) if both.any() else None
    result["unit"] = "window" if sequences is None else "sequence"
    return {**result, "block_length": units.block, "resamples": RESAMPLES, "level": LEVEL}


class _Windows(NamedTuple):
    """The columns of a comparison: network, naive, linear, oracle and hits, `[windows]` each, or None."""

    columns: list[np.ndarray | None]
    overlap: int
    sequences: np.ndarray | None
    rows: np.ndarray
    samples: dict[bytes, Sample]

    def answered(self, at: int) -> np.ndarray:
        """Return where a column is finite, `[windows]`."""
        column = self.columns[at]
        return np.zeros(len(self.rows), bool) if column is None else np.isfinite(column)

    def sampled(self, mask: np.ndarray) -> Sample:
        """Resample the windows of a mask; of equal masks once."""
        if mask.tobytes() not in self.samples:
            # Zeros in place of a column that is not finite keep the arithmetic of the others finite.
            own = [
                column[mask] if column is not None and np.isfinite(column[mask]).all() else np.zeros(int(mask.sum()))
                for column in self.columns
            ]
            known = [self.answered(at)[mask].all() for at in range(len(own))]
            differences = [(0, at) for at in (1, 2) if known[0] and known[at]] + ([(4, 4)] if known[4] else [])
            group = None if self.sequences is None else self.sequences[mask]
            self.samples[mask.tobytes()] = gains.sample(own, differences, self.overlap, group, self.rows[mask])
        return self.samples[mask.tobytes()]


def _against(windows: _Windows, network: dict[int, np.ndarray], at: int, failed: bool) -> Side:
    """Compare the network with the baseline in column `at`, on the windows that both answer."""
    base = np.asarray(windows.columns[at])
    both = windows.answered(0) & windows.answered(at)
    compared, tested = gains.worst() if failed else gains.undecided(None, gains.BASELINE), None
    if both.any() and not failed:
        units = windows.sampled(both)
        compared = gains.limited(gains.side(units, 0, at), windows.answered(0), windows.answered(at))
        tested = diebold_mariano(units.table[:, 0], units.table[:, at], windows.overlap, windows.sequences)
    # A seed's own skill is of the windows that it answers.
    seeds = {seed: np.isfinite(loss) & windows.answered(at) for seed, loss in network.items()}
    skills = {
        str(seed): scores.skill(float(network[seed][own].mean()), float(base[own].mean())) if own.any() else None
        for seed, own in seeds.items()
    }
    return {**compared, "windows": int(both.sum()), "diebold_mariano": tested, "seeds": skills}


def _accuracy(windows: _Windows, rival: tuple[str, np.ndarray] | None, failed: bool) -> dict[str, Any]:
    """Return the accuracy with its intervals, and the comparison of its errors with those of a naive classifier."""
    hits = np.asarray(windows.columns[4])
    every = np.ones(len(hits), bool)
    result = gains.accuracy(windows.sampled(every), 4, len(hits))
    if rival is None:
        return result
    units = gains.sample([1 - hits, 1 - rival[1]], [(0, 1)], windows.overlap, windows.sequences, windows.rows)
    word = gains.worst() if failed else gains.limited(gains.side(units, 0, 1), windows.answered(0), every)
    return {**result, "baseline": rival[0], "baseline_score": float(rival[1].mean()), **word}


def _worth(units: Sample) -> float:
    """Return the effective number of windows against the naive baseline."""
    by_draws = effective(units.table[:, 0] - units.table[:, 1], units.draws)
    worth = gains.worth(units, 0, 1)
    # Below five it is the reason why nothing is concluded.
    return by_draws if units.rows is None or worth >= FEWEST else min(by_draws, worth)


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


def levels(sides: list[Side], level: float = LEVEL) -> list[float]:
    """Return the level at which Holm's method tests each comparison, in the same order.

    The k-th smallest of m p-values is tested at `level` / (m - k + 1), and all that follow the first one above its
    level at that level. An interval at this level excludes 0 exactly where `corrected` says better or worse.
    """
    p_values = np.array([side["p_value"] for side in sides])
    order = np.argsort(p_values, kind="stable")
    steps = level / np.arange(len(sides), 0, -1)
    above = np.flatnonzero(p_values[order] > steps)
    if len(above):
        steps[above[0] :] = steps[above[0]]
    return [float(step) for step in steps[np.argsort(order)]]


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
    if spec.target["kind"] == "given":  # windows in an order, one after the other
        return spec.horizon
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
