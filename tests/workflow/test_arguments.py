from __future__ import annotations

import pytest

from pipeline.common.errors import UserError
from workflow.arguments import Parser, add_cores


def made() -> Parser:
    parser = Parser(prog="python -m workflow.x")
    add_cores(parser)
    return parser


@pytest.mark.parametrize("cores", ["all", "1", "12"])
def test_cores_are_a_number_or_all(cores: str) -> None:
    assert made().parse_args(["--cores", cores]).cores == cores


@pytest.mark.parametrize("cores", ["0", "-1", "two", "1.5", ""])
def test_other_cores_are_refused(cores: str) -> None:
    with pytest.raises(UserError, match="`CORES` must be a whole number above 0, or all"):
        made().parse_args([f"--cores={cores}"])


@pytest.mark.parametrize("words", [["--core", "2"], ["extra"], ["--cores"]])
def test_a_wrong_command_line_is_one_line(words: list[str]) -> None:
    with pytest.raises(UserError, match=r"`python -m workflow\.x` must be called as --help says"):
        made().parse_args(words)
