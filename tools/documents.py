"""Tables in documents: each is between two marks, the first of which names the module that writes it."""

from __future__ import annotations

from pathlib import Path

from pipeline.common import files

END = "<!-- end of table -->\n"


def with_table(document: str, module: str, table: str) -> str:
    """Return the document with this table in place of the one that `python -m MODULE` wrote before.

    Raises:
        ValueError: a mark is missing or repeated, or another table begins before the end mark.
    """
    mark = f"<!-- table: python -m {module} -->\n"
    before, rest = document.split(mark)
    old, after = rest.split(END, 1)
    if "<!-- table: " in old:
        raise ValueError(f"the table of {module} must end before another begins")
    return f"{before}{mark}\n{table}\n{END}{after}"


def write_table(path: Path, module: str, table: str) -> None:
    """Put a table into a file, as `with_table` does."""
    text = with_table(path.read_text(encoding="utf-8"), module, table)
    with files.atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")
