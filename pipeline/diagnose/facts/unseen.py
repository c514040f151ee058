"""Skill on windows that the networks were not trained on: of the networks, and of models without a network.

Validation windows of all folds are judged together, all of them, with state carried as the experiment declares. Where
there is no validation part, a second training of the same settings and as many updates takes the first nine tenths of
the first fold's training windows, and the last tenth is judged.

All intervals come from one table of losses, a column per forecast, on windows that all of them answer.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.dataset.holdout import last_tenth
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import level, recalibrated
from pipeline.diagnose.facts.windows import finite, last_step, losses
from pipeline.scoring import gains, grouping
from pipeline.scoring import naive as naive_forecasts
from pipeline.scoring.long_run import FEWEST

if TYPE_CHECKING:
    from pipeline.dataset import Part
    from pipeline.diagnose.case import DiagnosedRun, TrainedFold
    from pipeline.diagnose.facts.forecasts import Forecasts

# Training windows on which the networks are judged too, evenly spaced, where no state is carried.
_SEEN = 1024


@dataclass(frozen=True)
class Against:
    """Skill of one forecast against another one: 1 - mean loss / mean loss of the other."""

    skill: float | None  # None where the other one's loss is 0 or unknown
    low: float | None  # lower end of its 95 % interval; None where too few windows are independent
    high: float | None  # upper end
    p_value: float | None  # two-sided; None with the interval


@dataclass(frozen=True)
class Naive:
    """The naive forecast that is best on the judged windows."""

    name: str  # of the baseline
    against_constant: Against  # it against the constant answer
    # p-value of a unit root in the target's column: a last value is an echo unless the series returns to its level.
    # None where another forecast is best, or nothing can be tested
    unit_root: float | None


@dataclass(frozen=True)
class Networks:
    """The trained networks of all seeds together."""

    against_constant: Against
    against_naive: Against
    against_linear: Against
    against_trees: Against | None  # None where there are few training windows
    unanswered: float  # share of the windows on which some seed's prediction is not finite


@dataclass(frozen=True)
class Unseen:
    """Skill on unseen windows; a constant answer is the mean, or the shares, of the training windows."""

    part: str  # `validation`, or `last_tenth` of the training windows
    classes: int | None  # of the target; None for a regression
    folds: int  # judged together
    windows: int  # judged
    overlap: int  # windows in a row that share a target row
    needed: int  # fewest windows for an interval: five times the overlap
    effective: float | None  # independent windows that the comparison with the naive forecast is worth
    naive: Naive | None  # None, as all below, where there are too few windows
    linear: Against | None  # ridge regression on the whole window, against the naive forecast
    trees: Against | None  # boosted trees likewise; None also where there are few training windows
    networks: Networks | None  # None where no network was judged
    train_skill: float | None  # of the same networks against the constant answer, on windows that they were trained on
    train_windows: int | None  # these windows: some, at equal distances
    updates: int | None  # of the second training; None with validation
    seconds: float | None  # that it is estimated to take
    over_budget: bool  # it was left out for them
    recalibrated: bool  # probabilities that the loss distorts are mapped back by what the training windows say


class Judged(NamedTuple):
    """One fold: windows to learn from and to judge on, and the networks' outputs on them where these are known."""

    early: Part
    late: Part
    outputs: list[np.ndarray]  # per seed, float64 [windows of late, outputs], raw or probabilities
    seen: Part  # some of the windows of `early`
    seen_outputs: list[np.ndarray]
    # the outputs of `outputs` before `recalibrated` mapped them; None where it did not
    distorted: list[np.ndarray] | None = None


class Second(NamedTuple):
    """The second training."""

    updates: int
    seconds: float
    over_budget: bool


def pieces(run: DiagnosedRun) -> list[tuple[Part, Part]]:
    """Return the windows to learn from and to judge on, per fold; some may be empty."""
    if run.validation is not None:
        return [(finite(fold.train), finite(fold.validation)) for fold in run.folds if fold.validation is not None]
    early, late = last_tenth(run.train)
    return [(finite(early), finite(late))]


def validated(run: DiagnosedRun, folds: list[tuple[Part, Part]]) -> list[Judged]:
    """Predict the validation windows of every fold with its own networks."""
    having = [fold for fold in run.folds if fold.validation is not None]
    return [_judged(run, fold, early, late) for fold, (early, late) in zip(having, folds, strict=True)]


