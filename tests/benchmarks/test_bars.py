"""The bars of `make bench`: figures out of what was measured, and the table of docs/benchmarks.md."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import backends, bars, revisions, rows
from pipeline.common import files
from tests.conftest import PROJECT

MEASURED = files.read_json(PROJECT / "benchmarks/results/benchmarks.json")["measured"]
SPEEDS = {name: {"fit": 100.0, "auto": 150.0, "tensorflow": 200.0, "jax": 400.0} for name in backends.NETWORKS}
PARTS: dict[str, Any] = {
    "training": SPEEDS,
    "batches": {"gather": {"windows": 60.0}, "ready": {"windows": 100.0}, "keras_dataset": {"windows": 5.0}},
    "rows": {"scaled": {"stages": 8.0, "copy": 4.0}, "growth": {"exponent": 0.9, "beyond": 1.0}},
    "memory": {
        "tensorflow_50": {"megabytes": 900.0, "milliseconds": 2.0},
        "tensorflow_1": {"megabytes": 1600.0, "milliseconds": 2.0},
        "jax_50": {"megabytes": 700.0, "milliseconds": 1.0},
        "jax_1": {"megabytes": 800.0, "milliseconds": 1.05},
    },
    "start": {
        "before": {"seconds": 4.0, "megabytes": 800.0},
        "tensorflow": {"seconds": 3.0, "megabytes": 500.0},
        "jax": {"seconds": 2.0, "megabytes": 300.0},
    },
    "run": {
        "before": {"environment": 30.0, "run": 970.0, "diagnose": 400.0, "shared": 900.0},
        "now": {"environment": 40.0, "run": 560.0, "diagnose": 250.0, "shared": 450.0},
        "changed": {"a": "learning, now behind"},
    },
    "idle": {"idle": {"before": 4.0, "now": 2.0}, "change": {"before": 10.0, "now": 9.0}},
    "demo": {"seconds": 50.0},
}


def test_params_yaml_tells_the_gains_of_jax_that_were_measured() -> None:
    text = re.sub(r"\n# ", " ", (PROJECT / "params.yaml").read_text(encoding="utf-8"))
    said = re.search(r"On jax, .* further factor of (.*), and a process starts in ([0-9.]+) of the time", text)
    assert said
    factors = {name: factor for factor, name in re.findall(r"([0-9.]+) for (\w+)", said[1])}
    ratios = {name: each["jax"] / each["tensorflow"] for name, each in MEASURED["training"].items()}
    measured = {
        one: ratio for name, ratio in ratios.items() for one in factors if name.startswith(f"{one}_") or name == one
    }
    assert len(measured) == len(ratios) == len(factors)
    assert factors == {name: f"{ratio:.1f}" for name, ratio in measured.items()}
    assert list(factors) == sorted(factors, key=lambda name: measured[name])
    assert said[2] == f"{MEASURED['start']['jax']['seconds'] / MEASURED['start']['tensorflow']['seconds']:.1f}"


def test_every_bar_is_a_figure_of_one_part() -> None:
    keys = [key for part in bars.OF_PART.values() for key in part]
    assert sorted(keys) == sorted(bars.BARS)
    assert list(PARTS) == list(bars.OF_PART) == list(bench.parts("", lambda: None))  # type: ignore[arg-type]
    for part, keys in bars.OF_PART.items():
        assert set(bars.figures(part, PARTS[part])) | {"torch_mean", "torch_least"} >= set(keys)
    assert all((bar.least is None) != (bar.most is None) for bar in bars.BARS.values())


def test_figures_by_hand() -> None:
    stored = bench.result(PARTS, "abc")
    found = {row["key"]: (row["figure"], row["met"]) for row in stored["bars"]}
    assert found["fit_51264"] == ("4.00x", True)
    assert found["fit_68047"] == ("4.00x", False)
    assert found["torch_mean"] == (None, None)
    assert found["run"] == ("0.600x", True)
    assert found["shared"] == ("0.500x", True)
    assert found["verdicts"] == ("1", False)
    assert found["diagnose"] == ("0.625x", False)
    assert found["memory_tensorflow"] == ("1,600 MB", False)
    assert found["stride"] == ("1.05x", True)
    assert found["start_jax_memory"] == ("0.375x", True)
    assert found["change"] == ("0.900x", False)
    assert found["demo"] == ("50.0 s", True)


def test_pytorch_where_it_was_measured() -> None:
    speeds = {name: each | {"torch": 400.0} for name, each in SPEEDS.items()}
    speeds["deep_rnn"]["torch"] = 800.0
    found = bars.figures("training", speeds)
    assert found["torch_least"] == 0.5
    assert found["torch_mean"] == pytest.approx(0.5 ** (1 / 5))


def test_nan_meets_no_bar() -> None:
    assert not any(bar.met(math.nan) for bar in bars.BARS.values())


def test_the_table_says_what_is_missed_and_what_was_not_measured() -> None:
    text = bench.markdown(bench.result({key: PARTS[key] for key in ("training", "demo")}, ""))
    lines = text.splitlines()
    assert "| the same five, geometric mean | PyTorch, ordinary loop | at least 1.1x |  | not measured here |" in lines
    assert any(
        line.startswith("| windows a second on JAX, 68047") and line.endswith("| **missed** |") for line in lines
    )
    assert "| 51264 | 100 | 150 | 200 | 400 |" in lines


def test_the_document_holds_the_stored_figures() -> None:
    if bench.RESULT.exists():
        assert bench.markdown(files.read_json(bench.RESULT)) in bench.DOC.read_text(encoding="utf-8")


def test_the_commit_before_has_no_second_backend() -> None:
    found = revisions._git("ls-tree", "-r", "--name-only", revisions.commit(), "pipeline/network/backends")
    assert found.split() == ["pipeline/network/backends/__init__.py", "pipeline/network/backends/tensorflow.py"]
    assert (PROJECT / "pipeline/network/backends/jax.py").exists()


def test_a_part_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["speed"])
    assert "a part must be one of training, batches" in capsys.readouterr().err


def test_ten_times_the_largest_series_is_on_the_line_through_the_last_two() -> None:
    assert rows.SIZES == (100_000, 1_000_000, 10_000_000)
    assert rows._on_paper([4.0, 5.0, 14.0]) == pytest.approx(104)  # 4 + 1 for each million
    growth = files.read_json(bench.RESULT)["measured"]["rows"]["growth"]
    assert growth["paper"] == pytest.approx(rows._on_paper(growth["seconds"]))
    assert growth["paper_megabytes"] == pytest.approx(rows._on_paper(growth["megabytes"]))
    text = bench.DOC.read_text(encoding="utf-8").replace("\n", " ")
    assert f"100,000,000 rows take {growth['paper']:.0f} s and {growth['paper_megabytes'] / 1000:.0f} GB" in text
