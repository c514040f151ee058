"""Commands beside the one of the diagnosis."""

import pytest

from pipeline.report import commands


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("dvc exp run -n a_try -S x=1 page@a", 'make compare OF="HEAD a_try" ONLY=a'),
        ("dvc exp run -S x=' -n b ' page@a", ""),
        ("", ""),
    ],
)
def test_compare_names_the_saved_experiment(command, shown):
    assert commands.compare("a", command) == shown


def test_fix_needs_something_to_try():
    assert commands.fix("a", "dvc exp run") == "make fix NAME=a"
    assert commands.fix("a", "") == ""
