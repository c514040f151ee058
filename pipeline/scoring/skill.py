"""Whether a forecast beats another one on the same windows, with an interval that knows that windows overlap.

All numbers of one experiment come from one set of resamples (`pipeline/scoring/bootstrap.py`). A loss is a squared
error (mean over the steps), or the Brier score of classes. skill = 1 - mean loss / mean loss of the baseline.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.scoring import baselines, bootstrap, scores
from pipeline.scoring.bootstrap import LEVEL, RESAMPLES, Draws
from pipeline.scoring.significance import FEWEST, diebold_mariano, signs

if TYPE_CHECKING:
    from pipeline.dataset import Spec

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
    table = bootstrap.units_of(np.stack(columns, axis=1), sequences)
    watched = [table[:, 0] - table[:, 1], table[:, 0] - table[:, 2]] if finite else []
    if hits is not None:
        watched.append(table[:, 4])
    block = 1 if sequences is not None else bootstrap.block_length(watched, overlap)
    draws = Draws.of(table, block)
    enough = len(table) // (overlap if sequences is None else 1) >= FEWEST
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


def paired(
    posted: dict[str, np.ndarray],
    remedied: dict[str, np.ndarray],
    *,
    overlap: int = 1,
    sequence_length: int | None = None,
) -> dict[str, Any]:
    """How much lower the losses of one experiment are than those of another, on the test windows that both have.

    The resamples, their blocks and their intervals are those of `compare`. Nothing is corrected for several pairs.

    Args:
        posted: `reports/losses/`: `row` `[windows]`, and `loss_SEED` `[windows]` per seed, which are averaged.
        remedied: the same of the other one; windows belong together by their `row`.
        overlap: how many windows in a row share a target row; of two experiments the larger number.
        sequence_length: rows of an independent sequence, or None.

    Returns:
        `posted` and `remedied`, the mean losses on the common windows; `reduction`, 1 - remedied / posted, with `low`,
        `high` (95 %), two-sided `p_value` and `comparison` (`better`, `not_distinguishable`, `worse`: of the
        remedied); `windows`; `left_out`, the windows that only one has, by `posted` and `remedied`; `unit`,
        `block_length`, `resamples`, `level`. Losses that are not finite are worse than any finite ones; there is no
        reduction then, and none where the posted ones are 0.
    """
    rows, left, right = np.intersect1d(posted["row"], remedied["row"], return_indices=True)
    sides = {"posted": _seeds_mean(posted)[left], "remedied": _seeds_mean(remedied)[right]}
    result: dict[str, Any] = {
        "windows": len(rows),
        "left_out": {"posted": len(posted["row"]) - len(rows), "remedied": len(remedied["row"]) - len(rows)},
        "unit": "sequence" if sequence_length else "window",
        "resamples": RESAMPLES,
        "level": LEVEL,
    }
    finite = {key: bool(np.isfinite(loss).all()) and len(rows) > 0 for key, loss in sides.items()}
    result |= {key: float(np.mean(loss)) if finite[key] else None for key, loss in sides.items()}
    if not all(finite.values()):
        told = "better" if finite["remedied"] else "worse" if finite["posted"] else "not_distinguishable"
        p_value = 1.0 if told == "not_distinguishable" else 0.0
        nothing = {"reduction": None, "low": None, "high": None, "block_length": None}
        return {**result, **nothing, "p_value": p_value, "comparison": told}
    sequences = rows // sequence_length if sequence_length else None
    table = bootstrap.units_of(np.stack([sides["remedied"], sides["posted"]], axis=1), sequences)
    block = 1 if sequence_length else bootstrap.block_length([table[:, 0] - table[:, 1]], overlap)
    enough = len(table) // (1 if sequence_length else overlap) >= FEWEST
    side = _side(Draws.of(table, block), 1, finite=True, known=enough)
    return {**result, "reduction": side.pop("skill"), **side, "block_length": block}


def _seeds_mean(table: dict[str, np.ndarray]) -> np.ndarray:
    """Losses `[windows]`, the mean over the seeds of a table of `reports/losses/`."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.mean([loss for name, loss in table.items() if name != "row"], axis=0)


def unchanged(
    table: dict[str, np.ndarray], *, overlap: int = 1, sequence_length: int | None = None
) -> dict[str, Any] | None:
    """`paired` of one experiment's first seed (as `posted`) and its other seeds (as `remedied`): retrained unchanged.

    What a remedy is worth must be more than what other random numbers do; None where there is one seed only.

    Args:
        table: of `reports/losses/`, its seeds in the order of the training's.
        overlap: as in `paired`.
        sequence_length: as in `paired`.
    """
    first, *others = (name for name in table if name != "row")
    if not others:
        return None
    one, rest = ({"row": table["row"]} | {name: table[name] for name in names} for names in ([first], others))
    return paired(one, rest, overlap=overlap, sequence_length=sequence_length)


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
        ends = bootstrap.interval(draws.wide_ratio(gain, base, resampled, draws.resampled[:, at]))
        # Of few windows a resample may pass what no forecast can.
        low, high = (min(end, 1.0) for end in ends)
    told = "not_distinguishable" if p_value >= LEVEL else "better" if gain > 0 else "worse"
    return {"skill": skill, "low": low, "high": high, "p_value": p_value, "comparison": told}


def _oracle_share(draws: Draws) -> dict[str, float] | None:
    """How much of the oracle's advantage over the naive baseline was reached; None where it has none for sure."""
    loss, naive, _, best = draws.means[:4]
    resampled = draws.resampled
    gain, gap = resampled[:, 1] - resampled[:, 0], resampled[:, 1] - resampled[:, 3]
    if naive <= best or bootstrap.interval(draws.wide(naive - best, gap))[0] <= 0:
        return None
    low, high = bootstrap.interval(draws.wide_ratio(naive - loss, naive - best, gain, gap))
    return {"share": float((naive - loss) / (naive - best)), "low": low, "high": high}


def _accuracy(draws: Draws, windows: int, enough: bool) -> dict[str, Any]:
    """Share of windows whose class was found, with the blocks' interval and, as if they were independent, Wilson's."""
    from statsmodels.stats.proportion import proportion_confint

    score = float(draws.means[4])
    binomial = proportion_confint(score * windows, windows, alpha=LEVEL, method="wilson")
    block = [float(np.clip(end, 0, 1)) for end in bootstrap.interval(draws.wide(score, draws.resampled[:, 4]))]
    return {"score": score, "binomial": [float(b) for b in binomial], "block": block if enough else [None, None]}


# --- what belongs to the windows


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
    alone = float(np.var(difference)) * bootstrap.widening(windows, 1) ** 2
    by_draws = float(np.var(draws.resampled[:, 0] - draws.resampled[:, 1])) * draws.widening**2
    if alone <= 0 or by_draws <= 0:
        return float(windows)
    return float(np.clip(alone / by_draws, 1, windows))


def overlapping(spec: Spec) -> int:
    """How many windows of an evaluated part in a row share a target row, 1 where none do."""
    return -(-spec.target_rows // spec.stride["evaluation"])


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
