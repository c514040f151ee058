"""Facts of the windows and targets that a network is trained on, from the training and validation parts of a fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.dataset import scaling, state_order
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import ahead, alignment, repeated

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Windows whose cells are measured, and cells of float32 in memory for it: 64 MB.
_WINDOWS = 2000
_CELLS = 2**24
_QUANTILES = (0.01, 0.99)
# A range below this share of the values' size is rounding: float32 has seven digits.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Windows:
    """Number of windows."""

    train: int  # training windows


@dataclass(frozen=True)
class Nonfinite:
    """Missing and infinite cells among the inputs and targets of the training windows."""

    cells: int  # input cells that are not finite
    targets: int  # windows with a target that is not finite
    windows: int  # windows with either
    row: int  # row in the series of the first such cell in time
    column: str  # its feature, or the target's name
    window: int  # first window that reads it
    batch: int | None  # first batch of epoch 1, counted from 0, that holds such a window, for the first seed


@dataclass(frozen=True)
class Input:
    """One feature as the network sees it, after all scaling, in at most 2,000 evenly spaced windows."""

    name: str  # of the feature
    mean: float | None  # of the finite cells
    std: float | None  # of the finite cells
    constant: bool  # one value throughout, up to the rounding of float32
    largest: float | None = None  # size of the largest finite cell


@dataclass(frozen=True)
class Target:
    """The training target as the network sees it: scaled, 0/1, or one-hot; all steps together."""

    mean: float | None  # of the finite values
    std: float | None  # of the finite values
    quantiles: dict[str, float | None]  # 1 % and 99 %
    kurtosis: float | None  # excess kurtosis, 0 for a normal distribution; None for a constant
    unit_spread: float | None  # standard deviation as a share of the range; None for a constant


@dataclass(frozen=True)
class Classes:
    """Classes of the training windows."""

    shares: list[float]  # of each class
    entropy: float | None  # in nats: the loss of an answer that knows the shares alone
    names: list[str] | None = None  # where the target's column holds labels


@dataclass(frozen=True)
class Shift:
    """How far the validation targets of a regression lie from the training targets."""

    mean: float | None  # difference of the means, in standard deviations of the training targets
    outside: float  # share of validation targets outside the range of the training targets


@dataclass(frozen=True)
class CarriedState:
    """Whether carried state meets the windows that continue it, in the order of training."""

    declared: str  # `posted` or `lanes`
    # share of handovers, from row i of a batch to row i of the next, at which the later window starts where the
    # earlier one ended; None without two full batches
    continued: float | None
    possible: bool  # whether any window continues another


@dataclass(frozen=True)
class Season:
    """The season that is declared and the one that the training rows show (`pipeline/dataset/season.py`)."""

    given: int | None  # rows of the period in the settings; None without one
    autocorrelation: float | None  # at that period, of the rows less their moving average
    visible: int | None  # rows of the period that the rows show; None without one
    visible_autocorrelation: float | None  # at that period
    # share of the training rows that equal the row one period earlier in every feature: the period that is given, or
    # else the visible one
    exact: float | None = None


@dataclass(frozen=True)
class Time:
    """The steps of the time column, of the whole series: the times alone, no values."""

    step: str | None  # the usual one, as in `1 hour`
    holes: int  # steps that are longer
    early: int  # steps that are shorter
    treated: str | None  # what `holes` is set to where there are such steps: insert, cut or irregular
    rows: int  # of the series


@dataclass(frozen=True)
class Data:
    """Windows and targets that a network is trained on."""

    windows: Windows  # their number
    length: int  # input rows of a window
    kind: int | None  # number of classes; None for a regression
    nonfinite: Nonfinite | None  # None where all cells and targets are finite
    inputs: list[Input]  # one per feature
    target: Target  # as the network sees it
    classes: Classes | None  # None for a regression
    shift: Shift | None  # None without validation, and for classes
    duplicates: repeated.Duplicates  # equal windows
    alignment: alignment.Alignment | None  # None for targets that are means of windows
    state: CarriedState | None  # None where no state is carried
    season: Season | None = None  # None for independent sequences
    time: Time | None = None  # None without a time column
    # share of the variance of the first target that the window's last value explains; None for other kinds of targets
    persistence: float | None = None
    ahead: list[ahead.Ahead] | None = None  # features that later rows of the target explain; None where there are none


def facts(train: Part, validation: Part | None, training: dict[str, Any], split: dict[str, Any] | None = None) -> Data:
    """Measure the data.

    Args:
        train: training windows of a fold.
        validation: its validation windows, or None.
        training: the experiment's `training`, complete: `seeds`, `batch_size`, `shuffle`, `state`,
            `steps_per_execution` decide which batch holds which window.
        split: split.json of the dataset (docs/files.md), for the season and the steps in time.
    """
    split = split or {}
    return Data(
        windows=Windows(len(train)),
        length=train.spec.length,
        kind=train.spec.classes,
        nonfinite=nonfinite(train, training),
        inputs=inputs(train),
        target=target(train),
        classes=classes(train),
        shift=shift(train, validation),
        duplicates=repeated.duplicates(train),
        alignment=alignment.facts(train),
        state=state(train, training),
        season=season(train, split.get("season")),
        time=time(split),
        persistence=persistence(train),
        ahead=ahead.facts(train) or None,
    )


def nonfinite(train: Part, training: dict[str, Any]) -> Nonfinite | None:
    """Count missing and infinite cells, and find the first of them."""
    spec = train.spec
    start, rows = train.table["start"], np.asarray(train.scaled)
    bad = ~np.isfinite(rows) & scaling.covered(len(rows), start, spec.length)[:, None]
    bad_rows = bad.any(axis=1)
    before = np.concatenate([[0], np.cumsum(bad_rows)])
    bad_target = ~np.isfinite(train.targets()).all(axis=1)
    touched = (before[start + spec.length] > before[start]) | bad_target
    if not touched.any():
        return None
    if bad_rows.any():
        row = int(np.argmax(bad_rows))
        column = spec.features[int(np.argmax(bad[row]))]
        window = int(np.flatnonzero((start <= row) & (row < start + spec.length))[0])
        series_row = int(np.asarray(spec.first_rows)[row])
    else:
        window = int(np.argmax(bad_target))
        column, series_row = spec.columns[spec.target_column], int(train.table["row"][window])
    return Nonfinite(
        cells=int(bad.sum()),
        targets=int(bad_target.sum()),
        windows=int(touched.sum()),
        row=series_row,
        column=column,
        window=window,
        batch=_first_batch(train, training, touched),
    )


def _first_batch(train: Part, training: dict[str, Any], touched: np.ndarray) -> int | None:
    from pipeline.network.batches import Batches
    from pipeline.network.training import batch_plan

    seed = training["seeds"][0] if training["shuffle"] else None
    batches = Batches(train, training["batch_size"], seed, batch_plan(train, training).windows)
    places = np.flatnonzero(touched[batches._order])
    return int(places[0]) // training["batch_size"] if len(places) else None


def inputs(train: Part) -> list[Input]:
    """Measure each feature."""
    spec = train.spec
    most = min(_WINDOWS, max(_CELLS // (spec.length * len(spec.features)), 1))
    cells = train.inputs(evenly(len(train), most))
    rows = np.asarray(train.scaled)[scaling.covered(len(train.scaled), train.table["start"], spec.length)]
    features = []
    for i, name in enumerate(spec.features):
        flat = constant(cells[:, :, i])
        if flat and spec.scaling["window"] == "none":
            flat = constant(rows[:, i])  # the windows that were left out may hold another value
        features.append(Input(name, *moments(cells[:, :, i]), flat, largest(cells[:, :, i])))
    return features


def moments(values: np.ndarray) -> tuple[float | None, float | None]:
    """Return mean and standard deviation of the finite values."""
    finite = values[np.isfinite(values)].astype(float)
    return (float(finite.mean()), float(finite.std())) if len(finite) else (None, None)


def largest(values: np.ndarray) -> float | None:
    """Return the size of the largest finite value; None where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if len(finite) else None


