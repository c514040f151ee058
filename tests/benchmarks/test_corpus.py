"""The corpus of injected faults: that it is what it is said to be, and that its figures are counted right."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import workshop
from benchmarks.corpus import __main__, bases, drawn, effects, grouped, real, scoring
from benchmarks.corpus.case import Case
from benchmarks.corpus.cases import CASES
from pipeline import dataset
from pipeline.common import files
from pipeline.diagnose.rules import RULES
from pipeline.diagnose.verdict import VERDICTS


def of(half):
    return [case for case in CASES if case.half == half]


def test_every_code_is_injected_twice_in_both_halves():
    for half in __main__.HALVES:
        counted = Counter(code for case in of(half) for code in case.faults)
        assert set(counted) == set(RULES)
        assert min(counted.values()) >= 2


def test_there_are_as_many_cases_as_promised_and_no_name_twice():
    for half in __main__.HALVES:
        counted = Counter(case.group for case in of(half))
        assert all(counted[group] >= least for group, least in (("faulty", 60), ("healthy", 60), ("null", 60)))
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_document_gives_the_numbers_of_cases():
    text = (workshop.PROJECT / "docs/corpus.md").read_text(encoding="utf-8")
    counted = Counter(case.group for case in CASES)
    assert f"draws {len(CASES)} experiments" in text
    for group, words in (("faulty", "faulty"), ("healthy", "healthy"), ("null", "nothing to learn")):
        assert f"| {words} | {counted[group]} |" in text


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
        work = case.make(5)
        # No row is written: the settings alone are read.
        few = {name: column[:2] for name, column in work.rows.items()} if work.rows else None
        with workshop.project(replace(work, rows=few, time=None if work.time is None else work.time[:2])) as p:
            assert p["experiments"][workshop.NAME]["training"]["seeds"] == work.training["seeds"]


@pytest.mark.parametrize("kind", [each for name, each in vars(grouped).items() if name.startswith(("learns", "no_"))])
def test_ids_and_cut_windows_go_through_the_stages_of_the_data(kind):
    seen = set()
    for seed in range(2):
        with workshop.project(kind(np.random.default_rng(seed))) as p:
            workshop.make(p)
            parts = {name: dataset.load(workshop.NAME, 0, name) for name in ("train", "validation", "test")}
            split = p["datasets"][workshop.NAME]["split"]["scheme"]
            seen.add(split)
            assert min(map(len, parts.values())) >= 80
            owners = {name: part.spec.groups(part.spec.first_rows[part.table["start"]]) for name, part in parts.items()}
            if split in ("groups", "sequences"):
                assert not set(owners["train"]) & set(owners["test"])
            if split == "holdout":
                assert set(owners["train"]) == set(owners["test"])
    assert seen <= {"holdout", "groups", "sequences", "given"}


def test_a_kind_gives_one_experiment_for_one_seed_and_others_for_others():
    for case in drawn.CASES:
        first, again, other = case.make(1), case.make(1), case.make(2)
        assert (first.dataset, first.architecture, first.training) == (
            again.dataset,
            again.architecture,
            again.training,
        )
        assert first.training["seeds"] != other.training["seeds"], case.name
        if first.rows:
            assert all(np.array_equal(first.rows[name], again.rows[name], equal_nan=True) for name in first.rows)
            assert case.base.startswith("real_") or not np.array_equal(first.rows["y"], other.rows["y"]), case.name


def test_real_series_load_without_a_network():
    for name, read in (real.SHUFFLED | real.MARKETS).items():
        values = read()
        assert len(values) > 200, name
        assert np.isfinite(values).all(), name


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
    assert [one["proven"] for one in found] == [1.0, 0.0]
    assert found[0]["test_constant"] > 0.3 > found[1]["test_constant"]
    assert found[0]["tested"] == 400 // 10 - 14
    assert found[0]["finite"] == 1.0
    assert found[0]["updates"] == 30 * 9


def test_a_draw_without_the_effect_does_not_count():
    case = Case("x", "tuning", "season", bases.season, ("dead_output",), must={"spread": (None, 0.1), "skill": (0, 1)})
    assert case.broken_promise({"spread": 0.05, "skill": 0.5}) is None
    assert "spread" in case.broken_promise({"spread": 0.2, "skill": 0.5})
    assert "skill" in case.broken_promise({"spread": 0.05, "skill": None})


def proof(**changed):
    return {
        "test_constant": 0.5,
        "test_skill": 0.4,
        "naive_constant": 0.2,
        "reference_skill": 0.4,
        "reference_constant": 0.5,
        **changed,
    }


def test_a_network_is_proven_by_its_test_windows():
    assert effects._proven(proof()) == 1.0
    assert effects._proven(proof(test_constant=0.04)) == 0.0
    assert effects._proven(proof(test_constant=None)) == 0.0
    assert effects._proven(proof(test_skill=0.02)) == 0.0
    # Behind a naive forecast that is nearly perfect it has to explain as much.
    assert (
        effects._proven(proof(test_skill=-9.0, test_constant=0.995, naive_constant=1.0, reference_constant=1.0)) == 1.0
    )
    assert (
        effects._proven(proof(test_skill=-9.0, test_constant=0.98, naive_constant=1.0, reference_constant=1.0)) == 0.0
    )
    tie = proof(test_skill=0.0, test_constant=0.9, naive_constant=0.9, reference_skill=0.0, reference_constant=0.9)
    assert effects._proven(tie) == 0.0
    # Far behind a linear model it did not learn what there is.
    assert effects._proven(proof(test_skill=0.2, test_constant=0.495)) == 0.0


def test_right_verdicts_follow_what_the_network_came_to():
    case = Case(
        "x", "tuning", "season", bases.season, ("dead_output",), verdicts=("learning", "behind", "not_learning")
    )
    accepted = [case.accepted({"constant": one, "test_constant": one}) for one in (-0.1, 0.05, 0.3)]
    assert accepted == [("learning", "not_learning"), ("learning", "behind", "not_learning"), ("learning", "behind")]
    assert case.accepted({"constant": -0.1, "test_constant": 0.3}) == case.verdicts
    assert case.accepted({"constant": None, "test_constant": 0.3}) == case.verdicts
    assert replace(case, verdicts=("not_learning",)).accepted({"constant": 0.3, "test_constant": 0.3}) == (
        "not_learning",
    )


def rows_of(*given):
    """(faults, also, same, verdicts, found, verdict) as judged rows; a code in capitals is a note."""
    return [
        scoring.judged(
            Case(str(i), "reported", "b", bases.season, faults, also, same, verdicts),
            {},
            {code.lower(): "note" if code.isupper() else "cause" for code in found},
            verdict,
        )
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
        ((), (), {}, ("learning",), ["overfitting", "dead_output", "CLASS_IMBALANCE"], "not_learning"),
    )
    found = scoring.scores(rows)
    groups = [tuple(found[group].values()) for group in scoring.GROUPS]  # cases, wrong, not_learning
    assert (found["cases"], groups) == (5, [(3, 1, 0), (1, 1, 1), (1, 0, 0)])
    assert found["recall"] == 2 / 4  # dead_output once, and unscaled_input in other words
    assert found["precision"] == round(4 / 7, 4)
    assert (found["false_alarms"], found["alarmed"]) == (2, ["4"])
    assert found["verdict_right"] == 3 / 5
    assert scoring.notes(rows) == {"class_imbalance": 1}
    assert scoring.by_kind(rows) == {
        "healthy": {"b": {"cases": 1, "right": 0, "wrong": {"not_learning": 1}}},
        "null": {"b": {"cases": 1, "right": 1, "wrong": {}}},
    }
    assert __main__.kinds(scoring.by_kind(rows)) == [
        "healthy  b                       0 of 1   1 not_learning",
        "null     b                       1 of 1",
    ]
    assert scoring.by_code(rows)["dead_output"] == {"cases": 2, "found": 1}


def test_bars_are_of_recall_precision_and_wrong_verdicts():
    good = {"recall": 0.92, "precision": 0.92, "healthy": dict(cases=60, wrong=4, not_learning=0)}
    good["null"] = dict(cases=60, wrong=3, not_learning=0)
    assert __main__._met(good)
    for bad in (
        {"recall": 0.91},
        {"precision": None},
        {"healthy": dict(cases=60, wrong=5, not_learning=0)},
        {"healthy": dict(cases=60, wrong=1, not_learning=1)},
        {"null": dict(cases=60, wrong=4, not_learning=0)},
    ):
        assert not __main__._met(good | bad)


def test_nothing_to_share_is_no_figure():
    assert scoring.scores([])["recall"] is None


def test_what_is_stored_is_judged_and_void_draws_are_left_out(tmp_path, monkeypatch):
    from pipeline.diagnose import stage

    kept, void, absent = CASES[0], CASES[1], CASES[2]
    for case, reason in ((kept, None), (void, "skill = 0")):
        path = __main__.stored(tmp_path, case, case.seed(1))
        facts = None if reason else {"codes": ["overfitting"]}
        files.write_json(path, {"void": reason, "effects": {}, "facts": facts})
    monkeypatch.setattr(
        stage,
        "judge",
        lambda facts: {
            "verdict": "learning",
            "findings": [{"code": code, "weight": "cause"} for code in facts["codes"]],
        },
    )
    rows, left = __main__.judge([kept, void, absent], tmp_path, 1)
    assert [(row["name"], row["found"]) for row in rows] == [(kept.name, ["overfitting"])]
    assert left == [f"{void.name}: skill = 0", f"{absent.name}: not measured"]


def test_the_committed_figures_are_those_of_their_cases():
    result = json.loads(__main__.RESULT.read_text(encoding="utf-8"))
    for half in __main__.HALVES:
        assert result["halves"][half] == scoring.scores([row for row in result["cases"] if row["half"] == half])
    reported = [row for row in result["cases"] if row["half"] == "reported"]
    assert result["codes"] == scoring.by_code(reported)
    injected = Counter(code for row in reported for code in row["faults"])
    assert min(injected[code] for code in RULES) >= 2  # of the draws in which the fault has an effect
    assert (result["kinds"], result["notes"]) == (scoring.by_kind(reported), scoring.notes(reported))


def test_folder_of_facts_is_not_in_git():
    assert ".corpus/" in (workshop.PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_params_of_a_workshop_have_no_alias():
    shared = [3]
    with workshop.project(bases.change(bases.season(1), architecture={"name": "lstm", "units": shared})):
        assert "&" not in Path("params.yaml").read_text(encoding="utf-8")
        assert yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["size"] == "quick"
