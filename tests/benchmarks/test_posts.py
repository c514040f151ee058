"""The posts at their own sizes: settings, estimates, results that are kept, and work that goes on after a kill."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.posts import __main__ as command
from benchmarks.posts import cases, results, speed, work
from benchmarks.posts import costs as job_costs
from benchmarks.posts.cases import Case
from benchmarks.posts.estimate import Estimate, estimate
from benchmarks.posts.speed import Speed
from pipeline.common import errors, files, params
from pipeline.common.costs import Cost, write
from tests.conftest import PROJECT, tiny_params
from tests.helpers.reports import diagnosed, made_up
from workflow import resources

OWN = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
MEASURED = '{"windows": 9, "numbers": 4, "per_second": 3.0, "megabytes": 5, "validated": true, "device": ""}'
FAST = Speed(windows=9_430, numbers=100, per_second=1_000.0, megabytes=700, validated=True, device="")


def tiny(**changed: Any) -> dict[str, Any]:
    """The tiny params.yaml, with experiments that belong to posts; `changed` are settings of the first training."""
    own = copy.deepcopy(tiny_params())
    own["experiments"]["season_lstm"]["post"] = 107289
    own["experiments"]["season_lstm_fixed"] = copy.deepcopy(own["experiments"]["season_lstm"])
    own["experiments"]["sign_lstm"]["post"] = 51264
    training = own["experiments"]["season_lstm"]["training"] | {"epochs": {"quick": 1, "full": 3}}
    own["experiments"]["season_lstm"]["training"] = training | changed
    return own


def plan(case: Case, epochs: int = 3) -> Estimate:
    return Estimate(epochs, int(case.training["epochs"]), 1.0, 1000, 10, "an accelerator")


class Stages:
    """Stages that write the made-up results of `tests.helpers.reports`, and may be killed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[str] = []
        self.killed = ""
        monkeypatch.setattr(work.runs, "timed", self)

    def __call__(self, stage: str, name: str, folder: Path) -> None:
        self.ran.append(f"{stage}@{name}")
        if stage == self.killed:
            raise RuntimeError("killed")
        classes = 2 if name.startswith("sign") else None
        if stage == "evaluate":
            post = 51264 if classes else 107289
            one = made_up(name, post, classes=classes, seeds=(0,), validation=not classes) | {"size": "full"}
            files.write_json(folder / files.EVALUATION / f"{name}.json", one)
        if stage == "diagnose":
            files.write_json(folder / files.DIAGNOSIS / f"{name}.json", diagnosed(name))
            write([(each, Cost(2.0, 300, "full")) for each in self.ran], folder / files.COSTS)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages(monkeypatch)


def test_every_experiment_of_a_post_is_a_case_at_the_posted_size(tmp_path: Path) -> None:
    found = {case.name: case for case in cases.chosen([], 1, OWN)}
    assert list(found) == [name for name, each in OWN["experiments"].items() if "post" in each]
    assert found["deep_rnn"].training["epochs"] == found["deep_rnn_fixed"].training["epochs"] == 150
    market = found["stacked_lstm_linear"]
    assert market.params["series"][market.series]["rows"] == 3_000_000
    fastest = "jax" if importlib.util.find_spec("jax") else "tensorflow"
    assert {case.training["backend"] for case in found.values() if case.name != "stacked_dense"} == {fastest}
    assert found["stacked_dense"].training["backend"] == "tensorflow"
    for case in found.values():
        assert "quick" not in str(case.settings).replace("'size': 'quick'", "")
        assert case.training["seeds"] == [0]
        path = tmp_path / f"{case.name}.yaml"
        path.write_text(yaml.safe_dump(case.params), encoding="utf-8")
        params.load(path)


