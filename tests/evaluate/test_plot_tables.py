"""What `dvc plots` draws: the tables, the templates over them, and the page, which opens without a network."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import vl_convert
import yaml

from pipeline.common import plots
from pipeline.evaluate import plot_tables
from pipeline.network.live import LearningCurve
from tests.conftest import PROJECT
from tools import plots_page

TEMPLATES = PROJECT / ".dvc/plots"
DECLARED: dict[str, dict[str, str]] = {
    Path(folder).name: properties
    for one in yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    for folder, properties in one.items()
}
NAN = float("nan")
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=(500, 1))


def test_long_series_are_thinned_and_keep_both_ends():
    truth = np.arange(100_000.0)[:, None]
    rows = list(plot_tables.predictions(truth, {0: truth, 1: truth + 1}, None))
    assert len(rows) == 600
    assert (rows[0]["truth"], rows[-1]["truth"], rows[-1]["prediction"]) == (0.0, 99_999.0, 100_000.0)


def test_of_classes_the_prediction_is_the_class_to_be_expected():
    truth = np.array([[0.0], [1.0]])
    assert [row["prediction"] for row in plot_tables.predictions(truth, {0: np.array([[0.2], [0.9]])}, 2)] == [0.2, 0.9]
    outputs = np.array([[0.2, 0.2, 0.0], [0.0, 0.1, 0.3]])
    assert [row["prediction"] for row in plot_tables.predictions(truth, {0: outputs}, 3)] == pytest.approx([0.5, 1.75])


def test_calibration_of_values_is_the_mean_truth_of_equal_bins():
    rows = list(plot_tables.calibration(TRUTH, {3: TRUTH * 2}, None))
    assert [row["windows"] for row in rows] == [50] * 10
    assert all(row["forecast"] == pytest.approx(2 * row["observed"]) for row in rows)
    assert rows[0]["forecast"] < rows[-1]["forecast"]
    assert {(row["class"], row["seed"]) for row in rows} == {("", 3)}


def test_one_value_for_every_window_is_one_bin_and_no_number_none():
    (row,) = plot_tables.calibration(TRUTH, {0: np.ones((500, 1))}, None)
    assert (row["windows"], row["observed"]) == (500, pytest.approx(TRUTH.mean()))
    (row,) = plot_tables.calibration(TRUTH, {0: np.full((500, 1), np.nan)}, None)
    assert (row["windows"], row["forecast"], row["observed"]) == (0, None, None)


def test_calibration_of_classes_is_the_share_that_came():
    truth = (RANDOM.random(4000) < 0.3).astype(float)[:, None]
    chance = np.where(np.arange(4000) % 2, 0.3, 0.6)[:, None]
    rows = list(plot_tables.calibration(truth, {0: chance}, 2))
    assert [(row["class"], row["windows"], row["forecast"]) for row in rows] == [
        ("1", 2000, pytest.approx(0.3)),
        ("1", 2000, pytest.approx(0.6)),
    ]
    assert [row["observed"] for row in rows] == pytest.approx([0.3, 0.3], abs=0.04)
    assert {row["class"] for row in plot_tables.calibration(truth, {0: np.tile(chance, 3)}, 3)} == {"0", "1", "2"}


def test_confusion_of_values_is_by_thirds_of_the_truth():
    shares = {
        (r["truth"], r["prediction"]): r["share"] for r in plot_tables.confusion(TRUTH, {0: TRUTH, 1: -TRUTH}, None)
    }
    assert len(shares) == 9
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["low", "low"] == pytest.approx(1 / 6, abs=0.01)
    assert shares["low", "high"] == pytest.approx(1 / 6, abs=0.01)
    assert shares["low", "middle"] == 0
    broken = TRUTH.copy()
    broken[:250] = np.nan
    none = [row for row in plot_tables.confusion(TRUTH, {0: broken}, None) if row["prediction"] == "none"]
    assert sum(row["share"] for row in none) == pytest.approx(0.5)


def test_confusion_of_classes_is_that_of_the_scores():
    truth = np.array([0.0, 1, 2, 2])[:, None]
    outputs = np.eye(3)[[0, 1, 2, 1]]
    shares = {(r["truth"], r["prediction"]): r["share"] for r in plot_tables.confusion(truth, {0: outputs}, 3)}
    assert shares["2", "2"] == shares["2", "1"] == shares["0", "0"] == 0.25
    assert shares["0", "1"] == 0


def tables(folder: Path, monkeypatch: pytest.MonkeyPatch, shift: float = 0.0) -> None:
    """The files of a regression and of a classifier that never was a number."""
    monkeypatch.chdir(folder)
    arrays = {("validation", "truth"): [TRUTH], ("validation", ("seed", 0)): [TRUTH + shift]}
    plot_tables.write("wave", arrays, [0], None)
    nothing = {("train", "truth"): [(TRUTH > 0).astype(float)], ("train", ("seed", 0)): [np.full((500, 1), np.nan)]}
    plot_tables.write("sign", nothing, [0], 2)
    wave, sign = [{"loss": 2.0, "val_loss": 2.5}, {"loss": 1.0, "val_loss": 1.5}], [{"loss": NAN}]
    for name, epochs in (("wave", wave), ("sign", sign)):
        curve = LearningCurve(name, 1, 1)
        curve.callback(0, 0, SimpleNamespace(epochs=epochs))
        curve.write()


@pytest.mark.parametrize(("part", "others"), [("validation", ("train", "test")), ("train", ("test",))])
def test_no_picture_is_of_test_rows_nor_of_a_later_fold(
    part: str, others: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = TRUTH[:40]
    arrays: dict[Any, list[np.ndarray]] = {(part, "truth"): [own, own + 50], (part, ("seed", 0)): [own + 1, own + 50]}
    for other in others:
        arrays |= {(other, "truth"): [own + 100] * 2, (other, ("seed", 0)): [own + 100] * 2}
    plot_tables.write("wave", arrays, [0], None)
    for kind, column in (("predictions", "truth"), ("calibration", "observed"), ("confusion", "share")):
        with (plots.FOLDER / kind / "wave.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert {row["part"] for row in rows} == {part}
        assert all(float(row[column]) < 10 for row in rows)
    with (plots.FOLDER / "predictions/wave.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["truth"]) for row in rows] == pytest.approx(own[:, 0].tolist(), rel=1e-4)
    assert [float(row["prediction"]) for row in rows] == pytest.approx((own[:, 0] + 1).tolist(), rel=1e-4)


def test_the_files_have_the_columns_declared_and_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {}
    for _ in range(2):
        tables(tmp_path, monkeypatch)
        found = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.csv"))}
        assert len(found) == 2 * len(plots.COLUMNS)
        assert before in ({}, found)
        before = found
    for path in found:
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == plots.COLUMNS[path.parent.name]
        assert {row["experiment"] for row in rows} == {path.stem}
    assert b"nan" not in b"".join(found.values())


def test_every_kind_is_declared_with_a_template_over_columns_that_it_has():
    assert set(DECLARED) == set(plots.COLUMNS)
    for kind, properties in DECLARED.items():
        template = (TEMPLATES / f"{properties['template']}.json").read_text(encoding="utf-8")
        fields = set(re.findall(r'"field": "(\w+)"', template)) - {"rev", "most", "panel"}
        assert fields | {properties["x"], properties["y"]} <= set(plots.COLUMNS[kind])
        assert len(properties["title"]) < 30


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page that `dvc plots diff` writes of two commits, in a project that has the tables and nothing else."""
    folder = tmp_path_factory.mktemp("plots")
    shutil.copytree(
        PROJECT / ".dvc", folder / ".dvc", ignore=lambda at, names: {"cache", "tmp", "page.html"} & {*names}
    )
    wiring = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": wiring["plots"]}), encoding="utf-8")

    def command(*words: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a"]
        words = ("git", *author, *words) if words[0] != "dvc" else (sys.executable, "-m", *words)
        subprocess.run(words, cwd=folder, check=True, capture_output=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        plots_page.main()
        command("init", "-q")
        for name, shift in (("before", 0.5), ("after", 0.0)):
            tables(folder, patch, shift)
            command("add", "-A")
            command("commit", "-q", "-m", name)
            command("tag", name)
        command("dvc", "plots", "diff", "before", "after")
    return (folder / "dvc_plots/index.html").read_text(encoding="utf-8")


def test_the_page_loads_nothing(page: str) -> None:
    head, _, drawn = page.rpartition("</head>")
    assert not re.search(r"<script[^>]+src|<link|@import", page)
    assert "<img" not in drawn
    assert "window.vegaEmbed=" in head
    assert len(head) > 500_000
    addresses = set(re.findall(r"https?://[^\"' ]+", drawn))
    assert addresses == {"https://vega.github.io/schema/vega-lite/v6.json"}  # a name, which is not opened


def test_every_plot_of_the_page_is_drawn_by_what_it_carries(page: str) -> None:
    specs = [json.loads(text) for text in re.findall(r"var spec = (\{.*\});", page)]
    assert len(specs) == 2 * len(plots.COLUMNS)
    major = vl_convert.get_vegalite_versions()[-1]
    titles = set()
    for spec in specs:
        titles.add(spec["title"]["text"])
        revisions = {row["rev"] for row in spec["data"]["values"]}
        assert revisions == {"before", "after"}
        picture = vl_convert.vegalite_to_svg(spec, vl_version=major)
        panels = {"wave", "sign"} if "Loss" in spec["title"]["text"] else {"wave, validation part", "sign, train part"}
        assert panels & set(re.findall(r">([\w, ]+)</text>", picture))
        assert ">before</text>" in picture
        assert not re.search(r' (d|transform)="[^"]*NaN', picture)
    assert titles == {properties["title"] for properties in DECLARED.values()}
