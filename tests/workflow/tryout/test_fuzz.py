"""Random files in random dialects, with random damage: a proposal, or one harmless line, never another exception."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.common.errors import UserError
from workflow.tryout import options, steps

EXAMPLES = max(int(os.environ.get("FLATLINE_FUZZ", "60")) // 4, 15)
DATES = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%b-%y", "%Y%m%d", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M", "%Y-%m"]
STEPS = ["D", "h", "15min", "min", "B", "W", "MS", "QS", "YS"]
CELLS = ["", "NA", "-", "x", "1e999", "-999", "12,5", "1.234,5", "(3)", "5 %", "\x00", "\x1b[2J", '"', "=1+1", "24:00"]
KINDS = ["walk", "wave", "count", "constant", "id", "binary", "text"]
OPTIONS = ["", "--horizon 3", "--zone Europe/Berlin", "--time none", "--holes cut", "--period 7", "--repeated first"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a file of 20 to 400 rows."""
    rows, form = draw(st.integers(20, 400)), draw(st.sampled_from(DATES))
    times = pd.date_range("2019-03-29 01:00", periods=rows, freq=draw(st.sampled_from(STEPS)))
    random = np.random.default_rng(draw(st.integers(0, 9)))
    separator, comma = draw(st.sampled_from([",", ";", "\t", "|"])), draw(st.booleans())
    columns = [times.strftime(form)]
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5)):
        values = {
            "walk": random.normal(size=rows).cumsum(),
            "wave": np.sin(np.arange(rows) * 2 * np.pi / 7),
            "count": random.poisson(0.5, rows),
            "constant": np.full(rows, 5),
            "id": np.arange(rows),
            "binary": random.integers(0, 2, rows),
            "text": random.choice(["a", "b"], rows),
        }[kind]
        cells = [str(value) if kind == "text" else f"{value:.6g}" for value in values]
        columns.append([cell.replace(".", ",") if comma and separator != "," else cell for cell in cells])
    records = [list(record) for record in zip(*columns, strict=True)]
    for _ in range(draw(st.integers(0, 4))):
        row, column = draw(st.integers(0, rows - 1)), draw(st.integers(0, len(columns) - 1))
        records[row][column] = draw(st.sampled_from(CELLS))
    for _ in range(draw(st.integers(0, 2))):
        del records[draw(st.integers(0, len(records) - 1))]
    if draw(st.booleans()):
        records.insert(draw(st.integers(0, len(records))), draw(st.sampled_from(records)))
    if draw(st.booleans()):
        records.insert(0, ["date", *(f"c {k}" for k in range(1, len(columns)))])
    text = draw(st.sampled_from(["\n", "\r\n"])).join(separator.join(record) for record in records)
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="FLATLINE_FUZZ" not in os.environ,
)
@given(damaged(), st.sampled_from(OPTIONS))
def test_a_damaged_file_is_proposed_or_refused_in_one_harmless_line(content: bytes, words: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.csv"
        path.write_bytes(content)
        try:
            chosen = options.chosen(options.parse([str(path), *words.split()]))
            made = steps.plan(path, "mine", chosen, lambda some: some[0])
        except UserError as error:
            line = str(error)
            assert line.isprintable()
            assert line.endswith((".", "?"))
            return
        entries = yaml.safe_load(made.text)
        assert set(entries) == {"series", "datasets", "experiments"}
        assert made.times is None or (np.diff(made.times.astype(np.int64)) > 0).all()
        target = made.columns[entries["series"]["mine"]["target"]]
        assert {len(values) for values in made.columns.values()} == {len(target)}
