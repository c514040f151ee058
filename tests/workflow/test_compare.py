"""The comparison of revisions: its numbers on sides made up here, and the whole through the real git and DVC."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.report import pairs
from pipeline.scoring import skill
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers.project import Project
from tests.helpers.reports import _Reader, diagnosed, made_up, said, stored
from workflow.compare import FILE, compare, curves, numbers, page
from workflow.compare.__main__ import main
from workflow.compare.revisions import REVISION, Revision, Side, md5

SETTINGS: dict[str, Any] = {
    "experiment": {"dataset": "d", "training": {"learning_rate": 0.001, "seeds": [0, 1], "loss": None}},
    "dataset": {"series": "s", "scaling": {"target": "standard"}},
    "series": {"rows": 10},
    "size": "quick",
}


def side(revision: str, factor: float = 1.0, rows: int = 120, first: int = 0, **changed: Any) -> Side:
    """One experiment, evaluated: its losses are `factor` times the usual; `changed` are settings, by `a__b__c`."""
    settings: dict[str, Any] = yaml.safe_load(yaml.safe_dump(SETTINGS))
    for path, value in changed.items():
        *above, last = path.split("__")
        functools.reduce(lambda node, key: node[key], above, settings)[last] = value
    evaluation = made_up("x", oracle=False)
    evaluation["settings"] = {key: settings[key] for key in ("experiment", "dataset", "series")}
    return Side(
        revision=revision,
        declared=settings,
        evaluation=evaluation,
        losses=stored("x", factor=factor, rows=rows, first=first),
        diagnosis=diagnosed("x"),
        sources={"train": {"pipeline/train.py": "1"}},
    )


# --- numbers


def test_settings_that_differ_are_named_as_dvc_takes_them() -> None:
    found = numbers.changed(
        [
            side("a"),
            side("b", experiment__training__learning_rate=0.0005, dataset__scaling__target="none", size="full"),
            side("c", series__seed=3),
        ]
    )
    assert [(one["parameter"], one["values"]) for one in found] == [
        ("experiments.x.training.learning_rate", ["0.001", "0.0005", "0.001"]),
        ("datasets.d.scaling.target", ["standard", "none", "standard"]),
        ("series.s.seed", ["not set", "not set", "3"]),
    ]
    assert numbers.changed([side("a"), side("b")]) == []


def test_a_dataset_of_another_name_has_no_one_path() -> None:
    other = side("b", experiment__dataset="e", dataset__scaling__target="none")
    found = numbers.changed([side("a"), other, Side("c", known=False)])
    assert [(one["parameter"], one["values"]) for one in found] == [
        ("experiments.x.dataset", ["d", "e", None]),
        ("dataset.scaling.target", ["standard", "none", None]),
    ]


def test_settings_that_were_edited_after_the_run_are_named() -> None:
    behind = side("a")
    assert numbers.stale(behind) == []
    declared = yaml.safe_load(yaml.safe_dump(SETTINGS))
    declared["experiment"]["training"]["learning_rate"] = 0.2
    assert numbers.stale(dataclasses.replace(behind, declared=declared)) == ["experiments.x.training.learning_rate"]
    # The evaluation has seven digits of a number.
    behind.evaluation["settings"]["experiment"]["training"]["learning_rate"] = 0.1234568
    declared["experiment"]["training"]["learning_rate"] = 0.12345678
    assert numbers.stale(dataclasses.replace(behind, declared=declared)) == []
    assert numbers.stale(dataclasses.replace(behind, declared=None)) == []


def test_sources_that_differ_are_those_of_stages_that_both_have() -> None:
    one = dataclasses.replace(side("a"), sources={"train": {"x.py": "1", "y.py": "1"}, "raw": {"z.py": "1"}})
    two = dataclasses.replace(side("b"), sources={"train": {"x.py": "1", "y.py": "2"}, "split": {"w.py": "1"}})
    assert numbers.sources(one, two) == ["y.py"]


def test_the_difference_is_that_of_skill_paired() -> None:
    (effect,) = numbers.effects([side("a"), side("b", 0.5)])
    expected = skill.paired(stored("x"), stored("x", factor=0.5), overlap=1, sequence_length=None)
    assert effect == {"missing": "", "found": expected, "outcome": "better"}
    assert numbers.effects([side("a", 0.5), side("b")])[0]["outcome"] == "worse"
    assert numbers.effects([side("a"), side("b")])[0]["outcome"] == "not_distinguishable"
    assert numbers.retrained(side("a")) == skill.unchanged(stored("x"), overlap=1, sequence_length=None)


def test_several_revisions_are_corrected_for_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [side("a"), side("b", 0.9), side("c", 0.8)]
    paired = skill.paired
    monkeypatch.setattr(skill, "paired", lambda *tables, **about: paired(*tables, **about) | {"p_value": 0.03})
    assert [one["outcome"] for one in numbers.effects(sides[:2])] == ["better"]
    assert [one["outcome"] for one in numbers.effects(sides)] == ["not_distinguishable"] * 2
    # What is the same in every file is no comparison.
    same = [*sides[:2], dataclasses.replace(side("c"), same=True)]
    assert [one["outcome"] for one in numbers.effects(same)] == ["better", None]
    assert page.section("x", same)["told"][1] == {"name": "c", "text": "nothing differs.", "chip": None}
    rows = page.section("x", sides)["rows"]
    assert [row["uncorrected"] for row in rows] == ["", "better", "better"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (side("b", first=5), "the test windows are not the same: 120 in `a`, 120 in `b`, 115 of them in both"),
        (side("b", rows=60), "the test windows are not the same: 120 in `a`, 60 in `b`, 60 of them in both"),
        (Side("b"), "it is not evaluated in `b`"),
        (Side("b", known=False), "it does not exist in `b`"),
        (dataclasses.replace(side("b"), losses=None), "no loss of each window is stored in `b`"),
    ],
)
def test_other_test_windows_are_said_to_be_others_and_get_no_interval(other: Side, reason: str) -> None:
    (effect,) = numbers.effects([side("a"), other])
    assert effect == {"missing": reason, "found": None, "outcome": None}
    assert numbers.effects([other, side("a")])[0]["found"] is None
    row = page.section("x", [side("a"), other])["rows"][1]
    assert (row["reduction"], row["interval"], row["p_value"], row["chip"]) == ("", "", "", None)


def test_other_targets_on_the_same_rows_are_told_too() -> None:
    other = side("b")
    other.evaluation["comparison"]["windows_key"] = "another"
    assert numbers.unlike(side("a"), other) == "the test windows have the same rows, and other targets"
    other = side("b")
    other.evaluation["units"] = "standardised"
    assert numbers.unlike(side("a"), other) == "the targets are not the same: units original and standardised"


# --- one revision


def revision(name: str, hashes: dict[str, str], rate: float = 0.001, settings: bool = True, **more: Any) -> Revision:
    raw = {
        "experiments": {"x": {"dataset": "d", "rate": rate}},
        "datasets": {"d": {"series": "s"}},
        "series": {"s": {}},
        "size": "quick",
    }
    outs = [{"path": path, "md5": value} for path, value in hashes.items()]

    def unread(path: str, expected: str) -> bytes:
        raise AssertionError(path)

    return Revision(
        name, REVISION, "0123456", raw, raw if settings else None, {"evaluate@x": {"outs": outs, **more}}, unread
    )


def test_what_is_the_same_is_known_without_reading_a_result() -> None:
    hashes = {"reports/evaluation/x.json": "1", "reports/losses/x.parquet": "2"}
    one = revision("a", hashes)
    assert one.same(revision("b", hashes), "x")
    assert not one.same(revision("b", hashes, rate=0.1), "x")
    assert not one.same(revision("b", {**hashes, "reports/losses/x.parquet": "3"}), "x")
    # Settings of a params.yaml that today's checks refuse: equal results were made with equal ones.
    assert one.same(revision("b", hashes, rate=0.1, settings=False), "x")
    assert not one.same(dataclasses.replace(revision("b", hashes), raw={}), "x")


def test_sources_are_code_data_and_locked_packages_and_no_stages_outputs() -> None:
    more = {
        "deps": [{"path": "pipeline/evaluate", "md5": "5"}, {"path": "models/x/training", "md5": "6.dir"}],
        "params": {"params.yaml": {"size": "quick"}, "locked.yaml": {"rows": {"numpy": "2.2"}}},
    }
    one = revision("a", {"models/x/training": "6.dir"}, **more)
    assert one.side("x").sources == {"evaluate": {"pipeline/evaluate": "5", "numpy of locked.yaml": "2.2"}}


def test_a_diagnosis_of_an_earlier_training_is_left_out() -> None:
    path = "reports/diagnosis/x.json"
    for trained, expected in (("1.dir", {"verdict": "learning"}), ("2.dir", None)):
        lock = {
            "train@x": {"outs": [{"path": "models/x/training", "md5": trained}]},
            "diagnose@x": {
                "deps": [{"path": "models/x/training", "md5": "1.dir"}],
                "outs": [{"path": path, "md5": "3"}],
            },
        }
        one = dataclasses.replace(revision("a", {}), lock=lock, read=lambda path, expected: b'{"verdict": "learning"}')
        assert one.side("x").diagnosis == expected


def test_a_result_that_is_not_whole_is_one_line() -> None:
    for path in ("reports/evaluation/x.json", "reports/losses/x.parquet"):
        one = dataclasses.replace(revision("a", {path: "1"}), read=lambda path, expected: b"{")
        with pytest.raises(UserError, match=rf"`{path} of a` must be whole.*snakemake"):
            one.side("x")


# --- page


def render(sides: dict[str, list[Side]], names: list[str], same: list[str] | None = None, old: str = "") -> str:
    revisions = [revision(name, {}, settings=name != old) for name in names]
    sections = [page.section(name, each) for name, each in sides.items()]
    return page.render(revisions, sections, same or [], [])


def whole() -> str:
    other = side("faster", 0.5, experiment__training__learning_rate=0.0005)
    other.evaluation["training"][0] |= {"nonfinite": {"epoch": 1, "batch": 45}}
    sides = [side("HEAD"), other, Side("old")]
    return render({"x": sides, "words": sides}, ["HEAD", "faster", "old"], ["y", "z"], old="old")


def test_the_page_is_well_nested_and_loads_nothing() -> None:
    text = whole()
    reader = _Reader()
    reader.feed(text)
    assert (reader.wrong, reader.open, reader.headings.count("h1")) == ([], [], 1)
    assert len(reader.ids) == len(set(reader.ids))
    assert {address[1:] for _, _, address in reader.refs if address.startswith("#")} <= set(reader.ids)
    assert [ref for ref in reader.refs if ref[0] != "a" and not ref[2].startswith(("#", "data:"))] == []
    assert not re.search(r"<script|@import|url\((?!#)|https?://", text)
    assert not re.search(r"#0[1-9a-b]0[1-9a-b]0[1-9a-b]", text)
    assert whole() == text


def test_the_page_tells_what_came_of_the_change() -> None:
    text = said(whole())
    assert "faster and old against HEAD . 2 of 4 experiments differ." in text
    assert "experiments.x.training.learning_rate 0.001 0.0005 –" in text.replace("_ ", "_")
    assert "better faster : the test loss is 50.0 % lower (50.0 % to 50.0 %)." in text
    assert "old : not compared, for it is not evaluated in old ." in text
    assert "Nothing differs in y, z." in text
    assert "Compared on 120 test windows, the same ones in each." in text
    assert "1 training of faster came to no number, the first in epoch 1, batch 45." in text
    assert "The params.yaml of old does not pass the checks of today" in text
    assert "python -m workflow.compare HEAD faster old" in text
    assert "Seconds" not in text


def test_names_are_escaped() -> None:
    bad = '<i>&$x_"'
    other = side(bad, 0.5, experiment__training__learning_rate=bad)
    text = render({"x": [side("a"), other]}, ["a", bad], [bad])
    assert "<i>" not in text
    assert text.count("&lt;i&gt;&amp;$x_") > 8


def test_seconds_stand_where_there_are_any() -> None:
    text = said(render({"x": [side("a"), dataclasses.replace(side("workspace", 0.5), seconds=12.34)]}, ["a", "w"]))
    assert "Updates Seconds" in text
    assert "960 12.3" in text


# --- curves


def test_every_revision_has_a_line_of_its_own() -> None:
    lines = [curves.line(order) for order in range(12)]
    assert len(set(map(str, lines))) == 12
    samples = [curves.sample(order) for order in range(12)]
    assert len(set(samples)) == 12
    assert all("var(--" in sample and "#" not in sample for sample in samples)


def test_curves_are_laid_over_each_other() -> None:
    drawn = curves.curve([side("a"), side("b")], "loss", "k", "training loss")
    assert drawn
    for order in (0, 1):
        colour = re.search(r"var\(--[a-z]+\)", curves.sample(order))
        assert colour
        # Two trainings, and their mean.
        assert drawn.count(f"stroke: {colour[0]}") >= 3
    assert "epoch" in drawn
    assert curves.curve([Side("a")], "loss", "k", "training loss") is None
    lost = side("a")
    for run in lost.evaluation["training"]:
        run["curves"]["loss"] = [None, None]
    assert "no finite loss was recorded" in (curves.curve([lost], "loss", "k", "training loss") or "")


def test_losses_in_other_units_are_said_to_be() -> None:
    sides = [side("a"), side("b", dataset__scaling__target="none")]
    assert "`datasets.d.scaling.target` changes what a loss is measured in" in page.section("x", sides)["curves"][0][1]
    sides = [side("a"), side("b", experiment__training__learning_rate=0.1)]
    assert "measured" not in page.section("x", sides)["curves"][0][1]


# --- git and DVC

# In place of the network: losses that follow from the rate, and test windows from the gap.
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
    """Two experiments evaluated and committed, and two of DVC's: `faster`, and `later`, with other test windows."""
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
    """Every file of the work tree but the comparison itself."""
    return {
        str(path): md5(path.read_bytes())
        for folder, _, names in os.walk(project.folder)
        for path in (Path(folder) / name for name in names)
        if not {".git", ".dvc", "__pycache__"} & set(path.parts) and path.name != FILE.name
    }