def _judged(run: DiagnosedRun, fold: TrainedFold, early: Part, late: Part) -> Judged:
    training = run.experiment["training"]
    seen, networks, classes = _seen(early, training), list(fold.models.values()), early.spec.classes
    outputs, of_seen = (predictions(part, networks, run.experiment) for part in (late, seen))
    if not classes or not recalibrated.distorts(networks[0], training):
        return Judged(early, late, outputs, seen, of_seen)
    truth = seen.raw_targets()[:, 0].astype(int)
    pairs = list(zip(of_seen, outputs, strict=True))
    mapped = [recalibrated.mapped(known, truth, others, classes) for known, others in pairs]
    of_seen = [recalibrated.mapped(known, truth, known, classes) for known, _ in pairs]
    return Judged(early, late, mapped, seen, of_seen, outputs)


def predictions(part: Part, networks: list[Any], experiment: dict[str, Any]) -> list[np.ndarray]:
    """Return each network's predictions of all windows: float64 [windows, outputs], raw units or probabilities."""
    from pipeline.network import predicting

    if not len(part):
        return [np.zeros((0, part.spec.outputs)) for _ in networks]
    return [
        part.restore(last_step(np.asarray(outputs))) for _, outputs in predicting.in_turn(part, networks, experiment)
    ]


