"""Whether a forecast beats another one on the same windows, with an interval that knows that windows overlap.

All numbers of one experiment come from one set of resamples (`pipeline/resample.py`). A loss is a squared error (mean
over the steps), or the Brier score of classes. skill = 1 - mean loss / mean loss of the baseline.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import baselines, resample, scores
from pipeline.resample import LEVEL, RESAMPLES, Draws

if TYPE_CHECKING:
    from pipeline.dataset import Spec

# Of fewer units, or fewer windows than so many times the overlap, nothing is concluded: blocks that are at most a
# quarter of the windows are then too short for the overlap, and told 7 to 18 % of equal forecasts apart where there
# are one to three times as many windows as the overlap, but 2 to 4 % from four times on.
_FEWEST = 5
# Diebold and Mariano's variance needs more: below, their test told 9 to 19 % of equal forecasts apart.
_FEWEST_LAGGED = 10
# Pesaran and Timmermann's statistic is normal in large samples only.
_FEWEST_SIGNS = 20

Side = dict[str, Any]
# (part, what) -> an array per fold; see `evaluate`
Arrays = dict[tuple[str, Any], list[np.ndarray]]


def losses(truth: np.ndarray, outputs: np.ndarray, classes: int | None) -> np.ndarray:
    """Loss of each window, `[windows]`; NaN where the forecast is not finite. Its mean is `scores`' MSE or Brier score.

    Args:
        truth: `[windows, steps]`, or class numbers `[windows, 1]`.
        outputs: `[windows, steps]`, or what `scores.probabilities` reads.
        classes: None, 2 or 3.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if not classes:
            return np.mean((outputs - truth) ** 2, axis=1)
        known = np.eye(classes)[truth.reshape(len(truth)).astype(int)]
        error = np.sum((scores.probabilities(outputs, classes) - known) ** 2, axis=1)
    return error / 2 if classes == 2 else error


def chosen(candidates: dict[str, np.ndarray]) -> str:
    """Name of the naive baseline with the least mean loss; of two equal ones the first of `baselines.NAIVE`.

    Args:
        candidates: losses `[windows]` by name, on the first fold's validation rows or, where there are none, on its
            training rows; never on test, and so never on later folds, whose other rows are earlier folds' test rows.
    """
    means = {name: float(np.mean(candidates[name])) for name in baselines.NAIVE if name in candidates}
    return min(means, key=lambda name: means[name] if np.isfinite(means[name]) else np.inf)


def of_experiment(arrays: Arrays, seeds: list[int], about: dict[str, Any], series: str) -> dict[str, Any]:
    """`compare` and `signs` on the test windows of all folds, in time order, against baselines chosen without them.

    The naive one is chosen on the first fold's validation (or training) rows, which lie before every test row.

    Args:
        arrays: truth and forecasts in the units of the scores, as `evaluate` collects them.
        seeds: of the trainings.
        about: `classes`, `sequence_length` and `overlap` of the dataset.
        series: its name.
    """
    classes, sequence_length, overlap = about["classes"], about["sequence_length"], about["overlap"]

    def pooled(part: str, key: Any) -> np.ndarray:
        return np.concatenate(arrays[part, key])

    def loss(part: str, key: Any) -> np.ndarray:
        return losses(pooled(part, "truth"), pooled(part, key), classes)

    def first(part: str, key: Any) -> np.ndarray:
        return losses(arrays[part, "truth"][0], arrays[part, key][0], classes)

    names = [key[1] for at, key in arrays if at == "test" and key[0] == "baseline"]
    chosen_on = "validation" if ("validation", "truth") in arrays else "train"
    naive = chosen({name: first(chosen_on, ("baseline", name)) for name in names if name in baselines.NAIVE})
    linear = next(name for name in names if name in baselines.LINEAR)
    rows, truth = pooled("test", "row"), pooled("test", "truth")
    order = np.argsort(rows, kind="stable")
    outputs = [pooled("test", ("seed", seed)) for seed in seeds]
    hits = None
    if classes:
        right = [scores.predicted_classes(one, classes) == truth[:, 0] for one in outputs]
        hits = np.mean(right, axis=0)[order]
    result = compare(
        {seed: loss("test", ("seed", seed))[order] for seed in seeds},
        (naive, loss("test", ("baseline", naive))[order]),
        (linear, loss("test", ("baseline", linear))[order]),
        oracle=loss("test", ("oracle", ""))[order] if ("test", ("oracle", "")) in arrays else None,
        hits=hits,
        overlap=overlap,
        sequences=rows[order] // sequence_length if sequence_length else None,
    )
    result["naive"]["chosen_on"] = chosen_on
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
) -> dict[str, Any]:
    """A network, over all its seeds, against a naive and a linear baseline on the same windows.

    Args:
        network: losses `[windows]` by seed, in time order.
        naive: name of the baseline and its losses `[windows]`.
        linear: the same.
        oracle: losses of the best possible forecast, or None.
        hits: for classes the share of seeds that were right, `[windows]`.
        overlap: how many windows in a row share a target row.
        sequences: for independent sequences the number of each window's sequence, `[windows]`. They are resampled
            whole and by themselves, instead of blocks of windows.

    Returns:
        `naive` and `linear`: `baseline`, `skill`, `low`, `high` (95 %), two-sided `p_value`, `comparison`,
        `diebold_mariano`, `seeds`; `oracle_share`, `accuracy`, `windows`, `effective_windows`, `unit`, `block_length`,
        `resamples`, `level`. A network that is not finite in any seed is worse than anything. Where there are fewer
        than five sequences, or five times the overlap in windows, there is no interval and nothing is distinguishable.
    """
    net = np.mean(list(network.values()), axis=0)
    finite = bool(np.isfinite(net).all())
    columns = [net, naive[1], linear[1], net if oracle is None else oracle, net if hits is None else hits]
    # A column that is not finite is answered for below; its zeros keep the other columns' arithmetic alive.
    columns = [column if np.isfinite(column).all() else np.zeros(len(net)) for column in columns]
    table = resample.units_of(np.stack(columns, axis=1), sequences)
    watched = [table[:, 0] - table[:, 1], table[:, 0] - table[:, 2]] if finite else []
    if hits is not None:
        watched.append(table[:, 4])
    block = 1 if sequences is not None else resample.block_length(watched, overlap)
    draws = Draws.of(table, block)
    enough = len(table) // (overlap if sequences is None else 1) >= _FEWEST
    result: dict[str, Any] = {}
    for at, (key, (name, base)) in enumerate((("naive", naive), ("linear", linear)), start=1):
        known = bool(np.isfinite(base).all())
        result[key] = {"baseline": name, **_side(draws, at, finite, known and enough)}
        result[key]["diebold_mariano"] = (
            diebold_mariano(table[:, 0], table[:, at], overlap, sequences) if finite and known else None
        )
        result[key]["seeds"] = {
            str(seed): _skill(float(np.mean(one)), float(np.mean(base))) for seed, one in network.items()
        }
    result["oracle_share"] = _oracle_share(draws) if oracle is not None and finite and enough else None
    result["accuracy"] = None if hits is None else _accuracy(draws, len(net), enough)
    result["windows"] = len(net)
    result["effective_windows"] = effective(net - naive[1], draws) if finite and np.isfinite(naive[1]).all() else None
    result["unit"] = "window" if sequences is None else "sequence"
    return {**result, "block_length": block, "resamples": RESAMPLES, "level": LEVEL}


