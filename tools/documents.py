"""Tables in documents: each stands between two marks, the first of which names the module that writes it."""

from __future__ import annotations

from pathlib import Path

from pipeline.common import files

END = "<!-- end of table -->\n"


def with_table(document: str, module: str, table: str) -> str:
    """The document with this table in place of the one that `python -m MODULE` wrote before.

    Raises:
        ValueError: a mark is missing, the first stands there twice, or another table begins before the last.
    """
    mark = f"<!-- table: python -m {module} -->\n"
    before, rest = document.split(mark)
    old, after = rest.split(END, 1)
    if "<!-- table: " in old:
        raise ValueError(f"the table of {module} must end before another begins")
    return f"{before}{mark}\n{table}\n{END}{after}"


def write_table(path: Path, module: str, table: str) -> None:
    """As `with_table`, for a file."""
    text = with_table(path.read_text(encoding="utf-8"), module, table)
    with files.whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