def test_cases_are_chosen_by_post_or_by_name_in_the_order_of_the_file() -> None:
    names = [case.name for case in cases.chosen(["sign_lstm_stateful", "67599"], 2, OWN)]
    assert names == ["sequence_mean_question", "sequence_mean_question_fixed", "sign_lstm_stateful"]
    assert cases.chosen(["67599"], 2, OWN)[0].training["seeds"] == [0, 1]
    with pytest.raises(errors.UserError, match=r"must name posts, or experiments of a post\. Received: co2_lstm\."):
        cases.chosen(["co2_lstm"], 1, OWN)


def test_an_estimate_is_windows_times_epochs_by_the_measured_speed(tmp_path: Path) -> None:
    case = cases.case("sign_lstm_small_returns", [0], OWN)
    (tmp_path / "rows.npy").write_bytes(bytes(2**20))
    known = {"diagnose@sign_lstm_small_returns": Cost(60, 900, "quick")}
    one = estimate(case, FAST, 60, tmp_path, known)
    assert (one.epochs, one.posted) == (200, 200)
    assert one.minutes == pytest.approx((200 * 9.43 + 9.43 / 3 + 60) / 60)
    assert one.megabytes == 1_500  # 1.5 times the 900 of the diagnosis and the 72 of the windows at this size
    assert one.disk == 12
    line = one.line(case, FAST)
    assert line.startswith(
        "sign_lstm_small_returns (51264): about 32 min, 1,500 MB of memory, 12 MB of disk; 200 epochs"
    )
    assert f"of 9,430 windows, 1,000 windows a second on {case.training['backend']}" in line
    # Without a validation part, the diagnosis trains once more on nine tenths.
    again = Speed(9_430, 100, 1_000.0, 700, validated=False, device="")
    assert estimate(case, again, 600, tmp_path, known).minutes == pytest.approx((380 * 9.43 + 9.43 / 3 + 60) / 60)


def test_the_memory_of_many_windows_is_that_of_the_models_that_the_network_is_compared_with(tmp_path: Path) -> None:
    # 123707 as posted took 3,823 MB, in the stage diagnose; its training 1,066 MB.
    case = cases.case("stacked_lstm_sigmoid", [0], OWN)
    asked = estimate(case, Speed(53_998, 700, 109.0, 1_066, False, ""), 60, tmp_path, {}).megabytes
    assert 3_823 < asked < 2 * 3_823


@pytest.mark.parametrize("limit", [2, 7, 31])
def test_fewer_epochs_are_run_where_the_posted_ones_do_not_fit(limit: int, tmp_path: Path) -> None:
    case = cases.case("sign_lstm_small_returns", [0], OWN)
    one = estimate(case, FAST, limit, tmp_path, {})
    assert one.minutes <= max(limit, 2.3)
    assert 1 <= one.epochs < one.posted == 200
    assert str(one.epochs).rstrip("0") in (str(one.epochs)[:1], str(one.epochs)[:2])
    assert f"{one.epochs:,} of 200 epochs" in one.line(case, FAST)
    # Two more of the last kept digit would not fit.
    step = 10 ** max(len(str(one.epochs)) - 2, 0)
    assert one.minutes + 2 * step * 9.43 / 60 > limit


def test_a_stored_result_is_kept_as_long_as_its_settings_are_the_same(tmp_path: Path, stages: Stages) -> None:
    case = cases.chosen(["107289"], 1, tiny())[0]
    assert results.stored(case, 60, tmp_path) is None
    assert command.run_all([case], {case.name: plan(case)}, 60, [case.name], tmp_path / "work", tmp_path) == 0
    found = results.stored(case, 60, tmp_path)
    assert found is not None
    assert found["epochs"] == {"posted": 3, "set": 3, "run": [3]}
    assert (found["command"], found["device"]) == (f"python -m benchmarks.posts {case.name}", "an accelerator")
    assert results.stored(case, 600, tmp_path) == found
    for other in (tiny(learning_rate=0.5), tiny(epochs=4)):
        assert results.stored(cases.chosen(["107289"], 1, other)[0], 60, tmp_path) is None
    assert results.stored(cases.chosen(["107289"], 2, tiny())[0], 60, tmp_path) is None


