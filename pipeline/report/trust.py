"""Whether the scores can be trusted: the proofs of each dataset, the state of stateful models, the planted leaks."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import joined, metric, number, percent, signed, thousands

# Worst first: of several folds, the worst result is shown.
_RESULTS = {
    "fail": {"chip": "fail", "tone": "bad"},
    "informative": {"chip": "informative", "tone": "unknown"},
    "pass": {"chip": "pass", "tone": "good"},
    "not_applicable": {"chip": "not applicable", "tone": "unknown"},
}
# The proofs in the order of the columns: name and explanation.
_PROOFS = {
    "intervals": (
        "Intervals",
        "Checks the rows and target rows of every window. No target of one part lies inside another part, no row is in "
        "two parts under `strict`, and the declared gap is kept.",
    ),
    "ids": (
        "Ids",
        "Checks that all rows of a window are of one id, and that no id is in two parts where whole ids are held out.",
    ),
    "reads": (
        "Reads",
        "Replaces every row from a window's targets on. The inputs of the window, and the numbers that scale the "
        "network's outputs back, stay the same.",
    ),
    "stored_files": (
        "Stored files",
        "Repeats the stages from the raw rows. The result equals the files that training read, except for rounding.",
    ),
    "perturbation_validation": (
        "Perturbed validation",
        "Replaces every cell after the training rows and repeats the stages. Training windows, scaling, thresholds, "
        "scaled rows and the weights of a short training stay the same to the byte.",
    ),
    "perturbation_test": (
        "Perturbed test",
        "Replaces every cell after the validation rows and repeats the stages. The validation windows, and the losses "
        "and weights of a short training with early stopping, stay the same too.",
    ),
    "test_unopened": (
        "Test unopened",
        "Removes the file of the test part. The stages up to training still write the same bytes.",
    ),
    "prefix": (
        "Prefix",
        "Cleans (or generates) only the first rows, for many lengths. The result equals the first rows of the whole: "
        "no step looks ahead. Processing done before the file was imported cannot be checked.",
    ),
    "prepare": (
        "Prepare",
        "Runs a function that makes columns (`series.X.prepare`) on the first rows alone, and with every later row "
        "replaced. What it makes of the first rows stays the same.",
    ),
    "history": (
        "History",
        "Replaces, or leaves out, every later row and learns the baselines again that read rows before a window. The "
        "forecasts of earlier windows stay the same to the bit.",
    ),
    "holdout": (
        "Holdout",
        "Replaces the last tenth of the training rows, which judges a dataset without a validation part. The windows "
        "of a second training, scaled anew, stay the same to the bit.",
    ),
    "duplicates": (
        "Duplicates",
        "Counts all windows with equal content on two sides of a split. Informative if the dataset declares "
        "duplicates, or if all rows of these windows are equal.",
    ),
    "overlap": (
        "Overlap",
        "Counts the windows of a later part inside which a training window begins: the target of the one is among the "
        "rows of the other, as after a random division of windows that overlap.",
    ),
    "embargo": (
        "Embargo",
        "The rows between two parts. Windows that somebody else cut came without them.",
    ),
    "state": (
        "State",
        "Predicts windows again among other windows, and in batches of other sizes. Every window has a prediction, and "
        "it stays the same, unless the experiment declares that it carries state.",
    ),
}
_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}
# Number of warnings shown at the top of the page; the section has all of them.
_SHOWN = 5
_LEAKS = "`dvc repro leaks`"
_STAGE = "`dvc repro leakage`"


def section(
    leakage: dict[str, dict[str, Any] | None], leaks: dict[str, Any] | None, evaluations: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the section.

    Args:
        leakage: Output of the stage `leakage` by dataset, or None.
        leaks: Output of the stage `leaks`, or None.
        evaluations: Output of the stage `evaluate`, for the key `state`.
    """
    known = {name: result["proofs"] for name, result in leakage.items() if result}
    columns = _columns([proof for proofs in known.values() for proof in proofs])
    absent = [name for name in leakage if name not in known]
    states = [(each["experiment"], each["state"]) for each in evaluations if each.get("state")]
    return {
        "columns": [{"name": name, "title": title(name)} for name in columns],
        "about": [(title(name), _PROOFS[name][1]) for name in columns if name in _PROOFS],
        "datasets": [dataset(name, proofs, columns) for name, proofs in known.items()],
        "missing": _missing(absent, of=len(leakage)),
        "read": read([result["read"] for result in leakage.values() if result and "read" in result]),
        "states_summary": _counts([state["result"] for _, state in states]),
        "states_fail": any(state["result"] == "fail" for _, state in states),
        "states": [_state(name, state) for name, state in states],
        "leaks": [leak(entry) for entry in leaks["leaks"]] if leaks else [],
        "leaks_missing": "" if leaks else f"Not computed yet: run {_LEAKS}.",
        "leaks_summary": _summary(leaks["leaks"]) if leaks else "",
        "alerts": _alerts(known, leaks, states),
        "verdict": _verdict(known, leaks),
    }


