"""The rounds of a fix, with trainings that cost nothing: each loss is a function of the settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.common import files, params
from pipeline.common.errors import UserError
from tests.helpers.reports import made_up, stored
from workflow.fix import candidates, leftovers, loop
from workflow.fix.loop import Fix, Limits
from workflow.fix.running import RunError, Windows

NAME, DATA = "season_lstm", "season_windows"
RATE, UNITS, EPOCHS = "experiment.training.learning_rate", "experiment.architecture.units", "experiment.training.epochs"
SCALED = "dataset.scaling.features"
# A finding: code, weight and the settings that it names.
Finding = tuple[str, str, dict[str, Any]]


class World:
    """Trainings whose loss is `loss(settings)` and whose findings are `findings(settings)`.

    Args:
        loss: of the settings, which are flat: `experiment.training.learning_rate` and so on.
        findings: of the settings.
        broken: of the settings: why they cannot be trained, or None.
    """

    cores = 2

    def __init__(
        self,
        loss: Callable[[dict[str, Any]], float],
        findings: Callable[[dict[str, Any]], list[Finding]],
        broken: Callable[[dict[str, Any]], str | None] = lambda settings: None,
    ) -> None:
        self._loss, self._findings, self._broken = loss, findings, broken
        self.trained: list[list[str]] = []
        self.datasets: dict[str, str] = {}
        self.evaluated: list[list[str]] = []

    def _settings(self, name: str) -> dict[str, Any]:
        loaded = params.load()
        experiment = loaded["experiments"][name]
        return params.leaves({"experiment": experiment, "dataset": loaded["datasets"][experiment["dataset"]]})

    def train_and_diagnose(self, names: list[str]) -> dict[str, str]:
        self.trained.append(names)
        failed = {name: reason for name in names if (reason := self._broken(self._settings(name)))}
        for name in [name for name in names if name not in failed]:
            self._diagnose(name)
        return failed

    def _diagnose(self, name: str) -> None:
        settings = self._settings(name)
        data, loss = settings["experiment.dataset"], self._loss(settings)
        self.datasets[name] = data
        places = {"experiment": f"experiments.{name}", "dataset": f"datasets.{data}"}
        found = []
        for code, weight, change in self._findings(settings):
            set_ = {f"{places[path.split('.')[0]]}.{path.split('.', 1)[1]}": value for path, value in change.items()}
            found.append({"code": code, "weight": weight, "remedy": {"set": set_, "command": ""}, "advice": None})
        against = {"skill": 1 - loss, "low": 0.9 - loss, "high": 1.1 - loss, "p_value": 0.01}
        unseen = {"part": "validation", "folds": 1, "naive": {"name": "drift"}, "networks": {"against_naive": against}}
        content = {
            "experiment": name,
            "verdict": "learning" if loss < 0.4 else "not_learning",
            "findings": found,
            "next": {"text": "Go on.", "command": "dvc exp run", "set": {}},
            "facts": {"experiment": {"dataset": data}, "unseen": unseen},
        }
        files.write_json(files.DIAGNOSIS / f"{name}.json", content)
        files.write_json(files.MODELS / name / "training/fold0_seed0.json", {})

    def measure(self, loaded: dict[str, Any], names: list[str]) -> dict[str, Windows]:
        rows = np.arange(200)
        base = np.random.default_rng(0).random(200) + 0.5
        return {
            name: Windows(
                {"row": rows, "target_0": rows * 1.0}
                | {f"loss_{seed}": self._loss(self._settings(name)) * base * (1 + seed / 100) for seed in (0, 1)},
                1,
                None,
            )
            for name in names
        }

    def evaluate(self, names: list[str]) -> None:
        self.evaluated.append(names)
        for name, factor in zip(names, (1.0, 0.5), strict=True):
            self._diagnose(name)
            files.write_json(files.EVALUATION / f"{name}.json", made_up(name))
            files.write_table(files.LOSSES / f"{name}.parquet", stored(name, factor=factor))


class Run:
    """A fix in a world, and what it has left."""

    def __init__(self, world: World, limits: Limits = Limits(), name: str = NAME) -> None:  # noqa: B008 - immutable
        self.before = params.FILE.read_bytes()
        self.world, self.lines = world, []
        self.content = Fix(name, limits, world, self.lines.append).run()  # type: ignore[arg-type]
        self.during = yaml.safe_load(params.FILE.read_text())
        found = leftovers.noted()
        if found:
            leftovers.remove(found["added"])
        self.raw = yaml.safe_load(params.FILE.read_text())
        assert files.read_json(Path(f"reports/fixes/{name}.json")) == self.content | json.loads(
            Path(f"reports/fixes/{name}.json").read_text()
        )

    def tried(self) -> list[list[tuple[str, list[str], bool]]]:
        return [
            [(each["name"], each["for"], each["kept"]) for each in entry["candidates"]]
            for entry in self.content["rounds"]
        ]

    def kept(self) -> list[str]:
        return [name for entry in self.tried() for name, _, kept in entry if kept]

    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def folder(project: Path) -> Path:
    (project / ".dvc").mkdir()
    (project / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    return project


def _rate_helps(settings: dict[str, Any]) -> float:
    return 0.3 if settings[RATE] == 0.1 else 1.0


def _rate_is_named(settings: dict[str, Any]) -> list[Finding]:
    return [] if settings[RATE] == 0.1 else [("slow", "cause", {RATE: 0.1})]


def test_what_helps_becomes_the_fixed_experiment_and_nothing_else_stays(folder: Path) -> None:
    run = Run(World(_rate_helps, _rate_is_named))
    assert run.tried() == [[("season_lstm_fix1", ["slow"], True)]]
    before = yaml.safe_load(run.before)
    entry = before["experiments"][NAME]
    fixed = entry | {"training": entry["training"] | {"learning_rate": 0.1, "seeds": [0, 1, 2]}}
    assert run.raw == before | {"experiments": before["experiments"] | {"season_lstm_fixed": fixed}}
    assert list(run.raw["experiments"]) == [NAME, "season_lstm_fixed", "sign_lstm"]
    comment = (
        "season_lstm with training.learning_rate 0.1 instead of 0.001; training.seeds [0, 1, 2] instead of [0, 1]."
    )
    assert f"  # `make fix`: {comment}\n  season_lstm_fixed:" in params.FILE.read_text()
    assert run.content["fixed"]["settings"]["training.learning_rate"] == {"before": "0.001", "after": "0.1"}
    assert run.content["fixed"]["verdict"] == "learning"
    assert run.content["fixed"]["test"]["reduction"] == pytest.approx(0.5, abs=0.01)
    assert run.world.evaluated == [[NAME, "season_lstm_fixed"]]
    assert sorted(path.name for path in Path("models").iterdir()) == [NAME, "season_lstm_fixed"]
    assert leftovers.noted() is None
    text = run.text()
    assert "training.learning_rate 0.001 → 0.1 (for slow)" in text
    assert "The validation loss is 70 % lower" in text
    assert "Verdict: learning. Kept." in text
    assert "Next: Go on." in text


def test_a_dataset_of_its_own_for_a_setting_of_the_dataset(folder: Path) -> None:
    def loss(settings: dict[str, Any]) -> float:
        return 0.9 if settings[SCALED] == "none" else 0.6 if settings[RATE] == 0.1 else 0.7

    def findings(settings: dict[str, Any]) -> list[Finding]:
        slow = ("slow", "symptom", {RATE: 0.1})
        return [("raw", "symptom", {SCALED: "none"}), ("std", "cause", {SCALED: "standard"}), slow]

    raw = yaml.safe_load(params.FILE.read_text())
    raw["datasets"][DATA]["scaling"]["features"] = "none"
    params.FILE.write_text(yaml.safe_dump(raw, sort_keys=False))
    run = Run(World(loss, findings))
    assert run.kept() == [
        "season_lstm_fix1",
        "season_lstm_fix3",
    ]
    assert "season_lstm_fix1" not in run.during["datasets"]
    assert run.raw["datasets"]["season_lstm_fixed"]["scaling"]["features"] == "standard"
    assert run.raw["datasets"][DATA]["scaling"]["features"] == "none"
    assert run.raw["experiments"]["season_lstm_fixed"]["dataset"] == "season_lstm_fixed"
    # The second change on top of the first one shares its dataset.
    assert run.world.datasets["season_lstm_fix3"] == "season_lstm_fix1"


def test_what_helped_too_is_tried_on_top_of_what_helped_most(folder: Path) -> None:
    def loss(settings: dict[str, Any]) -> float:
        return 1.0 - 0.3 * (settings[RATE] == 0.1) - 0.2 * (settings[EPOCHS] == 8) + 0.2 * (settings[UNITS] == [9])

    def findings(settings: dict[str, Any]) -> list[Finding]:
        start = settings[RATE] != 0.1
        few = ("few", "symptom", {EPOCHS: 8})
        return [few, ("wide", "symptom", {UNITS: [9]}), ("slow", "symptom", {RATE: 0.1})] if start else []

    run = Run(World(loss, findings))
    assert run.tried() == [
        [
            ("season_lstm_fix1", ["few"], False),
            ("season_lstm_fix2", ["wide"], False),
            ("season_lstm_fix3", ["slow"], True),
        ],
        [("season_lstm_fix4", ["few"], True)],
    ]
    training = run.raw["experiments"]["season_lstm_fixed"]["training"]
    assert (training["learning_rate"], training["epochs"]) == (0.1, 8)
    assert run.raw["experiments"]["season_lstm_fixed"]["architecture"]["units"] == [3]
    assert "but another candidate is better" in run.text()


def test_causes_that_hide_each_other_are_mended_together(folder: Path) -> None:
    def loss(settings: dict[str, Any]) -> float:
        return 0.3 if settings[RATE] == 0.1 and settings[UNITS] == [9] else 1.0

    run = Run(World(loss, lambda settings: [("slow", "cause", {RATE: 0.1}), ("thin", "cause", {UNITS: [9]})]))
    assert run.tried()[0] == [
        ("season_lstm_fix1", ["slow"], False),
        ("season_lstm_fix2", ["thin"], False),
        ("season_lstm_fix3", ["slow", "thin"], True),
    ]
    assert run.raw["experiments"]["season_lstm_fixed"]["architecture"]["units"] == [9]


def test_one_change_is_kept_where_all_together_do_no_better(folder: Path) -> None:
    run = Run(World(_rate_helps, lambda settings: [("slow", "cause", {RATE: 0.1}), ("thin", "cause", {UNITS: [9]})]))
    assert [name for name, _, kept in run.tried()[0] if kept] == ["season_lstm_fix1"]
    assert run.raw["experiments"]["season_lstm_fixed"]["architecture"]["units"] == [3]


def test_nothing_helps(folder: Path) -> None:
    run = Run(
        World(lambda settings: 1.0, lambda settings: [("slow", "cause", {RATE: 0.1}), ("few", "cause", {EPOCHS: 8})])
    )
    assert params.FILE.read_bytes() == run.before
    assert run.content["fixed"] is None
    assert run.world.evaluated == []
    assert [path.name for path in Path("models").iterdir()] == [NAME]
    assert "params.yaml stays as it was" in run.text()
    assert run.lines[-2].startswith("Next: The settings that the diagnosis names do not help.")


@pytest.mark.parametrize("word", ["learning", "no_evidence_of_signal"])
def test_nothing_has_to_be_fixed(folder: Path, word: str) -> None:
    class Settled(World):
        def _diagnose(self, name: str) -> None:
            super()._diagnose(name)
            path = files.DIAGNOSIS / f"{name}.json"
            files.write_json(path, files.read_json(path) | {"verdict": word})

    run = Run(Settled(lambda settings: 1.0, _rate_is_named))
    assert run.world.trained == [[NAME]]
    assert run.content["rounds"] == []
    assert params.FILE.read_bytes() == run.before
    assert "Nothing has to be fixed. Next: Go on." in run.lines


def test_a_round_has_four_candidates_and_the_rest_waits(folder: Path) -> None:
    rates = [0.2, 0.3, 0.4, 0.5, 0.6, 0.1]
    findings = [(f"rate{rate}", "symptom", {RATE: rate}) for rate in rates]
    run = Run(World(_rate_helps, lambda settings: findings))
    assert [len(entry) for entry in run.tried()] == [4, 2]
    assert run.kept() == ["season_lstm_fix6"]
    short = Run(World(lambda settings: 1.0, lambda settings: findings), Limits(rounds=2, candidates=1), "sign_lstm")
    assert [len(entry) for entry in short.tried()] == [1, 1]
    assert short.content["next"]["command"].startswith("python -m workflow.fix sign_lstm")


def test_nothing_is_tried_twice_nor_what_is_set_already(folder: Path) -> None:
    findings = [("a", "symptom", {RATE: 0.001}), ("b", "symptom", {RATE: 0.2}), ("c", "symptom", {RATE: 0.2})]
    run = Run(World(lambda settings: 1.0, lambda settings: findings))
    assert run.tried() == [[("season_lstm_fix1", ["b"], False)]]


def test_a_candidate_that_fails_or_is_not_valid_is_passed_over(folder: Path) -> None:
    findings = [
        ("bad", "symptom", {RATE: -1}),
        ("big", "symptom", {UNITS: [9]}),
        ("slow", "symptom", {RATE: 0.1}),
    ]
    world = World(_rate_helps, lambda settings: findings, lambda s: "no memory" if s[UNITS] == [9] else None)
    run = Run(world)
    assert run.tried()[0] == [("season_lstm_fix1", ["big"], False), ("season_lstm_fix2", ["slow"], True)]
    first = run.content["rounds"][0]
    assert first["candidates"][0]["why"] == "no memory"
    assert "It could not be trained or diagnosed: no memory" in run.text()
    assert [each["for"] for each in first["not_tried"]] == [["bad"]]
    assert "learning_rate" in first["not_tried"][0]["why"]


def test_the_time_limit_decides_what_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.COSTS.parent.mkdir(parents=True, exist_ok=True)
    rows = "\n".join([f"train@{NAME},100,1,quick", f"diagnose@{NAME},10,1,quick"])
    files.COSTS.write_text(f"stage,seconds,peak_megabytes,size\n{rows}\n")
    findings = [("long", "symptom", {EPOCHS: 20}), ("slow", "symptom", {RATE: 0.1})]
    with monkeypatch.context() as clock:
        clock.setattr(Fix, "_elapsed", lambda self: 0.0)  # a busy machine needs a second
        run = Run(World(_rate_helps, lambda settings: findings), Limits(minutes=5))
    # 100 s for 2 epochs are 1,000 s for 20.
    assert next(each["for"] for entry in run.content["rounds"] for each in entry["not_tried"]) == ["long"]
    assert run.tried()[0] == [("season_lstm_fix1", ["slow"], True)]
    assert "Not started, for long: it would take about 17 min" in run.text()
    assert "about 55 s, by reports/costs.csv. Used 0 s of 5 min." in run.text()
    assert "1,000" not in json.dumps(run.content)
    none = Run(World(lambda settings: 1.0, lambda settings: findings[:1]), Limits(minutes=0.001), "sign_lstm")
    assert none.content["fixed"] is None


def test_equal_runs_write_equal_bytes(folder: Path) -> None:
    texts = []
    for _ in range(2):
        before = params.FILE.read_bytes()
        Run(World(_rate_helps, _rate_is_named))
        texts.append((Path(f"reports/fixes/{NAME}.json").read_bytes(), params.FILE.read_bytes()))
        params.FILE.write_bytes(before)
    assert texts[0] == texts[1]


def test_an_experiment_that_cannot_be_trained_is_an_error(folder: Path) -> None:
    with pytest.raises(RunError, match="no memory"):
        Run(World(_rate_helps, _rate_is_named, lambda settings: "no memory"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("season_lst", "Did you mean `season_lstm`"),
        ("season_lstm_fixed", "must not be the result of a fix"),
        ("season_lstm_fix3", "must not be the result of a fix"),
        ("sign_lstm", "candidates of `make fix NAME=sign_lstm` have this one"),
        ("season_lstm", "must not be in params.yaml yet"),
    ],
)
def test_names_that_cannot_be_fixed(folder: Path, name: str, message: str) -> None:
    raw = yaml.safe_load(params.FILE.read_text())
    for other in ("season_lstm_fixed", "sign_lstm_fix1"):
        raw["experiments"][other] = json.loads(json.dumps(raw["experiments"][NAME]))
    params.FILE.write_text(yaml.safe_dump(raw, sort_keys=False))
    with pytest.raises(UserError, match=message):
        candidates.check_names(params.load(), name, "_fixed", replace=False)


def test_an_earlier_fix_is_replaced_on_request(folder: Path) -> None:
    Run(World(_rate_helps, _rate_is_named))
    before = params.FILE.read_bytes()
    candidates.check_names(params.load(), NAME, "_fixed", replace=True)
    run = Run(World(_rate_helps, _rate_is_named))
    assert params.FILE.read_bytes() == before
    assert run.content["fixed"]["name"] == "season_lstm_fixed"


def test_an_error_leaves_params_as_they_were(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(World):
        def evaluate(self, names: list[str]) -> None:
            raise RunError("the disk is full")

    before = params.FILE.read_bytes()
    monkeypatch.setattr(loop.running, "Runner", lambda cores, lock: Failing(_rate_helps, _rate_is_named))
    with pytest.raises(RunError, match="the disk is full"):
        loop.fix(NAME, Limits(), say=lambda line: None)
    assert params.FILE.read_bytes() == before
    assert leftovers.noted() is None
