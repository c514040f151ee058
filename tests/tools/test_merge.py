from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import pytest
import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from tests.conftest import PROJECT
from tools import merge
from workflow import entries

EXAMPLE = "examples/etth1.yaml"
ENTRIES = """\
datasets:
    # what this one is for
    other_24:   # beside its name
        series: other
        window: {length: 96,
                 horizon: 24}

        split: {scheme: holdout, test: 0.2}
# of nothing
series:
    other: {source: data/own/other.csv, target: x}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's own params.yaml and examples, alone."""
    shutil.copy(PROJECT / "params.yaml", tmp_path)
    shutil.copytree(PROJECT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(text: str, name: str = "examples/other.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def _refused(example: str) -> str:
    """The error of a merge, which left params.yaml alone and nothing beside it."""
    before, names = params.FILE.read_bytes(), sorted(path.name for path in Path().iterdir())
    with pytest.raises(UserError) as caught:
        merge.main([example])
    assert params.FILE.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == names
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_example_merges_and_every_other_byte_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = params.FILE.read_bytes()
    known = params.load()
    merge.main([EXAMPLE])
    added = yaml.safe_load(Path(EXAMPLE).read_text(encoding="utf-8"))
    after = params.load()
    for level in entries.LEVELS:
        assert list(after[level]) == sorted([*known[level], *added[level]])
        assert {name: after[level][name] for name in known[level]} == known[level]
    rest = params.FILE.read_bytes()
    sections = re.split(rb"^(?:series|datasets|experiments):\n", Path(EXAMPLE).read_bytes(), flags=re.MULTILINE)[1:]
    for section in sections:
        block = section.rstrip(b"\n") + b"\n"
        assert rest.count(block) == 1
        rest = rest.replace(block, b"")
    assert rest == before
    assert before.count(b"#") > 5
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "etth1_24" in said
    assert "copy the file to data/own/ETTh1.csv; `dvc add data/own/ETTh1.csv`; `snakemake --cores all`" in said


def test_entries_keep_their_comments_and_take_the_indentation_of_their_section(folder: Path) -> None:
    before = params.FILE.read_text(encoding="utf-8")
    merge.main([_write(ENTRIES)])
    after = params.FILE.read_text(encoding="utf-8")
    block = """\
  # what this one is for
  other_24:   # beside its name
      series: other
      window: {length: 96,
               horizon: 24}

      split: {scheme: holdout, test: 0.2}
"""
    assert block in after
    assert after.replace(block, "").replace("  other: {source: data/own/other.csv, target: x}\n", "") == before
    assert params.load()["datasets"]["other_24"]["window"]["horizon"] == 24
    # Above what stands at the margin and introduces the next section.
    assert re.search(r"target: x}\n\n# [^\n]+\ndatasets:", after)


def test_a_file_of_the_users_that_is_there_and_tracked_is_not_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = folder / "data/own"
    own.mkdir(parents=True)
    (own / "other.csv").touch()
    merge.main([_write(ENTRIES)])
    assert capsys.readouterr().out.endswith("Next: `dvc add data/own/other.csv`; `snakemake --cores all`.\n")


@pytest.mark.parametrize(("end", "last"), [(b"\n", True), (b"\r\n", True), (b"\n", False)])
def test_line_ends_and_mode_of_the_file_stay(folder: Path, end: bytes, last: bool) -> None:
    before = params.FILE.read_bytes().replace(b"\n", end)
    before = before if last else before.rstrip(b"\n")
    params.FILE.write_bytes(before)
    params.FILE.chmod(0o640)
    merge.main([EXAMPLE])
    after = params.FILE.read_bytes()
    assert after.count(b"\n") == after.count(end)
    assert after.endswith(end) == last
    left = iter(after.split(end))
    assert all(line in left for line in before.removesuffix(end).split(end))  # in this order, others between them
    assert stat.S_IMODE(params.FILE.stat().st_mode) == 0o640


def test_a_name_that_is_there_is_refused(folder: Path) -> None:
    merge.main([EXAMPLE])
    said = _refused(EXAMPLE)
    assert said.startswith(
        "`series.etth1` must not be in params.yaml yet. Received: the same name in examples/etth1.yaml"
    )


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            ENTRIES.replace("horizon", "horizn"),
            "`examples/other.yaml`",
            "`datasets.other_24.window.horizn` is not a known",
        ),
        (
            ENTRIES.replace("series: other", "series: etth1"),
            "`examples/other.yaml`",
            "must name a series. Received: etth1",
        ),
        (ENTRIES.replace("data/own/other", "../other"), "`examples/other.yaml`", "Received: ../other.csv"),
        (ENTRIES + "size: full\n", "`examples/other.yaml:12`", "must be one of series, datasets, experiments"),
        (ENTRIES + "    other: {source: data/own/b.csv, target: x}\n", "`examples/other.yaml`", "`other` again"),
        (ENTRIES.replace("96,", "96"), "`examples/other.yaml:6`", "must be YAML"),
        (ENTRIES.replace("0.2}", "0.2, train: *a}"), "`examples/other.yaml:8`", "the alias *a"),
        ("series: {other: {source: data/own/b.csv, target: x}}\n", "`examples/other.yaml:1`", "line by line"),
        ("series:\n", "`examples/other.yaml:1`", "line by line"),
        ("- series\n", "`examples/other.yaml`", "must be a mapping"),
        ("", "`examples/other.yaml`", "must be a mapping"),
        ("{}\n", "`examples/other.yaml`", "must hold entries"),
        ("series:\n  b: !!python/object/apply:os.getcwd []\n", "`examples/other.yaml`", "plain enough"),
        (ENTRIES + "...\n", "`examples/other.yaml`", "plain enough"),
    ],
)
def test_an_invalid_example_is_refused(folder: Path, text: str, place: str, words: str) -> None:
    said = _refused(_write(text))
    assert said.startswith(place), said
    assert words in said


def test_a_file_outside_the_project_is_refused_by_whatever_way(folder: Path) -> None:
    project = folder / "project"
    project.mkdir()
    shutil.move("params.yaml", project)
    (folder / "other.yaml").write_text(ENTRIES, encoding="utf-8")
    (project / "link.yaml").symlink_to(folder / "other.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        for path in ("../other.yaml", str(folder / "other.yaml"), "link.yaml"):
            assert "must lie inside the project" in _refused(path)
        assert "must be a file. Received: no such file" in _refused("examples/none.yaml")


def test_a_broken_params_yaml_says_so_itself(folder: Path) -> None:
    params.FILE.write_text(params.FILE.read_text(encoding="utf-8").replace("size: quick", "size: large"))
    assert _refused(EXAMPLE).startswith("`size` (params.yaml, line 5) must be one of quick, full")
