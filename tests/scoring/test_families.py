"""Families against a slow search of all pairs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scoring import families

intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda span: [span[0], span[0] + span[1]]), max_size=3
)
descriptions = st.lists(
    st.builds(
        lambda series, column, rows: {"series": series, "target": ["value", "value", column], "rows": rows},
        st.sampled_from("ab"),
        st.sampled_from("xy"),
        intervals,
    ),
    max_size=9,
)


def slow(known):
    """Join families that share a row until none does."""
    rows = [{(one["series"], *one["target"], row) for span in one["rows"] for row in range(*span)} for one in known]
    found = [({member}, own) for member, own in enumerate(rows)]
    joined = True
    while joined:
        joined = False
        for left in range(len(found)):
            for right in range(left + 1, len(found)):
                if not joined and found[left][1] & found[right][1]:
                    found[left] = (found[left][0] | found[right][0], found[left][1] | found[right][1])
                    del found[right]
                    joined = True
                    break
            if joined:
                break
    return [sorted(members) for members, _ in sorted(found, key=lambda family: min(family[0]))]


@given(descriptions)
def test_families_are_the_connected_components(known):
    assert families.groups(known) == slow(known)


def test_a_sweep_of_window_lengths_is_one_family():
    sweep = [{"series": "s", "target": ["value"], "rows": [[600 + length, 1000]]} for length in range(20, 40)]
    assert families.groups(sweep) == [list(range(20))]
    # Neighbouring parts have no row in common.
    folds = [{"series": "s", "target": ["value"], "rows": [[start, start + 10]]} for start in (0, 10, 20)]
    assert families.groups(folds) == [[0], [1], [2]]
    assert families.groups([*folds, {**folds[0], "rows": [[9, 11]]}]) == [[0, 1, 3], [2]]


def test_an_evaluation_is_described_by_its_test_rows_without_their_context():
    folds = [
        {"train": None, "test": {"intervals": [[90, 120], [150, 170]], "context": 12}},
        {"train": None, "test": {"intervals": [[170, 200]], "context": 0}},
    ]
    evaluation = {
        "split": {"folds": folds},
        "target": {"kind": "difference", "of": "value", "column": "x"},
        "settings": {"dataset": {"series": "s"}},
    }
    about = families.describe(evaluation)
    assert about["rows"] == [[102, 120], [150, 170], [170, 200]]
    other = {**evaluation, "target": {"kind": "difference", "of": "value", "column": "y"}}
    assert families.groups([about, about, families.describe(other)]) == [[0, 1], [2]]
    assert np.ndim(about["rows"]) == 2
