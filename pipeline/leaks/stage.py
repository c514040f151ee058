"""Stage `leaks`: leaks planted on purpose, to show that the proofs of `pipeline.leakage` catch them.

Every leak has a clean twin: the same series, learner and scores, with the step done correctly. The score of both shows
the gain from the leak. Leaky steps exist only in this package; no real stage has a switch for them.
"""

from __future__ import annotations

from typing import Any

from pipeline.common import files
from pipeline.leaks import batches, choice, division, identity, rows, same_row, stopping, values
from pipeline.leaks.leak import Leak
from pipeline.network import backends


def leaks() -> None:
    """Write reports/leaks.json (docs/files.md).

    Raises:
        UserError: `KERAS_BACKEND` names another backend than TensorFlow.
    """
    backends.require(backends.DEFAULT, "on which the stage `leaks` trains")
    backends.prepare(1, False, backends.DEFAULT)
    from threadpoolctl import threadpool_limits

    # One thread, so that the order of sums is fixed.
    with threadpool_limits(1):
        files.write_json(files.LEAKS, {"leaks": [measure(leak) for leak in all_leaks()]})


def all_leaks() -> list[Leak]:
    """Return the leaks, in the order of the report."""
    return [
        rows.SCALER,
        division.SHUFFLE,
        division.NO_GAP,
        division.GIVEN,
        identity.SHARED_IDS,
        rows.THRESHOLDS,
        values.CENTRED,
        values.BACK_FILLING,
        values.JOINED,
        same_row.LABEL,
        stopping.EARLY_STOPPING,
        choice.BEST_OF_MANY,
        batches.DROP_LAST,
    ]


def prove(leak: Leak) -> dict[str, Any]:
    """Check the leaky step and its clean twin: `proof`, `caught`, `clean_passes`, `found`."""
    leaky, clean = leak.prove(leak.leaky), leak.prove(leak.clean)
    return {
        "proof": leaky.name,
        "caught": leaky.result == "fail",
        "clean_passes": clean.result == "pass",
        "found": leaky.found,
    }


def score(leak: Leak) -> dict[str, Any]:
    """Compute the scores without and with the leak: `metric`, `clean`, `leaky`, `gain` (leaky - clean), `learner`."""
    # Rounded first, so that the three displayed numbers agree.
    clean, leaky = (round(leak.score(step), 4) for step in (leak.clean, leak.leaky))
    return {
        "metric": leak.metric,
        "clean": clean,
        "leaky": leaky,
        "gain": round(leaky - clean, 4),
        "learner": leak.learner,
    }


def measure(leak: Leak) -> dict[str, Any]:
    """Return one entry of reports/leaks.json."""
    return {"name": leak.name, "about": leak.about, **prove(leak), **score(leak)}
