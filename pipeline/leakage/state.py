"""State: a network's prediction for a window does not depend on the windows that were fed before it."""

from __future__ import annotations

from typing import Any

from pipeline import dataset
from pipeline.leakage import training
from pipeline.leakage.proof import Proof
from pipeline.network import predicting


def prove(p: dict[str, Any], name: str, fold: int) -> Proof:
    """Check a network after a short training on the last windows of validation or, without one, of training."""
    kind = "validation" if dataset.has(name, fold, "validation") else "train"
    network, settings, _ = training.fit(name, fold)
    part = training.last(dataset.load(name, fold, kind))
    outputs = predicting.windows(part, network, settings)
    return judge(predicting.check_batch_independence(part, network, settings, outputs), fold)


def judge(independence: dict[str, Any], fold: int | None = None) -> Proof:
    """Make the proof `state` from the result of `predicting.check_batch_independence`."""
    found = []
    if independence["result"] != "pass":
        difference = independence["difference"]
        amount = "no finite output" if difference is None else f"a difference of {difference:.2g} standard deviations"
        found = [
            f"state {independence['state']}: {amount} among other windows, {independence['tolerance']:.2g} allowed"
        ]
    about = (
        "A network that carries no state makes the same prediction for a window, whichever windows are fed before and "
        "beside it."
    )
    return Proof("state", fold, independence["result"], {"windows": independence["windows"]}, found, about)
