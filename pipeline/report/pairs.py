"""Pairs of an experiment as posted and as remedied: which settings differ, and what that did to the test loss.

A pair is NAME and NAME_remedied in params.yaml. The loss differences are `skill.paired`'s, on the windows of both.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import comparison, diagnosis, differences
from pipeline.report.wording import METRICS, baseline, joined, number, p_value, percent, setting, thousands
from pipeline.scoring import scores

SUFFIX = "_remedied"
_LEAST = -10


def names(experiments: dict[str, Any]) -> list[tuple[str, str]]:
    """The pairs among the experiments of params.yaml, in their order."""
    return [(name, name + SUFFIX) for name in experiments if name + SUFFIX in experiments]


def sections(
    settings: dict[str, Any],
    evaluations: dict[str, dict[str, Any]],
    losses: dict[str, Any],
    diagnoses: dict[str, dict[str, Any] | None],
) -> list[dict[str, Any]]:
    """Every pair as the page shows it.

    Args:
        settings: `params.load()`.
        evaluations: by experiment what the stage `evaluate` wrote; absent ones are left out.
        losses: by experiment its table of `reports/losses/`; absent ones are left out.
        diagnoses: by experiment what the stage `diagnose` wrote, or None.
    """
    return [
        section(
            (posted, remedied),
            differences.between(settings, posted, remedied, diagnoses.get(posted)),
            (evaluations.get(posted), evaluations.get(remedied)),
            (losses.get(posted), losses.get(remedied)),
            (diagnoses.get(posted), diagnoses.get(remedied)),
        )
        | {"post": settings["experiments"][posted].get("post")}
        for posted, remedied in names(settings["experiments"])
    ]


def section(
    pair: tuple[str, str],
    changed: list[dict[str, Any]],
    evaluations: tuple[dict[str, Any] | None, dict[str, Any] | None],
    losses: tuple[Any, Any],
    diagnoses: tuple[dict[str, Any] | None, dict[str, Any] | None],
) -> dict[str, Any]:
    """One pair: posted first, remedied second in every argument; `changed` is of `differences.between`."""
    absent = [f"`dvc repro evaluate@{name}`" for name, one in zip(pair, evaluations, strict=True) if one is None]
    result = {
        "names": pair,
        "changed": changed,
        "unnamed": differences.unnamed(changed, diagnoses[0]),
        "verdicts": [diagnosis.chip(found) for found in diagnoses],
        "missing": f"Not measured yet: run {joined(absent)}." if absent else "",
        "rows": [],
        "told": "",
        "remarks": [],
        "score": "",
        "loss": "",
        "level": "95 %",
    }
    if absent:
        return result
    before, after = (one for one in evaluations if one is not None)
    reason = unlike(before, after)
    result |= {"score": METRICS[_main(before)], "loss": METRICS[_less(before)]}
    again = effect = None
    if reason:
        result["missing"] = f"The two cannot be compared window by window: {reason}."
    elif any(table is None for table in losses):
        runs = [f"`dvc repro evaluate@{name}`" for name, table in zip(pair, losses, strict=True) if table is None]
        result["missing"] = f"No loss of each window is stored: run {joined(runs)} again."
    else:
        from pipeline.scoring import skill

        about = {"overlap": max(before["overlap"], after["overlap"]), "sequence_length": before["sequence_length"]}
        again = skill.unchanged(losses[0], **about)
        effect = skill.paired(*losses, **about)
        result["told"] = _told(effect, again)
        result["level"] = percent(1 - effect["level"])
    result["rows"] = _rows(before, after, again, effect)
    result["remarks"] = _remarks(before, after, effect)
    return result


def counted(pairs: list[dict[str, Any]]) -> str:
    """How many of these remedies lower the loss for sure, in a few words; empty where none was measured."""
    measured = [one["rows"] for one in pairs if one["told"]]
    better = sum(
        any(row["kind"] == "remedied" and row["chip"]["chip"] == "better" for row in rows) for rows in measured
    )
    if not measured:
        return ""
    return f"{better} of {len(measured)} {'remedy is' if len(measured) == 1 else 'remedies are'} better"


def unlike(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Why the losses of two experiments do not mean the same; empty where they do."""
    sides = [
        {
            "series": one["settings"]["dataset"].get("series"),
            "target": "{kind} of {of} of {column}".format(**one["target"]),
            "horizon": one["horizon"],
            "units": one["units"],
            "classes": one["classes"],
        }
        for one in (before, after)
    ]
    return "; ".join(
        f"{key} {setting(sides[0][key])} and {setting(sides[1][key])}"
        for key in sides[0]
        if sides[0][key] != sides[1][key]
    )


def _main(one: dict[str, Any]) -> str:
    return scores.main_score(one["classes"])


def _less(one: dict[str, Any]) -> str:
    return scores.main_loss(one["classes"])


