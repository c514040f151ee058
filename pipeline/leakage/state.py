"""State: what a network says about a window does not depend on the windows that came before it."""

from __future__ import annotations

from typing import Any

from pipeline import dataset
from pipeline.leakage import training
from pipeline.leakage.proof import Proof
from pipeline.network import predicting


def dataset_proof(p: dict[str, Any], name: str, fold: int) -> Proof:
    """`check_batch_independence` on a short-trained network and the last windows of validation, or of training."""
    kind = "validation" if dataset.has(name, fold, "validation") else "train"
    network, settings, _ = training.fit(name, fold)
    part = training.last(dataset.load(name, fold, kind))
    outputs = predicting.windows(part, network, settings)
    return judge(predicting.check_batch_independence(part, network, settings, outputs), fold)


def judge(said: dict[str, Any], fold: int | None = None) -> Proof:
    """The proof `state` from `check_batch_independence`; `difference` is a share of the outputs' spread."""
    found = []
    if said["result"] != "pass":
        amount = (
            "no finite output" if said["difference"] is None else f"a difference of {said['difference']:.2g} spreads"
        )
        found = [f"state {said['state']}: {amount} among other windows, {said['tolerance']:.2g} allowed"]
    about = (
        "A network without carried state says the same about a window, whichever windows are fed before and beside it."
    )
    return Proof("state", fold, said["result"], {"windows": said["windows"]}, found, about)
