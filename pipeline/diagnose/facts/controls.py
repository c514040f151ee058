"""Controls: short trainings of the same architecture whose outcome is known if all is well.

The steps of each follow from the network's size and the window's length alone, never from a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.dataset import Part
from pipeline.diagnose.facts import planting
from pipeline.diagnose.facts.network import clean
from pipeline.diagnose.facts.typed import rounded
from pipeline.diagnose.facts.windows import last_step
from pipeline.scoring import scores, skill

if TYPE_CHECKING:
    from pipeline.diagnose.facts.short import ShortTraining

# Seconds of all controls together, by the cost model of `short`: this share of the trainings' cost, within limits.
_SHARE, _CHEAP, _DEAR = 0.2, 12.0, 40.0
# Share of these seconds for each kind, and its fewest and most steps.
_SHARES = {
    "memorise": (0.25, 8, 100),
    "trials": (0.12, 4, 80),
    "planted": (0.28, 40, 480),
}
_RATES = ("0.01", "0.1", "1", "10", "100")
# A planted signal that is reached to this share needs no more steps, and to this one no other kind of signal.
_CLEAR, _ENOUGH = 0.8, 0.3
_JUDGED = 512
# Blocks in which targets are shuffled: the order within a block stays, because neighbouring windows' targets correlate.
_BLOCKS = 40


@dataclass(frozen=True)
class Rate:
    """One batch trained on at one multiple of the experiment's learning rate."""

    ratio: float | None  # last loss / first loss
    floor: float | None  # last loss / loss of the best constant answer to this batch
    spread: float | None  # standard deviation of the outputs as a share of that of the targets
    finite: bool  # the outputs are finite at the end


@dataclass(frozen=True)
class Memorise:
    """One batch of varied targets, trained on again and again."""

    rates: dict[str, Rate]  # by multiple of the learning rate


@dataclass(frozen=True)
class Trial:
    """A training of a few steps."""

    skill: float | None  # against a constant answer, on training windows that were not trained on
    steps: int  # fewer than planned where the loss becomes NaN or infinite
    windows: int | None = None  # judged


@dataclass(frozen=True)
class Planted:
    """A signal of known strength in place of the target, on windows that were not trained on."""

    strength: float  # skill of the best possible answer
    share: float | None  # skill of the network as a share of `strength`; None where its outputs are not finite
    steps: int  # of the training
    kind: str | None = None  # of `planting.KINDS`: the one of which the network reaches the largest share
    windows: int | None = None  # judged


@dataclass(frozen=True)
class Controls:
    """Short trainings of the experiment's architecture, optimiser, loss, clipping and regularisers.

    All are None where the network cannot be built, or where there are fewer than four windows without a missing cell.
    """

    memorise: Memorise | None  # one batch at multiples of the learning rate
    real: Trial | None  # the windows as they are
    zeroed: Trial | None  # the same steps without inputs
    shuffled: Trial | None  # the same steps with targets shuffled in blocks, judged against these targets
    planted: Planted | None  # None where no signal can be planted


def facts(train: Part, experiment: dict[str, Any]) -> Controls:
    """Run the controls.

    Args:
        train: training windows; those with a missing cell are left out.
        experiment: `architecture` and `training` as in params.yaml, complete.
    """
    from pipeline.diagnose.facts.short import ShortTraining

    nothing = Controls(None, None, None, None, None)
    usable = clean(train)
    if len(usable) < 4:
        return nothing
    try:
        short = ShortTraining(train, experiment)
    except UserError:
        return nothing
    part = train.subset(usable)
    updates = _updates(len(train), experiment["training"])
    steps = _plan(short, updates * len(experiment["training"]["seeds"]))
    memorised = memorise(short, part, steps["memorise"])
    real, zeroed, shuffled = trials(short, part, steps["trials"])
    # Where no rate moves the outputs, a few more steps show it as well as many.
    still = all(rate.spread == 0.0 for rate in memorised.rates.values())
    most = _SHARES["planted"][1] if still else steps["planted"]
    signal = planted(short, part, most, updates, memorised)
    return rounded(Controls(memorised, real, zeroed, shuffled, signal), 6)


