from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.common import errors


def test_an_error_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_: list[str]) -> None:
        raise errors.UserError("a.b", "must be 1", "two\nlines", "Fix it.")

    with pytest.raises(SystemExit) as caught:
        errors.run(fails)
    assert caught.value.code == 2
    assert capsys.readouterr().err == "`a.b` must be 1. Received: two lines. Fix it.\n"


def test_characters_that_a_terminal_acts_on_are_written_out() -> None:
    line = str(errors.UserError("a\x1b[2J", "must be 1", "b\u202egnp.exe\u200b\x07 größe 値 🙂", "Fix it.\r"))
    assert line == r"`a\x1b[2J` must be 1. Received: b\u202egnp.exe\u200b\x07 größe 値 🙂. Fix it."


@pytest.mark.parametrize(
    ("source", "place", "received"),
    [
        ("def build(shape):\n    return shapes\n", "line 2", "NameError: name 'shapes' is not defined"),
        (
            "def build(shape):\n    x = 1\n    raise ValueError('3 and 4\\nshapes')\n",
            "line 3",
            "ValueError: 3 and 4 shapes",
        ),
        ("import json\ndef build(shape):\n    return json.loads('{')\n", "line 3", "JSONDecodeError: Expecting"),
    ],
)
def test_an_exception_in_ones_own_code_names_file_and_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    place: str,
    received: str,
) -> None:
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(errors, "_OWN_CODE", [tmp_path])
    space: dict[str, Any] = {}
    exec(compile(source, str(tmp_path / "mine.py"), "exec"), space)  # noqa: S102 - the test's own text
    with pytest.raises(SystemExit) as caught:
        errors.run(lambda _: space["build"](3))
    assert caught.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("Correct that line.")
    assert f"mine.py, {place}` must run without an exception. Received: {received}" in last


def test_a_sentence_that_was_received_ends_once() -> None:
    assert str(errors.UserError("a", "must be b", "It is corrupted.", "Copy it.")) == (
        "`a` must be b. Received: It is corrupted. Copy it."
    )
    assert "Received: 5.. Fix." in str(errors.UserError("a", "must be b", "5.", "Fix."))


def test_an_exception_elsewhere_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        errors.run(lambda _: print(1 / 0))


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    code = (
        "from pipeline.common import errors; errors.run(lambda _: [print('x' * 99, flush=True) for _ in range(9999)])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert process.stderr.read() == b""
