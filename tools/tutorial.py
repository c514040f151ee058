"""`python -m tools.tutorial`: run the commands of docs/tutorial.md.in in a clone and write docs/tutorial.md.

Every block of `sh` in the template is run as it stands; its output follows it. Times, paths and the like are replaced
as in the transcripts.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.common import errors, files
from pipeline.common.errors import UserError
from tools import transcripts

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "docs/tutorial.md.in"
PAGE = PROJECT / "docs/tutorial.md"
NOTE = "<!-- Made by `python -m tools.tutorial` from tutorial.md.in. Edit that instead. -->\n\n"
_BLOCK = re.compile(r"```sh\n(.*?)\n```", flags=re.DOTALL)
_LINES = 48


def commands(text: str) -> list[str]:
    """Return the blocks of shell commands of the template or the page."""
    return _BLOCK.findall(text)


def filled(text: str, run: Callable[[str], list[str]]) -> str:
    """Return the template with the output of each block below it.

    Args:
        text: of the template.
        run: runs the commands of a block and returns the lines to show.
    """

    def block(match: re.Match[str]) -> str:
        lines = run(match[1])
        return "\n".join([match[0], *(["", "```text", *lines, "```"] if lines else [])])

    return NOTE + _BLOCK.sub(block, text)


def in_clone(scratch: Path) -> Callable[[str], list[str]]:
    """Clone this project below `scratch`; return a function that runs a block there.

    Raises:
        UserError: a command fails; when the function is called.
    """
    clone = transcripts.cloned(scratch)
    transcripts.keep_environment(scratch)

    def run(block: str) -> list[str]:
        done = transcripts.run(f"set -e\n{block}", clone, scratch)
        if done.returncode:
            raise UserError(block.partition("\n")[0], "must end well", done.returncode, done.stdout[-2000:])
        return transcripts.shortened(transcripts.plain(done.stdout, scratch), _LINES)

    return run


def main(arguments: list[str]) -> None:
    """Write the tutorial."""
    with tempfile.TemporaryDirectory(prefix="flatline-", ignore_cleanup_errors=True) as folder:
        text = filled(TEMPLATE.read_text(encoding="utf-8"), in_clone(Path(folder).resolve()))
    with files.atomic_write(PAGE) as beside:
        beside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    errors.run(main)
