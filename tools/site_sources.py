"""Hooks of MkDocs: files of the project that a page links to are part of the site, so that every link works offline.

A page of docs/ links to files outside docs/ as GitHub expects it, for example `../pipeline/common/params.schema.yaml`.
In the site, such a file is `source/pipeline/common/params.schema.yaml.txt`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = "source"
_LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)((?:#[^)\s]*)?\))")


def outside(target: str, page: str) -> str | None:
    """Return the path in the project of a file outside docs/ that a page links to, or None.

    Args:
        target: of the link, relative to the page.
        page: path of the page below docs/.
    """
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
    return None if path.startswith(("docs/", "../")) or not (PROJECT / path).is_file() else path


def linked(text: str, page: str) -> list[str]:
    """Return the paths of all files outside docs/ that a page's text links to."""
    found = (outside(match[2], page) for match in _LINK.finditer(text))
    return sorted({path for path in found if path})


def relinked(text: str, page: str) -> str:
    """Return a page's text with its links to files outside docs/ as links to their copies in the site."""

    def replaced(match: re.Match[str]) -> str:
        path = outside(match[2], page)
        if path is None:
            return match[0]
        return match[1] + posixpath.relpath(f"{FOLDER}/{path}.txt", posixpath.dirname(page) or ".") + ")"

    return _LINK.sub(replaced, text)


def on_files(files: Any, config: Any) -> Any:
    """Add the files that pages link to."""
    for page in list(files.documentation_pages()):
        for path in linked(page.content_string, page.src_uri):
            copy = f"{FOLDER}/{path}.txt"
            if copy not in files.src_uris:
                files.append(File.generated(config, copy, content=(PROJECT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Point the links of a page to the copies."""
    return relinked(markdown, page.file.src_uri)
