"""The entries for a network and its windows, and the steps that write them."""

from __future__ import annotations

import math
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files, keras_file, params
from pipeline.common.errors import UserError
from pipeline.series import given as windows_file
from pipeline.series.given import Windows
from workflow.check import target
from workflow.check.target import Target
from workflow.tryout import entry_text, record, steps
from workflow.tryout.proposal import Proposal
from workflow.tryout.record import Record
from workflow.tryout.rows import Choice

_BATCH, _UPDATES, _MOST_EPOCHS = 32, 2000, 100
MARK = "`make check`"


class Plan(NamedTuple):
    """What `make check` is about to write."""

    record: Record
    text: str  # of the three entries
    model: Path  # of the user
    data: Path
    choices: list[Choice]


def plan(model: Path, data: Path, name: str, chosen: dict[str, Any]) -> Plan:
    """Read both files and choose what they leave open.

    Args:
        model: the network.
        data: the windows.
        name: of the entries.
        chosen: the user's choices, by option.

    Raises:
        UserError: a file cannot be used as it is.
    """
    if data.suffix != ".npz":
        raise UserError(str(data), "must end in .npz", data.suffix or "no ending", "Save it with np.savez.")
    windows = windows_file.read(data)
    read = keras_file.read(model)
    from pipeline.network import backends

    backends.prepare(1, False, backends.DEFAULT)
    from workflow.check import network

    built = network.inspect(model, windows.x.shape[1:])
    found = target.decide(data, windows, read.compiled, built.head, chosen)
    made = network.training(read.compiled, found, built, str(model), chosen.get("learning_rate"))
    source, model_source = (_place(path, name, path.suffix) for path in (data, model))
    training, why = _training(int((windows.part == 0).sum()), made.settings, chosen)
    choices = _choices(windows, found, built.weights, made.notes if read.compiled else [], training, why)
    if not read.compiled:
        choices = [replace(each, why=made.notes[0]) if each.what == "optimiser" else each for each in choices]
    architecture = {"name": "file", "path": model_source.as_posix(), "sha256": read.sha256}
    architecture |= {"end": made.end} if made.end != "none" else {}
    proposal = Proposal(
        {"classes": True} if found.classes else {},
        {"split": {"scheme": "given"}, "window": _window(found), "scaling": {"features": "none", "target": "none"}},
        {"architecture": architecture, "training": training},
        choices,
        {choice.what: choice.why for choice in choices},
    )
    text = entry_text.written(name, source.as_posix(), f"{_copied(source, data)} of windows", proposal, MARK)
    made_record = Record(
        name,
        data.name,
        record.digest(data),
        source.as_posix(),
        source != data,
        chosen,
        [],
        [asdict(choice) for choice in choices],
        source == data and Path(f"{source}.dvc").exists(),
        model_source.as_posix(),
        read.sha256,
        model_source != model,
        model_source == model and Path(f"{model_source}.dvc").exists(),
    )
    return Plan(made_record, text, model, data, choices)


def _window(found: Target) -> dict[str, Any]:
    """Return the window settings. A constant feature stays: it is a finding, and without it the inputs were others."""
    kind: dict[str, Any] = {"kind": "given"}
    kind |= {"classes": found.classes} if found.classes else {}
    kind |= {"past": found.past} if found.past is not None else {}
    return {"length": "sequence", "horizon": found.outputs, "target": kind, "constant": "keep"}


def _choices(
    windows: Windows, found: Target, weights: int, notes: list[str], training: dict[str, Any], why: str
) -> list[Choice]:
    """Return every decision with its reason."""
    counts = np.bincount(windows.part, minlength=3)
    division = "as the file names them" if windows.divided else "the last windows are the test, those before validation"
    loss = str(training.get("loss", "the usual one of the target"))
    optimiser = f"{training['optimizer']}, rate {training['learning_rate']:g}"
    return [
        Choice("windows", f"{len(windows.x):,} of {windows.x.shape[1]:,} rows", _count(windows.x.shape[2], "feature")),
        Choice("task", found.task, found.why),
        Choice("past", "none" if found.past is None else windows.features[found.past], found.past_why),
        Choice("parts", " / ".join(f"{count:,}" for count in counts), division),
        Choice("scaling", "none", "the network gets X and y as they are in the file"),
        Choice("network", f"{weights:,} weights", "built anew; the weights as they came are scored beside it"),
        Choice("optimiser", optimiser, "of the file"),
        Choice("loss", loss, "; ".join(notes) or "of the file"),
        Choice("training", f"{training['epochs']} epochs", why),
    ]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def _copied(source: Path, data: Path) -> str:
    return "your file" if source == data else f"a copy of {data.name}, a file"


def _place(path: Path, name: str, suffix: str) -> Path:
    """Return where a file is read from: itself below data/own/, or else a copy under a name that is free there."""
    if not path.is_absolute() and ".." not in path.parts and path.is_relative_to(files.OWN) and not path.is_symlink():
        return path
    earlier = record.read(name)
    mine = (earlier.source, earlier.model) if earlier else ()
    taken = {each for one in record.every() if one.name != name for each in (one.source, one.model)}
    place, number = files.OWN / f"{name}{suffix}", 2
    while place.as_posix() in taken or (place.exists() and place.as_posix() not in mine):
        place, number = files.OWN / f"{name}_{number}{suffix}", number + 1
    return place


def _training(windows: int, settings: dict[str, Any], chosen: dict[str, Any]) -> tuple[dict[str, Any], str]:
    batch, seeds = chosen.get("batch", _BATCH), chosen.get("seeds", [0, 1])
    per_epoch = math.ceil(windows / batch)
    epochs = chosen.get("epochs") or min(max(math.ceil(_UPDATES / per_epoch), 5), _MOST_EPOCHS)
    kept = {key: value for key, value in settings.items() if value is not None}
    why = f"{epochs * per_epoch:,} updates of {batch} windows each, for {_count(len(seeds), 'seed')}"
    training = kept | {"batch_size": batch, "epochs": epochs, "seeds": seeds}
    return training, ("chosen by you: " if "epochs" in chosen else "the file does not have it: ") + why


def write(made: Plan) -> None:
    """Do every step that is not done yet. The caller holds the lock of this folder's one run."""
    after = steps.checked(made.text, made.record.name)
    made.record.write()
    for path, source in ((made.data, Path(made.record.source)), (made.model, Path(made.record.model))):
        if path != source:
            source.parent.mkdir(parents=True, exist_ok=True)
            with files.atomic_write(source) as beside:
                shutil.copyfile(path, beside)
        steps.track(source)
    with files.atomic_write(params.FILE) as beside:
        beside.write_bytes(after.encode("utf-8"))
        shutil.copymode(params.FILE, beside)
