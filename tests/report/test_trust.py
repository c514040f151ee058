"""Whether the scores can be trusted: proofs, states and planted leaks."""

import pytest

from pipeline.report import trust
from tests.helpers.reports import a_leak, made_up, proof, render, visible_text


def test_folds_are_one_chip_the_worst_one():
    proofs = [proof("intervals"), proof("intervals", "fail", 1, ["row 7 is in two parts"]), proof("intervals", fold=2)]
    proofs += [proof("duplicates", "informative", 0), proof("duplicates", fold=1), proof("prefix", fold=None)]
    shown = trust.section({"d": {"proofs": proofs}}, None, [])
    assert [column["name"] for column in shown["columns"]] == ["intervals", "prefix", "duplicates"]
    assert [(c["chip"], c["more"]) for c in shown["datasets"][0]["cells"]] == [
        ("fail", "fold 2 of 3"),
        ("pass", ""),
        ("informative", "fold 1 of 2"),
    ]
    assert shown["datasets"][0]["proofs"][0]["compared"] == "1,546 windows, 84 test rows"


def test_a_proof_that_trained_names_its_backend():
    proofs = [proof("intervals"), proof("state") | {"backend": "tensorflow"}, proof("prefix") | {"backend": None}]
    proofs.append(proof("perturbation_test") | {"backend": "jax"})
    shown = trust.section({"d": {"proofs": proofs}}, None, [])["datasets"][0]["proofs"]
    titles = ["Intervals", "Perturbed test, on JAX", "Prefix", "State, on TensorFlow"]
    assert [each["title"] for each in shown] == titles
    page = visible_text(render([made_up("a")], leakage={"d": {"proofs": proofs}}))
    assert "State, on TensorFlow 1 pass" in page


def test_a_proof_on_two_backends_counts_its_folds_once_and_names_the_one_that_fails():
    def state(backend, fold, result="pass"):
        return proof("state", result, fold, ["a window has no prediction"] * (result == "fail")) | {"backend": backend}

    both = [state(backend, fold) for backend in ("tensorflow", "jax") for fold in (0, 1)]
    cells = [trust.dataset("d", proofs, ["state"])["cells"][0]["more"] for proofs in (both, both[:1] + both[2:3])]
    assert cells == ["2 folds", ""]
    for failing, expected in (
        ([state("jax", 1, "fail")], "fold 2 of 2, on JAX"),
        ([state(backend, 1, "fail") for backend in ("jax", "tensorflow")], "fold 2 of 2"),
    ):
        others = [each for each in both if (each["backend"], each["fold"]) not in [(f["backend"], 1) for f in failing]]
        cell = trust.dataset("d", others + failing, ["state"])["cells"][0]
        assert (cell["chip"], cell["more"]) == ("fail", expected)
    one = [state("tensorflow", 0), state("jax", 0, "fail")]
    assert trust.dataset("d", one, ["state"])["cells"][0]["more"] == "on JAX"
    alert = trust.section({"d": {"proofs": one}}, None, [])["alerts"]
    assert alert == ["Dataset d fails the proof “State”, on JAX, fold 1: a window has no prediction."]


def test_what_was_read_stands_once_for_each_series_with_its_hash():
    own = {"series": "mine", "path": "data/own/mine.csv", "sha256": "5e" * 32}
    leakage = {name: {"proofs": [proof("intervals")], "read": own} for name in ("a", "b")}
    assert trust.section(leakage | {"c": None}, None, [])["read"] == [own]
    page = render([made_up("a")], leakage=leakage)
    assert page.count("5e" * 32) == 1
    assert "data/own/mine.csv" in page


def test_a_dataset_without_a_proof_has_a_dash_and_an_unknown_proof_its_own_column():
    leakage = {"a": {"proofs": [proof("intervals")]}, "b": {"proofs": [proof("a_new_one")]}}
    shown = trust.section(leakage, None, [])
    assert [column["title"] for column in shown["columns"]] == ["Intervals", "A new one"]
    assert [cell and cell["chip"] for cell in shown["datasets"][1]["cells"]] == [None, "pass"]