def corrected(sides: list[Side], level: float = LEVEL) -> list[str]:
    """The comparisons of several experiments on the same test windows, after Holm's correction for their number.

    Args:
        sides: one `naive` (or one `linear`) of `compare` per experiment.

    Returns:
        better, not_distinguishable or worse, in the same order.
    """
    from statsmodels.stats.multitest import multipletests

    if not sides:
        return []
    rejected = multipletests([side["p_value"] for side in sides], alpha=level, method="holm")[0]
    return [side["comparison"] if r else "not_distinguishable" for side, r in zip(sides, rejected, strict=True)]


# --- what is told of the resamples


def _skill(loss: float, baseline: float) -> float | None:
    return 1 - loss / baseline if np.isfinite(loss) and baseline > 0 else None


def _side(draws: Draws, at: int, finite: bool, known: bool) -> Side:
    """Skill of column 0 against column `at`, its interval, and what they say."""
    if not finite:
        return {"skill": None, "low": None, "high": None, "p_value": 0.0, "comparison": "worse"}
    loss, base = float(draws.means[0]), float(draws.means[at])
    skill, low, high = _skill(loss, base), None, None
    if not known:
        return {"skill": skill, "low": None, "high": None, "p_value": 1.0, "comparison": "not_distinguishable"}
    gain, resampled = base - loss, draws.resampled[:, at] - draws.resampled[:, 0]
    # Tested is the difference, for against a perfect baseline there is no ratio; both have the same sign.
    p_value = draws.p_value(gain, resampled)
    if skill is not None:
        ends = resample.interval(draws.wide_ratio(gain, base, resampled, draws.resampled[:, at]))
        # Of few windows a resample may pass what no forecast can.
        low, high = (min(end, 1.0) for end in ends)
    told = "not_distinguishable" if p_value >= LEVEL else "better" if gain > 0 else "worse"
    return {"skill": skill, "low": low, "high": high, "p_value": p_value, "comparison": told}


def _oracle_share(draws: Draws) -> dict[str, float] | None:
    """How much of the oracle's advantage over the naive baseline was reached; None where it has none for sure."""
    loss, naive, _, best = draws.means[:4]
    resampled = draws.resampled
    gain, gap = resampled[:, 1] - resampled[:, 0], resampled[:, 1] - resampled[:, 3]
    if naive <= best or resample.interval(draws.wide(naive - best, gap))[0] <= 0:
        return None
    low, high = resample.interval(draws.wide_ratio(naive - loss, naive - best, gain, gap))
    return {"share": float((naive - loss) / (naive - best)), "low": low, "high": high}


