"""Fixtures: small real configurations, derived from the project's own params.yaml."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell without a terminal starts background jobs so, and the runs that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
PROJECT = Path(__file__).resolve().parent.parent


def tiny_params() -> dict[str, Any]:
    """The real params.yaml, with two series, two datasets and two experiments left, made small."""
    raw = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    season = raw["series"]["noisy_season"] | {"rows": 400}
    sign = raw["series"]["sign_small_returns"] | {"rows": 1200}
    experiment = raw["experiments"]["co2_lstm"]
    training = experiment["training"] | {"epochs": 2, "seeds": [0, 1], "jit_compile": False, "batch_size": 16}
    training["backend"] = "tensorflow"
    small = {"name": "lstm", "units": [3], "head": "linear"}
    return {
        "size": "quick",
        "series": {"season": season, "sign": sign},
        "datasets": {
            "season_windows": raw["datasets"]["noisy_season_minmax"] | {"series": "season", "window": {"length": 12}},
            "sign_windows": raw["datasets"]["sign_small_returns_posted"]
            | {
                "series": "sign",
                "split": {"scheme": "holdout", "validation": 0, "test": {"from": 1000}, "policy": "carry"},
                "window": {
                    "length": 10,
                    "stride": {"train": 10, "evaluation": 10},
                    "target": {"kind": "sign", "of": "value"},
                },
            },
        },
        "experiments": {
            "season_lstm": {"dataset": "season_windows", "architecture": small, "training": training},
            "sign_lstm": {"dataset": "sign_windows", "architecture": small | {"head": "sigmoid"}, "training": training},
        },
        "calibration": {"series": 6, "planted": 2, "pairs": 2},
        "diagnosis": {"second_training": 60},
    }


def write_params(folder: Path, params: dict[str, Any]) -> None:
    params = json.loads(json.dumps(params))  # written out: no object twice, so no alias
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a tiny params.yaml, as the working directory of functions that are called directly."""
    write_params(tmp_path, tiny_params())
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def xla_stays_possible() -> Iterator[None]:
    """TensorFlow's op determinism holds for a process and turns XLA off: no test may leave it on for the others.

    For the whole session: a fixture of a module is made before any that belongs to a test.
    """
    from pipeline.network.backends import tensorflow

    prepare = tensorflow.prepare
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensorflow, "prepare", lambda threads, jit_compile: prepare(threads, jit_compile=True))
        yield
