"""The result of one check of a dataset."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 5


@dataclass(frozen=True)
class Proof:
    """One check of one fold.

    Attributes:
        name: which check.
        fold: number of the fold, from 0; None where the check belongs to no fold.
        result: pass; fail; informative, where the dataset declares that this is expected; or not_applicable, where
            there is nothing to check.
        compared: how many items of each kind were compared.
        found: at most five short lines on violations; none for pass.
        about: one sentence on what was checked.
        backend: on which it trained or predicted; None for a proof without a network.
    """

    name: str
    fold: int | None
    result: str
    compared: dict[str, int]
    found: list[str]
    about: str
    backend: str | None = None


def judge(
    name: str, fold: int | None, compared: dict[str, int], found: list[str], about: str, otherwise: str = "fail"
) -> Proof:
    """Make a proof that passes where `found` is empty, and whose result is `otherwise` where it is not."""
    return Proof(name, fold, otherwise if found else "pass", compared, found[:MOST], about)


def not_applicable(name: str, fold: int | None, why: str) -> Proof:
    """Make a proof of which nothing can be checked, and say why."""
    return Proof(name, fold, "not_applicable", {}, [], why)
