"""The comparison of revisions, with git and DVC."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.report import pairs
from pipeline.scoring import pairing
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers.project import Project
from tests.helpers.reports import made_up, visible_text
from workflow.compare import FILE, compare, repository, tried
from workflow.compare.__main__ import main
from workflow.compare.revisions import md5

# Replaces the network: the losses depend on the rate, and the test windows on the gap.
CHEAP = """
import sys
from pathlib import Path
import numpy as np
from pipeline.common import files, params
name = sys.argv[1]
settings = params.load()
one = settings["experiments"][name]
data = settings["datasets"][one["dataset"]]
found = files.read_json(Path("made_up.json")) | {"experiment": name, "size": settings["size"]}
found["settings"] = {"experiment": one, "dataset": data, "series": settings["series"][data["series"]]}
found["comparison"]["windows_key"] = str(data["split"]["gap"])
random = np.random.default_rng(5)
rows = np.arange(120) + data["split"]["gap"]
losses = {f"loss_{seed}": random.random(120) * one["training"]["learning_rate"] for seed in one["training"]["seeds"]}
files.write_table(files.LOSSES / f"{name}.parquet", {"row": rows, **losses})
files.write_json(files.EVALUATION / f"{name}.json", found)
"""


STAGES = """
stages:
  evaluate:
    foreach: ${experiments}
    do:
      cmd: python cheap.py ${key}
      deps: [cheap.py, made_up.json]
      params: ['datasets.${item.dataset}', 'experiments.${key}', size]
      outs: ['reports/evaluation/${key}.json', 'reports/losses/${key}.parquet']
"""


RATE = "experiments.season_lstm.training.learning_rate"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two evaluated, committed experiments, and two DVC experiments: `faster`, and `later` with other test windows."""
    made = Project(tmp_path_factory.mktemp("compare") / "project")
    made("git", "rm", "-q", "-r", "--cached", ".")
    for path in ("dvc.yaml", "cheap.py"):
        (made.folder / path).write_text(STAGES if path == "dvc.yaml" else CHEAP)
    files.write_json(made.folder / "made_up.json", made_up("x", oracle=False))
    write_params(made.folder, tiny_params())
    made.commit()
    made("dvc", "repro", "-q")
    made.commit()
    for name, change in (("faster", f"{RATE}=0.0005"), ("later", "+datasets.season_windows.split.gap=3")):
        made("dvc", "exp", "run", "-q", "-S", change, "-n", name)
        shutil.copy(made.folder / "reports/losses/season_lstm.parquet", made.folder.parent / f"{name}.parquet")
        made("git", "checkout", "-q", ".")
    made("dvc", "checkout", "-q")
    return made


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(project.folder)
    return project


def state(project: Project) -> dict[str, str]:
    """Return the hash of every file of the work tree except the comparison."""
    return {
        str(path): md5(path.read_bytes())
        for folder, _, names in os.walk(project.folder)
        for path in (Path(folder) / name for name in names)
        if not {".git", ".dvc", "__pycache__"} & set(path.parts) and path.name != FILE.name
    }


def test_an_experiment_against_the_last_commit(inside: Project) -> None:
    before = state(inside)
    summaries, same = compare(["HEAD", "faster"], [])
    assert same == ["sign_lstm"]
    text = visible_text(FILE.read_text())
    assert f"{RATE} 0.001 0.0005" in text.replace("_ ", "_")
    assert "Nothing differs in sign_lstm." in text
    tables = [files.read_table(path) for path in (files.LOSSES / "season_lstm.parquet", Path("../faster.parquet"))]
    effect = pairs.difference_row("", "", pairing.paired(*tables))
    assert summaries == {
        "season_lstm": [f"faster: the test loss is {effect['reduction']} lower ({effect['interval']}). Better."]
    }
    assert effect["chip"]["chip"] == "better"
    assert f"{effect['reduction']} {effect['interval']} {effect['p_value']} better" in text
    page_bytes = FILE.read_bytes()
    compare(["HEAD", "faster"], [])
    assert FILE.read_bytes() == page_bytes
    assert str(inside.folder.parent) not in FILE.read_text()
    assert state(inside) == before
    assert inside("git", "status", "--porcelain").stdout == ""
    head = inside("git", "rev-parse", "--short=7", "HEAD").stdout.strip()
    assert re.search(rf"HEAD git revision {head} quick faster experiment [0-9a-f]{{7}} quick", text)


def test_every_dvc_experiment_on_the_same_test_rows_counts(inside: Project) -> None:
    compare(["HEAD", "faster"], [])
    text = visible_text(FILE.read_text())
    # HEAD, faster, and later, which is not compared; sign_lstm is of another series.
    assert "3 different results are scored on these test rows or on rows that overlap them" in text
    assert "The outcome is corrected for 2 comparisons (Holm)" in text
    with repository.opened(["HEAD"]) as (revisions, experiments):
        assert [each.name for each in revisions] == ["HEAD"]
        assert sorted(each.name for each in experiments) == ["faster", "later"]
        for each in experiments:
            assert each.evaluated() == ["season_lstm", "sign_lstm"]
            assert each.series("season_lstm") == "season"
        results = tried.results([*revisions, *experiments])
        assert sorted(result["series"] for result in results) == ["season"] * 3 + ["sign"]