def second_training(run: DiagnosedRun, folds: list[tuple[Part, Part]]) -> tuple[list[Judged], Second]:
    """Train the first seed once more, on the first nine tenths of the first fold's training windows.

    The same settings and as many updates, but no early stopping, so that the number of updates is the same. Nothing is
    trained if it is estimated to take more than the budget.
    """
    from pipeline.diagnose.facts.short import step_seconds
    from pipeline.network import backends, training

    (early, late), settings = folds[0], run.experiment["training"]
    seed, history = next(iter(run.histories.items()))
    updates, batch = history["updates"], settings["batch_size"]
    network = run.models[seed]
    jit, _ = backends.compilation(settings)
    seconds = updates * step_seconds(network, run.train.spec.length, min(batch, len(run.train)), jit)
    over = seconds > run.budget
    nothing = [Judged(early, late, [], early, [])]
    if over or not len(early) or not len(late) or not updates:
        return nothing, Second(updates, seconds, over)
    per_epoch = max(len(early) // batch if settings["state"] != "none" else -(-len(early) // batch), 1)
    changed = settings | {"epochs": -(-updates // per_epoch), "early_stopping": None, "reduce_on_plateau": None}
    model, _ = training.fit(early, None, run.experiment["architecture"], changed, seed, updates=updates)
    fold = dataclasses.replace(run.folds[0], models={seed: model})
    return [_judged(run, fold, early, late)], Second(updates, seconds, over)


def _seen(early: Part, training: dict[str, Any]) -> Part:
    return early if training["state"] != "none" else early.subset(evenly(len(early), _SEEN))


def facts(
    run: DiagnosedRun,
    known: Forecasts | None,
    judged: list[Judged],
    second: Second | None,
    folds: list[tuple[Part, Part]],
) -> Unseen:
    """Compare all forecasts on the unseen windows.

    Args:
        run: the experiment.
        known: of `forecasts.fit`.
        judged: of `validated` or `second_training`.
        second: the second training; None with validation.
        folds: of `pieces`.
    """
    overlap = _overlap(folds)
    seen = sum(len(each.seen) for each in judged)
    result = Unseen(
        part="validation" if second is None else "last_tenth",
        classes=run.train.spec.classes,
        folds=len(folds),
        windows=sum(len(late) for _, late in folds),
        overlap=overlap,
        needed=FEWEST * overlap,
        effective=None,
        naive=None,
        linear=None,
        trees=None,
        networks=None,
        train_skill=_train_skill(judged),
        train_windows=seen if judged and judged[0].seen_outputs else None,
        updates=second.updates if second else None,
        seconds=float(f"{second.seconds:.2g}") if second else None,
        over_budget=bool(second and second.over_budget),
        recalibrated=any(each.distorted is not None for each in judged),
    )
    if known is None:
        return result
    own, unanswered = _own(judged), 0.0
    table = None
    if own is not None:
        unanswered = float(np.mean(~np.isfinite(own)))
        table = _Table.of({"network": own, **known.columns}, folds, overlap)
    answered = table is not None
    if table is None:  # the others are compared alone
        table = _Table.of(known.columns, folds, overlap)
    if table is None:
        return result
    grown = "trees" in known.columns
    return dataclasses.replace(
        result,
        effective=table.effective("network" if answered else "linear", "naive"),
        naive=Naive(known.naive, table.against("naive", "constant"), _unit_root(run.train, known.naive)),
        linear=table.against("linear", "naive"),
        trees=table.against("trees", "naive") if grown else None,
        networks=_networks(table, grown, unanswered) if answered else None,
    )


def _networks(table: _Table, grown: bool, unanswered: float) -> Networks:
    return Networks(
        table.against("network", "constant"),
        table.against("network", "naive"),
        table.against("network", "linear"),
        table.against("network", "trees") if grown else None,
        unanswered,
    )


def _own(judged: list[Judged]) -> np.ndarray | None:
    """Return the networks' losses, the mean over the seeds, or None where no network was judged: [windows]."""
    if not judged or not all(each.outputs for each in judged):
        return None
    by_fold = [[losses(each.late, outputs) for outputs in each.outputs] for each in judged]
    return np.asarray(np.mean([np.concatenate(seed) for seed in zip(*by_fold, strict=True)], axis=0))


def _train_skill(judged: list[Judged]) -> float | None:
    """Return the networks' skill against the constant answer on windows that they were trained on."""
    if not all(each.seen_outputs and len(each.seen) for each in judged) or not judged:
        return None
    own, constant = [], []
    for each in judged:
        name = "majority" if each.early.spec.classes else "train_mean"
        constant.append(losses(each.seen, naive_forecasts.fit(each.early)[name](each.seen)))
        own.append(np.mean([losses(each.seen, outputs) for outputs in each.seen_outputs], axis=0))
    mine, base = np.concatenate(own), np.concatenate(constant)
    both = np.isfinite(mine) & np.isfinite(base)
    if not both.any() or base[both].mean() <= 0:
        return None
    return float(1 - mine[both].mean() / base[both].mean())


def _overlap(folds: list[tuple[Part, Part]]) -> int:
    """Return how many windows in a row share a target row."""
    spec = folds[0][0].spec
    if spec.independent:
        return 1
    steps = [np.diff(np.sort(np.asarray(late.table["row"]))) for _, late in folds]
    apart = np.median(np.concatenate(steps)) if any(len(step) for step in steps) else 1
    return int(-(-spec.target_rows // max(apart, 1)))


def _unit_root(train: Part, naive: str) -> float | None:
    value = train.spec.target["kind"] == "value" and not train.spec.classes
    return level.unit_root(train) if naive == "persistence" and value else None


class _Table(NamedTuple):
    """The losses of all forecasts on the windows that all of them answer."""

    places: dict[str, int]
    units: gains.Sample

    @staticmethod
    def of(columns: dict[str, np.ndarray], folds: list[tuple[Part, Part]], overlap: int) -> _Table | None:
        """Resample the windows; None where there is none that every forecast answers."""
        both = np.all([np.isfinite(column) for column in columns.values()], axis=0)
        if not both.any():
            return None
        spec = folds[0][1].spec
        rows = np.concatenate([np.asarray(late.table["row"]) for _, late in folds])
        order = np.argsort(rows[both], kind="stable")
        kept = [column[both][order] for column in columns.values()]
        places = {name: at for at, name in enumerate(columns)}
        pairs = [(places[a], places[b]) for a in places for b in places if places[a] < places[b]]
        rows = rows[both][order]
        sequences = grouping.of(rows, spec.about_ids)
        # Windows that came in a file stand for themselves, wherever the file's other parts lie between them.
        apart = None if spec.target["kind"] == "given" else rows
        return _Table(places, gains.sample(kept, pairs, overlap, sequences, apart))

    def against(self, one: str, other: str) -> Against:
        """Return the skill of one forecast against another one."""
        if one == other:
            return Against(0.0, None, None, None)
        found = gains.side(self.units, self.places[one], self.places[other])
        return Against(
            found["skill"], found["low"], found["high"], found["p_value"] if found["low"] is not None else None
        )

    def effective(self, one: str, other: str) -> float:
        """Return how many independent windows their difference is worth."""
        return gains.worth(self.units, self.places[one], self.places[other])
