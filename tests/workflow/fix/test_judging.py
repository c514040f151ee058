"""Whether a candidate helps: paired losses of validation windows, or the skills that diagnoses measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workflow.fix import judging
from workflow.fix.judging import Side, Skill, judge, lower


def _table(factor: float = 1.0, rows: int = 200, seeds: int = 2, first: int = 0, noise: float = 0.0) -> Any:
    base = np.random.default_rng(0).random(1000)[first : first + rows] + 0.5
    own = np.random.default_rng(1)
    table = {"row": np.arange(first, first + rows), "target_0": np.arange(first, first + rows) * 1.0}
    return table | {f"loss_{seed}": factor * base + noise * own.random(rows) for seed in range(seeds)}


def _skill(value: float, width: float = 0.1, against: str = "drift", part: str = "validation") -> Skill:
    return Skill(value, value - width, value + width, against, part)


def test_a_lower_loss_on_the_same_windows_helps() -> None:
    found = judge(Side(None, _table()), Side(None, _table(0.5)))
    assert found.helps
    assert (found.on, found.windows, found.seeds) == ("windows", 200, (2, 2))
    assert found.reduction == pytest.approx(0.5)
    assert found.text.startswith("the validation loss is 50 % lower")
    worse = judge(Side(None, _table(0.5)), Side(None, _table()))
    assert not worse.helps
    assert "100 % higher" in worse.text


def test_chance_does_not_help_nor_the_best_of_many() -> None:
    before, after = Side(None, _table()), Side(None, _table(1.0) | {"loss_0": _table()["loss_0"]})
    rng = np.random.default_rng(3)
    for seed in (0, 1):
        after.table[f"loss_{seed}"] = before.table[f"loss_{seed}"] + 0.1 * rng.standard_normal(200) - 0.018
    one = judge(before, after)
    assert one.helps
    assert 0.05 / 100 < (one.p_value or 0) < 0.05
    many = judge(before, after, candidates=100)
    assert not many.helps
    assert "which chance explains" in many.text


def test_most_seeds_must_agree() -> None:
    before, after = _table(seeds=3), _table(0.5, seeds=3)
    after["loss_0"], after["loss_1"] = before["loss_0"] * 1.01, before["loss_1"] * 1.01
    after["loss_2"] = before["loss_2"] * 0.01
    found = judge(Side(None, before), Side(None, after))
    assert (found.reduction or 0) > 0.3
    assert not found.helps
    assert "only for 1 of 3 seeds" in found.text


def test_one_seed_can_be_compared() -> None:
    assert judge(Side(None, _table(seeds=1)), Side(None, _table(0.5, seeds=1))).helps


def test_only_common_windows_with_equal_targets_are_compared() -> None:
    before, after = _table(first=0), _table(0.5, first=50)
    after["loss_0"][-50:] = 1e6  # windows that the other has not
    found = judge(Side(None, before), Side(None, after))
    assert found.helps
    assert found.windows == 150
    moved = after | {"target_0": after["target_0"] + 1}
    assert judge(Side(_skill(0), before), Side(_skill(0.5), moved)).on == "skill"


def test_finite_predictions_help_where_there_were_none() -> None:
    nothing = _table() | {"loss_0": np.full(200, np.nan), "loss_1": np.full(200, np.nan)}
    assert judge(Side(None, nothing), Side(None, _table())).helps
    assert not judge(Side(None, _table()), Side(None, nothing)).helps
    assert lower(Side(None, _table()), Side(None, nothing))
    assert not lower(Side(None, nothing), Side(None, _table()))


def test_few_windows_show_nothing() -> None:
    found = judge(Side(None, _table(rows=4)), Side(None, _table(0.1, rows=4)))
    assert not found.helps
    assert "too few windows" in found.text


@pytest.mark.parametrize(
    ("early", "late", "helps"), [(0.4, 0.4, True), (0.1, 0.6, False), (0.6, 0.1, False), (0.55, 0.55, False)]
)
def test_without_an_interval_the_loss_must_halve_in_either_half(early: float, late: float, helps: bool) -> None:
    before, after = _table(rows=40), _table(rows=40)
    for seed in (0, 1):
        after[f"loss_{seed}"] = after[f"loss_{seed}"] * np.repeat([early, late], 20)
    found = judge(Side(None, before, overlap=30), Side(None, after, overlap=30))
    assert found.low is None
    assert found.helps == helps


def test_overlapping_windows_count_for_less() -> None:
    one, ten = (
        judge(Side(None, _table(rows=60), overlap), Side(None, _table(0.9, rows=60, noise=0.2), 1))
        for overlap in (1, 30)
    )
    assert one.low is not None
    assert ten.low is None  # 60 windows of 30 rows are two independent ones


@pytest.mark.parametrize(
    ("before", "after", "helps"),
    [
        (_skill(0.0), _skill(0.5), True),
        (_skill(0.5), _skill(0.0), False),
        (_skill(0.0), _skill(0.1), False),
        (_skill(0.0, 0.02), _skill(0.1, 0.02), True),
        (None, _skill(0.5), True),
        (None, _skill(0.05), False),
        (_skill(0.0), None, False),
        (_skill(0.0), Skill(0.5, None, None, "drift", "validation"), False),
        (_skill(0.0, against="persistence"), _skill(0.9), False),
    ],
)
def test_without_common_windows_skills_are_compared(before: Any, after: Any, helps: bool) -> None:
    found = judge(Side(before), Side(after, _table()))
    assert found.helps == helps
    assert found.on == "skill"


@pytest.mark.parametrize(("value", "low", "high", "helps"), [(0.999, 0.998, 0.999, True), (0.6, 0.4, 0.95, False)])
def test_the_long_tail_below_a_bad_skill_does_not_hide_a_gain(
    value: float, low: float, high: float, helps: bool
) -> None:
    # Five sequences of which a network that answers 0 gets none: no other draw of them comes near 1.
    before = Skill(-1.73, -4.54, 0.754, "train_mean", "last_tenth")
    after = Skill(value, low, high, "train_mean", "last_tenth")
    assert judge(Side(before), Side(after), candidates=4).helps == helps
    assert not judge(Side(after), Side(before), candidates=4).helps


def test_a_round_of_four_needs_a_surer_gain_in_skill() -> None:
    before, after = Side(_skill(0.0)), Side(_skill(0.16))
    assert judge(before, after).helps
    assert not judge(before, after, candidates=4).helps
    assert "other windows" in judge(before, Side(_skill(0.2, part="last_tenth"))).text


def test_the_better_of_two_is_the_one_with_the_lower_loss() -> None:
    assert lower(Side(_skill(0.1), _table(0.5)), Side(_skill(0.9), _table()))
    assert not lower(Side(_skill(0.1), _table()), Side(_skill(0.9), _table(0.5)))
    assert lower(Side(_skill(0.9)), Side(_skill(0.1), _table()))
    assert lower(Side(_skill(0.9)), Side(None))
    assert not lower(Side(None), Side(_skill(0.9)))


def test_windows_of_later_folds_decide_nothing() -> None:
    folds = [Side(_skill(value)._replace(folds=2)) for value in (0.0, 0.5)]
    assert not judge(*folds).helps
    assert judge(*(Side(_skill(value)) for value in (0.0, 0.5))).helps


def test_the_skill_of_a_diagnosis_is_that_of_unseen_windows() -> None:
    against = {"skill": 0.3, "low": 0.1, "high": 0.4, "p_value": 0.01}
    unseen: dict[str, Any] = {"part": "last_tenth", "folds": 1, "naive": {"name": "drift"}}
    unseen |= {"networks": {"against_naive": against, "against_constant": against | {"skill": 0.9}}}
    assert judging.validation_skill({"facts": {"unseen": unseen}}) == Skill(0.3, 0.1, 0.4, "drift", "last_tenth", 1)
    nothing = unseen | {"networks": {"against_naive": against | {"skill": None}}}
    for each in (nothing, unseen | {"networks": None}, unseen | {"naive": None}):
        assert judging.validation_skill({"facts": {"unseen": each}}) is None