def memorise(short: ShortTraining, part: Part, steps: int) -> Memorise:
    """Train on one batch of varied targets, at multiples of the learning rate."""
    targets = part.targets()
    ranked = np.lexsort((np.arange(len(part)), targets @ np.arange(1, targets.shape[1] + 1)))
    some = ranked[np.linspace(0, len(part) - 1, short.batch).astype(int)]  # of fewer windows some come twice
    inputs, truth = part.inputs(some), targets[some]
    constant = short.loss(np.broadcast_to(truth.mean(axis=0), truth.shape).astype(np.float32), truth)
    std, rates = float(truth.std(axis=0).mean()), {}
    before: float | None = None
    for multiple in _RATES:
        short.restart(float(multiple))
        before = short.loss(short.outputs(inputs), truth) if before is None else before
        short.train(lambda indices: inputs[indices], truth, np.arange(len(some)), steps)
        outputs = short.outputs(inputs)
        last = short.loss(outputs, truth) if np.isfinite(outputs).all() else None
        rates[multiple] = Rate(
            ratio=last / before if last is not None and before else None,
            floor=last / constant if last is not None and constant else None,
            spread=float(outputs.std(axis=0).mean()) / std if last is not None and std > 0 else None,
            finite=last is not None,
        )
    return Memorise(rates)


def trials(short: ShortTraining, part: Part, steps: int) -> list[Trial]:
    """Train for the same few steps on the windows as they are, without inputs, and with shuffled targets."""
    fitted, judged = _apart(part, max(short.batch * 2, 64))
    truth, inputs = part.targets(), part.inputs(judged)
    kinds = (
        (part.inputs, truth, inputs),
        (lambda indices: np.zeros_like(part.inputs(indices)), truth, np.zeros_like(inputs)),
        (part.inputs, truth[_shuffled(len(part))], inputs),
    )
    results = []
    for given, targets, unseen in kinds:
        short.restart()
        done = short.train(given, targets, fitted, steps)
        outputs = short.outputs(unseen)
        finite = np.isfinite(outputs).all()
        reached = _constant_skill(part, outputs, targets, fitted, judged) if finite else None
        results.append(Trial(reached, done, len(judged)))
    return results


