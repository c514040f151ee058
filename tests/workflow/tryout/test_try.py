"""`make try` and `make forget` on the real DVC: what is written, what is undone, and what a kill leaves."""

from __future__ import annotations

import difflib
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT
from tests.helpers.project import BIN, Project
from tests.workflow.tryout.files import german, table, text
from workflow import entries
from workflow.fix import leftovers
from workflow.tryout import naming, steps

TRY = ("python", "-m", "workflow.tryout")
FORGET = ("python", "-m", "workflow.forget")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("try") / "project")


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """A German export, outside the project."""
    path = tmp_path / "Mein Verbrauch.csv"
    path.write_text(text(table("%d.%m.%Y", number=german), ";", "Datum;Last"), encoding="utf-8-sig")
    return str(path)


def files(project: Project) -> dict[str, bytes]:
    """Every file of the project that is not of git, of DVC's own folders or a cache."""
    skipped = (".git/", ".dvc/tmp", ".dvc/cache", ".snakemake", "__pycache__", "logs/", "reports/costs.csv")
    found = {path.relative_to(project.folder): path for path in project.folder.rglob("*") if path.is_file()}
    return {
        str(name): path.read_bytes() for name, path in found.items() if not any(part in f"{name}" for part in skipped)
    }


def line(project: Project, *command: str) -> str:
    """The one line that a refused command prints."""
    before = files(project)
    done = project(*command, check=False)
    assert done.returncode == 2
    assert files(project) == before
    return done.stderr.strip().splitlines()[-1]


def test_everything_is_written_and_undone_to_the_byte(project: Project, mine: str) -> None:
    before = files(project)
    shown = project(*TRY, mine, "--dry-run").stdout
    assert files(project) == before
    assert "Nothing is written" in shown
    done = project(*TRY, mine, "--no-run").stdout
    added = files(project)
    assert {name for name in added if added[name] != before.get(name)} == {
        "params.yaml", "data/own/mein_verbrauch.csv", "data/own/mein_verbrauch.csv.dvc",
        "data/own/mein_verbrauch.try.json", "data/own/.gitignore",
    }  # fmt: skip
    text_before, text_after = (each["params.yaml"].decode() for each in (before, added))
    compared = difflib.ndiff(text_before.splitlines(), text_after.splitlines())
    changed = [row for row in compared if row[0] in "+-"]
    assert changed
    assert all(row[0] == "+" and row[2:] in shown for row in changed)
    settings = yaml.safe_load(text_after)
    assert settings["series"]["mein_verbrauch"] == {
        "source": "data/own/mein_verbrauch.csv", "time": "Datum", "target": "Last", "features": ["Last"], "period": 7,
    }  # fmt: skip
    assert added["data/own/mein_verbrauch.csv"].startswith(b"Datum,Last\n2019-01-01,")
    assert str(Path(mine).parent).encode() not in added["data/own/mein_verbrauch.try.json"]
    assert "make forget NAME=mein_verbrauch" in done
    # Once more: said, and nothing is changed.
    assert "exists" in project(*TRY, mine, "--no-run").stdout
    assert files(project) == added
    # Another choice under the same name is refused; the name that it proposes is free.
    refused = line(project, *TRY, mine, "--horizon", "3")
    assert "NAME=mein_verbrauch_2" in refused
    assert "make forget NAME=mein_verbrauch" in refused
    project(*FORGET, "mein_verbrauch")
    assert files(project) == before
    assert "must name an experiment that `make try` or `make check` has made" in line(
        project, *FORGET, "mein_verbrauch"
    )


def test_what_others_use_stays(project: Project, mine: str) -> None:
    before = files(project)
    project(*TRY, mine, "--no-run", "--name", "mine")
    text = (project.folder / "params.yaml").read_text()
    entry = yaml.safe_load(text)["experiments"]["mine"]
    (project.folder / "params.yaml").write_text(entries.insert(text, "experiments", "mine", "mine_fixed", entry))
    done = project(*FORGET, "mine").stdout
    assert "The dataset mine stays, for mine_fixed uses it." in done
    assert (project.folder / "data/own/mine.csv").exists()
    assert list(project.params()["experiments"])[-1] == "mine_fixed"
    project(*FORGET, "mine_fixed")
    assert files(project) == before


