"""What a fix has found: its file, and the difference that it makes on the test windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.common import files
from pipeline.report import differences, pairs
from workflow.fix import judging

FOLDER = Path("reports/fixes")
# In the reason why a change was not tried.
LIMIT = "the limit of minutes"
# Of a result of `pairing.paired`.
_TEST = ("windows", "reduction", "low", "high", "p_value", "comparison", "reason")


def path(name: str) -> Path:
    """Return the file of an experiment's fix."""
    return FOLDER / f"{name}.json"


def values(loaded: dict[str, Any], name: str, changed: dict[str, Any]) -> dict[str, Any]:
    """Return the values that an experiment has where a change sets others; null where none is set.

    Args:
        loaded: params.yaml as `params.load` gives it.
        name: of the experiment.
        changed: values of a `settings.Change`.
    """
    experiment = loaded["experiments"][name]
    levels = {"experiment": experiment, "dataset": loaded["datasets"][experiment["dataset"]]}
    result = {}
    for dotted in changed:
        node: Any = levels
        for key in dotted.split("."):
            node = node.get(key) if isinstance(node, dict) else None
        result[dotted.removeprefix("experiment.")] = node
    return result


def skill_entry(skill: judging.Skill | None) -> dict[str, Any] | None:
    """Return a skill on unseen windows as the JSON has it."""
    return None if skill is None else skill._asdict()


def next_step(diagnosis: dict[str, Any]) -> dict[str, Any]:
    """Return the next step of a diagnosis: `text` and `command` (or null)."""
    return {key: diagnosis["next"][key] for key in ("text", "command")}


def next_without_help(diagnosis: dict[str, Any], rounds: list[dict[str, Any]], waiting: bool) -> dict[str, Any]:
    """Return the next step after a fix that found nothing: the diagnosis' own step was tried.

    Args:
        diagnosis: of the experiment.
        rounds: of the JSON.
        waiting: whether a change was left for a round more.
    """
    name = diagnosis["experiment"]
    if waiting or any(LIMIT in change["why"] for each in rounds for change in each["not_tried"]):
        text = "Some changes were not tried. Allow more time or more rounds."
        return {"text": text, "command": f"python -m workflow.fix {name} --minutes 240 --rounds 6"}
    advice = [finding["advice"] for finding in diagnosis["findings"] if finding.get("advice")]
    if not rounds:
        return next_step(diagnosis)
    general = "Try what no setting covers: more rows, other inputs, another architecture."
    return {
        "text": " ".join(["The settings that the diagnosis names do not help.", *(advice[:1] or [general])]),
        "command": None,
    }


def fixed(loaded: dict[str, Any], name: str, after: str, winner: str) -> dict[str, Any]:
    """Return what the JSON has about the experiment with the fix.

    Args:
        loaded: params.yaml as `params.load` gives it.
        name: of the experiment.
        after: name of the experiment with the fix.
        winner: name of the candidate that it came from.
    """
    diagnosis = files.read_json(files.DIAGNOSIS / f"{after}.json")
    rows = differences.between(loaded, name, after, None)
    return {
        "name": after,
        "from": winner,
        "dataset": loaded["experiments"][after]["dataset"],
        "settings": {row["parameter"]: {"before": row["before"], "after": row["after"]} for row in rows},
        "verdict": diagnosis["verdict"],
        "skill": skill_entry(judging.validation_skill(diagnosis)),
        "test": difference(name, after),
    }


def difference(before: str, after: str, networks: bool = False) -> dict[str, Any]:
    """Compare two evaluated experiments on the test windows of both, as the report does.

    Args:
        before: name of the experiment.
        after: name of the experiment with the fix.
        networks: compare the trained networks, not the settings: other seeds are left aside.

    Returns:
        `missing`, why they cannot be compared, or else `before` and `after` (mean losses in the units of the scores),
        `text` and entries of `pairing.paired`.
    """
    from pipeline.scoring import pairing

    evaluations = [files.read_json(files.EVALUATION / f"{name}.json") for name in (before, after)]
    if reason := pairs.mismatch(*evaluations):
        return {"missing": reason}
    effect = pairing.paired(
        *(files.read_table(files.LOSSES / f"{name}.parquet") for name in (before, after)),
        overlap=max(each["overlap"] for each in evaluations),
        sequence_length=evaluations[0]["sequence_length"],
        ids=evaluations[0].get("ids"),
        scale=evaluations[0]["score_scale"],
        networks=networks,
    )
    losses = {"before": effect["before"], "after": effect["after"]}
    return {"missing": None, **losses, **{key: effect.get(key) for key in _TEST}, "text": pairs.change(effect)}
