"""What `make check` prints after the verdict: the weights that came, beside those of the training here, and leaks."""

from __future__ import annotations

from typing import Any

from pipeline.common import files
from pipeline.report import wording
from pipeline.scoring import scores


def lines(name: str) -> list[str]:
    """Return a line with both scores, and one on proofs that fail; none without an evaluation."""
    path = files.EVALUATION / f"{name}.json"
    if not path.exists():
        return []
    evaluation = files.read_json(path)
    return [*_weights(evaluation), *_leaks(evaluation["dataset"])]


def _weights(evaluation: dict[str, Any]) -> list[str]:
    """Return a line with the scores of both weights on validation and test windows; none if none came."""
    known = {key: evaluation["parts"][key] for key in ("validation", "test") if key in evaluation["parts"]}
    if not all(part.get("given") for part in known.values()):
        return []
    main = scores.main_score(evaluation["classes"])
    came, again = (
        " and ".join(f"{wording.short_score(score(part))} on {key}" for key, part in known.items())
        for score in (lambda part: part["given"].get(main), lambda part: part["network"][main]["mean"])
    )
    return [f"The weights as they came: {wording.METRICS[main]} {came} windows. Trained again: {again}."]


def _leaks(dataset: str) -> list[str]:
    """Return a line on the proofs that fail, if any does: then no score of these windows means much."""
    path = files.LEAKAGE / f"{dataset}.json"
    proofs = files.read_json(path)["proofs"] if path.exists() else []
    failed = [proof for proof in proofs if proof["result"] == "fail"]
    if not failed:
        return []
    names = ", ".join(dict.fromkeys(proof["name"].replace("_", " ") for proof in failed))
    first = f": {failed[0]['found'][0]}" if failed[0]["found"] else ""
    return [f"The evaluation leaks ({names}){first}."]
