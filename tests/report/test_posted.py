"""The posts at the posted sizes, beside this run's results."""

import copy

from pipeline.report import posted, posts
from tests.helpers.reports import POSTED, everything, made_up, render, visible_text


def test_a_row_has_the_scores_the_verdict_and_the_epochs_that_were_run():
    (row,) = posted.of_post(POSTED, 107289)
    assert (row["name"], row["epochs"], row["windows"]) == ("deep_rnn", "150 (NVIDIA H200, JAX 0.11.2)", "8,794")
    assert (row["train"], row["test"], row["oracle"]) == ("0.310", "−0.120", "0.810")
    assert row["naive"] == ("0.650", "seasonal naive")
    assert row["verdict"]["chip"] == "not learning"
    assert row["outcome"]["chip"] == "worse"
    assert row["causes"] == "over regularised and dead output"
    assert posted.of_post(None, 107289) == posted.of_post(POSTED, 51264) == []
    assert posted.missing(POSTED, 107289) == ""
    assert posted.missing(POSTED, 51264) == "Not run yet at the posted size: `python -m benchmarks.posts 51264`."


def test_fewer_epochs_than_posted_are_named_and_so_are_nan_and_an_accelerator():
    (entry,) = copy.deepcopy(POSTED["experiments"])
    entry["epochs"] = {"posted": 2000, "set": 540, "run": [540]}
    assert posted.epochs(entry) == "540 of 2,000"
    entry["epochs"]["run"], entry["nonfinite"] = [1], [{"epoch": 1, "batch": 45}]
    assert posted.epochs(entry) == "1 of 2,000, then NaN"
    assert posted.row(entry)["epochs"] == "1 of 2,000, then NaN (NVIDIA H200, JAX 0.11.2)"


def test_a_symptom_stands_beside_that_of_this_run_unless_the_sizes_are_equal():
    symptom = {"text": "The loss is low", "rule": "loss_as_low_as_posted", "figure": 0.002}
    entry = {"post": 107289, "posted": {"length": 100}, "symptoms": [symptom]}
    run = made_up("deep_rnn", 107289)
    shown = posts.section(entry, [run], {"deep_rnn": {}}, [], None, POSTED)
    full = shown["symptoms"][0]["cells"][0]["full"]
    assert (full["chip"], full["measured"]) == ("reproduced", "loss 0.0021")
    assert shown["full"][0]["name"] == "deep_rnn"
    same = posts.section(entry, [run | {"size": "full"}], {"deep_rnn": {}}, [], None, POSTED)
    assert same["symptoms"][0]["cells"][0]["full"] is None


def test_the_index_shows_both_sizes(undrawn):
    text = visible_text(render(everything(), posted=POSTED))
    assert "8,794" in text
    assert "Not run yet at the posted size: python -m benchmarks.posts 51264 ." in text
    assert "python -m benchmarks.posts 107289" not in text
