"""A file with one target for each id: whole sequences are proposed, and everything is chosen by training ids alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from pipeline.dataset import panel, splitting, windowing
from pipeline.series import reading
from tests.conftest import write_params
from workflow.tryout import copying, options, steps

pytestmark = pytest.mark.usefixtures("folder")

IDS = 60


def samples(ids: int = IDS, lengths: tuple[int, int] = (4, 11), seed: int = 0) -> pd.DataFrame:
    """Ids `s0`, `s1`, … of several lengths, with three inputs, a label of text and a number for each."""
    random = np.random.default_rng(seed)
    pieces = []
    for number in range(ids):
        count = int(random.integers(*lengths))
        inputs = dict(zip("abc", random.normal(size=(3, count)), strict=True))
        pieces.append(pd.DataFrame({"id": f"s{number}", **inputs, "kind": "ab"[number % 2], "size": number + 0.5}))
    return pd.concat(pieces, ignore_index=True)


def plan(frame: pd.DataFrame, *words: str) -> steps.Plan:
    frame.to_csv("a.csv", index=False)
    words = ("a.csv", "--id", "id", *words)
    return steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(list(words))), None)


def entries(made: steps.Plan) -> dict[str, Any]:
    return {level: entry["mine"] for level, entry in yaml.safe_load(made.text).items()}


def test_one_label_for_each_id_makes_whole_sequences_that_the_pipeline_takes(folder: Path) -> None:
    made = plan(samples(), "--target", "kind", "--features", "a", "b")
    shown = {choice.what: choice.value for choice in made.choices}
    assert (shown["task"], shown["window"]) == ("label of each id", "whole sequences of 4 to 10 rows")
    found = entries(made)
    assert found["series"]["features"] == ["a", "b"]
    assert found["datasets"]["window"] == {"length": "sequence", "target": {"kind": "label"}}
    assert found["datasets"]["split"] == {
        "scheme": "sequences", "validation": 0.15, "test": 0.15, "order": "random", "seed": 0, "stratify": True,
    }  # fmt: skip
    assert found["experiments"]["architecture"] == {"name": "masked_lstm", "units": 32, "head": "sigmoid"}
    copying.write(Path("data/own/mine.csv"), made.time, made.times, made.columns, made.ids)
    (folder / "pipeline").symlink_to(Path(steps.__file__).parents[2] / "pipeline")
    write_params(folder, {"size": "quick", "calibration": {"series": 3, "planted": 1, "pairs": 1}}
                 | {level: {"mine": entry} for level, entry in found.items()})  # fmt: skip
    p = params.load()
    reading.raw(p, "mine")
    splitting.split(p, "mine")
    windowing.window(p, "mine")


def test_a_number_for_each_id_is_a_regression() -> None:
    found = entries(plan(samples(), "--target", "size", "--features", "a"))
    assert found["datasets"]["window"]["target"] == {"kind": "value"}
    assert found["experiments"]["architecture"]["head"] == "linear"
    assert "stratify" not in found["datasets"]["split"]


def test_sequences_of_one_length_need_no_mask() -> None:
    found = entries(plan(samples(lengths=(6, 7)), "--target", "kind"))
    assert found["experiments"]["architecture"] == {"name": "lstm", "units": [32], "head": "sigmoid"}
    other = entries(plan(samples(), "--target", "kind", "--architecture", "gru", "--units", "8"))
    assert other["experiments"]["architecture"] == {"name": "gru", "units": [8], "head": "sigmoid"}


@pytest.mark.parametrize("words", [("--window", "3"), ("--stride", "1"), ("--horizon", "1")])
def test_settings_of_windows_cut_windows(words: tuple[str, ...]) -> None:
    frame = samples(lengths=(30, 40))
    found = entries(plan(frame, "--target", "kind", *words, "--features", "a"))
    assert found["datasets"]["split"]["scheme"] == "holdout"


def test_a_target_that_changes_within_an_id_cuts_windows() -> None:
    frame = samples(lengths=(30, 40))
    frame.loc[3, "kind"] = "b"
    assert entries(plan(frame, "--target", "kind", "--features", "a"))["datasets"]["split"]["scheme"] == "holdout"


def test_few_ids_get_larger_parts_and_too_few_are_refused() -> None:
    split = entries(plan(samples(20, (8, 12)), "--target", "kind", "--features", "a"))["datasets"]["split"]
    assert (split["validation"], split["test"]) == (0.25, 0.25)
    with pytest.raises(UserError, match="must have 17 ids or more"):
        plan(samples(16, (8, 12)), "--target", "kind")


def test_no_choice_looks_at_ids_of_other_parts() -> None:
    """Every input of the validation and the test ids is replaced; all proposals stay the same."""
    frame = samples()
    before = plan(frame, "--target", "kind")
    labels = frame.groupby("id", sort=False)["kind"].last()
    split = entries(before)["datasets"]["split"]
    side = panel.sides("split", split, np.arange(IDS), labels.to_numpy())
    assert set(side) == {0, 1, 2}
    others = frame["id"].isin(labels.index[side > 0])
    frame.loc[others, "a"] = 7.0
    frame.loc[others, "b"] = np.arange(others.sum())
    frame.loc[~others, "c"] = 1.0
    changed = plan(frame, "--target", "kind")
    assert entries(changed)["series"]["features"] == ["a", "b", "size"]
    frame.loc[others, "c"] = 1.0
    assert plan(frame, "--target", "kind").choices == changed.choices


@pytest.mark.parametrize("gaps", [False, True])
def test_visits_with_dates_find_their_ids_and_may_have_gaps(folder: Path, gaps: bool) -> None:
    frame = samples(lengths=(8, 12))
    day = frame.groupby("id").cumcount().to_numpy()
    day = day + (gaps & (day > 3)) * 4
    frame["date"] = np.datetime64("2020-01-01") + day.astype("timedelta64[D]")
    frame.sample(frac=1, random_state=1).to_csv("a.csv", index=False)
    words = ["a.csv", "--target", "kind", "--features", "a", "b"]
    made = steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(words)), None)
    found = entries(made)
    assert (found["series"]["id"], found["series"]["time"]) == ("id", "date")
    assert found["series"].get("holes") == ("irregular" if gaps else None)
    assert found["datasets"]["split"]["scheme"] == "sequences"
    copying.write(Path("data/own/mine.csv"), made.time, made.times, made.columns, made.ids)
    assert reading.read("mine", found["series"]).ids is not None


def test_ids_and_their_labels_are_found_by_themselves() -> None:
    samples().rename(columns={"id": "patient"})[["patient", "a", "b", "kind"]].to_csv("a.csv", index=False)
    found = steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv"])), None)
    assert found.record.options["target"] == "kind"
    assert "id: patient" in found.text
    assert "length: sequence" in found.text
    alone = steps.plan(
        Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", "--id", "none", "--target", "a"])), None
    )
    assert "id: patient" not in alone.text


def test_a_label_of_a_store_is_no_target_by_itself() -> None:
    frame = samples(12, (60, 61))
    frame["day"] = frame.groupby("id").cumcount() + pd.Timestamp("2020-01-01").toordinal()
    frame["day"] = frame["day"].map(lambda day: pd.Timestamp.fromordinal(day).strftime("%Y-%m-%d"))
    frame[["id", "day", "a", "kind"]].to_csv("a.csv", index=False)
    found = steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv"])), None)
    assert found.record.options["target"] == "a"
