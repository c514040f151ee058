"""Stage `leaks`: planted on purpose, to see that the proofs of `pipeline.leakage` catch them, and what each would gain.

Every leak has a clean twin: the same series, learner and scores with the step done right. The leaky step stands in this
package alone and replaces one step; no real stage has a switch for it.
"""

from __future__ import annotations

from typing import Any

from pipeline.common import files
from pipeline.leaks import division, rows, stopping, values
from pipeline.leaks.leak import Leak


def leaks() -> None:
    """Write reports/leaks.json (docs/files.md)."""
    from threadpoolctl import threadpool_limits

    # One thread, so that sums have one order.
    with threadpool_limits(1):
        files.write_json(files.LEAKS, {"leaks": [measure(leak) for leak in all_leaks()]})


def all_leaks() -> list[Leak]:
    """The seven leaks, in the order of the report."""
    return [
        rows.SCALER,
        division.SHUFFLE,
        division.NO_GAP,
        rows.THRESHOLDS,
        values.CENTRED,
        values.BACK_FILLING,
        stopping.EARLY_STOPPING,
    ]


def caught(leak: Leak) -> dict[str, Any]:
    """What the proof says of the leaky step and of its clean twin: `proof`, `caught`, `clean_passes`, `found`."""
    leaky, clean = leak.prove(leak.leaky), leak.prove(leak.clean)
    return {
        "proof": leaky.name,
        "caught": leaky.result == "fail",
        "clean_passes": clean.result == "pass",
        "found": leaky.found,
    }


def gained(leak: Leak) -> dict[str, Any]:
    """The scores without and with the leak: `metric`, `clean`, `leaky`, `gain` (positive: it flatters), `learner`."""
    # Rounded first, so that the three figures shown agree.
    clean, leaky = (round(leak.score(step), 4) for step in (leak.clean, leak.leaky))
    return {
        "metric": leak.metric,
        "clean": clean,
        "leaky": leaky,
        "gain": round(leaky - clean, 4),
        "learner": leak.learner,
    }


def measure(leak: Leak) -> dict[str, Any]:
    """One entry of reports/leaks.json."""
    return {"name": leak.name, "about": leak.about, **caught(leak), **gained(leak)}