def test_a_file_that_another_series_reads_stays(project: Project, mine: str) -> None:
    before = files(project)
    project(*TRY, mine, "--no-run", "--name", "mine")
    project(*TRY, "data/own/mine.csv", "--no-run", "--name", "ahead", "--horizon", "3")
    assert project.params()["series"]["ahead"]["source"] == "data/own/mine.csv"
    shown = project(*FORGET, "mine").stdout
    assert "data/own/mine.csv stays, for the series ahead uses it." in shown
    assert "Removed: data/own/mine.csv" not in shown
    assert (project.folder / "data/own/mine.csv").exists()
    assert (project.folder / "data/own/mine.csv.dvc").exists()
    assert list(project.params()["series"])[-1] == "ahead"
    # The second one found the file tracked, and leaves it so.
    project(*FORGET, "ahead")
    left = files(project)
    assert {name for name in left if left[name] != before.get(name)} == {
        "data/own/mine.csv", "data/own/mine.csv.dvc", "data/own/.gitignore",
    }  # fmt: skip
    project("dvc", "remove", "-q", "data/own/mine.csv.dvc")
    (project.folder / "data/own/mine.csv").unlink()
    assert files(project) == before


def test_a_clean_file_of_the_project_is_used_as_it_is_and_stays(project: Project) -> None:
    path = project.folder / "data/own/plain.csv"
    path.write_text(text(table()))
    before = files(project)
    project(*TRY, "data/own/plain.csv", "--no-run")
    assert project.params()["series"]["plain"]["source"] == "data/own/plain.csv"
    assert (project.folder / "data/own/plain.csv.dvc").exists()
    assert "stays as it is" in project(*FORGET, "plain").stdout
    assert files(project) == before
    # One that must be cleaned gets a copy of another name.
    path.write_text(text(table("%d.%m.%Y"), ";"))
    before = files(project)
    project(*TRY, "data/own/plain.csv", "--no-run")
    assert project.params()["series"]["plain"]["source"] == "data/own/plain_2.csv"
    project(*FORGET, "plain")
    assert files(project) == before
    path.unlink()


@pytest.mark.parametrize("moment", ["record", "copy", "track", "params"])
def test_a_killed_one_goes_on_or_is_forgotten(project: Project, mine: str, moment: str) -> None:
    before = files(project)
    script = f"""
import os, signal
from pathlib import Path
from workflow.tryout import steps, copying, record
def kill(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
places = {{"record": (record.Record, "write"), "copy": (copying, "write"), "track": (steps, "track"),
          "params": (steps.shutil, "copymode")}}
setattr(*places[{moment!r}], kill)
from workflow.tryout.__main__ import main
main([{mine!r}, "--name", "mine", "--no-run"])
"""
    (project.folder / "kill.py").write_text(script)
    for follow in ("go on", "forget"):
        done = project("python", "kill.py", check=False)
        assert done.returncode == -signal.SIGKILL
        if follow == "go on":
            project(*TRY, mine, "--name", "mine", "--no-run")
            assert {"mine"} <= set(project.params()["experiments"])
            assert (project.folder / "data/own/mine.csv.dvc").exists()
        done = project(*FORGET, "mine", check=False)
        left = {name: content for name, content in files(project).items() if not Path(name).name.startswith(".params")}
        assert {name: content for name, content in left.items() if name != "kill.py"} == before
    (project.folder / "kill.py").unlink()
    for path in project.folder.glob(".params*"):
        path.unlink()


def test_names_that_are_taken_or_wrong_are_refused(project: Project, mine: str) -> None:
    assert "NAME=season_lstm_2" in line(project, *TRY, mine, "--name", "season_lstm")
    assert "NAME=my_load" in line(project, *TRY, mine, "--name", "My Load")
    assert "no such file" in line(project, *TRY, str(Path(mine).with_name("no.csv")))
    assert "must be called as --help says" in line(project, *TRY, mine, "--targets", "x")
    assert "must be given" in line(project, *TRY)
    assert "Did you mean `gru`?" in line(project, *TRY, mine, "--architecture", "gruu")


