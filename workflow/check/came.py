"""The weights that a network came with, beside those of the training here."""

from __future__ import annotations

from pipeline.common import files
from pipeline.report import wording
from pipeline.scoring import scores


def lines(name: str) -> list[str]:
    """Return a line with both scores on validation and test windows; none without such weights or an evaluation."""
    path = files.EVALUATION / f"{name}.json"
    if not path.exists():
        return []
    evaluation = files.read_json(path)
    known = {key: evaluation["parts"][key] for key in ("validation", "test") if key in evaluation["parts"]}
    if not all(part.get("given") for part in known.values()):
        return []
    main = scores.main_score(evaluation["classes"])
    came, again = (
        " and ".join(f"{wording.short_score(score(part))} on {key}" for key, part in known.items())
        for score in (lambda part: part["given"].get(main), lambda part: part["network"][main]["mean"])
    )
    return [f"The weights as they came: {wording.METRICS[main]} {came} windows. Trained again: {again}."]
