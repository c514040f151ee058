"""The benchmark on ETTh1: its settings are valid, its scores are those of the report, its table is in the document."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import etth1, scratch
from pipeline.common import files, params
from pipeline.common.errors import UserError
from tests.helpers.parts import make_part
from tools import documents


def test_every_network_of_ones_own_is_measured_with_valid_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch.prepare(tmp_path, etth1.settings())
    monkeypatch.chdir(tmp_path)
    p = params.load()
    names = {each["architecture"]["name"] for each in p["experiments"].values()}
    assert names == {"lstm", "gru", "bidirectional", "tcn", "attention", "nlinear", "dlinear"}
    for data in p["datasets"].values():
        assert data["split"]["test"] == {"from": 11520, "to": 14400}
        assert (data["window"]["stride"]["evaluation"], data["score_units"]) == (1, "standardised")
    assert p["series"]["all"]["features"][-1] == p["series"]["all"]["target"]


def test_errors_are_in_units_of_the_training_rows() -> None:
    part = make_part(np.arange(30.0), length=4, horizon=2, center=3.0, scale=2.0)
    assert etth1.errors_of(part, part.raw_targets() + 4) == {"mse": 4.0, "mae": 2.0}


def test_the_table_is_sorted_by_error_and_holds_the_published_rows() -> None:
    result = {
        "windows": 2857,
        "horizon": 24,
        "networks": {
            "gru": {"architecture": {"name": "gru"}, "inputs": 1, "weights": 3393, "mse": 0.05, "mae": 0.1},
        },
        "baselines": {"ridge": {"mse": 0.026, "mae": 0.124}},
    }
    lines = etth1.table(result).split("\n")
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:-1]] == ["ridge", "`gru`", "Informer", "LSTMa"]
    assert lines[3] == "| `gru` | the oil temperature, 3,393 weights | 0.050 | 0.100 |"
    with pytest.raises(ValueError, match="other windows"):
        etth1.table(result | {"windows": 2858})


def test_the_document_holds_the_stored_figures() -> None:
    document = etth1.PAGE.read_text(encoding="utf-8")
    table = etth1.table(files.read_json(etth1.RESULT))
    assert document == documents.with_table(document, "benchmarks.etth1", table)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"`nothing.csv` must be a file"):
        etth1.source(Path("nothing.csv"))
