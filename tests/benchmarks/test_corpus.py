"""The corpus of injected faults: that it is what it is said to be, and that its figures are counted right."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import workshop
from benchmarks.corpus import __main__, bases, effects, scoring
from benchmarks.corpus.case import Case
from benchmarks.corpus.cases import CASES
from pipeline.common import files
from pipeline.diagnose.rules import RULES
from pipeline.diagnose.verdict import VERDICTS


def of(half):
    return [case for case in CASES if case.half == half]


def test_every_code_is_injected_in_both_halves():
    for half in __main__.HALVES:
        assert {code for case in of(half) for code in case.faults} == set(RULES)


def test_there_are_as_many_cases_as_promised_and_no_name_twice():
    assert sum(bool(case.faults) for case in CASES) >= 60
    for half in __main__.HALVES:
        assert sum(not case.faults for case in of(half)) >= 12
    assert len({case.name for case in CASES}) == len(CASES)


def test_cases_name_known_codes_and_verdicts():
    for case in CASES:
        assert case.acceptable <= set(RULES), case.name
        assert set(case.verdicts) <= set(VERDICTS), case.name
        assert set(case.same) <= set(case.faults), case.name


def test_each_half_has_several_architectures_and_a_real_series():
    for half in __main__.HALVES:
        faulty = [case for case in of(half) if case.faults]
        assert len({case.make(1).architecture["name"] for case in faulty}) >= 4
        assert len({case.base for case in faulty}) >= 4
        assert any(case.base in ("co2", "sunspots") for case in of(half))


def test_settings_of_every_case_are_ones_that_params_yaml_may_hold():
    for case in CASES:
        with workshop.project(case.make(5)) as p:
            assert p["experiments"][workshop.NAME]["training"]["seeds"] == [5]


def test_a_case_is_drawn_anew_from_another_number_in_the_reported_half_alone():
    tuning, reported = of("tuning")[0], of("reported")[0]
    assert tuning.seed(1) == tuning.seed(2)
    assert reported.seed(1) != reported.seed(2)
    assert reported.seed(1) == reported.seed(1)
    assert not np.array_equal(bases.mix(1).rows["y"], bases.mix(2).rows["y"])


def test_changes_do_not_touch_the_base():
    base = bases.season(1)
    changed = bases.change(base, dataset__window__length=3, training__epochs=1, architecture__units=[1])
    assert (changed.dataset["window"]["length"], changed.training["epochs"]) == (3, 1)
    assert changed.architecture["units"] == [1]
    assert base.dataset["window"]["length"] == 48
    assert base.architecture["units"] == [16]


def test_rows_go_through_the_file_to_the_bit_and_no_trace_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = {"value": np.array([0.1, np.nan, 1 / 3, 2e-17])}
    work = bases.change(bases.season(1), rows=rows, dataset__window__missing="keep")
    with workshop.project(work) as p:
        from pipeline.series import reading

        read = reading.read(workshop.NAME, p["series"][workshop.NAME])
        assert Path.cwd() != tmp_path
        np.testing.assert_array_equal(read.rows[:, 0], rows["value"])
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())


def test_an_own_architecture_is_known_inside_the_block_alone():
    from pipeline.common import architectures
    from pipeline.common.errors import UserError

    architecture = bases.own("gru", units=[3])
    with workshop.project(bases.change(bases.season(1), architecture=architecture)):
        architectures.check("x", architecture)
    with pytest.raises(UserError, match="odd_gru"):
        architectures.check("x", architecture)


def test_a_small_case_runs_and_its_effects_are_measured():
    rows = {name: column[:400] for name, column in bases.lag(1).rows.items()}
    healthy = bases.change(bases.lag(1), rows=rows, dataset__window__length=14, training__epochs=30)
    slow = bases.change(healthy, training__learning_rate=1e-9)
    found = []
    for work in (healthy, slow):
        with workshop.project(work) as p:
            workshop.run(p)
            found.append(effects.measure(p) | effects.prove(p))
    assert found[0]["train"] > 0.3 > found[1]["train"]
    assert found[0]["finite"] == 1.0
    assert found[0]["updates"] == 30 * 9


def test_a_draw_without_the_effect_does_not_count():
    case = Case("x", "tuning", "season", bases.season, ("dead_output",), must={"spread": (None, 0.1), "skill": (0, 1)})
    assert case.broken_promise({"spread": 0.05, "skill": 0.5}) is None
    assert "spread" in case.broken_promise({"spread": 0.2, "skill": 0.5})
    assert "skill" in case.broken_promise({"spread": 0.05, "skill": None})


def rows_of(*given):
    """(faults, also, same, verdicts, found, verdict) as judged rows."""
    return [
        scoring.judged(Case(str(i), "reported", "b", bases.season, faults, also, same, verdicts), found, verdict)
        for i, (faults, also, same, verdicts, found, verdict) in enumerate(given)
    ]


def test_scores_by_hand():
    rows = rows_of(
        (("dead_output", "overfitting"), (), {}, ("not_learning",), ["dead_output", "loss_at_floor"], "not_learning"),
        (("dead_output",), ("loss_at_floor",), {}, ("not_learning",), ["loss_at_floor"], "learning"),
        (
            ("unscaled_input",),
            (),
            {"unscaled_input": ("saturated_units",)},
            ("learning",),
            ["saturated_units"],
            "learning",
        ),
        ((), ("loss_at_floor",), {}, ("no_evidence_of_signal",), ["loss_at_floor"], "no_evidence_of_signal"),
        ((), (), {}, ("learning",), ["overfitting", "dead_output"], "learning"),
    )
    found = scoring.scores(rows)
    assert (found["cases"], found["faulty"], found["healthy"]) == (5, 3, 2)
    assert found["recall"] == 2 / 4  # dead_output once, and unscaled_input in other words
    assert found["precision"] == round(4 / 7, 4)
    assert (found["false_alarms"], found["alarmed"]) == (2, ["4"])
    assert found["verdict_right"] == 4 / 5
    assert scoring.by_code(rows)["dead_output"] == {"cases": 2, "found": 1}


def test_nothing_to_share_is_no_figure():
    assert scoring.scores([])["recall"] is None


def test_what_is_stored_is_judged_and_void_draws_are_left_out(tmp_path, monkeypatch):
    from pipeline.diagnose import stage

    kept, void, absent = CASES[0], CASES[1], CASES[2]
    for case, reason in ((kept, None), (void, "skill = 0")):
        path = __main__.stored(tmp_path, case, case.seed(1))
        files.write_json(path, {"void": reason, "facts": None if reason else {"codes": ["overfitting"]}})
    monkeypatch.setattr(
        stage,
        "judge",
        lambda facts: {"verdict": "learning", "findings": [{"code": code} for code in facts["codes"]]},
    )
    rows, left = __main__.judge([kept, void, absent], tmp_path, 1)
    assert [(row["name"], row["found"]) for row in rows] == [(kept.name, ["overfitting"])]
    assert left == [f"{void.name}: skill = 0", f"{absent.name}: not measured"]


def test_the_committed_figures_are_those_of_their_cases():
    result = json.loads(__main__.RESULT.read_text(encoding="utf-8"))
    for half in __main__.HALVES:
        assert result["halves"][half] == scoring.scores([row for row in result["cases"] if row["half"] == half])
    assert result["codes"] == scoring.by_code([row for row in result["cases"] if row["half"] == "reported"])


def test_folder_of_facts_is_not_in_git():
    assert ".corpus/" in (workshop.PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_params_of_a_workshop_have_no_alias():
    shared = [3]
    with workshop.project(bases.change(bases.season(1), architecture={"name": "lstm", "units": shared})):
        assert "&" not in Path("params.yaml").read_text(encoding="utf-8")
        assert yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["size"] == "quick"
