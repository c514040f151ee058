"""The index: its order, markup, links, reproducible bytes, escaping, and notes on missing results."""

import re
from pathlib import Path

import pytest

from pipeline.report import cards, corpus, failures
from tests.helpers.reports import (
    CORPUS,
    REFERENCE,
    TABLE,
    PageReader,
    a_leak,
    a_pair,
    calibrated,
    diagnosed,
    everything,
    made_up,
    proof,
    render,
    render_all,
    render_page,
    side,
    visible_text,
)


@pytest.fixture(scope="module")
def read(whole):
    reader = PageReader()
    reader.feed(whole)
    return reader


def test_the_page_is_well_nested_with_one_main_heading(read):
    assert read.wrong == []
    assert read.open == []
    assert read.headings.count("h1") == 1


def test_ids_are_unique_and_every_link_inside_has_its_place(whole, read):
    assert len(read.ids) == len(set(read.ids))
    inside = {address[1:] for _, _, address in read.refs if address.startswith("#")}
    assert inside <= set(read.ids)
    # A browser opens a folded part whose content a link names, and not one that the link names itself.
    assert not re.search(r"<details[^>]* id=", whole)


def test_nothing_is_loaded_from_outside(whole, read):
    loaded = [ref for ref in read.refs if ref[0] != "a" and not ref[2].startswith(("#", "data:"))]
    assert loaded == []
    assert whole.count("<script>") == 1
    assert not re.search(r"<script |@import|url\((?!#)", whole)
    addresses = set(re.findall(r"https?://[^\s\"<]+", whole))
    assert all("stackexchange.com/questions" in a or a in (TABLE["url"], REFERENCE, corpus.SOURCE) for a in addresses)


def test_equal_inputs_give_equal_bytes(whole):
    assert render_all() == whole


def test_no_time_of_day_and_no_path_of_a_machine(whole):
    assert not re.search(r"\b\d\d:\d\d(:\d\d)?\b", whole)
    assert str(Path.cwd()) not in whole
    assert "/root" not in whole
    assert "/home" not in whole


def test_names_are_escaped():
    one = made_up("<b>bold</b>&", oracle=False)
    one["target"]["column"] = "<script>alert(1)</script>"
    one["settings"]["series"] = {"target": "<script>alert(2)</script>"}
    for text in (render([one], pages={"<b>bold</b>&"}), render_page(one)):
        assert "<script>alert" not in text
        assert "<b>bold" not in text
        assert "&lt;b&gt;bold&lt;/b&gt;&amp;" in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.usefixtures("undrawn")
