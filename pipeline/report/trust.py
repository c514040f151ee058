"""Whether the scores can be trusted: the proofs of every dataset, the state of stateful models, the planted leaks."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import joined, metric, number, percent, signed, thousands

# Worst first: several folds are shown as the worst of them.
_RESULTS = {
    "fail": {"chip": "fail", "tone": "bad"},
    "informative": {"chip": "informative", "tone": "unknown"},
    "pass": {"chip": "pass", "tone": "good"},
}
# The names of the proofs in the order of the columns, each with what it shows.
_PROOFS = {
    "intervals": (
        "Intervals",
        "Rows and target rows of every window, none left out: no part's target lies inside another part, no row is in "
        "two parts under strict, and the declared gap is kept.",
    ),
    "reads": (
        "Reads",
        "What windows give to a network, and the numbers that bring its outputs back into units, stay the same when "
        "every row from their targets on is replaced.",
    ),
    "stored_files": (
        "Stored files",
        "The files that training read hold what the stages make of the raw rows, last digits aside.",
    ),
    "perturbation_validation": (
        "Perturbed validation",
        "Every cell after the training rows is replaced, and the stages run again: training windows, scaling, "
        "thresholds, scaled rows and the weights of a short training stay the same to the byte.",
    ),
    "perturbation_test": (
        "Perturbed test",
        "The same for every cell after the validation rows, against all that validation may touch too: its own "
        "windows, and the losses and weights of a short training that stops early.",
    ),
    "test_unopened": (
        "Test unopened",
        "The test part is a file of its own. The stages up to training make the same bytes when it is not there.",
    ),
    "prefix": (
        "Prefix",
        "Cleaning the first rows of a part, or generating the first rows of a series, gives the first rows of all, for "
        "many lengths: no step looks ahead. What was done to a file before it came here cannot be checked.",
    ),
    "duplicates": (
        "Duplicates",
        "Windows with equal content on two sides of a split, all of them counted. Informative where the dataset "
        "declares that it has some, or where their rows are all alike.",
    ),
    "state": (
        "State",
        "What a network says about a window does not depend on the windows before and beside it, unless declared.",
    ),
}
# So many reasons stand at the top of the page; all of them stand in the section.
_SHOWN = 5
_LEAKS = "`dvc repro leaks`"
_STAGE = "`dvc repro leakage`"


def section(
    leakage: dict[str, dict[str, Any] | None], leaks: dict[str, Any] | None, evaluations: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the section shows.

    Args:
        leakage: by dataset what the stage `leakage` wrote, or None where it did not run.
        leaks: what the stage `leaks` wrote, or None.
        evaluations: what the stage `evaluate` wrote, for the key `state`.
    """
    known = {name: one["proofs"] for name, one in leakage.items() if one}
    columns = _columns([proof for proofs in known.values() for proof in proofs])
    absent = [name for name in leakage if name not in known]
    controls = [leak(one) for one in leaks["leaks"]] if leaks else []
    return {
        "columns": [{"name": name, "title": title(name)} for name in columns],
        "about": [(title(name), _PROOFS[name][1]) for name in columns if name in _PROOFS],
        "datasets": [dataset(name, proofs, columns) for name, proofs in known.items()],
        "missing": _missing(absent, of=len(leakage)),
        "read": read([one["read"] for one in leakage.values() if one and "read" in one]),
        "states_told": _counts([one["state"]["result"] for one in evaluations if one.get("state")]),
        "states_fail": any((one.get("state") or {}).get("result") == "fail" for one in evaluations),
        "states": [_state(one) for one in evaluations if one.get("state")],
        "leaks": controls,
        "leaks_missing": "" if leaks else f"Not computed yet: run {_LEAKS}.",
        "leaks_told": _told(leaks["leaks"]) if leaks else "",
        "alerts": _alerts(known, leaks, evaluations),
        "verdict": _verdict(known, leaks),
    }


