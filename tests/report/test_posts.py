"""The posts: their texts, and the experiments that repeat them."""

from pathlib import Path

import pytest
import yaml

from pipeline.common import params
from pipeline.report import posts, stage, symptoms
from tests.conftest import PROJECT
from tests.helpers.reports import a_pair, made_up


def test_every_symptom_names_a_rule_and_every_rule_is_used():
    posts = yaml.safe_load((Path(stage.__file__).parent / "posts.yaml").read_text())
    assert [post["post"] for post in posts] == [123707, 67599, 68047, 107289, 470563, 51264]
    used = {symptom["rule"] for post in posts for symptom in post["symptoms"]}
    assert used == set(symptoms.RULES)


@pytest.mark.parametrize("story", sorted((PROJECT / "docs/stories").glob("[0-9]*.md.in")), ids=lambda path: path.name)
def test_each_story_keeps_an_experiment_on_tensorflow(story):
    """docs/training.md says so; a fixed experiment is not the post's. The question and its answer are one story."""
    told = {int(post) for post in story.name.partition(".")[0].split("_")}
    experiments = params.load(PROJECT / "params.yaml")["experiments"]
    own = {name: each for name, each in experiments.items() if each.get("post") in told and not name.endswith("_fixed")}
    assert {each["post"] for each in own.values()} == told
    assert "tensorflow" in {each["training"]["backend"] for each in own.values()}


def test_every_post_has_a_story():
    posts = yaml.safe_load((Path(stage.__file__).parent / "posts.yaml").read_text())
    names = [path.name.partition(".")[0] for path in (PROJECT / "docs/stories").glob("[0-9]*.md.in")]
    assert sorted(int(post) for name in names for post in name.split("_")) == sorted(post["post"] for post in posts)


def test_the_contradictions_of_the_posts_are_named():
    text = (Path(stage.__file__).parent / "posts.yaml").read_text()
    for figure in ("4,608", "4,385", "104,760", "10,477", "randn(42)", "196 is on both sides"):
        assert figure in text


def test_a_fixed_experiment_is_judged_by_no_symptom():
    entry = {"post": 107289, "posted": {"length": 100}, "symptoms": [{"text": "t", "rule": "worse_than_persistence"}]}
    evaluations = [made_up("a", 107289), made_up("a_fixed", 107289), made_up("other")]
    shown = {one["experiment"]: one["experiment"] for one in evaluations}
    section = posts.section(entry, evaluations, shown, [a_pair()], None)
    assert (section["experiments"], section["after"]) == (["a"], ["a_fixed"])
    assert len(section["symptoms"][0]["cells"]) == len(section["sizes"][0]["ours"]) == 1
    cell = section["symptoms"][0]["cells"][0]
    assert (cell["chip"], cell["tone"]) in [("reproduced", "good"), ("not reproduced", "unknown")]
    assert section["effect"] == "1 of 1 fix lowers the loss significantly"
    alone = posts.section(entry, evaluations, shown, [], None)
    assert alone["experiments"] == ["a", "a_fixed"]