def test_an_experiment_against_the_last_commit(inside: Project) -> None:
    before = state(inside)
    told, same = compare(["HEAD", "faster"], [])
    assert same == ["sign_lstm"]
    text = said(FILE.read_text())
    assert f"{RATE} 0.001 0.0005" in text.replace("_ ", "_")
    assert "Nothing differs in sign_lstm." in text
    tables = [files.read_table(path) for path in (files.LOSSES / "season_lstm.parquet", Path("../faster.parquet"))]
    effect = pairs.summed("", "", skill.paired(*tables))
    assert told == {
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


def test_other_test_windows_of_an_experiment_get_no_interval(inside: Project) -> None:
    assert list(compare(["HEAD", "later"], [])[0]) == ["season_lstm"]
    text = said(FILE.read_text())
    assert (
        "not compared, for the test windows are not the same: 120 in HEAD , 120 in later , 117 of them in both." in text
    )
    assert "Interval (95" not in text


def test_the_work_tree_before_and_after_an_edit(inside: Project) -> None:
    assert compare(["HEAD", "workspace"], []) == ({}, ["season_lstm", "sign_lstm"])
    assert "No of 2 experiments differ." in said(FILE.read_text())
    files.COSTS.write_text("stage,seconds,peak_megabytes\ntrain@season_lstm,12.3,900\n")
    inside.set(RATE, 0.02)
    try:
        assert compare(["HEAD", "workspace", "faster"], ["season_lstm"])[1] == []
        text = said(FILE.read_text())
        assert "nothing differs" not in text
        assert f"The results in workspace are older than its params.yaml, which differs in {RATE} :" in text
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
    assert line.startswith("`fastr` must be `workspace`, an experiment of DVC, or a revision of git.")
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
        for damaged, received in ((b"other", "a damaged file, of another hash"), (None, "no file of its hash")):
            place.unlink() if damaged is None else place.write_bytes(damaged)
            with pytest.raises(UserError) as raised:
                compare(["HEAD", "faster"], [])
            assert str(raised.value) == (
                f"`reports/losses/season_lstm.parquet of faster` must be in DVC's cache. Received: {received}. "
                "`dvc exp pull REMOTE faster` brings it from a remote that has it; `dvc exp apply faster` and then "
                "`snakemake --cores all` compute it again."
            )
        # What is the same everywhere is not read at all.
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