def test_a_result_with_fewer_epochs_is_kept_unless_more_minutes_are_given(tmp_path: Path, stages: Stages) -> None:
    case = cases.chosen(["107289"], 1, tiny())[0]
    command.run_all([case], {case.name: plan(case, epochs=2)}, 30, [case.name], tmp_path / "work", tmp_path)
    found = results.stored(case, 30, tmp_path)
    assert found is not None
    assert found["command"] == f"python -m benchmarks.posts {case.name} --minutes 30"  # what repeats it
    assert results.stored(case, 10, tmp_path) is not None
    assert results.stored(case, 60, tmp_path) is None


def test_what_was_killed_goes_on_with_the_stage_that_did_not_end(tmp_path: Path, stages: Stages) -> None:
    own = tiny()
    wanted = cases.chosen(["107289"], 1, own)
    plans = {case.name: plan(case) for case in wanted}
    order = [case.name for case in cases.chosen([], 1, own)]
    stages.killed = "diagnose"
    assert command.run_all(wanted, plans, 60, order, tmp_path / "work", tmp_path) == 1
    data = ["raw@season", "split@season_windows", "window@season_windows", "scale@season_windows"]
    both = [f"{stage}@{case.name}" for case in wanted for stage in ("train", "predict", "evaluate", "diagnose")]
    assert stages.ran == [*data, "baselines@season_windows", *both]
    assert not (tmp_path / "posts").exists()

    stages.ran, stages.killed = [], ""
    assert command.run_all(wanted, plans, 60, order, tmp_path / "work", tmp_path) == 0
    assert stages.ran == ["diagnose@season_lstm", "diagnose@season_lstm_fixed"]
    assert not work.folder_of(wanted[0], tmp_path / "work").exists()  # no later case needs the data

    # Another number of epochs trains again, on the same data.
    stages.ran = []
    work.run(wanted[0], plans["season_lstm"], 60, tmp_path / "work")
    work.run(wanted[0], plan(wanted[0], epochs=2), 60, tmp_path / "work")
    assert stages.ran[9:] == [f"{stage}@season_lstm" for stage in ("train", "predict", "evaluate", "diagnose")]


def test_all_results_are_joined_in_the_order_of_the_experiments(tmp_path: Path, stages: Stages) -> None:
    own = tiny()
    wanted = cases.chosen([], 1, own)
    order = [case.name for case in wanted]
    plans = {case.name: plan(case) for case in wanted}
    command.run_all(wanted[::-1], plans, 60, order, tmp_path / "work", tmp_path)
    joined = files.read_json(tmp_path / "posts.json")
    assert [each["experiment"] for each in joined["experiments"]] == ["season_lstm", "sign_lstm", "season_lstm_fixed"]
    season, sign, fixed = joined["experiments"]
    assert all("settings" not in each for each in joined["experiments"])
    assert set(season["scores"]) == {"train", "validation", "test"}
    assert season["score"] == season["scores"]["test"]
    assert (season["metric"], sign["metric"]) == ("r2", "accuracy")
    assert season["oracle"] > season["naive_score"]
    assert (season["verdict"], season["causes"]) == ("not_learning", ["learning_rate_too_low"])
    assert season["loss"] == [0.4]
    assert season["seconds"]["train"] == 2.0
    assert season["megabytes"] == 300
    assert [each["reproduced"] for each in sign["symptoms"] if each["measured"] == "loss 0.4000"] == [False]
    assert fixed["symptoms"] == []  # an experiment with a fix is not the post's
    assert results.line(season).startswith("season_lstm: 3 of 3 epochs, r2 train ")


