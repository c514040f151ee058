"""What models without a network find on the same windows: whether there is something to learn, and how far back.

Everything is learned from training windows and judged on validation windows or, where there are none, on the last
fifth of the training windows. A loss is `skill.losses`'; skill is told against the naive forecast that is best there.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import linear, trees
from pipeline.diagnose.facts.data import plain
from pipeline.scoring import baselines, scores, skill

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Windows on which a skill is told, and their cells (128 MB of float64); its interval is resampled a thousand times.
_JUDGED = 4000
_CELLS = 2**24
# Share of the judged and of the training windows that must have the rows of a longer window, and the fewest of each.
_REACHING = 0.5
_FEWEST = 20
# Of the best skill of any number of recent rows, the share that the needed ones reach.
_ENOUGH = 0.9

Facts = dict[str, Any]


def subset(part: Part, indices: np.ndarray) -> Part:
    """The part with these windows only; its rows stay as they are.

    Args:
        indices: int [windows].
    """
    return dataclasses.replace(part, table={name: column[indices] for name, column in part.table.items()})


def halves(part: Part) -> tuple[Part, Part]:
    """An earlier and a later piece of the training windows, for a dataset without a validation part.

    The later piece is the last fifth of the windows (of the sequences, where they are independent), at least one. Of
    the windows before it those stay that end, target and all, before its first target row, so no target of the later
    piece is an input or a target of the earlier one. Scaling was learned on both.

    Returns:
        Two parts over the same rows; the earlier one is empty where nothing is left of it.
    """
    spec = part.spec
    if spec.sequence_length:
        rows = np.asarray(spec.first_rows)[part.table["start"]] // spec.sequence_length
        known = np.unique(rows)
        first = known[-max(len(known) // 5, 1)]
        return subset(part, np.flatnonzero(rows < first)), subset(part, np.flatnonzero(rows >= first))
    count = len(part)
    cut = count - max(count // 5, 1)
    # Last row of each window and its targets, and first row of the later piece's targets, on the axis of time.
    last = np.asarray(spec.first_rows)[part.table["start"]] + spec.length - 1 + spec.horizon
    early = np.flatnonzero(last[:cut] < np.asarray(part.table["row"])[cut:].min())
    return subset(part, early), subset(part, np.arange(cut, count))


def facts(train: Part, held: Part | None) -> Facts:
    """Skill of a linear model and of boosted trees on windows they were not fitted to.

    Args:
        train: training windows of a fold.
        held: its validation windows, or None for the later piece of `halves`.

    Returns:
        JSON-able, None for what cannot be told: `held_kind` (`validation`, `held_back`), `windows` {`train`, `held`};
        `naive` {`name`, `loss` in the units of the scores, `constant_skill`};
        `linear` and `trees` {`name`, `train_skill`, `skill`, `low`, `high` (95 %), `constant_skill`: against the
        training mean or shares};
        `best`: name of the one with more skill;
        `recent` {rows: skill of the linear model on so many last input rows} and `needed`: the fewest of them with nine
        tenths of the best such skill, None where the interval of that one reaches down to 0;
        `longer` {rows: skill of the linear model on so many rows, all on the same windows, the first entry being the
        window's own length}, None for independent sequences and where the rows are missing.
    """
    from threadpoolctl import threadpool_limits

    # The number of threads changes the order of sums, and with it the last digits.
    with threadpool_limits(1):
        return plain(_facts(train, held))


def _facts(train: Part, held: Part | None) -> Facts:
    kind = "held_back" if held is None else "validation"
    early, late = halves(train) if held is None else (train, held)
    early, late = _known(early), _known(late)
    empty: Facts = dict.fromkeys(("naive", "linear", "trees", "best", "recent", "needed", "longer"))
    result: Facts = {"held_kind": kind, "windows": {"train": len(early), "held": len(late)}, **empty}
    if len(early) < 2 or not len(late):
        return result
    late = subset(late, evenly(len(late), _judged(early.spec.length * len(early.spec.features))))
    field = _Field.of(early, late)
    result["windows"]["held"] = len(late)
    unit = 1.0
    if train.spec.score_units == "standardised" and not train.spec.classes:
        unit = train.spec.target_scale**2
    result["naive"] = {
        "name": field.naive,
        "loss": float(field.losses[field.naive].mean()) / unit,
        "constant_skill": field.skill(field.losses[field.naive], field.constant),
    }
    result["linear"], result["recent"], result["needed"] = _linear(field)
    result["trees"] = _trees(field)
    known = [name for name in ("linear", "trees") if result[name] and result[name]["skill"] is not None]
    result["best"] = max(known, key=lambda name: result[name]["skill"], default=None)
    result["longer"] = _longer(field)
    return result


def _judged(width: int) -> int:
    return max(min(_JUDGED, _CELLS // width), _FEWEST)


def _known(part: Part) -> Part:
    """The windows whose target is finite."""
    good = np.isfinite(part.targets()).all(axis=1) & np.isfinite(part.raw_targets()).all(axis=1)
    return part if good.all() else subset(part, np.flatnonzero(good))


class _Field(NamedTuple):
    """The windows that models are fitted to and judged on, and the naive forecasts of both."""

    early: Part
    late: Part
    naive: str
    constant: str
    forecasts: dict[str, baselines.Forecast]
    losses: dict[str, np.ndarray]  # on `late`, [windows]

    @staticmethod
    def of(early: Part, late: Part) -> _Field:
        forecasts = baselines.fit(early, linear=False)
        losses = {
            name: skill.losses(late.raw_targets(), forecast(late), late.spec.classes)
            for name, forecast in forecasts.items()
        }
        constant = "majority" if early.spec.classes else "train_mean"
        return _Field(early, late, skill.chosen(losses), constant, forecasts, losses)

    def skill(self, loss: np.ndarray, name: str) -> float | None:
        """Of a forecast with these losses on `late`, against a naive one."""
        mean = float(loss.mean())
        return scores.skill(mean if np.isfinite(mean) else None, float(self.losses[name].mean()))

    def side(self, name: str, loss: np.ndarray, fitted: Part, fitted_loss: np.ndarray) -> Facts:
        """What is told of one reference: skill with its interval, on `fitted` too, and against a constant."""
        spec, late = self.late.spec, self.late
        ranked = np.argsort(late.table["row"], kind="stable")
        rows = np.asarray(late.table["row"])[ranked]
        # Of thinned windows fewer in a row share a target row.
        apart = np.median(np.diff(rows)) if len(rows) > 1 else 1
        base = self.losses[self.naive][ranked]
        told = skill.compare(
            {0: loss[ranked]},
            (self.naive, base),
            (self.naive, base),
            overlap=int(-(-spec.target_rows // max(apart, 1))),
            sequences=rows // spec.sequence_length if spec.sequence_length else None,
        )["naive"]
        naive = skill.losses(fitted.raw_targets(), self.forecasts[self.naive](fitted), spec.classes)
        return {
            "name": name,
            "train_skill": scores.skill(float(fitted_loss.mean()), float(naive.mean())),
            **{key: told[key] for key in ("skill", "low", "high")},
            "constant_skill": self.skill(loss, self.constant),
        }


def _linear(field: _Field) -> tuple[Facts, dict[str, float | None], int | None]:
    """The linear model on the whole window, its skill on the last 1, 2, 4, … rows, and how many of them are needed."""
    early, late = field.early, field.late
    length, features = early.spec.length, len(early.spec.features)
    some = subset(early, evenly(len(early), linear.most(length * features)))
    windows, own, truth = some.inputs(), late.inputs(), some.targets().astype(float)
    powers = [1 << i for i in range(length.bit_length()) if 1 << i < length]
    recent: dict[int, float | None] = {}
    told: dict[int, Facts] = {}
    for steps in [*powers, length]:
        model = linear.fit(windows, truth, steps)
        loss = _loss(late, linear.restored(late, model.outputs(own)))
        recent[steps] = field.skill(loss, field.naive)
        known = {at: one for at, one in recent.items() if one is not None}
        if steps == length or recent[steps] == max(known.values(), default=None):
            fitted = _loss(some, linear.restored(some, model.outputs(windows)))
            told[steps] = field.side("ridge", loss, some, fitted)
    needed = None
    if known:
        best = max(known, key=lambda at: known[at])
        if (told[best]["low"] or 0) > 0:
            needed = min(at for at, one in known.items() if one >= _ENOUGH * known[best])
    return told[length], {str(at): one for at, one in recent.items()}, needed


def _trees(field: _Field) -> Facts | None:
    width = field.early.spec.length * len(field.early.spec.features)
    some = subset(field.early, evenly(len(field.early), min(trees.WINDOWS, _judged(width))))
    if len(some) < _FEWEST:
        return None
    naive, target = field.forecasts[field.naive], some.spec.target
    changes = {"difference", "return"} & {target["of"] if some.spec.classes else target["kind"]}
    model = trees.fit(some, naive(some), field.naive == "persistence" or bool(changes))
    loss = _loss(field.late, model(field.late, naive(field.late)))
    return field.side("boosted_trees", loss, some, _loss(some, model(some, naive(some))))


def _longer(field: _Field) -> dict[str, float | None] | None:
    """Skill by the rows of a longer window, on the windows before which all of these rows exist."""
    early, late = field.early, field.late
    spec = early.spec
    if spec.sequence_length:
        return None
    lengths = [2 * spec.length, 4 * spec.length]
    lengths += [spec.length + spec.period] if spec.period else []
    there = {length: (_reaching(early, length), _reaching(late, length)) for length in sorted(set(lengths))}
    kept = [
        length
        for length, sides in there.items()
        if all(
            len(side) >= max(_FEWEST, _REACHING * len(part)) for side, part in zip(sides, (early, late), strict=True)
        )
    ]
    if not kept:
        return None
    early, late = (subset(part, side) for part, side in zip((early, late), there[kept[-1]], strict=True))
    width = kept[-1] * len(spec.features)
    early = subset(early, evenly(len(early), linear.most(width)))
    late = subset(late, evenly(len(late), _judged(width)))
    windows, own, truth = _behind(early, kept[-1]), _behind(late, kept[-1]), early.targets().astype(float)
    base = _loss(late, field.forecasts[field.naive](late))
    result = {}
    for length in [spec.length, *kept]:
        loss = _loss(late, linear.restored(late, linear.fit(windows, truth, length).outputs(own)))
        result[str(length)] = scores.skill(float(loss.mean()), float(base.mean()))
    return result


def _reaching(part: Part, length: int) -> np.ndarray:
    """The windows that `length` rows without a gap end with: int [windows]."""
    end = part.table["start"] + part.spec.length - 1
    begin, times = end - length + 1, np.asarray(part.spec.first_rows)
    return np.flatnonzero((begin >= 0) & (times[end] - times[begin.clip(0)] == length - 1))


def _behind(part: Part, length: int) -> np.ndarray:
    """Inputs as the network would see them in a window of `length` rows with the same end: float32 [windows, length,
    features]. A window's own scaling stays that of its own rows, for the target is in these units.
    """
    end = part.table["start"] + part.spec.length - 1
    rows = np.asarray(part.scaled)[end[:, None] + np.arange(1 - length, 1)]
    if part.spec.scaling["window"] == "last":
        rows = rows - rows[:, -1:, :]
    elif part.spec.scaling["window"] == "standard":
        own = rows[:, -part.spec.length :]
        deviation = own.std(axis=1, keepdims=True)
        rows = (rows - own.mean(axis=1, keepdims=True)) / np.where(deviation > 0, deviation, 1)
    return rows.astype(np.float32)


def _loss(part: Part, forecast: np.ndarray) -> np.ndarray:
    return skill.losses(part.raw_targets(), forecast, part.spec.classes)