def read(sources: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return each series once, in the order of the datasets: file or generating module, and its hash."""
    keys = ("series", "path", "sha256")
    return list({source["series"]: {key: source[key] for key in keys} for source in sources}.values())


def title(name: str) -> str:
    """Return a proof's display name."""
    return _PROOFS[name][0] if name in _PROOFS else name.replace("_", " ").capitalize()


def dataset(name: str, proofs: list[dict[str, Any]], columns: list[str]) -> dict[str, Any]:
    """Return one dataset's row of the table, with the worst fold of each proof, and its details."""
    cells = []
    for column in columns:
        own = [proof for proof in proofs if proof["name"] == column]
        worst = next((result for result in _RESULTS if any(p["result"] == result for p in own)), None)
        cells.append({**_RESULTS[worst], "more": _where(own, worst)} if worst else None)
    order = sorted(proofs, key=lambda proof: (columns.index(proof["name"]), proof["fold"] or 0))
    return {
        "name": name,
        "cells": cells,
        "proofs": [
            {
                "title": title(proof["name"]) + _on(proof.get("backend")),
                "fold": "all" if proof["fold"] is None else str(proof["fold"] + 1),
                **_chip(proof["result"]),
                "compared": _compared(proof["compared"]),
                "found": proof["found"],
                "about": proof["about"],
            }
            for proof in order
        ],
    }


def _where(proofs: list[dict[str, Any]], worst: str) -> str:
    """Return the folds and backends on which a proof has its worst result."""
    odd = [proof for proof in proofs if proof["result"] == worst]
    folds, theirs = ({proof["fold"] for proof in some if proof["fold"] is not None} for some in (proofs, odd))
    if worst == "pass":
        return f"{len(folds)} folds" if len(folds) > 1 else ""
    texts = []
    if len(folds) > 1:
        listed = joined([str(fold + 1) for fold in sorted(theirs)])
        texts.append(f"{'fold' if len(theirs) == 1 else 'folds'} {listed} of {len(folds)}")
    used, there = ({proof.get("backend") or "" for proof in some} for some in (proofs, odd))
    texts += [f"on {_BACKENDS[backend]}" for backend in sorted(there) if there != used]
    return ", ".join(texts)


def _on(backend: str | None) -> str:
    return f", on {_BACKENDS.get(backend, backend)}" if backend else ""


def leak(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one planted leak as texts."""
    caught = {"chip": "caught", "tone": "good"} if entry["caught"] else {"chip": "missed", "tone": "bad"}
    clean = {"chip": "passes", "tone": "good"} if entry["clean_passes"] else {"chip": "fails", "tone": "bad"}
    return {
        "name": entry["name"].replace("_", " "),
        "about": entry["about"],
        "proof": title(entry["proof"]),
        "caught": caught,
        "clean_passes": clean,
        "found": entry["found"],
        "metric": metric(entry["metric"]),
        "clean": number(entry["clean"]),
        "leaky": number(entry["leaky"]),
        "gain": signed(entry["gain"]),
        "learner": entry["learner"],
    }


def _missing(absent: list[str], of: int) -> str:
    if len(absent) == of:
        return f"Not computed yet: run {_STAGE}."
    return f"Not computed yet: {joined(absent)}; run {_STAGE}." if absent else ""


def _columns(proofs: list[dict[str, Any]]) -> list[str]:
    names = dict.fromkeys(proof["name"] for proof in proofs)
    return [name for name in _PROOFS if name in names] + [name for name in names if name not in _PROOFS]


def _chip(result: str) -> dict[str, str]:
    return _RESULTS.get(result, {"chip": result, "tone": "unknown"})


def _compared(counts: dict[str, float]) -> str:
    return ", ".join(f"{thousands(count)} {unit.replace('_', ' ')}" for unit, count in counts.items()) or "nothing"


def _state(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "experiment": name,
        "state": {"none": "reset after each window"}.get(state["state"], state["state"]),
        "windows": thousands(state.get("windows")),
        "difference": _share(state.get("difference")),
        "tolerance": _share(state.get("tolerance")),
        **_chip(state["result"]),
    }


def _counts(results: list[str]) -> str:
    """Return in how many experiments the predictions change with the other windows, as a sentence."""
    texts = {"fail": "yes in {}", "informative": "{} informative"}
    parts = [f"No in {results.count('pass')} of {len(results)} experiments"]
    return ", ".join(parts + [texts[r].format(results.count(r)) for r in texts if r in results]) + "."


def _share(value: float | None) -> str:
    return "–" if value is None else number(value, 2)


def _summary(leaks: list[dict[str, Any]]) -> str:
    """Return how many leaks are caught, and the largest gain of a leak."""
    caught = sum(bool(entry["caught"]) for entry in leaks)
    passing = sum(bool(entry["clean_passes"]) for entry in leaks)
    text = f"{caught} of {len(leaks)} leaks are caught, and {passing} of {len(leaks)} clean twins pass."
    gains = [entry for entry in leaks if entry["gain"] is not None and entry["gain"] > 0]
    if not gains:
        return text
    best = max(gains, key=lambda entry: entry["gain"])
    return (
        f"{text} {len(gains)} of the leaks {'raises' if len(gains) == 1 else 'raise'} the score, most of all "
        f"{best['name'].replace('_', ' ')}: {metric(best['metric'])} from {number(best['clean'])} to "
        f"{number(best['leaky'])}."
    )


def _alerts(
    known: dict[str, list[dict[str, Any]]], leaks: dict[str, Any] | None, states: list[tuple[str, Any]]
) -> list[str]:
    """Return the warnings at the top of the page: every reason not to trust a score."""
    alerts = []
    for name, proofs in known.items():
        for proof in proofs:
            if proof["result"] == "fail":
                fold = "" if proof["fold"] is None else f", fold {proof['fold'] + 1}"
                first = f": {proof['found'][0]}" if proof["found"] else ""
                on = _on(proof.get("backend"))
                alerts.append(f"Dataset {name} fails the proof “{title(proof['name'])}”{on}{fold}{first}")
    for name, state in states:
        if state["result"] == "fail":
            difference = state.get("difference")
            size = f": they differ by {percent(difference, 1)} of their spread" if difference is not None else ""
            alerts.append(f"Predictions of {name} depend on the other windows in the batch{size}")
    for entry in leaks["leaks"] if leaks else []:
        name, proof_title = entry["name"].replace("_", " "), title(entry["proof"])
        if not entry["caught"]:
            alerts.append(f"The proof “{proof_title}” misses the planted leak “{name}”")
        if not entry["clean_passes"]:
            alerts.append(f"The clean twin of “{name}” fails the proof “{proof_title}”")
    more = len(alerts) - _SHOWN
    return [text.rstrip(".") + "." for text in alerts[:_SHOWN]] + ([f"{more} more."] if more > 0 else [])


def _verdict(known: dict[str, list[dict[str, Any]]], leaks: dict[str, Any] | None) -> str:
    """Return one sentence for the top of the page; empty without proofs, or if one fails."""
    proofs = [proof for own in known.values() for proof in own]
    if not proofs or any(proof["result"] == "fail" for proof in proofs):
        return ""
    remarks = sum(proof["result"] == "informative" for proof in proofs)
    sets = "1 dataset" if len(known) == 1 else f"{len(known)} datasets"
    made = sum(proof["result"] != "not_applicable" for proof in proofs)
    text = f"No leak found: {thousands(made)} proof{'' if made == 1 else 's'} over {sets}"
    text += f" ({remarks} informative only)" if remarks else ""
    if leaks:
        caught = sum(bool(entry["caught"]) for entry in leaks["leaks"])
        text += f"; the proofs caught {caught} of {len(leaks['leaks'])} leaks planted to test them"
    return text + "."
