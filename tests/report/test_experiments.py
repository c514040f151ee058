"""One experiment on the page: its figures and its failures."""

import re

from pipeline.report import figures
from tests.helpers.reports import everything


def test_figures_have_captions_and_names_and_keep_their_labels(whole):
    assert whole.count("<figure") == whole.count("<figcaption>") == 3 * len(everything())
    assert whole.count('role="img" aria-label="') == whole.count("<figure")
    # Colours follow the page: no placeholder is left.
    assert not re.search(r"#0[1-9a-b]0[1-9a-b]0[1-9a-b]", whole)
    assert "0.6931" in figures.curves(everything()[-2], "x")


def test_a_nan_result_is_shown_with_its_batch(whole):
    assert "the loss is NaN or infinite from epoch 1, batch" in whole
    assert "1.060" in whole
