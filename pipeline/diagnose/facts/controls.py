"""Controls: short trainings of the same architecture whose outcome is known if all is well.

How many steps each gets follows from the network's size and the window's length alone, never from a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.common.numbers import significant
from pipeline.dataset import Part
from pipeline.scoring import baselines, scores, skill

if TYPE_CHECKING:
    from pipeline.diagnose.facts.short import Short

# Seconds of all controls together, by the cost model of `short`: this share of what the trainings cost, within limits.
_SHARE, _CHEAP, _DEAR = 0.2, 12.0, 40.0
# What each kind gets of them, and its fewest and most steps.
_SHARES = {
    "memorise": (0.25, 8, 100),
    "trials": (0.12, 4, 80),
    "planted": (0.28, 40, 480),
    "held_back": (0.35, 40, 2000),
}
_RATES = ("0.01", "0.1", "1", "10", "100")
# A planted signal that is reached to this share needs no more steps.
_CLEAR = 0.8
_JUDGED = 512
# Blocks that targets are shuffled in: they keep the order within, as neighbouring windows' targets resemble another.
_BLOCKS = 40


def facts(train: Part, held: Part | None, experiment: dict[str, Any]) -> dict[str, Any]:
    """Outcomes of the controls, with the architecture, optimiser, loss, clipping and regularisers of the experiment.

    Args:
        train: training windows; those with a missing cell are left out.
        held: validation windows, or None.
        experiment: `architecture` and `training` as in params.yaml, complete.

    Returns:
        `batch` (windows in a step); `memorise`: one batch at multiples of the own rate; `real`, `zeroed`, `shuffled`:
        the same steps on the windows as they are, without inputs, and with targets shuffled in blocks; `planted`: a
        signal of known strength; `held_back`: None where there is validation, else a training on the earlier windows,
        judged on the later ones (`references.halves`). All None where the network cannot be built or there are too few
        windows. Losses are without the penalty, in inference mode; a skill is against a constant answer, but `skill`
        of `held_back`, which is against the best naive forecast. Six digits.
    """
    from pipeline.diagnose.facts.network import clean
    from pipeline.diagnose.facts.short import Short

    names = ("batch", "memorise", "real", "zeroed", "shuffled", "planted", "held_back")
    usable = clean(train)
    if len(usable) < 4:
        return dict.fromkeys(names)
    try:
        short = Short(train, experiment)
    except UserError:
        return dict.fromkeys(names)
    part = _subset(train, usable)
    updates = _updates(len(train), experiment["training"])
    steps = _plan(short, updates * len(experiment["training"]["seeds"]), held is None)
    found: dict[str, Any] = {"batch": short.batch, "memorise": memorise(short, part, steps["memorise"])}
    found |= trials(short, part, steps["trials"])
    # Where no rate moves the outputs, a few steps more show it as well as many.
    still = all(one["spread"] == 0.0 for one in found["memorise"]["rates"].values())
    most = _SHARES["planted"][1] if still else steps["planted"]
    found["planted"] = planted(short, part, most, updates, found["memorise"])
    found["held_back"] = None
    if held is None:
        found["held_back"] = held_back(short, part, min(steps["held_back"], updates), updates)
    return significant(found, 6)


def memorise(short: Short, part: Part, steps: int) -> dict[str, Any]:
    """One batch of varied targets, again and again, at multiples of the own rate.

    Returns:
        `steps`; `spread`: the targets' standard deviation; `rates`: by multiple `ratio` (last loss / first), `floor`
        (last loss / that of the best constant answer to this batch), `spread` (of the outputs, as a share of the
        targets'), `steps`, `finite`.
    """
    targets = part.targets()
    ranked = np.lexsort((np.arange(len(part)), targets @ np.arange(1, targets.shape[1] + 1)))
    some = ranked[np.linspace(0, len(part) - 1, short.batch).astype(int)]
    inputs, truth = part.inputs(some), targets[some]
    constant = short.loss(np.broadcast_to(truth.mean(axis=0), truth.shape).astype(np.float32), truth)
    spread, rates = float(truth.std(axis=0).mean()), {}
    first: float | None = None
    for multiple in _RATES:
        short.restart(float(multiple))
        first = short.loss(short.outputs(inputs), truth) if first is None else first
        done = short.train(lambda at: inputs[at], truth, np.arange(len(some)), steps)
        said = short.outputs(inputs)
        last = short.loss(said, truth) if np.isfinite(said).all() else None
        rates[multiple] = {
            "ratio": last / first if last is not None and first else None,
            "floor": last / constant if last is not None and constant else None,
            "spread": float(said.std(axis=0).mean()) / spread if last is not None and spread > 0 else None,
            "steps": done,
            "finite": last is not None,
        }
    return {"steps": steps, "windows": len(some), "spread": spread, "first": first, "rates": rates}


def trials(short: Short, part: Part, steps: int) -> dict[str, Any]:
    """The windows as they are, without inputs, and with targets shuffled in blocks, for the same few steps.

    Returns:
        `real`, `zeroed`, `shuffled`: `loss` on training windows that were not trained on, `skill` there against a
        constant answer, `steps`. The shuffled ones are judged against their own targets.
    """
    fitted, judged = _apart(part, max(short.batch * 2, 64))
    truth, inputs = part.targets(), part.inputs(judged)
    mixed = truth[_shuffled(len(part))]
    kinds = {
        "real": (part.inputs, truth, inputs),
        "zeroed": (lambda at: np.zeros_like(part.inputs(at)), truth, np.zeros_like(inputs)),
        "shuffled": (part.inputs, mixed, inputs),
    }
    found: dict[str, Any] = {}
    for name, (given, targets, seen) in kinds.items():
        short.restart()
        done = short.train(given, targets, fitted, steps)
        said = short.outputs(seen)
        finite = bool(np.isfinite(said).all())
        found[name] = {
            "loss": short.loss(said, targets[judged]) if finite else None,
            "skill": _constant_skill(part, said, targets, fitted, judged) if finite else None,
            "steps": done,
        }
    return found


def planted(short: Short, part: Part, steps: int, updates: int, memorised: dict[str, Any]) -> dict[str, Any] | None:
    """A signal of known strength in place of the target (`planting`), judged on windows that were not trained on.

    Where the real training has many more updates than the control, the rate is raised by as much, at most tenfold, if
    one batch was memorised better so: what is to be told is whether this network can learn at all.

    Returns:
        `strength`: skill of the best possible answer; `skill`: of the network; `share`: of the one in the other;
        `steps`; `rate`: the multiple of the own rate. None where nothing can be planted.
    """
    from pipeline.diagnose.facts import planting

    fitted, judged = _apart(part, max(short.batch * 4, min(_JUDGED, len(part) // 4)))
    classes = part.spec.classes
    everything = np.arange(len(part))
    kept = everything[:: max(1, len(part) // 20_000)]
    signal = planting.plant(part.inputs(kept), part.targets(kept), classes, short.seed)
    if signal is None:
        return None
    place = np.full(len(part), -1)
    place[kept] = np.arange(len(kept))
    fitted, judged = fitted[place[fitted] >= 0], judged[place[judged] >= 0]
    targets = np.zeros((len(part), signal.targets.shape[1]), dtype=np.float32)
    targets[kept] = signal.targets
    oracle = signal.oracle[place[judged]]
    strength = _constant_skill(part, oracle, targets, fitted, judged)
    if strength is None or strength <= 0:
        return None
    multiple = _raised(memorised["rates"], updates / steps)
    short.restart(multiple)
    inputs, done, reached = part.inputs(judged), 0, None
    piece = max(steps // 8, 10)
    while done < steps:
        now = short.train(part.inputs, targets, fitted, min(piece, steps - done), salt=done)
        done += now
        said = short.outputs(inputs)
        if not np.isfinite(said).all():
            reached = None
            break
        reached = _constant_skill(part, said, targets, fitted, judged)
        if reached is not None and reached >= _CLEAR * strength:
            break
    share = None if reached is None else reached / strength
    return {"strength": strength, "skill": reached, "share": share, "steps": done, "rate": multiple}


def held_back(short: Short, part: Part, steps: int, updates: int) -> dict[str, Any] | None:
    """The experiment itself on the earlier training windows, judged on the later ones.

    Returns:
        `skill`, `low`, `high` (95 %) against the best naive forecast `naive`, `constant_skill`, `train_skill` (against
        a constant answer on the windows trained on), `steps`, `of` (updates of the real training), `windows` (judged).
        `skill` is None where the outputs are no numbers. None where nothing can be held back.
    """
    from pipeline.diagnose.facts.references import halves

    early, late = halves(part)
    if len(early) < 2 or not len(late):
        return None
    most = max(_JUDGED, short.batch * 4)
    judged = np.unique(np.linspace(0, len(late) - 1, min(most, len(late))).astype(int))
    again = np.unique(np.linspace(0, len(early) - 1, min(_JUDGED // 2, len(early))).astype(int))
    late, seen = _subset(late, judged), _subset(early, again)
    short.restart()
    done = short.train(early.inputs, early.targets(), np.arange(len(early)), steps)
    found: dict[str, Any] = {"steps": done, "of": updates, "windows": len(late)}
    forecasts = baselines.fit(early, linear=False)
    constant = forecasts["majority" if part.spec.classes else "train_mean"]
    sides = {}
    for name, one in (("late", late), ("seen", seen)):
        outputs = _flat(short.outputs(one.inputs()))
        truth = one.raw_targets()
        own = skill.losses(truth, one.restore(outputs), part.spec.classes)
        sides[name] = own, skill.losses(truth, constant(one), part.spec.classes)
    own, level = sides["late"]
    if not np.isfinite(own).all():
        return found | dict.fromkeys(("skill", "low", "high", "naive", "constant_skill", "train_skill"))
    losses = {name: skill.losses(late.raw_targets(), one(late), part.spec.classes) for name, one in forecasts.items()}
    naive = skill.chosen(losses)
    rows = late.table["row"]
    spec = part.spec
    apart = float(np.median(np.diff(rows))) if len(rows) > 1 else 1.0
    told = skill.compare(
        {0: own},
        (naive, losses[naive]),
        (naive, losses[naive]),
        overlap=int(-(-spec.target_rows // max(apart, 1.0))),
        sequences=rows // spec.sequence_length if spec.sequence_length else None,
    )["naive"]
    seen_own, seen_level = sides["seen"]
    return found | {
        **{key: told[key] for key in ("skill", "low", "high")},
        "naive": naive,
        "constant_skill": scores.skill(float(own.mean()), float(level.mean())),
        "train_skill": scores.skill(float(seen_own.mean()), float(seen_level.mean())),
    }


def _plan(short: Short, updates: int, hold_back: bool) -> dict[str, int]:
    """Steps of each kind of control.

    Args:
        short: what is trained.
        updates: of all trainings of the experiment.
        hold_back: whether there is that control; else its share goes to nobody.
    """
    step = short.seconds()
    total = float(np.clip(_SHARE * updates * step, _CHEAP, _DEAR))
    each = {"memorise": len(_RATES), "trials": 3, "planted": 1, "held_back": 1}
    return {
        name: int(np.clip(total * share / each[name] / step, least, most))
        for name, (share, least, most) in _SHARES.items()
        if hold_back or name != "held_back"
    }


def _updates(windows: int, training: dict[str, Any]) -> int:
    """Updates of the real training, if nothing stops it early."""
    batches = windows / training["batch_size"]
    return max(1, int(training["epochs"] * (np.ceil(batches) if training["state"] == "none" else np.floor(batches))))


def _raised(rates: dict[str, Any], wanted: float) -> float:
    """The multiple of the own rate for a control that has so many fewer updates than the real training."""
    own, ten = rates["1"]["ratio"], rates["10"]["ratio"]
    if wanted <= 1 or own is None or ten is None or ten >= own:
        return 1.0
    return float(min(wanted, 10.0))


def _apart(part: Part, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows to train on and windows to judge on, drawn from all of the part: a target that was put in place of the
    own one has noise of its own in each window, so that windows that overlap tell nothing of each other's.
    """
    order = np.random.default_rng([79, len(part)]).permutation(len(part))
    cut = min(most, max(len(part) // 5, 1))
    return np.sort(order[cut:]), np.sort(order[:cut])


def _shuffled(count: int) -> np.ndarray:
    blocks = np.array_split(np.arange(count), min(_BLOCKS, count))
    return np.concatenate([blocks[at] for at in np.random.default_rng([80, count]).permutation(len(blocks))])


def _constant_skill(
    part: Part, outputs: np.ndarray, targets: np.ndarray, fitted: np.ndarray, judged: np.ndarray
) -> float | None:
    """Skill in the network's own units against the mean (or shares) of the windows trained on."""
    classes, said = part.spec.classes, _flat(outputs).astype(np.float64)
    level = np.broadcast_to(targets[fitted].mean(axis=0), (len(judged), targets.shape[1])).astype(np.float64)
    truth = targets[judged].astype(np.float64)
    if classes:
        truth = (truth[:, 0] if classes == 2 else truth.argmax(axis=1))[:, None]
    own, base = (float(skill.losses(truth, one, classes).mean()) for one in (said, level))
    return scores.skill(own if np.isfinite(own) else None, base)


def _flat(outputs: np.ndarray) -> np.ndarray:
    """[windows, outputs] of outputs that may have a step for each row of the window: the last one counts."""
    return outputs if outputs.ndim == 2 else outputs.reshape(len(outputs), -1, outputs.shape[-1])[:, -1]


def _subset(part: Part, indices: np.ndarray) -> Part:
    from pipeline.diagnose.facts.references import subset

    return subset(part, indices)
