"""A study: rows, the figures shown, the bar that they must meet, and an answer computed from the figures."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.studies import figures, runs
from benchmarks.studies.runs import Row
from pipeline.common import files
from pipeline.common.numbers import plain, significant

RESULTS = runs.PROJECT / "benchmarks" / "results"
# figures by row label, then by name: one value per seed
Table = dict[str, dict[str, list[Any]]]
Read = Callable[[str, str, int], figures.Figures]


@dataclass(frozen=True)
class Study:
    """A question and the runs that answer it.

    Attributes:
        name: name of the study, and of its file of results.
        post: number of the post.
        question: one sentence.
        size: which settings are at full size, which are smaller, and why.
        columns: names of the figures shown, in order.
        rows: the runs.
        answer: returns one or two sentences for the table; called when the rows needed have figures of at least one
            seed.
        bar: returns (text, whether it is met) for the table; None for a question without a bar.
        needs: labels of the rows that answer and bar require; all of them if None.
        read: returns figures of one training for (experiment, dataset, seed), inside the row's folder.
    """

    name: str
    post: int
    question: str
    size: str
    columns: list[str]
    rows: list[Row]
    answer: Callable[[Table], str]
    bar: Callable[[Table], tuple[str, bool]] | None = None
    read: Read = figures.read_seed
    needs: tuple[str, ...] | None = None


def execute(study: Study, missing: bool = False, only: list[str] | None = None, results: Path = RESULTS) -> None:
    """Run the rows of a study and write `results`/studies/NAME.json after each one.

    Args:
        study: the study.
        missing: keep the stored rows and seeds of the same settings.
        only: labels of the rows to run; all of them if None.
        results: folder of the results.
    """
    path = results / "studies" / f"{study.name}.json"
    kept = _stored(path) if missing or only else {}
    rows: dict[str, dict[str, Any]] = {}
    for row in study.rows:
        before = kept.get(row.label)
        same = before is not None and before["set"] == plain(row.set) and before["experiment"] == row.experiment
        rows[row.label] = _row(row, study.columns, _by_seed(before) if before and same else {})
    with tempfile.TemporaryDirectory(prefix="flatline-studies-") as scratch:
        for row in study.rows:
            if only is not None and row.label not in only:
                continue
            have = _by_seed(rows[row.label]) if missing else {}
            wanted = [seed for seed in row.seeds if seed not in have]
            for seeds in [[seed] for seed in wanted] if row.apart else [wanted] if wanted else []:
                print(f"  {study.name} · {row.label} · seeds {seeds}", file=sys.stderr, flush=True)
                have |= _run(study, row, seeds, Path(scratch))
                rows[row.label] = _row(row, study.columns, have)
                files.write_json(path, _result(study, rows))
    files.write_json(path, _result(study, rows))


def collect(studies: list[Study], results: Path = RESULTS) -> dict[str, Any]:
    """Join the studies' own files in `results`/studies.json, in their order; studies not run are left out."""
    paths = [results / "studies" / f"{study.name}.json" for study in studies]
    made = {"studies": [files.read_json(path) for path in paths if path.exists()]}
    files.write_json(results / "studies.json", made)
    return made


def _run(study: Study, row: Row, seeds: list[int], scratch: Path) -> dict[int, dict[str, Any]]:
    folder = scratch / row.experiment
    params = runs.run(row, seeds, folder)
    data = next(iter(params["datasets"]))
    with chdir(folder):
        read = {seed: significant(study.read(row.experiment, data, seed), 5) for seed in seeds}
    shutil.rmtree(folder / "models")
    return read


def _result(study: Study, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the study as in docs/files.md; without bar and answer while a row that they need has no figures."""
    table = {label: row["figures"] for label, row in rows.items()}
    enough = all(row["seeds"] for label, row in rows.items() if study.needs is None or label in study.needs)
    bar = study.bar(table) if study.bar and enough else None
    return {
        "name": study.name,
        "post": study.post,
        "question": study.question,
        "command": f"python -m benchmarks.studies {study.name}",
        "size": " ".join([study.size, *_unfinished(study, rows)]),
        "columns": study.columns,
        "rows": [rows[row.label] for row in study.rows],
        "bar": {"text": bar[0], "met": bar[1]} if bar else None,
        "answer": study.answer(table) if enough else "Not all of its rows have been run.",
    }


def _unfinished(study: Study, rows: dict[str, dict[str, Any]]) -> list[str]:
    """Return one sentence on rows with missing seeds, or none."""
    left = [
        f"{row.label} with {len(rows[row.label]['seeds'])} of {len(row.seeds)} seeds"
        for row in study.rows
        if len(rows[row.label]["seeds"]) < len(row.seeds)
    ]
    return [f"Run so far: {'; '.join(left)}."] if left else []


def _row(row: Row, columns: list[str], have: dict[int, dict[str, Any]]) -> dict[str, Any]:
    seeds = [seed for seed in row.seeds if seed in have]
    return {
        "label": row.label,
        "experiment": row.experiment,
        "set": row.set,
        "seeds": seeds,
        "figures": {name: [have[seed].get(name) for seed in seeds] for name in columns},
    }


def _by_seed(row: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {seed: {name: values[i] for name, values in row["figures"].items()} for i, seed in enumerate(row["seeds"])}


def _stored(path: Path) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in files.read_json(path)["rows"]} if path.exists() else {}