def test_the_evaluations_of_a_lock_file_are_those_of_the_whole(inside: Project) -> None:
    text = Path("dvc.lock").read_text() + "  evaluate@broken:\n    cmd: [\n"
    stages = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    assert repository._evaluations(text) == {name: stages[name] for name in stages if name.startswith("evaluate@")}
    project = (PROJECT / "dvc.lock").read_text(encoding="utf-8")
    found, every = repository._evaluations(project), repository._stages(project, "")
    assert len(found) > 20
    assert found == {name: entry for name, entry in every.items() if name.startswith("evaluate@")}


def test_other_test_windows_of_an_experiment_get_no_interval(inside: Project) -> None:
    assert list(compare(["HEAD", "later"], [])[0]) == ["season_lstm"]
    text = visible_text(FILE.read_text())
    assert "not compared, because the test windows differ: 120 in HEAD , 120 in later , 117 of them in both." in text
    assert "interval (95" not in text


def test_the_work_tree_before_and_after_an_edit(inside: Project) -> None:
    assert compare(["HEAD", "workspace"], []) == ({}, ["season_lstm", "sign_lstm"])
    assert "No of 2 experiments differ." in visible_text(FILE.read_text())
    files.COSTS.write_text("stage,seconds,peak_megabytes,size\ntrain@season_lstm,12.3,900,quick\n")
    inside.set(RATE, 0.02)
    try:
        assert compare(["HEAD", "workspace", "faster"], ["season_lstm"])[1] == []
        text = visible_text(FILE.read_text())
        assert "nothing differs" not in text
        assert f"The results in workspace are older than its params.yaml: {RATE} changed since." in text
        assert "960 12.3" in text
        assert text.count("12.3") == 1
    finally:
        inside("git", "checkout", "-q", "params.yaml")
        files.COSTS.unlink()


def test_an_unknown_name_is_one_line_that_lists_the_known_ones(inside: Project) -> None:
    FILE.write_text("earlier")
    done = inside("python", "-m", "workflow.compare", "HEAD", "fastr", check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("`fastr` must be `workspace`, a DVC experiment or a git revision.")
    assert "Did you mean `faster`? Known: workspace, HEAD, faster, later, m" in line
    for bad in ("HEAD~100", "HEAD:params.yaml", ""):
        with pytest.raises(UserError, match="Known: workspace, HEAD, faster, later"):
            compare(["HEAD", bad], [])
    with pytest.raises(UserError, match=r"`dvc.lock of HEAD~1` must exist"):
        compare(["HEAD", "HEAD~1"], [])
    assert FILE.read_text() == "earlier"


def test_a_result_that_is_not_in_the_cache_is_one_line_with_its_mend(inside: Project) -> None:
    FILE.write_text("earlier")
    content = Path("../faster.parquet").read_bytes()
    digest = md5(content)
    place = Path(f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}")
    place.chmod(0o644)
    try:
        for damaged, received in ((b"other", "a damaged file with another hash"), (None, "no file with its hash")):
            place.unlink() if damaged is None else place.write_bytes(damaged)
            with pytest.raises(UserError) as raised:
                compare(["HEAD", "faster"], [])
            assert str(raised.value) == (
                f"`reports/losses/season_lstm.parquet of faster` must be in DVC's cache. Received: {received}. "
                "Fetch it with `dvc exp pull REMOTE faster`, or compute it again: `dvc exp apply faster`, then "
                "`snakemake --cores all`."
            )
        # A result that is equal everywhere is not read.
        assert compare(["HEAD", "faster"], ["sign_lstm"]) == ({}, ["sign_lstm"])
    finally:
        place.write_bytes(content)


@pytest.mark.parametrize(
    "arguments", [[], ["HEAD"], ["HEAD", "HEAD"], ["HEAD", "x", "--nope"], ["HEAD", "x", "--only"]]
)
def test_wrong_arguments_are_one_line(arguments: list[str]) -> None:
    with pytest.raises(UserError, match="must"):
        main(arguments)


def test_an_unknown_experiment_of_params_is_one_line(inside: Project) -> None:
    with pytest.raises(UserError, match=r"Received: nope\. Known: season_lstm, sign_lstm"):
        compare(["HEAD", "workspace"], ["nope"])


def test_make_passes_the_names_on() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "compare", "OF=HEAD faster", "ONLY=a b"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("python -m workflow.compare HEAD faster --only a --only b")


def test_the_comparison_is_no_stage_and_no_dependency_of_one() -> None:
    assert "workflow/compare" not in (PROJECT / "dvc.yaml").read_text()
    ignored = subprocess.run(["git", "check-ignore", "-q", str(FILE)], cwd=PROJECT, check=False)
    assert ignored.returncode == 0