def test_new_names_are_escaped_everywhere():
    bad = "<i>&bad"
    one = made_up(
        bad, compared={"naive": side(bad, 0.3, 0.001, chosen_on=bad), "linear": side(bad), "windows_key": "k"}
    )
    one["parts"]["test"]["baselines"][bad] = one["parts"]["test"]["baselines"]["ridge"]
    one["settings"]["experiment"]["published"] = "t"
    one["state"] = {"state": bad, "windows": 3, "difference": 0.1, "tolerance": 0.1, "result": "fail"}
    twin = made_up("twin", compared={"windows_key": "k"})
    table = {**TABLE, "title": bad, "source": bad, "url": '"' + bad, "rows": [{"name": bad, "mse": 1e9, "mae": 1.0}]}
    calibration = {**calibrated(), "learner": bad}
    for key, kind in (("null", "random_walk"), ("equal", "overlapping")):
        calibration[key] = [{**own, "kinds": {bad: own["kinds"][kind]}} for own in calibration[key]]
    found = diagnosed(bad, bad, cannot_tell=[bad])
    found["reasons"] = [bad]
    found["findings"][0] |= {"code": bad, "weight": bad, "evidence": {bad: bad}, "explanation": bad, "advice": bad}
    found["findings"][0]["reference"] = {"title": bad, "url": 'https://x"' + bad}
    found["findings"][0]["remedy"] = {"set": {bad: bad}, "command": bad}
    pair = a_pair()
    for key in ("summary", "missing", "unnamed"):
        pair[key] = bad
    pair |= {"names": (bad, bad), "remarks": [bad], "post": None}
    pair["changed"] = [{"parameter": bad, "before": bad, "after": bad, "findings": [bad], "speed": False}]
    study = {key: bad for key in ("name", "question", "command", "size", "answer")} | {"post": None, "columns": [bad]}
    study |= {"rows": [{"label": bad, "set": {bad: bad}, "seeds": [0], "figures": {bad: [bad]}}]}
    case = {key: bad for key in ("name", "base", "verdict")} | {key: [bad] for key in ("faults", "acceptable", "found")}
    results = {
        **CORPUS,
        "cases": [{**case, "half": "reported"}],
        "codes": {bad: {"cases": 1, "found": 1}},
        "command": bad,
    }
    text = render(
        [one, twin],
        diagnoses={bad: found},
        pairs=[pair],
        studies={"studies": [{**study, "bar": {"text": bad, "met": None}}]},
        corpus=results,
        leakage={
            bad: {"proofs": [{**proof(bad, "fail", 0, [bad], {bad: 3}), "about": bad}, proof(bad, bad)]},
            bad + "2": None,
        },
        leaks={"leaks": [a_leak(**{key: bad for key in ("name", "about", "proof", "metric", "learner")}, found=[bad])]},
        calibration=calibration,
        published={"t": table},
    )
    assert "<i>" not in text.lower()
    assert '""' not in re.sub(r'=""', "", text.split("<script>")[0])
    assert text.lower().count("&lt;i&gt;&amp;bad") > 50
    own = render_page(one, found, [{**proof(bad, "fail", 0, [bad], {bad: 3}), "about": bad}])
    assert "<i>" not in own.lower()
    assert own.lower().count("&lt;i&gt;&amp;bad") > 20


def test_experiments_without_an_evaluation_have_a_card_with_the_command(whole):
    assert "later_ one: has not been run yet" in visible_text(whole)
    assert "snakemake --cores 2 reports/experiments/later_one.html" in whole


@pytest.mark.usefixtures("undrawn")
def test_missing_diagnoses_and_studies_are_named_in_their_place():
    text = visible_text(render([made_up("a"), made_up("deep_rnn", 107289)]))
    assert "a: has not been diagnosed yet" in text
    assert "snakemake --cores 2 reports/experiments/deep_rnn.html" in text
    assert "params.yaml has no fix ( NAME_fixed ) for an experiment of this post." in text
    assert "Not run yet: python -m benchmarks.studies writes benchmarks/results/studies.json ." in text
    assert "Not measured yet: run make bench ." in text


@pytest.mark.usefixtures("undrawn")
def test_size_full_does_not_claim_smaller_settings():
    assert "smaller than posted" not in render(everything()[7:8], size="full")
    assert "smaller than posted" in render(everything()[7:8])
    # An experiment of no post has no posted settings.
    assert "smaller than posted" not in render(everything()[:1])


@pytest.mark.usefixtures("undrawn")
def test_own_experiments_come_first_and_the_worst_of_each_kind():
    names = ("fine", "broken", "mine", "mine_broken")
    found = {name: diagnosed(name, "behind" if "broken" in name else "learning", []) for name in names}
    shown = [cards.card(name, None, found[name], own=name.startswith("mine")) for name in names]
    text = render([], cards=cards.in_order(shown), diagnoses=found)
    assert re.findall(r'id="of-(\w+)"', text) == ["mine_broken", "mine", "broken", "fine"]
    assert re.findall(r"<h2>(.*?)</h2>", text)[:2] == ["Your series", "Documented experiments"]
    assert "Of 4 networks, 2 are behind a simpler forecast and 2 are learning." in text


@pytest.mark.usefixtures("undrawn")
def test_only_a_page_that_is_there_is_linked():
    text = render([made_up("a"), made_up("b")], pages={"a"})
    assert 'href="experiments/a.html"' in text
    assert 'href="experiments/b.html"' not in text


@pytest.mark.usefixtures("undrawn")
def test_a_failed_stage_of_no_experiment_is_named_at_the_top():
    text = visible_text(render([made_up("a")], failed=[failures.Failure("leaks", "`x` must be y.")]))
    assert "Stage leaks failed: x must be y. This page shows what there is." in text
