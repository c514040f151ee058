from __future__ import annotations

import pytest

from pipeline.common import errors


def test_an_error_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_: list[str]) -> None:
        raise errors.UserError("a.b", "must be 1", "two\nlines", "Fix it.")

    with pytest.raises(SystemExit) as caught:
        errors.run(fails)
    assert caught.value.code == 2
    assert capsys.readouterr().err == "`a.b` must be 1. Received: two lines. Fix it.\n"
