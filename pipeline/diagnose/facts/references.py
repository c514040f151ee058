"""How far back the signal reaches: skill of linear models on parts of the window and on longer ones.

Models are fitted on training windows and judged on unseen ones of the first fold (`unseen.pieces`). Skill is against
the naive forecast that is best there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import linear
from pipeline.diagnose.facts.windows import losses
from pipeline.scoring import choosing, gains, grouping, scores
from pipeline.scoring import naive as naive_forecasts

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Windows that are judged, and their cells (128 MB of float64); an interval takes a thousand resamples of them.
_JUDGED = 4000
_CELLS = 2**24
# Share of the judged and of the training windows that must have the rows of a longer window, and the fewest of each.
_REACHING = 0.5
_FEWEST = 20
# Share of the best skill of any number of recent rows that the needed ones reach.
_ENOUGH = 0.9


@dataclass(frozen=True)
class References:
    """What linear models say of the window, on validation windows or the last tenth of the training windows."""

    # fewest recent rows that give the linear model nine tenths of its best skill over numbers of recent rows; None
    # where the interval of the best skill reaches down to 0
    needed: int | None
    # skill of the linear model by the rows it reads, all on the same windows; the first entry is the window's own
    # length. None for independent sequences and where the rows are missing
    longer: dict[str, float | None] | None


def facts(early: Part, late: Part) -> References:
    """Fit linear models of different windows.

    Args:
        early: windows of the first fold to learn from.
        late: windows to judge on; of many, some at equal distances are taken.
    """
    from threadpoolctl import threadpool_limits

    # The number of threads changes the order of sums, and with it the last digits.
    with threadpool_limits(1):
        if len(early) < 2 or not len(late):
            return References(None, None)
        field = _Field.of(early, late.subset(evenly(len(late), _judged(early.spec.length * len(early.spec.features)))))
        return References(_needed(field), _longer(field))


def _judged(width: int) -> int:
    return max(min(_JUDGED, _CELLS // width), _FEWEST)


class _Field(NamedTuple):
    """The windows that models are fitted to and judged on, and the best naive forecast."""

    early: Part
    late: Part
    forecast: naive_forecasts.Forecast
    naive_loss: np.ndarray  # on `late`, [windows]

    @staticmethod
    def of(early: Part, late: Part) -> _Field:
        """Fit the naive forecasts and choose the best one."""
        forecasts = naive_forecasts.fit(early)
        by_name = {name: losses(late, forecast(late)) for name, forecast in forecasts.items()}
        naive = choosing.chosen(by_name)
        return _Field(early, late, forecasts[naive], by_name[naive])


def _needed(field: _Field) -> int | None:
    """Return how many recent rows are needed."""
    by_rows = recent(field)
    known = {rows: mean for rows, (mean, _) in by_rows.items() if mean is not None}
    if not known:
        return None
    best = max(known, key=lambda rows: known[rows])
    if not _better(field, by_rows[best][1]):
        return None
    return min(rows for rows, mean in known.items() if mean >= _ENOUGH * known[best])


def _better(field: _Field, loss: np.ndarray) -> bool:
    """Return whether losses are below those of the naive forecast, by the interval of the skill."""
    spec, rows = field.late.spec, np.asarray(field.late.table["row"])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    # Of thinned windows fewer in a row share a target row.
    apart = max(np.median(np.diff(rows)), 1) if len(rows) > 1 else 1
    sequences = grouping.of(rows, spec.about_ids)
    overlap = int(-(-spec.target_rows // apart))
    # Windows that came in a file stand for themselves, wherever the file's other parts lie between them.
    places = None if spec.target["kind"] == "given" else rows
    units = gains.sample([loss[order], field.naive_loss[order]], [(0, 1)], overlap, sequences, places)
    return bool((gains.side(units, 0, 1)["low"] or 0.0) > 0)


def recent(field: _Field) -> dict[int, tuple[float | None, np.ndarray]]:
    """Return skill and losses of the linear model on the last 1, 2, 4, … rows and on the whole window, by rows."""
    early, late = field.early, field.late
    length, features = early.spec.length, len(early.spec.features)
    some = early.subset(evenly(len(early), linear.most(length * features)))
    windows, own, truth = some.inputs(), late.inputs(), some.targets().astype(float)
    by_rows: dict[int, tuple[float | None, np.ndarray]] = {}
    for rows in [*(1 << i for i in range(length.bit_length()) if 1 << i < length), length]:
        loss = losses(late, linear.restored(late, linear.fit(windows, truth, rows).outputs(own)))
        mean = float(loss.mean())
        by_rows[rows] = scores.skill(mean if np.isfinite(mean) else None, float(field.naive_loss.mean())), loss
    return by_rows


def _longer(field: _Field) -> dict[str, float | None] | None:
    """Return the linear model's skill by the rows of a longer window, on the windows that have all of these rows."""
    early, late = field.early, field.late
    spec = early.spec
    if spec.sequence_length:
        return None
    lengths = [2 * spec.length, 4 * spec.length]
    lengths += [spec.length + spec.period] if spec.period else []
    reaching = {length: (_reaching(early, length), _reaching(late, length)) for length in sorted(set(lengths))}
    kept = [
        length
        for length, sides in reaching.items()
        if all(
            len(side) >= max(_FEWEST, _REACHING * len(part)) for side, part in zip(sides, (early, late), strict=True)
        )
    ]
    if not kept:
        return None
    early, late = (part.subset(side) for part, side in zip((early, late), reaching[kept[-1]], strict=True))
    width = kept[-1] * len(spec.features)
    early = early.subset(evenly(len(early), linear.most(width)))
    late = late.subset(evenly(len(late), _judged(width)))
    windows, own, truth = _behind(early, kept[-1]), _behind(late, kept[-1]), early.targets().astype(float)
    base = losses(late, field.forecast(late))
    result = {}
    for length in [spec.length, *kept]:
        loss = losses(late, linear.restored(late, linear.fit(windows, truth, length).outputs(own)))
        result[str(length)] = scores.skill(float(loss.mean()), float(base.mean()))
    return result


def _reaching(part: Part, length: int) -> np.ndarray:
    """Return the windows whose last input row ends `length` rows without a gap: int [windows]."""
    end = part.table["start"] + part.spec.length - 1
    start, times = end - length + 1, part.spec.axis
    return np.flatnonzero((start >= 0) & (times[end] - times[start.clip(0)] == length - 1))


def _behind(part: Part, length: int) -> np.ndarray:
    """Return the inputs of windows of `length` rows with the same end: float32 [windows, length, features].

    A window's own scaling stays that of its own rows, because the target is in these units.
    """
    end = part.table["start"] + part.spec.length - 1
    rows = np.asarray(part.scaled)[end[:, None] + np.arange(1 - length, 1)]
    if part.spec.scaling["window"] == "last":
        rows = rows - rows[:, -1:, :]
    elif part.spec.scaling["window"] == "standard":
        own = rows[:, -part.spec.length :]
        std = own.std(axis=1, keepdims=True)
        rows = (rows - own.mean(axis=1, keepdims=True)) / np.where(std > 0, std, 1)
    return rows.astype(np.float32)
