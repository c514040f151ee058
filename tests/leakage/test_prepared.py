"""The proof of a function that makes columns says what the stage `raw` wrote down."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.common import files
from pipeline.leakage import prepared
from pipeline.series import looking_ahead

RECORD: dict[str, Any] = {
    "function": "mine:features",
    "columns": ["load", "mean"],
    "prefixes": 24,
    "replacements": 23,
    "cells": 4_700,
    "found": [],
}


@pytest.mark.parametrize(("found", "result"), [([], "pass"), (["mean: row 4 is 1 with all rows, 2 without"], "fail")])
def test_the_record_of_a_series_is_judged(tmp_path, monkeypatch, found, result):
    monkeypatch.chdir(tmp_path)
    files.write_json(files.RAW / "mine" / looking_ahead.FILE, RECORD | {"found": found})
    proof = prepared.prove("mine")
    assert (proof.name, proof.fold, proof.result, proof.found) == ("prepare", None, result, found)
    assert proof.compared == {"prefixes": 24, "replacements": 23, "cells": 4_700}
    assert "`mine:features`" in proof.about
    assert "load, mean" in proof.about
    assert prepared.prove("other").result == "not_applicable"
