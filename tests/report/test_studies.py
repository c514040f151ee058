"""The studies."""

from pipeline.report import studies
from tests.helpers.reports import STUDIES


def test_studies_stand_with_their_post_their_bar_and_the_range_of_seeds():
    (one,) = studies.of_post(STUDIES, 67599)
    assert studies.of_post(STUDIES, 68047) == studies.of_post(None, 67599) == []
    assert [row["cells"] for row in one["rows"]] == [["0.00100 to 0.00200", "–"], ["0.150; 1 of 2 NaN", "0"]]
    assert one["met"]["chip"] == "not met"
    assert one["rows"][0]["set"] == [("head", "linear")]
    assert studies.value_range([None, None]) == "NaN"
    assert studies.value_range(["better", "better"]) == "better"