def constant(values: np.ndarray) -> bool:
    """Return whether the finite values are one, up to the rounding of float32."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return True
    low, high = float(finite.min()), float(finite.max())
    return high - low <= _ROUNDING * max(abs(low), abs(high))


def target(train: Part) -> Target:
    """Measure the target."""
    values = train.targets().ravel().astype(float)
    finite = values[np.isfinite(values)]
    mean, std = moments(finite)
    varies = bool(std) and not constant(finite)
    return Target(
        mean=mean,
        std=std,
        quantiles={str(q): float(np.quantile(finite, q)) if len(finite) else None for q in _QUANTILES},
        kurtosis=float(np.mean(((finite - mean) / std) ** 4)) - 3 if varies else None,
        unit_spread=std / float(np.ptp(finite)) if std and varies else None,
    )


def classes(train: Part) -> Classes | None:
    """Count the classes."""
    if not train.spec.classes:
        return None
    numbers = train.raw_targets()[:, 0]
    counts = np.bincount(numbers[np.isfinite(numbers)].astype(int), minlength=train.spec.classes)
    shares = counts / max(counts.sum(), 1)
    present = shares[shares > 0]
    entropy = float(-np.sum(present * np.log(present))) if len(present) else None
    return Classes(shares.tolist(), entropy, train.spec.labels)


def shift(train: Part, validation: Part | None) -> Shift | None:
    """Compare the targets of both parts."""
    if validation is None or train.spec.classes:
        return None
    own, other = (part.targets().astype(float) for part in (train, validation))
    own, other = own[np.isfinite(own)], other[np.isfinite(other)]
    if not len(own) or not len(other):
        return None
    std = float(own.std())
    return Shift(
        mean=float(other.mean() - own.mean()) / std if std > 0 else None,
        outside=float(np.mean((other < own.min()) | (other > own.max()))),
    )


def state(train: Part, training: dict[str, Any]) -> CarriedState | None:
    """Follow carried state through the batches of the training."""
    from pipeline.network.training import batch_plan

    if training["state"] == "none":
        return None
    times, length = state_order.rows_in_time(train), train.spec.length
    possible = any(len(chain) > 1 for chain in state_order.chains(times, length))
    continued = None
    try:
        plan = batch_plan(train, training)
    except UserError:
        return CarriedState(training["state"], None, possible)
    if plan.windows is not None and len(plan.windows) > 1:
        kept = np.array([step not in plan.resets for step in range(1, len(plan.windows))])
        gaps = (times[plan.windows[1:]] - times[plan.windows[:-1]] - length)[kept]
        continued = float(np.mean(gaps == 0)) if gaps.size else None
    return CarriedState(training["state"], continued, possible)


def season(train: Part, known: dict[str, Any] | None) -> Season | None:
    """Return the season as the split found it, and how exactly the rows repeat it."""
    if known is None:
        return None
    rows = np.asarray(train.rows)[:, [train.spec.columns.index(name) for name in train.spec.features]]
    # Rows that repeat after another time than the period that is given were copied.
    period = known["visible"] if known["given"] is None else known["given"]
    return Season(**known, exact=_equal_after(rows, train.spec.axis, period))


def _equal_after(rows: np.ndarray, axis: np.ndarray, period: int | None) -> float | None:
    """Return the share of rows that equal the row a period earlier; None where there are not two periods."""
    if period is None or len(rows) < 2 * period:
        return None
    follows = axis[period:] - axis[:-period] == period
    equal = np.isclose(rows[period:], rows[:-period], rtol=1e-9, atol=1e-12, equal_nan=True).all(axis=1)
    return float(equal[follows].mean()) if follows.any() else None


def time(split: dict[str, Any]) -> Time | None:
    """Return the steps of the time column, as the series' own stage measured them."""
    known = split.get("series", {}).get("time")
    if not known or "step" not in known:
        return None
    return Time(known["step"], known["holes"], known["early"], known["treated"], split["rows"])


def persistence(train: Part) -> float | None:
    """Return the share of the first target's variance that the window's last value explains."""
    if train.spec.target["kind"] != "value" or train.spec.classes:
        return None
    truth, last = train.raw_targets()[:, 0], np.asarray(train.table["last"], dtype=float)
    known = np.isfinite(truth) & np.isfinite(last)
    truth, last = truth[known], last[known]
    variance = float(truth.var()) if len(truth) else 0.0
    return 1 - float(np.mean((truth - last) ** 2)) / variance if variance > 0 else None
