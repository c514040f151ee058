from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline.common import costs, files
from pipeline.common.costs import Cost


def test_costs_keep_one_row_per_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for stage in ("split@b", "raw@a", "split@b"):
        with costs.record(stage) as about:
            about["size"] = "quick"
    rows = files.COSTS.read_text().splitlines()
    assert rows[0] == "stage,seconds,peak_megabytes,size"
    assert [row.split(",")[0] for row in rows[1:]] == ["raw@a", "split@b"]
    assert all(float(row.split(",")[1]) > 0 and float(row.split(",")[2]) > 1 for row in rows[1:])


def test_a_stage_that_fails_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError), costs.record("raw@a"):
        raise RuntimeError
    assert not files.COSTS.exists()


def test_costs_of_stages_that_end_at_once_keep_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: costs._add(f"raw@s{i:02d}", Cost(1.0, 1.0, "quick")), range(40)))
    assert len(files.COSTS.read_text().splitlines()) == 41


@pytest.mark.parametrize("text", [None, "", "stage,seco", "stage,seconds,peak_megabytes\nraw@a,1.0,2\n", "stage\n\x00"])
def test_a_torn_table_or_one_of_an_earlier_version_is_empty(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "costs.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert costs.read(path) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a program's own peak")
def test_the_peak_is_of_the_program_alone() -> None:
    held = np.ones(50_000_000)  # 400 MB
    code = "import numpy; from pipeline.common import costs; {}; print(costs.peak_megabytes())"
    small, large = (
        float(subprocess.run([sys.executable, "-c", code.format(own)], capture_output=True, check=True).stdout)
        for own in ("0", "numpy.ones(25_000_000)")
    )
    assert costs.peak_megabytes() > held.nbytes / 2**20
    assert 5 < small < 150
    assert 190 < large - small < 230
