"""One experiment on the page: its figures and its failures."""

import re

import pytest

from pipeline.report import experiments, pictures
from tests.helpers.reports import everything, made_up, render_page


@pytest.mark.parametrize("one", [everything()[place] for place in (1, 6, 7, 9, 11)], ids=lambda one: one["experiment"])
def test_figures_have_captions_and_names_and_keep_their_labels(one):
    text = render_page(one)
    assert text.count("<figure>") == text.count("<figcaption>") >= 3
    assert text.count('role="img" aria-labelledby="') == text.count("<figure>")
    # Colours follow the page.
    assert not re.search(r'(fill|stroke)="#', text)


def test_the_reference_level_is_drawn():
    assert "0.6931" in pictures.curves(everything()[-2]).svg


def test_a_nan_result_is_shown_with_its_batch():
    text = render_page(made_up("a", nan=True))
    assert "the loss is NaN or infinite from epoch 1, batch" in text
    assert "1.060" in text


@pytest.mark.parametrize(
    ("block", "last", "majority", "said"),
    [
        ((0.55, 0.61), 0.574, 0.5, True),
        ((0.55, 0.61), 0.55, 0.5, True),
        ((0.55, 0.61), 0.61, 0.5, True),
        ((0.55, 0.61), 0.54, 0.5, False),
        ((0.55, 0.61), 0.62, 0.5, False),
        ((0.55, 0.61), 0.574, 0.574, False),
        ((None, None), 0.574, 0.5, False),
    ],
)
@pytest.mark.usefixtures("undrawn")
def test_a_classifier_that_is_right_as_often_as_persistence_is_named(block, last, majority, said):
    one = made_up("a", classes=2)
    one["comparison"]["accuracy"] = {"score": 0.58, "binomial": [0.5, 0.6], "block": list(block)}
    for name, accuracy in (("persistence", last), ("majority", majority)):
        one["parts"]["test"]["baselines"].setdefault(name, {}).update(accuracy=accuracy)
    text = render_page(one)
    sentence = "Its test accuracy, 0.580 (0.550 to 0.610), is not distinguishable from that of persistence, 0.574,"
    assert ("knows nothing but the last class" in text) == said
    assert (sentence in text) == (said and last == 0.574)


def test_dropped_windows_are_shown():
    assert experiments._dropped({"dropped": 0, "dropped_targets": 0}) == ""
    text = experiments._dropped({"dropped": 1200, "dropped_targets": 30})
    assert text == "; 1,200 dropped for missing cells, 30 of them without a target"
