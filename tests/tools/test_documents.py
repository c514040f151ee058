"""Tables in documents: one is replaced between its marks, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import documents

ONE, OTHER = "<!-- table: python -m a.one -->\n", "<!-- table: python -m a.other -->\n"


def test_a_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "doc.md"
    path.write_text(f"Before.\n\n{ONE}{documents.END}\n{OTHER}\n| o |\n\n{documents.END}\nAfter.\n")
    for table in ("| x |\n", "| y |\n| z |\n", "| x |\n"):
        documents.write_table(path, "a.one", table)
        assert path.read_text() == (
            f"Before.\n\n{ONE}\n{table}\n{documents.END}\n{OTHER}\n| o |\n\n{documents.END}\nAfter.\n"
        )


@pytest.mark.parametrize("document", ["", ONE, documents.END + ONE, OTHER + documents.END, (ONE + documents.END) * 2])
def test_a_document_without_both_marks_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        documents.with_table(document, "a.one", "| x |\n")


def test_another_table_is_not_taken_for_the_rest_of_one() -> None:
    with pytest.raises(ValueError, match="must end before another begins"):
        documents.with_table(f"{ONE}Words.\n{OTHER}{documents.END}", "a.one", "| x |\n")