def _accuracy(draws: Draws, windows: int, enough: bool) -> dict[str, Any]:
    """Share of windows whose class was found, with the blocks' interval and, as if they were independent, Wilson's."""
    from statsmodels.stats.proportion import proportion_confint

    score = float(draws.means[4])
    binomial = proportion_confint(score * windows, windows, alpha=LEVEL, method="wilson")
    block = [float(np.clip(end, 0, 1)) for end in resample.interval(draws.wide(score, draws.resampled[:, 4]))]
    return {"score": score, "binomial": [float(b) for b in binomial], "block": block if enough else [None, None]}


# --- tests of others, beside


def diebold_mariano(
    network: np.ndarray, baseline: np.ndarray, overlap: int = 1, sequences: np.ndarray | None = None
) -> dict[str, float] | None:
    """Diebold and Mariano's test (1995) of equal losses with the correction of Harvey and others (1997), two-sided.

    The variance is Newey and West's (1987). With a lag less than the overlap, as usual, its weights keep but two thirds
    of the variance of sums that overlap; so there are twice as many lags, and at least the cube root of the windows.
    Of independent units there are none.

    Args:
        network: losses `[units]`; a negative statistic says that they are the lower ones.
        baseline: losses `[units]`.
        overlap: windows in a row that share a target row: the test's horizon.
        sequences: not None where the units are independent.

    Returns:
        `statistic`, `p_value`, `lags`; None where the difference has no spread, or there are fewer than five
        sequences, or ten times the overlap in windows.
    """
    from statsmodels.tsa.stattools import diebold_mariano_test

    difference = network - baseline
    horizon = overlap if sequences is None else 1
    fewest = _FEWEST_LAGGED if sequences is None else _FEWEST
    if len(difference) // horizon < fewest or np.ptp(difference) <= 1e-12 * np.abs(difference).max():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        test = diebold_mariano_test(
            np.zeros(len(difference)),
            network,
            baseline,
            lags=max(2 * (horizon - 1), int(np.ceil(len(difference) ** (1 / 3)))) if sequences is None else 0,
            criterion=lambda truth, loss: loss,
            harvey_adj=True,
            horizon=horizon,
        )
    if not np.isfinite(test.statistic) or not np.isfinite(test.pvalue):
        return None
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue), "lags": int(test.lags)}


def signs(truth: np.ndarray, forecast: np.ndarray, reference: np.ndarray, overlap: int = 1) -> dict[str, float] | None:
    """Pesaran and Timmermann's test (1992) that the signs foretold have nothing to do with those that came, two-sided.

    It takes windows for independent, so only every `overlap`-th one is used.

    Args:
        truth: `[windows]`.
        forecast: `[windows]`, mean over the seeds.
        reference: `[windows]`, above which the sign is positive: the last value, no change, or probability 0.5.
        overlap: windows in a row that share a target row.

    Returns:
        `statistic`, `p_value`, and `hits`, the share of right signs; None where truth or forecast has one sign only,
        or fewer than 20 windows are left.
    """
    from statsmodels.stats.diagnostic import pesaran_timmermann

    if not np.isfinite(forecast).all():
        return None
    known = np.isfinite(reference)
    came, said = ((one - reference)[known][::overlap] for one in (truth, forecast))
    if len(came) < _FEWEST_SIGNS:
        return None
    try:
        test = pesaran_timmermann(came, said)
    except ValueError:
        return None
    hits = float(np.mean((came > 0) == (said > 0)))
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue), "hits": hits}


def effective(difference: np.ndarray, draws: Draws) -> float:
    """How many independent windows would tell as much about the mean of `difference`: 1 to the windows there are.

    Args:
        difference: `[windows]`, of the losses of columns 0 and 1.
        draws: of whatever is resampled of them: windows in blocks, or sequences.

    Returns:
        windows x the squared width that their interval would have if they were independent / that of the one by
        `draws`, both with their widening.
    """
    windows = len(difference)
    alone = float(np.var(difference)) * resample.widening(windows, 1) ** 2
    by_draws = float(np.var(draws.resampled[:, 0] - draws.resampled[:, 1])) * draws.widening**2
    if alone <= 0 or by_draws <= 0:
        return float(windows)
    return float(np.clip(alone / by_draws, 1, windows))


def overlapping(spec: Spec) -> int:
    """How many windows of an evaluated part in a row share a target row, 1 where none do."""
    ahead = spec.length if spec.target["kind"] == "sequence_mean" else spec.horizon
    return -(-ahead // spec.stride["evaluation"])


def windows_key(series: str, rows: np.ndarray, targets: np.ndarray) -> str:
    """16 hexadecimal digits that two experiments share exactly where they are scored on the same windows.

    Args:
        series: name of the series.
        rows: `[windows]`, series row of each first target.
        targets: `[windows, steps]`, raw units or class numbers.
    """
    digest = hashlib.sha256(series.encode() + b"\0")
    digest.update(np.ascontiguousarray(rows, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(targets, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]
