"""One revision: its settings, sources and results."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.common.errors import UserError
from tests.helpers.compared import revision


def test_what_is_the_same_is_known_without_reading_a_result() -> None:
    hashes = {"reports/evaluation/x.json": "1", "reports/losses/x.parquet": "2"}
    one = revision("a", hashes)
    assert one.same(revision("b", hashes), "x")
    assert not one.same(revision("b", hashes, rate=0.1), "x")
    assert not one.same(revision("b", {**hashes, "reports/losses/x.parquet": "3"}), "x")
    # Settings of a params.yaml that today's checks refuse: equal results were made with equal ones.
    assert one.same(revision("b", hashes, rate=0.1, settings=False), "x")
    assert not one.same(dataclasses.replace(revision("b", hashes), raw={}), "x")


def test_sources_are_code_data_and_locked_packages_and_no_stages_outputs() -> None:
    more = {
        "deps": [{"path": "pipeline/evaluate", "md5": "5"}, {"path": "models/x/training", "md5": "6.dir"}],
        "params": {"params.yaml": {"size": "quick"}, "locked.yaml": {"rows": {"numpy": "2.2"}}},
    }
    one = revision("a", {"models/x/training": "6.dir"}, **more)
    assert one.side("x").sources == {"evaluate": {"pipeline/evaluate": "5", "numpy of locked.yaml": "2.2"}}


def test_a_diagnosis_of_an_earlier_training_is_left_out() -> None:
    path = "reports/diagnosis/x.json"
    for trained, expected in (("1.dir", {"verdict": "learning"}), ("2.dir", None)):
        lock = {
            "train@x": {"outs": [{"path": "models/x/training", "md5": trained}]},
            "diagnose@x": {
                "deps": [{"path": "models/x/training", "md5": "1.dir"}],
                "outs": [{"path": path, "md5": "3"}],
            },
        }
        one = dataclasses.replace(revision("a", {}), lock=lock, read=lambda path, expected: b'{"verdict": "learning"}')
        assert one.side("x").diagnosis == expected


def test_an_incomplete_result_is_one_line() -> None:
    for path in ("reports/evaluation/x.json", "reports/losses/x.parquet"):
        one = dataclasses.replace(revision("a", {path: "1"}), read=lambda path, expected: b"{")
        with pytest.raises(UserError, match=rf"`{path} of a` must be complete.*snakemake"):
            one.side("x")
