from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.common import costs
from pipeline.common.costs import Cost
from workflow.terminal import expected
from workflow.terminal.plan import Progress, time_left, to_run

STAGES = {
    "raw@a": (["data/own/a.csv"], ["data/raw/a"]),
    "train@a": (["data/raw/a"], ["models/a"]),
    "train@b": (["data/raw/a"], ["models/b"]),
    "diagnose@a": (["models/a"], ["reports/diagnosis/a.json"]),
    "diagnose@b": (["models/b"], ["reports/diagnosis/b.json"]),
    "report": (["reports/diagnosis"], ["reports/index.html"]),
}


def test_what_follows_a_stale_stage_runs_too() -> None:
    assert to_run(STAGES, {"train@a"}, []) == {
        "train@a": set(),
        "diagnose@a": {"train@a"},
        "report": {"diagnose@a"},
    }
    assert to_run(STAGES, set(), []) == {}
    assert set(to_run(STAGES, {"raw@a"}, [])) == set(STAGES)


def test_only_what_the_targets_need_runs() -> None:
    found = to_run(STAGES, {"raw@a", "report"}, ["reports/diagnosis/b.json"])
    assert found == {"raw@a": set(), "train@b": {"raw@a"}, "diagnose@b": {"train@b"}}


WAITS = {"a": set(), "b": set(), "c": {"a"}}
SECONDS = {"a": 100.0, "b": 200.0, "c": 100.0}


def test_progress_counts_expected_seconds_and_not_jobs() -> None:
    progress = Progress(WAITS, SECONDS, 2, now=0.0)
    assert progress.done(0.0) == 0.0
    progress.start("a", 0.0, 100.0)
    progress.start("b", 0.0, 200.0)
    assert progress.done(50.0) == pytest.approx((50 + 50) / 400)
    progress.share("b", 0.75)
    assert progress.done(50.0) == pytest.approx((50 + 150) / 400)
    progress.finish("a", 100.0)
    assert progress.running() == ["b"]
    assert progress.done(100.0) == pytest.approx((100 + 150) / 400)
    # A stage that takes longer than expected is not done before it ends.
    progress.start("c", 100.0, 100.0)
    assert progress.done(10_000.0) < 1.0
    progress.finish("b", 300.0)
    progress.finish("c", 300.0)
    assert progress.done(300.0) == 1.0
    assert progress.left(300.0) == 0.0


def test_the_rest_takes_as_long_as_the_longest_chain_at_least() -> None:
    progress = Progress(WAITS, SECONDS, 64, now=0.0)
    assert progress.left(0.0) == 200.0
    progress.start("a", 0.0, 100.0)
    progress.start("b", 0.0, 200.0)
    assert progress.left(50.0) == pytest.approx(150.0)


def test_a_slow_machine_is_noticed() -> None:
    fast, slow = (Progress({"a": set(), "b": set()}, {"a": 100.0, "b": 100.0}, 1, now=0.0) for _ in range(2))
    for progress, took in ((fast, 100.0), (slow, 400.0)):
        progress.start("a", 0.0, 100.0)
        progress.finish("a", took)
    assert slow.left(400.0) > 2 * fast.left(100.0)


def test_a_stage_restored_from_the_cache_is_no_work() -> None:
    progress = Progress(WAITS, SECONDS, 1, now=0.0)
    progress.start("b", 0.0, 200.0)
    progress.finish("b", 1.0)
    assert progress.done(1.0) == 0.0
    progress.start("new", 1.0, 5.0)  # not planned
    assert progress.running() == ["new"]
    progress.finish("new", 6.0)
    assert progress.done(6.0) == pytest.approx(5 / 205)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under 1 min left"), (61, "about 1 min left"), (390, "about 6 min left"), (5400, "about 1.5 h left")],
)
def test_the_time_left_is_in_words(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


SHIPPED = {"a": 10.0, "b": 30.0, "c": 50.0}


def test_expected_seconds_are_of_the_last_run_then_shipped_then_of_the_kind(tmp_path: Path) -> None:
    last, shipped = tmp_path / "costs.csv", tmp_path / "shipped.csv"
    costs.write(
        [(f"train@{name}", Cost(seconds, 100.0, "quick")) for name, seconds in zip("abc", (10, 30, 50), strict=True)],
        shipped,
    )
    last.write_text("stage,seconds,peak_megabytes,size\ntrain@a,12.0,100,quick\n", encoding="utf-8")
    names = ["train@a", "train@b", "train@mine", "other"]
    assert expected.seconds(names, last, shipped) == {
        "train@a": 12.0,
        "train@b": 30.0,
        "train@mine": 30.0,
        "other": 5.0,
    }
    last.write_text("stage,seco", encoding="utf-8")  # torn
    assert expected.seconds(["train@a"], last, shipped) == {"train@a": 10.0}