@pytest.mark.usefixtures("undrawn")
def test_a_failed_proof_stands_at_the_top_of_the_page():
    fine = {"d": {"proofs": [proof("intervals"), proof("duplicates", "informative")]}}
    text = render([made_up("a")], leakage=fine, leaks={"leaks": [a_leak()]})
    assert "Do not trust" not in text
    assert (
        "No leak found: 2 proofs over 1 dataset (1 informative only); the proofs caught 1 of 1 leaks "
        "planted to test them." in visible_text(text)
    )
    broken = {"d": {"proofs": [proof("intervals"), proof("prefix", "fail", 1, ["row 7, by `fill`"])]}}
    text = render([made_up("a")], leakage=broken)
    top = text[: text.index('<section id="leaderboard">')]
    assert "Do not trust these scores." in top
    assert "Dataset d fails the proof “Prefix”, fold 2: row 7, by <code>fill</code>." in top
    assert "No leak found" not in text


def test_state_and_missed_leaks_are_alerts_too_and_only_some_of_many_are_at_the_top():
    one = made_up("a")
    one["state"] = {"state": "none", "windows": 32, "difference": 0.3123, "tolerance": 1e-5, "result": "fail"}
    leaks = {"leaks": [a_leak(caught=False), a_leak("back_filling", clean_passes=False)]}
    alerts = trust.section({}, leaks, [one])["alerts"]
    assert alerts == [
        "Predictions of a depend on the other windows in the batch: they differ by 31.2 % of their spread.",
        "The proof “Intervals” misses the planted leak “no gap”.",
        "The clean twin of “back filling” fails the proof “Intervals”.",
    ]
    many = {"d": {"proofs": [proof("prefix", "fail", fold) for fold in range(8)]}}
    alerts = trust.section(many, None, [])["alerts"]
    assert len(alerts) == 6
    assert alerts[-1] == "3 more."


@pytest.mark.usefixtures("undrawn")
def test_state_of_each_experiment():
    kept, declared = made_up("a"), made_up("b")
    declared["state"] |= {"state": "posted", "difference": 0.31, "result": "informative"}
    text = visible_text(render([kept, declared]))
    assert "No in 1 of 2 experiments, 1 informative." in text
    assert "b posted informative 32 0.31" in text


@pytest.mark.usefixtures("undrawn")
def test_planted_leaks():
    leaks = [a_leak(), a_leak("back_filling", metric="accuracy", clean=0.5, leaky=0.4, gain=-0.1)]
    text = visible_text(render([made_up("a")], leaks={"leaks": leaks}))
    assert "2 of 2 leaks are caught, and 2 of 2 clean twins pass." in text
    assert "1 of the leaks raises the score, most of all no gap: R² from 0.110 to 0.460." in text
    assert (
        "Back filling What the mistake is. caught Intervals row 140 is in two parts passes Accuracy 0.500 0.400" in text
    )


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_computed_yet_is_named_with_its_command():
    some = render([made_up("a")], leakage={"d": None, "e": None, "f": {"proofs": [proof("prefix")]}})
    assert "Not computed yet: d and e; run <code>dvc repro leakage</code>." in some
    text = render([made_up("a")], leakage={"d": None, "e": None})
    assert "Not computed yet: run <code>dvc repro leakage</code>." in text
    assert "Not computed yet: run <code>dvc repro leaks</code>." in text
    assert "Not computed yet: run <code>dvc repro -f -s calibrate</code>." in text
    assert "No leak found" not in text
    assert "Do not trust" not in text


def test_a_proof_that_does_not_apply_is_shown_and_not_counted():
    proofs = [proof("intervals"), proof("prepare", "not_applicable", None)]
    shown = trust.section({"d": {"proofs": proofs}}, None, [])
    assert [cell["chip"] for cell in shown["datasets"][0]["cells"]] == ["pass", "not applicable"]
    assert shown["verdict"].startswith("No leak found: 1 proof over 1 dataset")
    assert shown["alerts"] == []
