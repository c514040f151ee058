"""The posts at the posted sizes: the results of `python -m benchmarks.posts`, which no stage repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.report import comparison, diagnosis, wording

FILE = Path("benchmarks/results/posts.json")
COMMAND = "python -m benchmarks.posts"
_LESS = 0.999  # what a score below 1 shows at most


def of_post(results: dict[str, Any] | None, post: int) -> list[dict[str, Any]]:
    """Return a row of texts for each experiment of a post that was run at the posted size."""
    return [row(each) for each in _known(results) if each["post"] == post]


def missing(results: dict[str, Any] | None, post: int) -> str:
    """Return why a post has no row; empty if it has one."""
    return "" if of_post(results, post) else f"Not run yet at the posted size: `{COMMAND} {post}`."


def symptom(results: dict[str, Any] | None, evaluation: dict[str, Any], text: str) -> dict[str, Any] | None:
    """Return `reproduced` and `measured` of a symptom at the posted size.

    Args:
        results: Output of `python -m benchmarks.posts`, or None.
        evaluation: Of the experiment, which may have the posted size itself: then there is nothing to add.
        text: Of the symptom.
    """
    if evaluation["size"] == "full":
        return None
    own = (each for each in _known(results) if each["experiment"] == evaluation["experiment"])
    judged = [dict(each) for one in own for each in one["symptoms"] if each["text"] == text]
    return judged[0] if judged else None


def row(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one result as texts."""
    return {
        "name": entry["experiment"],
        "verdict": diagnosis.chip(entry),
        "metric": wording.metric(entry["metric"]),
        "epochs": f"{epochs(entry)} ({entry['device']})" if entry["device"] else epochs(entry),
        "windows": wording.thousands(entry["windows"]["train"]),
        "loss": wording.score_range(entry["loss"]),
        "train": _unrounded(entry["scores"]["train"]),
        "test": _unrounded(entry["scores"]["test"]),
        "naive": (wording.score(entry["naive_score"]), wording.baseline(entry["naive"] or "")),
        "linear": (wording.score(entry["linear_score"]), wording.baseline(entry["linear"] or "")),
        "oracle": wording.score(entry["oracle"]),
        "outcome": comparison.CHIPS.get(entry["comparison"], comparison.NOT_JUDGED),
        "causes": wording.joined([code.replace("_", " ") for code in entry["causes"]]) or "none",
    }


def _unrounded(score: float | None) -> str:
    """Return a score that is not shown as 1 if it is less."""
    return "NaN" if score is None else wording.score(min(score, _LESS) if score < 1 else score)


def epochs(entry: dict[str, Any]) -> str:
    """Return the epochs that were run, and how many the post has where these are more; NaN ends a training."""
    run, posted = entry["epochs"]["run"], entry["epochs"]["posted"]
    text = wording.count_range(run)
    if min(run) < posted:
        text += f" of {wording.thousands(posted)}"
    return f"{text}, then NaN" if any(entry["nonfinite"]) else text


def _known(results: dict[str, Any] | None) -> list[dict[str, Any]]:
    return (results or {}).get("experiments") or []
