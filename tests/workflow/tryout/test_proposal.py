"""What is proposed: by training rows alone, and so that an ordinary seasonal file gets a sensible verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.common import architectures, yaml_text
from tests.helpers.project import Project
from tests.workflow.tryout.files import season, table, text
from workflow.tryout import options, steps

pytestmark = pytest.mark.usefixtures("folder")


def plan(path: Path, *words: str) -> steps.Plan:
    return steps.plan(path, "mine", options.chosen(options.parse([str(path), *words])), None)


def shown(made: steps.Plan) -> dict[str, str]:
    return {choice.what: choice.value for choice in made.choices}


def hourly(rows: int = 1000) -> pd.DataFrame:
    times = pd.date_range("2020-01-01", periods=rows, freq="h")
    noise = np.random.default_rng(1).normal(0, 1, (rows, 2))
    return pd.DataFrame({"time": times, "load": season(rows, 24), "wind": noise[:, 0], "sun": noise[:, 1]})


@pytest.mark.parametrize("holes", [False, True])
def test_no_choice_looks_at_validation_or_test_rows(holes: bool) -> None:
    """Every row after the training part is replaced; all proposals, reasons included, stay the same."""
    frame = hourly()
    if holes:
        frame = frame.drop(index=[i for i in range(1000) if i % 9 == 5]).reset_index(drop=True)
    frame.to_csv("a.csv", index=False)
    before = plan(Path("a.csv"), "--target", "load")
    later = frame["time"] >= pd.Timestamp("2020-01-01") + pd.Timedelta(hours=700)
    assert 250 < later.sum() < 310
    rng = np.random.default_rng(2)
    frame.loc[later, "load"] = 5 * rng.normal(size=later.sum()).cumsum()
    frame.loc[later, "wind"] = np.nan
    frame.loc[later, "sun"] = 7.0
    frame.loc[later, "wind"] = frame.loc[later, "load"]
    frame.to_csv("a.csv", index=False)
    after = plan(Path("a.csv"), "--target", "load")
    assert after.choices == before.choices
    assert after.text == before.text


def test_rows_that_become_validation_rows_decide_nothing() -> None:
    """Of few rows the validation part is larger than usual: the choices are made by the rows that are left."""
    rows = table(rows=200)
    Path("a.csv").write_text(text(rows))
    before = plan(Path("a.csv"), "--horizon", "5")
    assert "validation: 0.27" in before.text
    first = 200 - round(0.15 * 200) - round(0.27 * 200)
    changed = [row if i < first else [row[0], f"{(i * 37) % 11 * 50}"] for i, row in enumerate(rows)]
    Path("a.csv").write_text(text(changed))
    after = plan(Path("a.csv"), "--horizon", "5")
    assert after.text == before.text


def test_a_rain_gauge_that_is_dry_in_its_longest_stretch_is_no_error() -> None:
    times = pd.date_range("2020-01-01", periods=400, freq="h")
    frame = pd.DataFrame({"time": times, "rain": np.where(np.arange(400) < 150, 0.0, np.arange(400) % 5)})
    frame.drop(index=range(150, 280, 6)).to_csv("a.csv", index=False)
    assert "window: none" in plan(Path("a.csv"), "--holes", "cut").text


def test_names_of_columns_that_look_like_numbers_stay_text() -> None:
    rows = [[day, value, f"{i % 11}"] for i, (day, value) in enumerate(table())]
    Path("a.csv").write_text(text(rows, header="date,08,1e3"))
    made = plan(Path("a.csv"), "--target", "08")
    read = yaml_text.load(made.text, Path("params.yaml"))["series"]["mine"]
    assert (read["target"], read["features"]) == ("08", ["08", "1e3"])


def test_the_training_rows_do_decide() -> None:
    frame = hourly()
    frame["load"] = np.where(np.arange(1000) < 700, season(1000, 12), frame["load"])
    frame.loc[:699, "sun"] = 7.0
    frame.to_csv("a.csv", index=False)
    made = shown(plan(Path("a.csv"), "--target", "load"))
    assert (made["period"], made["inputs"], made["left out"]) == ("12", "load, wind", "sun")


def test_a_trend_and_a_walk_are_taken_relative_to_the_last_value_and_noise_is_not() -> None:
    noise = np.random.default_rng(0).normal(size=900)
    for values, relative in ((noise, "none"), (noise.cumsum(), "last"), (noise + np.arange(900) / 200, "last")):
        Path("a.csv").write_text("v\n" + "\n".join(map(str, values)))
        made = plan(Path("a.csv"))
        assert f"window: {relative}}}" in made.text
        assert shown(made)["period"] == "none"


@pytest.mark.parametrize(
    ("rows", "stride", "epochs"),
    [
        (100, "1 row", 100),
        (1000, "1 row", 96),
        (10_000, "1 row", 10),
        (100_000, "9 rows in training, 4 rows in evaluation", 9),
    ],
)
def test_the_work_stays_bounded(rows: int, stride: str, epochs: int) -> None:
    Path("a.csv").write_text("v\n" + "\n".join(map(str, season(rows, 24))))
    made = plan(Path("a.csv"))
    assert shown(made)["stride"] == stride
    assert shown(made)["training"] == f"{epochs} epochs"


def test_few_rows_get_enough_windows_to_judge_on() -> None:
    Path("a.csv").write_text(text(table(rows=200)))
    made = plan(Path("a.csv"), "--horizon", "5")
    assert "policy: carry" in made.text
    assert "validation: 0.27" in made.text  # 2 x 5 x 5 windows
    assert "policy" not in plan(Path("a.csv"), "--validation", "0").text


def test_what_the_user_sets_is_written() -> None:
    hourly().to_csv("a.csv", index=False)
    words = (
        "--target load --features load wind --period 12 --window 30 --horizon 2 --stride 3 --validation 0.2 --test 0.1 "
        "--scaling standard --epochs 4 --learning-rate 0.01 --seeds 5 6 7 --units 8 --time none"
    )
    text = plan(Path("a.csv"), *words.split()).text
    for line in (
        "target: load", "features:  # chosen by you\n    - load\n    - wind\n", "period: 12", "length: 30",
        "horizon: 2", "stride: {train: 3, evaluation: 3}", "validation: 0.2, test: 0.1", "window: standard",
        "epochs: 4", "learning_rate: 0.01", "seeds:\n      - 5\n      - 6\n      - 7\n", "units: [8]",
    ):  # fmt: skip
        assert line in text
    assert "time:" not in text


@pytest.mark.slow
def test_the_example_of_the_readme_learns(tmp_path: Path) -> None:
    """1,500 daily rows: a trend, a week, a year and noise, with a temperature beside them."""
    project = Project(tmp_path / "project")
    days = np.arange(1500)
    rng = np.random.default_rng(3)
    temperature = 10 - 8 * np.cos(2 * np.pi * days / 365.25) + rng.normal(0, 2, 1500)
    week = 8 * np.sin(2 * np.pi * days / 7) + 5 * (days % 7 >= 5)
    load = 100 + 0.02 * days + week + 10 * np.cos(2 * np.pi * days / 365.25) - 0.3 * temperature
    dates = pd.date_range("2019-01-01", periods=1500).strftime("%d.%m.%Y")
    frame = pd.DataFrame({"Datum": dates, "Last": load + rng.normal(0, 2, 1500), "Temperatur": temperature})
    frame.to_csv(tmp_path / "Mappe.csv", sep=";", decimal=",", index=False)
    before = (project.folder / "params.yaml").read_bytes()
    done = project("python", "-m", "workflow.tryout", str(tmp_path / "Mappe.csv"), "--target", "Last").stdout
    lines = done.strip().splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("mappe: learning. "))
    assert len(lines) - start == 6
    assert lines[-1].startswith("The page: ")
    assert Path(lines[-1].removeprefix("The page: ")).exists()
    project("python", "-m", "workflow.forget", "mappe")
    assert (project.folder / "params.yaml").read_bytes() == before
    assert not [path for path in project.folder.glob("reports/**/mappe*")]
    assert not (project.folder / "models/mappe").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--architecture", "nlinear"], {"name": "nlinear"}),
        (["--architecture", "tcn", "--units", "16", "8"], {"name": "tcn", "units": [16, 8]}),
        (["--architecture", "attention"], {"name": "attention"}),
    ],
)
def test_any_network_that_ships_can_be_chosen(words: list[str], expected: dict[str, object]) -> None:
    hourly().to_csv("a.csv", index=False)
    experiment = yaml_text.load(plan(Path("a.csv"), "--target", "load", *words).text, Path("mine.yaml"))["experiments"]
    assert experiment["mine"]["architecture"] == expected
    architectures.check("experiments.mine.architecture", expected)
