"""`dvc exp` and `dvc queue` as docs/experiments.md has them: what runs, what is printed, what is recorded."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.common import files, params
from pipeline.diagnose.stage import summary
from pipeline.evaluate.stage import NO_VALIDATION
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers import lean
from tests.helpers.lean import DATA, NAME, Lean
from tests.helpers.torn import Torn, torn_params
from workflow import choosable

DOC = (PROJECT / "docs/experiments.md").read_text(encoding="utf-8")
RATE = f"experiments.{NAME}.training.learning_rate"
SHORT = ("--only-changed", "--drop", ".*/")
SWEEPS = re.findall(r"^dvc exp run --queue .*$", DOC, flags=re.MULTILINE)


def ran(text: str) -> list[str]:
    """The stages that were computed, by what DVC said: neither restored from the cache nor found unchanged."""
    return sorted(re.findall(r"Running stage '([^']+)'", text))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def computed_by_snakemake(project: Lean | Torn) -> list[str]:
    shutil.rmtree(project.folder / "logs", ignore_errors=True)
    project("snakemake", "--cores", "2")
    return sorted(name for log in project.folder.glob("logs/**/*.log") for name in ran(log.read_text()))


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lean, str]:
    """A project in which `snakemake` has run with another rate, and what recording that as an experiment printed."""
    project = lean.ran(tmp_path_factory.mktemp("experiments") / "project")
    project.set(RATE, 0.0005)
    assert f"train@{NAME}" in computed_by_snakemake(project)
    return project, project("dvc", "exp", "run", "-n", "slower").stdout


def test_what_snakemake_computed_is_recorded_and_not_computed_twice(changed: tuple[Lean, str]) -> None:
    assert "Ran experiment(s): slower" in changed[1]
    assert ran(changed[1]) == []


def test_the_table_of_experiments_is_short(changed: tuple[Lean, str]) -> None:
    project = changed[0]
    rows = table(project("dvc", "exp", "show", "--csv", *SHORT).stdout)
    assert [row["Experiment"] for row in rows] == ["", "", "slower"]
    columns = [column for column in rows[0] if column not in ("Experiment", "rev", "typ", "Created", "parent")]
    assert columns[0] == f"{NAME}.validation.r2"
    assert not [column for column in rows[0] if column.startswith(f"{NAME}.test")]
    assert columns[-1] == RATE
    assert len(columns) < 16
    assert not [column for column in columns if "/" in column or len(column) > 50]
    assert (rows[1][RATE], rows[2][RATE]) == ("0.001", "0.0005")
    for column in columns:
        assert len(rows[2][column].replace("-", "").replace(".", "").lstrip("0").split("e")[0]) <= 4, column
    assert len(rows[0]) < len(table(project("dvc", "exp", "show", "--csv").stdout)[0])


def made_experiments(*more: str) -> list[list[str]]:
    """The commands of `make experiments`."""
    command = ["make", "--no-print-directory", "-n", "-o", ".venv/.complete", "experiments", *more]
    printed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [shlex.split(line) for line in printed.splitlines()]


def test_make_experiments_shows_the_scores_by_which_settings_are_chosen(changed: tuple[Lean, str]) -> None:
    project = changed[0]
    command, after = made_experiments()
    rows = table(project(*command, "--csv").stdout)
    known = ("Experiment", "rev", "typ", "Created", "parent")
    scores = [f"{NAME}.validation.{score}" for score in ("r2", "skill")]
    assert [column for column in rows[0] if column not in known] == [*scores, RATE]
    assert max(map(len, project(*command).stdout.splitlines())) < 160
    assert project(*after).stdout == ""
    ranked = table(project(*command, "--csv", "--sort-by", scores[0], "--sort-order", "desc").stdout)
    values = [float(row[scores[0]]) for row in ranked if row["typ"] != "baseline" or row["rev"] == "main"]
    assert values[-2:] == sorted(values[-2:], reverse=True)


def test_the_table_holds_the_verdict_and_the_first_finding_where_they_differ(changed: tuple[Lean, str]) -> None:
    project = changed[0]
    path = project.folder / "reports/metrics/diagnosis" / f"{NAME}.json"
    before = path.read_bytes()
    found = {"verdict": "behind", "findings": [{"code": "too_few_updates"}, {"code": "dead_output"}]}
    files.write_json(path, {NAME: summary(found)})
    try:
        rows = table(project(*made_experiments()[0], "--csv").stdout)
        columns = [f"{NAME}.verdict", f"{NAME}.finding"]
        assert [column for column in rows[0] if column in columns] == columns
        assert [rows[0][column] for column in columns] == ["behind", "too_few_updates"]
        assert [row[columns[0]] for row in rows[1:]] == ["", ""]  # the revisions were not diagnosed
    finally:
        path.write_bytes(before)


def test_test_scores_of_earlier_versions_stay_hidden(changed: tuple[Lean, str]) -> None:
    project = changed[0]
    path = project.folder / "reports/metrics" / f"{NAME}.json"
    before = path.read_bytes()
    own = json.loads(before)
    own[NAME] |= {"test": {"r2": 0.9, "mse": 0.1}, "skill": 0.5, "skill_low": 0.4, "skill_linear": 0.1, "p_value": 0.01}
    path.write_text(json.dumps(own))
    try:
        for more in ([], ["HIDDEN=.*/"]):
            columns = table(project(*made_experiments(*more)[0], "--csv").stdout)[0]
            assert f"{NAME}.validation.r2" in columns
            assert [c for c in columns if re.search(r"\.test\.|[^n]\.skill|p_value", c)] == []
        assert f"{NAME}.train.r2" in columns
    finally:
        path.write_bytes(before)


def test_without_a_validation_part_the_listing_says_that_nothing_can_be_chosen(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tiny_params()
    split = {"scheme": "holdout", "validation": 0, "test": 0.2}
    given["datasets"]["none"] = given["datasets"]["season_windows"] | {"split": split}
    folds = {"scheme": "expanding", "folds": 2, "test_size": 20}
    given["datasets"]["folds"] = given["datasets"]["season_windows"] | {"split": folds}
    given["datasets"]["chosen"] = given["datasets"]["season_windows"] | {"split": folds | {"validation_size": 9}}
    for name in ("none", "folds", "chosen"):
        given["experiments"][name] = given["experiments"]["season_lstm"] | {"dataset": name}
    del given["experiments"]["sign_lstm"]
    write_params(project, given)
    choosable.main([])
    line = "Without a validation part, no setting can be chosen for: {}.\n"
    assert capsys.readouterr().out == line.format("folds, none")
    # A share of sequences may be no whole sequence: what counts is the evaluation.
    for name, validation in (("season_lstm", NO_VALIDATION), ("none", {"r2": 0.1}), ("folds", NO_VALIDATION)):
        files.write_json(files.METRICS / f"{name}.json", {name: {"validation": validation}})
    choosable.main([])
    assert capsys.readouterr().out == line.format("folds, season_lstm")


@pytest.fixture(scope="module")
def unchosen(tmp_path_factory: pytest.TempPathFactory) -> Lean:
    """A project without a validation part, and an experiment of it with another rate."""
    project = Lean(tmp_path_factory.mktemp("unchosen") / "project")
    given = project.params()
    given["datasets"][DATA]["split"] = {"scheme": "holdout", "validation": 0, "test": 0.2}
    write_params(project.folder, given)
    project.snakemake()
    project.commit()
    project("dvc", "exp", "run", "-q", "-n", "slower", "-S", f"{RATE}=0.0005", f"evaluate@{NAME}")
    return project


def test_dvc_lists_no_score_to_choose_by_without_a_validation_part(unchosen: Lean) -> None:
    note = f"Without a validation part, no setting can be chosen for: {NAME}.\n"
    command, after = made_experiments()
    assert unchosen(*after).stdout == note
    rows = table(unchosen("dvc", "exp", "show", "--csv").stdout)
    assert {row[f"{NAME}.validation"] for row in rows} == {NO_VALIDATION}
    scores = {column for column in rows[0] if column.startswith(f"{NAME}.")}
    assert scores == {f"{NAME}.{score}" for score in ("validation", "train.r2", "weights", "updates")}
    columns = {column for column in table(unchosen(*command, "--csv").stdout)[0] if column.startswith(NAME)}
    assert columns == set()
    assert NO_VALIDATION in unchosen("dvc", "metrics", "show").stdout
    differences = unchosen("dvc", "exp", "diff", "HEAD", "slower").stdout
    assert f"{NAME}.train.r2" in differences
    assert ".test." not in differences


def test_make_experiments_hides_no_setting() -> None:
    command = made_experiments()[0]
    pattern = re.compile(command[command.index("--drop") + 1])
    given = {"": yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))}
    given["locked"] = yaml.safe_load((PROJECT / "locked.yaml").read_text(encoding="utf-8"))
    keys = [*_leaves(given[""]), *_leaves(given["locked"]), "datasets.a.split.train.from"]
    keys += ["series.test.rows", "datasets.test.split", "datasets.skill.split", "experiments.test.training.seeds"]
    keys += ["experiments.linear.dataset", "series.a.low", "experiments.a.architecture.weights"]
    assert "tensorflow.tensorflow" in keys
    assert [key for key in keys if pattern.match(key)] == []
    scores = ("validation.rmse", "train.r2", "test.r2", "skill", "skill_linear", "skill_low", "p_value", "seeds.r2_std")
    scores += ("test.accuracy", "validation.balanced_accuracy", "validation.skill_linear", "weights")
    assert [score for score in scores if not pattern.match(f"net.{score}")] == []
    shown = ("validation.r2", "validation.accuracy", "validation.skill", "validation")
    assert [score for score in (*shown, "oracle.r2") if pattern.match(f"net.{score}")] == []


def _leaves(node: Any, path: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path


@pytest.mark.parametrize("command", ["exp diff HEAD slower", "metrics diff", "params diff"])
def test_differences_are_short(changed: tuple[Lean, str], command: str) -> None:
    text = changed[0]("dvc", *command.split()).stdout
    lines = [line for line in text.splitlines() if line]
    assert max(len(line) for line in lines) < 110
    assert (f"{NAME}.validation.r2" in text) == (command != "params diff")
    assert ".test." not in text
    assert (f"{RATE}" in text) == (command != "metrics diff")
    assert not re.search(r"[0-9a-f]{32}|\d\.\d{8}", text)


def test_plots_of_an_experiment_and_of_one_file(changed: tuple[Lean, str]) -> None:
    project = changed[0]
    page = project.folder / ".dvc/plots/page.html"
    page.write_text("<html><body>{plot_divs}</body></html>")
    project("dvc", "plots", "diff", "HEAD", "slower")
    assert (project.folder / "dvc_plots/index.html").read_text().count("var spec") == 4
    project("dvc", "plots", "diff", "HEAD", "slower", "--targets", f"reports/plots/learning/{NAME}.csv")
    drawn = (project.folder / "dvc_plots/index.html").read_text()
    assert drawn.count("var spec") == 1
    assert '"rev": "slower"' in drawn
    assert project("git", "status", "--short", "--untracked-files=all").stdout.split() == [
        "M",
        "dvc.lock",
        "M",
        "params.yaml",
    ]


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Torn]:
    """A project of cheap stages after its first run, committed."""
    project = Torn(tmp_path_factory.mktemp("queue") / "project", torn_params(experiments=2))
    project.snakemake()
    project.commit()
    yield project
    project("dvc", "queue", "stop", "--kill", check=False)


@pytest.fixture
def clean(torn: Torn) -> Torn:
    torn("git", "checkout", "-q", ".")
    torn("dvc", "checkout", "-q")
    return torn


LONGER = "experiments.net0.training.epochs"


def test_one_setting_runs_one_experiment_s_stages_and_snakemake_none_again(clean: Torn) -> None:
    kinds = ("diagnose", "evaluate", "page", "predict", "train")
    text = clean("dvc", "exp", "run", "-n", "first", "-S", f"{LONGER}=4").stdout
    assert ran(text) == sorted(["backends", "report", *(f"{kind}@net0" for kind in kinds)])
    assert computed_by_snakemake(clean) == []
    clean("git", "checkout", "-q", ".")
    clean("dvc", "checkout", "-q")
    assert clean.wrong() == []
    clean("dvc", "exp", "apply", "first")
    assert computed_by_snakemake(clean) == []
    assert clean.params()["experiments"]["net0"]["training"]["epochs"] == 4
    assert clean.wrong() == []


@pytest.mark.slow
def test_a_queue_runs_two_at_a_time_elsewhere_and_only_what_is_affected(clean: Torn) -> None:
    before = clean.lock
    rate = "experiments.net0.training.learning_rate"
    clean("dvc", "exp", "run", "--queue", "-n", "rate", "-S", f"{rate}=choice(0.0003,0.001)", "evaluate@net0")
    assert states(clean) == {"rate-1": "Queued", "rate-2": "Queued"}
    clean("dvc", "queue", "start", "--jobs", "2")
    deadline = time.monotonic() + 300
    while set(states(clean).values()) & {"Queued", "Running"} and time.monotonic() < deadline:
        time.sleep(1)
    assert set(states(clean).values()) == {"Success"}
    logs = [ran(clean("dvc", "queue", "logs", f"rate-{k}").stdout) for k in (1, 2)]
    # The second rate is the one that was committed.
    assert logs == [["evaluate@net0", "predict@net0", "train@net0"], []]
    rows = {row["Experiment"]: row for row in table(clean("dvc", "exp", "show", "--csv").stdout)}
    assert [rows[f"rate-{k}"][rate] for k in (1, 2)] == ["0.0003", "0.001"]
    assert clean.lock == before
    assert clean("git", "status", "--short").stdout == ""
    clean("dvc", "exp", "apply", "rate-1")
    assert "train@net0" not in computed_by_snakemake(clean)
    assert clean.wrong() == []


def states(project: Torn) -> dict[str, str]:
    """What `dvc queue status` says of each experiment."""
    lines = [line.split() for line in project("dvc", "queue", "status").stdout.splitlines()]
    return {line[1]: line[-1] for line in lines if len(line) > 3 and line[1].startswith(("rate-", "grid-"))}


def test_no_documented_command_sorts_or_lists_by_test() -> None:
    for path in [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md"), PROJECT / "Makefile", PROJECT / "tools"]:
        for file in path.glob("*.py") if path.is_dir() else [path]:
            text = file.read_text(encoding="utf-8")
            assert re.findall(r"\S*sort-by \S*test\S*|\b\w+[.]test[.](?:r2|accuracy)\b", text) == [], file


@pytest.mark.parametrize(("sweep", "many"), list(zip(SWEEPS, (9, 24), strict=True)), ids=["107289", "68047"])
def test_the_documented_sweeps_are_settings_that_params_yaml_may_hold(sweep: str, many: int, tmp_path: Path) -> None:
    from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

    words = shlex.split(sweep)
    overrides = [words[i + 1] for i, word in enumerate(words) if word == "-S"]
    found = get_hydra_sweeps({"params.yaml": overrides})
    assert len(found) == many
    assert len({tuple(one["params.yaml"]) for one in found}) == many
    seen: list[Any] = []
    for one in found if many == 9 else (found[0], found[-1]):
        shutil.copy(PROJECT / "params.yaml", tmp_path / "params.yaml")
        apply_overrides(str(tmp_path / "params.yaml"), one["params.yaml"])
        settings = params.load(tmp_path / "params.yaml")
        seen.append((settings["experiments"], settings["series"]["step_sequences"]))
        name = words[-1].removeprefix("evaluate@")
        # A sweep is for choosing, and test rows choose nothing.
        assert settings["datasets"][settings["experiments"][name]["dataset"]]["split"]["validation"]
    assert seen[0] != seen[-1]
    if many == 9:
        rates = [one[0]["deep_rnn"]["training"]["learning_rate"] for one in seen]
        assert rates == [k / 10000 for k in range(1, 10)]  # 0.0003, and not 0.00030000000000000003


AFFECTED = {
    "107289": {"train@deep_rnn", "predict@deep_rnn", "evaluate@deep_rnn"},
    "68047": {
        "raw@step_sequences",
        *(f"{kind}@step_sequences_posted" for kind in ("split", "window", "scale", "baselines")),
        *(f"{kind}@sequence_mean_answer" for kind in ("train", "predict", "evaluate")),
    },
}


@pytest.mark.slow
@pytest.mark.parametrize(("sweep", "post"), list(zip(SWEEPS, AFFECTED, strict=True)), ids=list(AFFECTED))
def test_the_documented_sweeps_run_through_the_queue(sweep: str, post: str, tmp_path: Path) -> None:
    given, raw = torn_params(experiments=1), yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    for name in ("deep_rnn", "sequence_mean_answer"):
        given["experiments"][name] = experiment = raw["experiments"][name]
        given["datasets"][experiment["dataset"]] = dataset = raw["datasets"][experiment["dataset"]]
        given["series"][dataset["series"]] = raw["series"][dataset["series"]]
    project = Torn(tmp_path / "project", given)
    project.snakemake()
    project.commit()
    try:
        names = re.findall(r"Queued experiment '([^']+)'", project(*shlex.split(sweep)).stdout)
        project("dvc", "queue", "start", "--jobs", "2")
        deadline = time.monotonic() + 1800
        while set(states(project).values()) & {"Queued", "Running"} and time.monotonic() < deadline:
            time.sleep(2)
        assert states(project) == dict.fromkeys(names, "Success")
        computed = [ran(project("dvc", "queue", "logs", name).stdout) for name in names]
    finally:
        project("dvc", "queue", "stop", "--kill", check=False)
    # What one has made, the others take from the cache: of the grid's 24 points two each have the same rows.
    times = Counter(stage for stages in computed for stage in stages)
    assert set(times) == AFFECTED[post]
    assert len(names) == {"107289": 9, "68047": 24}[post]
    assert all(times[stage] == 12 for stage in AFFECTED["68047"] & set(times) if "step_sequences" in stage)
    # The learning rate that is committed trains nothing; of the grid, no point is.
    (train,) = (stage for stage in AFFECTED[post] if stage.startswith("train@"))
    committed = raw["experiments"]["deep_rnn"]["training"]["learning_rate"]
    untrained = [name for name, stages in zip(names, computed, strict=True) if train not in stages]
    assert len(untrained) == (f"{committed:g}" in re.split(r"[(,)]", sweep) if post == "107289" else 0)
    assert times[train] + len(untrained) == len(names)
    assert project("git", "status", "--short").stdout == ""
    assert project.wrong() == []