def read(found: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Each series once, in the order of the datasets: its file, or the module that makes its rows, with its hash."""
    return list({one["series"]: {key: one[key] for key in ("series", "path", "sha256")} for one in found}.values())


def title(name: str) -> str:
    """A proof's name as the page writes it."""
    return _PROOFS[name][0] if name in _PROOFS else name.replace("_", " ").capitalize()


def dataset(name: str, proofs: list[dict[str, Any]], columns: list[str]) -> dict[str, Any]:
    """One dataset's row of the matrix, a cell per proof with its folds as one, and its details."""
    cells = []
    for column in columns:
        own = [proof for proof in proofs if proof["name"] == column]
        worst = next((result for result in _RESULTS if any(p["result"] == result for p in own)), None)
        odd = [proof["fold"] + 1 for proof in own if proof["result"] == worst and proof["fold"] is not None]
        more = f"{len(own)} folds" if len(own) > 1 else ""
        if worst != "pass" and len(own) > 1:
            more = f"{'fold' if len(odd) == 1 else 'folds'} {joined([str(fold) for fold in odd])} of {len(own)}"
        cells.append({**_RESULTS[worst], "more": more} if worst else None)
    order = sorted(proofs, key=lambda proof: (columns.index(proof["name"]), proof["fold"] or 0))
    return {
        "name": name,
        "cells": cells,
        "proofs": [
            {
                "title": title(proof["name"]),
                "fold": "all" if proof["fold"] is None else str(proof["fold"] + 1),
                **_chip(proof["result"]),
                "compared": _compared(proof["compared"]),
                "found": proof["found"],
                "about": proof["about"],
            }
            for proof in order
        ],
    }


def leak(one: dict[str, Any]) -> dict[str, Any]:
    """One planted leak as the table shows it."""
    caught = {"chip": "caught", "tone": "good"} if one["caught"] else {"chip": "missed", "tone": "bad"}
    clean = {"chip": "passes", "tone": "good"} if one["clean_passes"] else {"chip": "fails", "tone": "bad"}
    return {
        "name": one["name"].replace("_", " "),
        "about": one["about"],
        "proof": title(one["proof"]),
        "caught": caught,
        "clean_passes": clean,
        "found": one["found"],
        "metric": metric(one["metric"]),
        "clean": number(one["clean"]),
        "leaky": number(one["leaky"]),
        "gain": signed(one["gain"]),
        "learner": one["learner"],
    }


def _missing(absent: list[str], of: int) -> str:
    if len(absent) == of:
        return f"Not computed yet: run {_STAGE}."
    return f"Not computed yet: {joined(absent)}; run {_STAGE}." if absent else ""


def _columns(proofs: list[dict[str, Any]]) -> list[str]:
    found = {proof["name"]: None for proof in proofs}
    return [name for name in _PROOFS if name in found] + [name for name in found if name not in _PROOFS]


def _chip(result: str) -> dict[str, str]:
    return _RESULTS.get(result, {"chip": result, "tone": "unknown"})


def _compared(counts: dict[str, float]) -> str:
    return ", ".join(f"{thousands(count)} {what.replace('_', ' ')}" for what, count in counts.items()) or "nothing"


def _state(one: dict[str, Any]) -> dict[str, Any]:
    found = one["state"]
    return {
        "experiment": one["experiment"],
        "state": {"none": "forgets after each window"}.get(found["state"], found["state"]),
        "windows": thousands(found.get("windows")),
        "difference": _share(found.get("difference")),
        "tolerance": _share(found.get("tolerance")),
        **_chip(found["result"]),
    }


def _counts(results: list[str]) -> str:
    """In how many experiments a prediction is the same, as a sentence."""
    words = {"fail": "but not in {}", "informative": "informative in {}"}
    told = [f"Yes in {results.count('pass')} of {len(results)} experiments"]
    return ", ".join(told + [words[r].format(results.count(r)) for r in words if r in results]) + "."


def _share(value: float | None) -> str:
    return "–" if value is None else number(value, 2)


def _told(leaks: list[dict[str, Any]]) -> str:
    """How many leaks are caught, and what the most flattering of them would have gained."""
    caught = sum(bool(one["caught"]) for one in leaks)
    passing = sum(bool(one["clean_passes"]) for one in leaks)
    text = f"{caught} of {len(leaks)} leaks are caught, and {passing} of {len(leaks)} clean twins pass."
    gains = [one for one in leaks if one["gain"] is not None and one["gain"] > 0]
    if not gains:
        return text
    best = max(gains, key=lambda one: one["gain"])
    return (
        f"{text} {len(gains)} of the leaks flatter the score; the most flattering is {best['name'].replace('_', ' ')}, "
        f"{metric(best['metric'])} from {number(best['clean'])} to {number(best['leaky'])}."
    )


def _alerts(
    known: dict[str, list[dict[str, Any]]], leaks: dict[str, Any] | None, evaluations: list[dict[str, Any]]
) -> list[str]:
    """What stands at the very top of the page: every reason not to believe a score."""
    alerts = []
    for name, proofs in known.items():
        for proof in proofs:
            if proof["result"] == "fail":
                fold = "" if proof["fold"] is None else f", fold {proof['fold'] + 1}"
                first = f": {proof['found'][0]}" if proof["found"] else ""
                alerts.append(f"Dataset {name} fails the proof “{title(proof['name'])}”{fold}{first}")
    for one in evaluations:
        found = one.get("state")
        if found and found["result"] == "fail":
            difference = found.get("difference")
            size = f": they differ by {percent(difference, 1)} of their spread" if difference is not None else ""
            alerts.append(f"Predictions of {one['experiment']} depend on which windows came before{size}")
    for one in leaks["leaks"] if leaks else []:
        if not one["caught"]:
            alerts.append(f"The planted leak “{one['name'].replace('_', ' ')}” is missed by “{title(one['proof'])}”")
        if not one["clean_passes"]:
            alerts.append(f"The clean twin of “{one['name'].replace('_', ' ')}” fails “{title(one['proof'])}”")
    more = len(alerts) - _SHOWN
    return [text.rstrip(".") + "." for text in alerts[:_SHOWN]] + ([f"{more} more."] if more > 0 else [])


def _verdict(known: dict[str, list[dict[str, Any]]], leaks: dict[str, Any] | None) -> str:
    """One sentence for the top of the page; empty where there is nothing to say or something fails."""
    proofs = [proof for own in known.values() for proof in own]
    if not proofs or any(proof["result"] == "fail" for proof in proofs):
        return ""
    remarks = sum(proof["result"] == "informative" for proof in proofs)
    sets = "1 dataset" if len(known) == 1 else f"{len(known)} datasets"
    text = f"No leak was found: {thousands(len(proofs))} proof{'' if len(proofs) == 1 else 's'} over {sets}"
    text += f", {remarks} of them with a remark" if remarks else ""
    if leaks:
        caught = sum(bool(one["caught"]) for one in leaks["leaks"])
        text += f"; {caught} of {len(leaks['leaks'])} leaks planted to test the proofs were caught"
    return text + "."