def test_the_speed_is_measured_once_for_the_same_settings(
    tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, ...]] = []

    def measured(folder: Path, *arguments: str, **_: object) -> str:
        calls.append(arguments)
        return f"a line of a library\n{MEASURED}\n"

    monkeypatch.setattr(work.scratch, "run", measured)
    case = cases.chosen(["51264"], 1, tiny())[0]
    assert work.speed(case, tmp_path) == work.speed(case, tmp_path) == Speed(9, 4, 3.0, 5, True, "")
    assert calls == [("benchmarks.posts.speed", "sign_lstm")]
    work.speed(cases.chosen(["51264"], 2, tiny())[0], tmp_path)
    assert len(calls) == 2


def test_a_speed_that_an_earlier_version_measured_is_measured_again(
    tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work.scratch, "run", lambda *_, **__: MEASURED)
    case = cases.chosen(["51264"], 1, tiny())[0]
    path = work.folder_of(case, tmp_path) / "speed" / f"{case.name}.json"
    files.write_json(path, {"settings": case.settings, "speed": {"windows": 9}})
    assert work.speed(case, tmp_path) == Speed(9, 4, 3.0, 5, True, "")


@pytest.mark.parametrize("name", ["season_lstm", "sign_lstm"])
def test_a_stretch_of_the_real_training_is_timed(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import raw, scale, split, window

    monkeypatch.setattr(speed, "_SECONDS", 0.02)
    settings = params.load()
    data = settings["experiments"][name]["dataset"]
    raw.main([settings["datasets"][data]["series"]])
    for stage in (split, window, scale):
        stage.main([data])
    found = speed.measure(name)
    assert found.windows == {"season_lstm": 268, "sign_lstm": 99}[name]
    assert found.validated == (name == "season_lstm")
    assert found.per_second > 0
    assert found.megabytes > 50


@pytest.mark.slow
def test_a_tiny_case_goes_through_all_real_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Keras sets it in this process; the stages run in their own, on another backend.
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    own = tiny()
    (case,) = cases.chosen(["51264"], 1, own)
    plans = command.planned([case], 60, tmp_path / "work")
    assert command.run_all([case], plans, 60, [case.name], tmp_path / "work", tmp_path) == 0
    found = files.read_json(tmp_path / "posts/sign_lstm.json")
    assert found["epochs"] == {"posted": 2, "set": 2, "run": [2]}
    assert set(found["seconds"]) >= {"raw", "baselines", "train", "diagnose"}
    assert found["windows"]["train"] == 99
    assert found["comparison"] in ("better", "not_distinguishable", "worse")


def test_a_job_at_the_posted_size_asks_for_all_seeds_and_epochs() -> None:
    settings = {
        "datasets": {"windows": {"series": "rows"}},
        "experiments": {name: {"dataset": "windows", "training": {"seeds": [0, 1, 2]}} for name in ("a", "b")},
    }
    seconds = {"raw": 1.0, "scale": 2.0, "train": 10.0, "diagnose": 4.0}
    one = {"experiment": "a", "seeds": [0], "megabytes": 500.0, "seconds": seconds}
    short = one | {"epochs": {"posted": 20, "set": 5, "run": [5]}}
    nan = one | {"experiment": "b", "epochs": {"posted": 20, "set": 20, "run": [1]}, "megabytes": 700.0}
    found = job_costs.table([short, nan | {"seconds": seconds | {"raw": 3.0}}], settings)
    assert found == {
        "raw@rows": Cost(3.0, 700.0, "full"),
        "scale@windows": Cost(2.0, 700.0, "full"),
        "train@a": Cost(10.0 * 3 * 4, 500.0, "full"),
        "diagnose@a": Cost(12.0, 500.0, "full"),
        "train@b": Cost(30.0, 700.0, "full"),
        "diagnose@b": Cost(12.0, 700.0, "full"),
    }


def test_the_shipped_costs_are_those_of_the_stored_results(tmp_path: Path) -> None:
    write(job_costs.current().items(), tmp_path / "costs.csv")
    shipped = resources.SHIPPED["full"].read_text(encoding="utf-8")
    assert (tmp_path / "costs.csv").read_text(encoding="utf-8") == shipped, "python -m benchmarks.posts.costs"
