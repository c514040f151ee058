"""Stage `raw`: its files, its errors, and that a failure leaves the earlier result."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import raw
from pipeline.common.errors import UserError
from pipeline.series import reading

ROOT = Path(__file__).parents[2]
AUTOREGRESSION = {"source": "pipeline/sources/autoregression.py", "rows": 50, "phi": 0.3, "scale": 1.0, "seed": 1}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with the sources where params.yaml names them, and an own file."""
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline/sources").symlink_to(ROOT / "pipeline/sources")
    (tmp_path / "data/own").mkdir(parents=True)
    (tmp_path / "data/own/a.csv").write_text("t,a,b\n2020-01-01,1,2\n2020-01-02,3,\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_what_the_files_page_says(project):
    settings = {"source": "data/own/a.csv", "time": "t", "target": "b", "features": ["a"], "period": 7}
    reading.write("mine", reading.read("mine", settings), settings)
    folder = project / "data/raw/mine"
    np.testing.assert_array_equal(np.load(folder / "rows.npy"), [[1, 2], [3, np.nan]])
    assert np.load(folder / "time.npy").dtype == "datetime64[s]"
    assert json.loads((folder / "series.json").read_text()) == {
        "columns": ["a", "b"],
        "target": "b",
        "features": ["a"],
        "rows": 2,
        "sequence_length": None,
        "period": 7,
        "oracle": None,
        "source": {"path": "data/own/a.csv", "sha256": hashlib.sha256(Path("data/own/a.csv").read_bytes()).hexdigest()},
        "time": {
            "first": "2020-01-01T00:00:00",
            "last": "2020-01-02T00:00:00",
            "step": None,
            "holes": 0,
            "early": 0,
            "treated": None,
        },
        "cuts": [],
    }


def test_fractions_of_a_second_are_kept(project):
    (project / "data/own/a.csv").write_text("t,a\n2020-01-01T00:00:00.25,1\n2020-01-01T00:00:00.50,2\n")
    settings = {"source": "data/own/a.csv", "time": "t", "target": "a"}
    reading.write("mine", reading.read("mine", settings), settings)
    times = np.load(project / "data/raw/mine/time.npy")
    assert times.tolist() == np.array(["2020-01-01T00:00:00.25", "2020-01-01T00:00:00.50"], "datetime64[us]").tolist()


def test_equal_settings_give_equal_bytes_and_nothing_of_an_earlier_run_stays(project):
    reading.write("s", reading.read("s", AUTOREGRESSION), AUTOREGRESSION)
    first = contents(project / "data/raw/s")
    assert sorted(first) == ["rows.npy", "series.json"]
    (project / "data/raw/s/time.npy").write_bytes(b"of an earlier run")
    reading.write("s", reading.read("s", AUTOREGRESSION), AUTOREGRESSION)
    assert contents(project / "data/raw/s") == first


def test_common_keys_reach_a_generator_and_null_is_left_out(project):
    series = reading.read("s", AUTOREGRESSION | {"channels": 3, "features": ["c2"], "period": 5, "target": None})
    assert (series.features, series.target, series.period) == (["c2"], "x", 5)
    seasonal = {"source": "pipeline/sources/seasonal.py", "rows": 50, "period": 12, "seed": 1}
    assert reading.read("s", seasonal).period == 12


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        ({"phi": 2}, "series.s.phi", "2"),
        ({"colour": 1}, "series.s.colour", "phi"),
        ({"rows": None}, "series.s.rows", "must be given"),
        ({"target": "y"}, "series.s.target", "x"),
        ({"source": "pipeline/sources/weather.py"}, "series.s.source", "market.py"),
        ({"source": "pipeline/series/own.py"}, "series.s.source", "market.py"),
        ({"source": "pipeline/common/errors.py"}, "series.s.source", "market.py"),
        ({"source": "data/own/a.csv"}, "series.s.rows", "target"),
        ({"source": "data/own/../own/a.csv"}, "series.s.rows", "target"),
    ],
)
def test_a_wrong_setting_is_named_in_full(project, change, place, says):
    with pytest.raises(UserError) as caught:
        reading.read("s", AUTOREGRESSION | change)
    line = str(caught.value)
    assert line.startswith(f"`{place}` ")
    assert says in line


def test_a_path_out_of_the_folder_is_refused_by_its_full_name(project):
    with pytest.raises(UserError, match=r"`series\.s\.source` must be a file below data/own/"):
        reading.read("s", {"source": "data/own/../../a.csv", "target": "a"})


def test_a_source_that_makes_infinite_values_is_refused(project):
    from dataclasses import replace

    series = reading.read("s", AUTOREGRESSION)
    series.rows[3, 0] = np.inf
    with pytest.raises(UserError, match="infinity"):
        reading.check("s", series)
    with pytest.raises(UserError, match="each of its columns once"):
        reading.check("s", replace(series, columns=["x"]))
    with pytest.raises(UserError, match="whole sequences of 7"):
        reading.check("s", replace(reading.read("s", AUTOREGRESSION), sequence_length=7))


def test_the_last_columns_are_the_oracle_s(project):
    from dataclasses import replace

    series = reading.read("s", AUTOREGRESSION)
    assert series.oracle is not None
    assert reading.check("s", series) is series
    other = replace(series, columns=[*series.columns[:-1], "scale"])
    with pytest.raises(UserError, match="must end its columns with those of its oracle"):
        reading.check("s", other)
    for oracle in (None, {"distribution": "exact", "degrees": None}):
        assert reading.check("s", replace(other, oracle=oracle)).oracle == oracle


def test_a_failure_ends_with_2_and_leaves_the_earlier_result(project, capsys):
    from pipeline.common import errors

    source = project / "data/own/a.csv"
    settings = {"source": "data/own/a.csv", "target": "a"}
    reading.write("mine", reading.read("mine", settings), settings)
    before = contents(project / "data/raw")
    source.write_text("t,a,b\n2020-01-01,1,2\n2020-01-02,three,\n")

    def command(arguments: list[str]) -> None:
        reading.write("mine", reading.read("mine", settings), settings)

    with pytest.raises(SystemExit) as stopped:
        errors.run(command)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert contents(project / "data/raw") == before


def test_main_writes_the_series_that_it_is_given(project, monkeypatch):
    settings = {"size": "quick", "series": {"s": AUTOREGRESSION}, "datasets": {}, "experiments": {}}
    monkeypatch.setattr(raw.command.params, "load", lambda: settings)
    raw.main(["s"])
    assert (project / "data/raw/s/series.json").is_file()
    assert "raw@s" in (project / "reports/costs.csv").read_text()