def planted(short: ShortTraining, part: Part, steps: int, updates: int, memorised: Memorise) -> Planted | None:
    """Train on signals of known strength in place of the target, and return the one that is learned best.

    An architecture has its taste: one that pools over the window is slow to see its last rows. Further kinds get half
    of the steps each, and only where the network hardly learns those before.

    Arguments and result as for `_planted`.
    """
    best: Planted | None = None
    for kind in planting.KINDS:
        found = _planted(short, part, steps if best is None else max(steps // 2, 1), updates, memorised, kind)
        if found and (best is None or (found.share or 0.0) > (best.share or 0.0)):
            best = found
        if best is None or (best.share or 0.0) >= _ENOUGH:
            break
    return best


def _planted(
    short: ShortTraining, part: Part, steps: int, updates: int, memorised: Memorise, kind: str
) -> Planted | None:
    """Train on a signal of known strength in place of the target (`planting`).

    Where the real training has many more updates than the control, the rate is raised by as much, at most tenfold, if
    one batch was memorised better so: the question is whether this network can learn at all.

    Args:
        short: the network.
        part: training windows without missing cells.
        steps: at most.
        updates: of the real training.
        memorised: the control of that name.
        kind: one of `planting.KINDS`.

    Returns:
        None where nothing can be planted.
    """
    fitted, judged = _apart(part, max(short.batch * 4, min(_JUDGED, len(part) // 4)))
    kept = np.arange(len(part))[:: max(1, len(part) // 20_000)]
    signal = planting.plant(part.inputs(kept), part.targets(kept), part.spec.classes, short.seed, kind)
    if signal is None:
        return None
    place = np.full(len(part), -1)
    place[kept] = np.arange(len(kept))
    fitted, judged = fitted[place[fitted] >= 0], judged[place[judged] >= 0]
    targets = np.zeros((len(part), signal.targets.shape[1]), dtype=np.float32)
    targets[kept] = signal.targets
    strength = _constant_skill(part, signal.oracle[place[judged]], targets, fitted, judged)
    if strength is None or strength <= 0:
        return None
    short.restart(_raised(memorised.rates, updates / steps))
    inputs, done, reached = part.inputs(judged), 0, None
    piece = max(steps // 8, 10)
    while done < steps:
        done += short.train(part.inputs, targets, fitted, min(piece, steps - done), salt=done)
        outputs = short.outputs(inputs)
        if not np.isfinite(outputs).all():
            reached = None
            break
        reached = _constant_skill(part, outputs, targets, fitted, judged)
        if reached is not None and reached >= _CLEAR * strength:
            break
    return Planted(strength, None if reached is None else reached / strength, done, kind, len(judged))


def _plan(short: ShortTraining, updates: int) -> dict[str, int]:
    """Return the steps of each kind of control.

    Args:
        short: the network.
        updates: of all trainings of the experiment.
    """
    step = short.seconds()
    total = float(np.clip(_SHARE * updates * step, _CHEAP, _DEAR))
    each = {"memorise": len(_RATES), "trials": 3, "planted": 1}
    return {
        name: int(np.clip(total * share / each[name] / step, least, most))
        for name, (share, least, most) in _SHARES.items()
    }


def _updates(windows: int, training: dict[str, Any]) -> int:
    """Return the updates of the real training, if nothing stops it early."""
    batches = windows / training["batch_size"]
    return max(1, int(training["epochs"] * (np.ceil(batches) if training["state"] == "none" else np.floor(batches))))


def _raised(rates: dict[str, Rate], wanted: float) -> float:
    """Return the multiple of the rate for a control with so many times fewer updates than the real training."""
    own, ten = rates["1"].ratio, rates["10"].ratio
    if wanted <= 1 or own is None or ten is None or ten >= own:
        return 1.0
    return float(min(wanted, 10.0))


def _apart(part: Part, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows to train on and at most `most` windows to judge on, drawn at random from the whole part.

    A target that replaces the real one has its own noise in each window, so overlapping windows do not leak it.
    """
    order = np.random.default_rng([79, len(part)]).permutation(len(part))
    cut = min(most, max(len(part) // 5, 1))
    return np.sort(order[cut:]), np.sort(order[:cut])


def _shuffled(count: int) -> np.ndarray:
    """Return an order of the windows in blocks of unequal lengths, each turned by a random number of windows.

    Blocks of one length that is a multiple of a season would leave every window a target of its own phase.
    """
    random = np.random.default_rng([80, count])
    edges = np.sort(random.choice(np.arange(1, count), size=min(_BLOCKS, count) - 1, replace=False))
    blocks = np.split(np.arange(count), edges)
    blocks = [np.roll(block, int(random.integers(len(block)))) for block in blocks]
    return np.concatenate([blocks[i] for i in random.permutation(len(blocks))])


def _constant_skill(
    part: Part, outputs: np.ndarray, targets: np.ndarray, fitted: np.ndarray, judged: np.ndarray
) -> float | None:
    """Return the skill in the network's own units against the mean (or shares) of the windows trained on."""
    classes, outputs = part.spec.classes, last_step(outputs).astype(np.float64)
    level = np.broadcast_to(targets[fitted].mean(axis=0), (len(judged), targets.shape[1])).astype(np.float64)
    truth = targets[judged].astype(np.float64)
    if classes:
        truth = (truth[:, 0] if classes == 2 else truth.argmax(axis=1))[:, None]
    own, base = (float(skill.losses(truth, answer, classes).mean()) for answer in (outputs, level))
    return scores.skill(own if np.isfinite(own) else None, base)
