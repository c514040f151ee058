"""The site of `make docs`: it builds strictly, loads nothing from a network, and all of its links work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import PROJECT
from tools import site_sources

# Elements that load what an attribute of theirs names. A link that a reader follows is none.
LOADING = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}


class Page(HTMLParser):
    """What a page loads, where its links lead, and the places that a link can name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.ids |= {given[key] for key in ("id", "name") if key in given}
        self.classes |= set(given.get("class", "").split())
        self.loaded += [given[key] for key in LOADING.get(tag, ()) if key in given]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


def external(address: str) -> bool:
    return bool(urlsplit(address).netloc) or urlsplit(address).scheme in ("http", "https", "ftp")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=PROJECT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def test_every_document_is_a_page(site: Path) -> None:
    for path in (PROJECT / "docs").rglob("*.md"):
        name = path.relative_to(PROJECT / "docs").with_suffix(".html")
        assert (site / (name.with_name("index.html") if name.stem == "README" else name)).is_file(), path


def test_no_page_loads_anything_from_a_network(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert [address for address in page.loaded if external(address)] == [], path
        # The theme's script would load Mermaid for an element of this class.
        assert "mermaid" not in page.classes, path
    for path in [*site.rglob("*.css"), *site.rglob("*.svg"), *site.rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert [one for one in re.findall(r"url\(\s*[\"']?([^\"')]+)", text) if external(one)] == [], path
        assert not re.search(r"@import\s+(url\()?[\"']?(https?:)?//", text), path


def test_a_page_loads_only_files_of_the_site(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for address in page.loaded:
            if path.name != "404.html" and not address.startswith("data:"):  # only servers show that page
                assert (path.parent / unquote(urlsplit(address).path)).is_file(), f"{path}: {address}"


def test_all_links_work(site: Path, pages: dict[Path, Page]) -> None:
    by_path = {path.resolve(): page for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            parts = urlsplit(link)
            if external(link) or parts.scheme or link.startswith("javascript"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            target = target / "index.html" if target.is_dir() else target
            known = by_path.get(target)
            if not target.is_file() or (parts.fragment and known and unquote(parts.fragment) not in known.ids):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_a_link_out_of_the_documents_leads_to_a_copy(site: Path) -> None:
    name = "pipeline/common/params.schema.yaml"
    copy = site / f"source/{name}.txt"
    assert copy.read_text(encoding="utf-8") == (PROJECT / name).read_text(encoding="utf-8")
    assert f'href="source/{name}.txt"' in (site / "training.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "page", "path"),
    [
        ("../Makefile", "fix.md", "Makefile"),
        ("../../tools/lint.py", "findings/README.md", "tools/lint.py"),
        ("../fix.md", "findings/README.md", None),
        ("../../../etc/passwd", "fix.md", None),
        ("../no_such_file", "fix.md", None),
    ],
)
def test_only_files_of_the_project_outside_the_documents_are_copied(target: str, page: str, path: str | None) -> None:
    assert site_sources.outside(target, page) == path
    text = f"See [it]({target}#here), and [that](https://example.org/../x)."
    assert site_sources.linked(text, page) == ([path] if path else [])
    if path is None:
        assert site_sources.relinked(text, page) == text
    else:
        assert f"source/{path}.txt)" in site_sources.relinked(text, page)


def test_links_work_in_the_repository_too() -> None:
    broken = []
    for document in [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
            path = unquote(urlsplit(link).path)
            if not external(link) and path and not (document.parent / path).exists():
                broken.append(f"{document.relative_to(PROJECT)}: {link}")
    assert broken == []