def _rows(
    before: dict[str, Any], after: dict[str, Any], again: dict[str, Any] | None, effect: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Posted and remedied seed by seed, each group followed by its difference; naive and oracle beside them."""
    own, new = before["parts"]["test"], after["parts"]["test"]
    first, *others = own["seeds"]
    rows = [_row(f"as posted, seed {first}", own["seeds"][first], before)]
    rows += [_row(f"retrained unchanged, seed {seed}", own["seeds"][seed], before) for seed in others]
    if again:
        rows.append(summed("retrained unchanged against the first seed", "unchanged", again))
    rows += [_row(f"remedied, seed {seed}", score, after) for seed, score in new["seeds"].items()]
    if effect:
        rows.append(summed("remedied against as posted, all seeds", "remedied", effect))
    chosen = ((after.get("comparison") or {}).get("naive") or {}).get("baseline")
    if chosen and chosen in new["baselines"]:
        rows.append(_row(f"{baseline(chosen)}, the naive forecast", new["baselines"][chosen], after, "beside"))
    if new["oracle"]:
        rows.append(_row("oracle", new["oracle"], after, "beside"))
    return rows


def _row(name: str, score: dict[str, Any], one: dict[str, Any], kind: str = "seed") -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "score": number(score.get(_main(one))),
        "loss": number(score.get(_less(one))),
        "reduction": "",
        "interval": "",
        "p_value": "",
        "chip": None,
    }


def summed(name: str, kind: str, found: dict[str, Any]) -> dict[str, Any]:
    """A row for what `skill.paired` found."""
    finite = found["reduction"] is not None
    return {
        "kind": kind,
        "name": name,
        "score": "",
        "loss": f"{number(found['posted'])} → {number(found['remedied'])}",
        "reduction": _lower(found["reduction"]) if finite else _why(found),
        "interval": _between(found),
        "p_value": p_value(found["p_value"]) if found["p_value"] else "–",
        "chip": comparison.CHIPS[found["comparison"]],
    }


def _why(found: dict[str, Any]) -> str:
    """Why there is no ratio of two losses."""
    if not found["windows"]:
        return "no common window"
    if found["posted"] is not None and found["remedied"] is not None:
        return "a loss of 0 before"
    if found["posted"] is None and found["remedied"] is None:
        return "the loss is not a number on either side"
    return f"the loss {'before' if found['posted'] is None else 'after'} is not a number"


def _lower(value: float | None) -> str:
    """A share by which a loss is lower; what is many times higher is told as that."""
    if value is None:
        return "–"
    # Rounded first, or a hair below 0 is written as minus 0.
    return percent(round(value, 3) + 0.0, 1) if value > _LEAST else f"{_times(value)} times as high"


def _times(value: float) -> str:
    return f"{1 - value:,.0f}" if value > -1e6 else "over 1,000,000"


def _between(found: dict[str, Any]) -> str:
    if found["low"] is None or found["high"] is None:
        return "–"
    return f"{_lower(found['low'])} to {_lower(found['high'])}"


def _told(effect: dict[str, Any], again: dict[str, Any] | None) -> str:
    """What the remedy did, in a sentence, beside what other random numbers do."""
    text = f"{change('Remedied', effect)}: {comparison.CHIPS[effect['comparison']]['chip']}"
    if again is None:
        return text + "; it was posted with one seed, so nothing is known of retraining it unchanged."
    return f"{text}; {change('retrained unchanged', again)}: {comparison.CHIPS[again['comparison']]['chip']}."


def change(what: str, found: dict[str, Any]) -> str:
    """What `skill.paired` found, in a sentence without its full stop."""
    value = found["reduction"]
    if value is None:
        return f"{what}, {_why(found)}"
    if value <= _LEAST:
        return f"{what}, the test loss is {_times(value)} times as high"
    ends = [found["low"], found["high"]]
    if value < 0:
        ends = [None if end is None else -end for end in reversed(ends)]
    within = f" ({_lower(ends[0])} to {_lower(ends[1])})" if None not in ends else ""
    return f"{what}, the test loss is {percent(abs(value), 1)} {'lower' if value >= 0 else 'higher'}{within}"


def _remarks(before: dict[str, Any], after: dict[str, Any], effect: dict[str, Any] | None) -> list[str]:
    remarks = []
    if effect:
        left = effect["left_out"]
        text = f"{thousands(effect['windows'])} test windows that both have"
        if any(left.values()):
            text += f"; left out {thousands(left['posted'])} that only the posted one has and "
            text += f"{thousands(left['remedied'])} that only the remedied one has"
        remarks.append(text + ".")
    if before["thresholds"] != after["thresholds"]:
        remarks.append("The thresholds of the classes differ, so windows near them may be of another class in the two.")
    shares = [((one.get("comparison") or {}).get("oracle_share") or {}).get("share") for one in (before, after)]
    if shares[1] is not None:
        found = after["comparison"]["oracle_share"]
        within = f" ({percent(found['low'])} to {percent(found['high'])})" if found["low"] is not None else ""
        posted = f"; as posted {percent(shares[0])}" if shares[0] is not None else ""
        remarks.append(
            f"Share of the oracle's skill over the naive forecast: remedied {percent(shares[1])}{within}{posted}."
        )
    return remarks
