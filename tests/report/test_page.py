"""The page of one experiment: markup, links, size, and what it says of the experiment alone."""

import re

import pytest
import yaml

import pipeline.page as command
from pipeline.common import params
from pipeline.common.errors import UserError
from tests.common.test_params import reversed_keys
from tests.conftest import PROJECT
from tests.helpers.reports import PageReader, diagnosed, everything, made_up, proof, render_page, visible_text

EVERYTHING = everything()


@pytest.fixture(scope="module", params=range(len(EVERYTHING)), ids=[one["experiment"] for one in EVERYTHING])
def whole(request):
    return render_page(EVERYTHING[request.param])


def test_the_page_is_well_nested_and_every_link_inside_has_its_place(whole):
    reader = PageReader()
    reader.feed(whole)
    assert (reader.wrong, reader.open) == ([], [])
    assert reader.headings.count("h1") == 1
    assert len(reader.ids) == len(set(reader.ids))
    assert {address[1:] for _, _, address in reader.refs if address.startswith("#")} <= set(reader.ids)


def test_the_page_needs_nothing_from_outside_and_is_small(whole):
    assert len(whole.encode()) < 1_500_000
    assert whole.count("<script>") == 1
    assert not re.search(r"<script |@import|url\((?!#)", whole)
    reader = PageReader()
    reader.feed(whole)
    assert [ref for ref in reader.refs if ref[0] != "a" and not ref[2].startswith(("#", "data:"))] == []


def test_the_first_words_are_the_verdict_and_the_next_step():
    found = diagnosed("a", "behind")
    found["next"] = {"text": "Do it.", "set": {"x": 1}, "command": "dvc exp run -n a_try -S x=1 page@a"}
    text = visible_text(render_page(made_up("a"), found)).split("Glossary", 1)[1]
    assert (
        text.index("behind Has learned something") < text.index("Why:") < text.index("Try: Do it. dvc exp run -n a_try")
    )
    assert (
        'Then make compare OF="HEAD a_try" ONLY=a , if this state is committed. Or let make fix NAME=a try all findings'
        in text
    )
    assert text.index("make fix") < text.index("How sure:") < text.index("Findings")


def test_the_order_of_keys_in_params_yaml_changes_no_byte_of_the_page(tmp_path):
    raw = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    pages = []
    for given in (raw, reversed_keys(raw)):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
        settings = params.load(tmp_path / "params.yaml")
        own = {"experiment": settings["experiments"]["co2_lstm"], "dataset": settings["datasets"]["co2_weekly"]}
        pages.append(render_page(made_up("a") | {"settings": own | {"series": settings["series"]["co2"]}}))
    assert "learning_rate: 0.001" in pages[0]
    assert pages[0] == pages[1]


def test_windows_and_folds_stand_beside_the_scores():
    text = visible_text(render_page(made_up("a", folds=3)))
    assert "on 120 test windows, of 3 folds." in text
    assert "Test 120 windows of 3 folds" in text


def test_a_failed_proof_is_the_first_thing_on_the_page():
    text = visible_text(render_page(made_up("a"), None, [proof("prefix", "fail", 0, ["row 3 moves"])]))
    assert "Do not trust these scores. See the proofs Dataset data_a fails the proof “Prefix”" in text
    assert "Do not trust" not in visible_text(render_page(made_up("a")))


def test_only_a_post_has_posted_settings():
    assert "smaller than posted" in render_page(made_up("deep_rnn", 107289))
    assert "smaller than posted" not in render_page(made_up("a"))


def test_the_command_takes_the_name_of_an_experiment(monkeypatch):
    monkeypatch.setattr(params, "load", lambda: {"experiments": {"a": {}}})
    with pytest.raises(UserError):
        command.main([])
