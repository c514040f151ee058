"""What the hand-written pages of docs/ state of the code holds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from pipeline.diagnose import limits
from pipeline.diagnose.verdict import NEEDS_NO_CAUSE, VERDICTS
from tests.conftest import PROJECT, write_params

DOCS = PROJECT / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, kind: str) -> list[str]:
    return re.findall(rf"^ *```{kind}\n(.*?)\n *```", text(name), flags=re.DOTALL | re.MULTILINE)


def test_every_verdict_is_explained() -> None:
    assert sorted(re.findall(r"^### `(\w+)`$", text("verdicts.md"), flags=re.MULTILINE)) == sorted(VERDICTS)
    last = text("verdicts.md").partition("## Causes, symptoms and notes")[2]
    assert all(f"`{verdict}`" in last.partition("## The next step")[0] for verdict in NEEDS_NO_CAUSE)


def test_limits_that_the_page_of_verdicts_states() -> None:
    words = re.sub(r"\s+", " ", text("verdicts.md"))
    assert "at least half of the skill of the better reference model" in words
    assert limits.BEHIND.value == 0.5
    assert f"the level of the test is {limits.ALONE_LEVEL.value:.0%}".replace("%", " %") in words


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The entries of docs/own_series.md in a params.yaml of their own."""
    raw = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    entries = yaml.safe_load(blocks("own_series.md", "yaml")[0])
    return {"size": raw["size"], "calibration": raw["calibration"]} | entries


def test_the_entries_of_an_own_series_are_valid(tmp_path: Path, own: dict[str, Any]) -> None:
    write_params(tmp_path, own)
    assert list(params.load()["experiments"]) == ["mine_lstm"]


def test_the_entries_of_sequences_and_panels_are_valid(tmp_path: Path, own: dict[str, Any]) -> None:
    entries: dict[str, Any] = {"series": {}, "datasets": {}}
    for block in blocks("panels.md", "yaml"):
        for level, found in yaml.safe_load(block).items():
            entries[level] |= found
    experiment = own["experiments"]["mine_lstm"] | {"dataset": "visits_later"}
    write_params(tmp_path, own | entries | {"experiments": {"visits": experiment}})
    assert set(params.load()["datasets"]) == {"visits_later", "visits_others", "visits_mean", "visits_outcome"}


def test_an_invalid_setting_is_reported_as_the_page_shows(tmp_path: Path, own: dict[str, Any]) -> None:
    own["datasets"]["mine_hourly"]["split"]["gap"] = -1
    write_params(tmp_path, own)
    shown = re.sub(r" \(params\.yaml, line \d+\)", "", blocks("own_series.md", "text")[0])
    with pytest.raises(UserError) as error:
        params.load()
    assert re.sub(r" \(params\.yaml, line \d+\)", "", str(error.value)) == shown


@pytest.mark.parametrize(("verdict", "code"), [("learning", 0), ("behind", 1), ("failed", 1)])
def test_the_job_of_continuous_integration_fails_with_the_network(tmp_path: Path, verdict: str, code: int) -> None:
    script = blocks("ci.md", "sh")[0].partition("<<'PYTHON'\n")[2].partition("\nPYTHON")[0]
    shape = json.loads(blocks("ci.md", "json")[0])["experiments"]["co2_lstm"]
    (tmp_path / "reports").mkdir()
    found = {"experiments": {"mine": shape | {"verdict": verdict}, "other": shape | {"verdict": "overfitting"}}}
    (tmp_path / "reports/verdicts.json").write_text(json.dumps(found), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout == ("" if code == 0 else f"mine: {verdict}. …\n")


def test_verdicts_and_weights_of_the_example_exist() -> None:
    shape = json.loads(blocks("ci.md", "json")[0])["experiments"]["co2_lstm"]
    assert shape["verdict"] in VERDICTS
    assert (PROJECT / f"docs/findings/{shape['findings'][0]['code']}.md").is_file()