def test_a_run_at_work_is_not_disturbed(project: Project, mine: str) -> None:
    script = (
        "from workflow import run_lock; import time; held = run_lock.run(); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], cwd=project.folder, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert "must not be at work" in line(project, *TRY, mine, "--no-run")
    finally:
        holder.kill()
        holder.wait()


def test_make_hands_over_what_its_command_line_names_and_nothing_else(project: Project, mine: str) -> None:
    (project.folder / ".venv").mkdir(exist_ok=True)
    (project.folder / ".venv/.complete").touch()
    odd = Path(mine).with_name("it's $(touch gone) 100%.csv")
    Path(mine).rename(odd)
    environment = os.environ | {"NAME": "of_the_machine", "TIME": "none", "PATH": f"{BIN}:{os.environ['PATH']}"}
    name = str(odd).replace("$", "$$")
    command = ["make", "-s", "try", f"FILE={name}", "DRY=1", "SEEDS=3 4", "TARGET=Last"]
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "it_s_touch_gone_100:" in done.stdout
    assert "seeds:\n      - 3\n      - 4\n" in done.stdout
    assert "time: Datum" in done.stdout
    assert not (project.folder / "gone").exists()


def test_the_entries_are_in_the_form_that_dvc_writes(
    tmp_path: Path, mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dvc exp run -S` parses and writes params.yaml: of our entries only the changed line may differ."""
    from dvc.utils.serialize import modify_yaml

    names = [f"a column with a long name {i}" for i in range(12)]
    path = tmp_path / "wide.csv"
    rows = [[*row, *(f"{i * j % 7}" for j in range(12))] for i, row in enumerate(table())]
    path.write_text(text(rows, header=",".join(["date", "load", *names])))
    monkeypatch.chdir(tmp_path)
    made = steps.plan(path, "wide", {"target": "load"}, None)
    (tmp_path / "p.yaml").write_text(made.text)
    with modify_yaml(str(tmp_path / "p.yaml")) as content:
        content["experiments"]["wide"]["training"]["learning_rate"] = 0.5
    after = (tmp_path / "p.yaml").read_text().splitlines()
    changed = [(a, b) for a, b in zip(made.text.splitlines(), after, strict=True) if a != b]
    assert [b.split("#")[0].strip() for _, b in changed] == ["learning_rate: 0.5"]


def test_forget_knows_every_stage_and_output() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    for kind, stage in stages.items():
        level = stage.get("foreach", "").strip("${}")
        if not level:
            continue
        assert kind in leftovers.KINDS[level]
        for out in stage["do"]["outs"]:
            path = (next(iter(out)) if isinstance(out, dict) else out).replace("${key}", "{}")
            assert any(path == made or path.startswith(f"{made}/") for made in leftovers.MADE[level]), path


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Mappe 1 (Kopie).xlsx", "mappe_1_kopie"),
        ("2020-Verbrauch.csv", "file_2020_verbrauch"),
        ("Öl & Gas.tar.gz", "oel_gas"),
        ("数据.csv", "file"),
        ("size.csv", "size_file"),
        ("x_fix2.csv", "x_fix2_file"),
        ("a" * 90 + ".csv", "a" * 40),
    ],
)
def test_names_are_made_of_any_file_name(file: str, name: str) -> None:
    assert naming.made_of(Path("/somewhere") / file) == name
    assert naming.check(name) == name


def test_on_a_terminal_a_person_is_asked_for_the_target(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text(text([[*row, f"{i % 11}"] for i, row in enumerate(table())], header="date,load,degrees"))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "workflow.tryout", str(path), "--dry-run"]
    environment = os.environ | {"TERM": "dumb", "COLUMNS": "100"}
    child = subprocess.Popen(command, cwd=project.folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    os.write(ours, b"9\n2\n")  # 9 is none of them
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    assert child.wait() == 0
    assert b"1  load" in shown
    assert b"2  degrees" in shown
    assert b"target: degrees" in shown
