"""The diagnosis on the page."""

import pytest

from pipeline.report import diagnosis
from tests.helpers.reports import REFERENCE, diagnosed, made_up, render_page, symptom, visible_text


@pytest.mark.usefixtures("undrawn")
def test_a_finding_is_shown_with_evidence_reference_remedy_and_command():
    own = diagnosed("a", findings=[symptom("persistence_echo"), *diagnosed("a")["findings"]])
    own["findings"][1]["remedy"]["command"] = "dvc exp run -n a_slow -S x=1 page@a"
    text = render_page(made_up("a"), own)
    assert (
        "Learning rate too low cause learning_rate_too_low Ten times the rate of training does it. best rate 0.001 "
        "row 4,500 column x first yes To fix it, set experiments.a.training.learning_rate = 0.001 : "
        'dvc exp run -n a_slow -S x=1 page@a Then make compare OF="HEAD a_slow" ONLY=a . '
        "Smith 2017 https://arxiv.org/abs/1506.01186" in visible_text(text)
    )
    assert f'<a href="{REFERENCE}"' in text
    assert '<a href="../../docs/findings/persistence_echo.md"><code>persistence_echo</code></a>' in text
    # Causes come before symptoms, in any order of the file.
    assert text.index("learning_rate_too_low</code>") < text.index("persistence_echo</code>")


@pytest.mark.parametrize("verdict", diagnosis.VERDICTS)
def test_chips_of_verdicts(verdict):
    tone = {"learning": "good", "no_evidence_of_signal": "unknown", "undetermined": "unknown"}.get(verdict, "bad")
    assert diagnosis.chip({"verdict": verdict}) == {"chip": verdict.replace("_", " "), "tone": tone}


@pytest.mark.usefixtures("undrawn")
def test_only_an_http_address_becomes_a_link():
    own = diagnosed("a")
    own["findings"][0]["reference"]["url"] = "javascript:alert(1)"
    text = render_page(made_up("a"), own)
    assert "javascript:alert(1)" in visible_text(text)
    assert 'href="javascript' not in text
