"""The share of validation rows that a next step names."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.diagnose import next_step
from tests.diagnose.test_rules import spaces


def facts(policy: str, windows: int, validation: float = 0.15) -> Any:
    window = {"length": 24, "horizon": 1, "stride": {"evaluation": 1}}
    split = {"scheme": "holdout", "validation": validation, "test": 0.15, "policy": policy}
    settings = {"=window": window, "=split": split}
    return spaces({"settings": settings, "unseen": {"windows": windows}, "data": {"length": 24}})


@pytest.mark.parametrize("factor", [1.5, 2.0])
@pytest.mark.parametrize("policy", ["strict", "carry"])
def test_the_share_for_more_windows_counts_the_rows_that_a_part_has(policy: str, factor: float) -> None:
    # Of 1,000 rows, 150 hold 126 windows of 24 rows and a target, or 150 whose inputs reach into the part before.
    windows = 150 if policy == "carry" else 150 - 24
    share, enough = next_step._share(facts(policy, windows), factor)
    assert enough
    made = round(1000 * share) - (0 if policy == "carry" else 24)
    assert factor * windows <= made <= factor * windows + 10


def test_a_share_that_is_too_large_is_cut_and_promises_nothing() -> None:
    step = next(next_step._narrower(facts("carry", 300, validation=0.3)))
    assert step.text.endswith("More windows make them narrower: validation 0.4.")
    step = next(next_step._narrower(facts("carry", 150)))
    assert step.text.endswith("Twice as many make them about 30 % narrower: validation 0.3.")


@pytest.mark.parametrize(
    ("seeds", "change"),
    [
        ([0], {"experiment.training.seeds": [0, 1, 2]}),
        ([1, 7], {"experiment.training.seeds": [1, 7, 0]}),
        ([4, 5, 6], {}),
    ],
)
def test_a_network_that_learns_gets_three_seeds(seeds: list[int], change: dict[str, Any]) -> None:
    step = next_step._of_learning(spaces({"experiment": {"=training": {"seeds": seeds}}}), {})
    assert step.change == change
    assert ("3 seeds" in step.text) == bool(change)
