"""Cases drawn by code: kinds x draws x halves. The seed of a case decides its rows, sizes, network and training."""

from __future__ import annotations

import functools

import numpy as np

from benchmarks.corpus import faulty_networks, faulty_rows
from benchmarks.corpus.case import FLAT, Case
from benchmarks.corpus.faults import FAULTS, Fault
from benchmarks.corpus.kinds import FEW as FEW_HEALTHY
from benchmarks.corpus.kinds import HEALTHY, Kind
from benchmarks.corpus.nulls import FEW as FEW_NULLS
from benchmarks.corpus.nulls import NULLS
from benchmarks.workshop import Work

HALVES = ("tuning", "reported")


def _make(kind: Kind, seed: int) -> Work:
    return kind(np.random.default_rng([seed, 11]))


def _healthy(half: str, name: str, number: int, kind: Kind) -> Case:
    # Where the network did not learn, by the test windows, the case is none: nobody says what its verdict should be.
    verdicts = ("learning", "undetermined") if name in FEW_HEALTHY else ("learning",)
    make = functools.partial(_make, kind)
    return Case(f"healthy_{name}_{half[0]}{number}", half, name, make, verdicts=verdicts, must={"proven": (1.0, None)})


def _null(half: str, name: str, number: int, kind: Kind) -> Case:
    few = ("undetermined",) if name in FEW_NULLS else ()
    make, verdicts = functools.partial(_make, kind), ("no_evidence_of_signal", *few)
    return Case(f"null_{name}_{half[0]}{number}", half, name, make, also=FLAT, verdicts=verdicts)


def _draws(half: str, fault: Fault) -> int:
    """Return the draws of a fault in a half: for two cases of each code, with those written by hand, at least one."""
    written = [case.faults for case in (*faulty_rows.CASES, *faulty_networks.CASES) if case.half == half]
    return fault.more + max(1, *(2 - sum(code in codes for codes in written) for code in fault.codes))


def _faulty(half: str, name: str, number: int, fault: Fault) -> Case:
    return Case(
        f"{name}_{half[0]}{number}",
        half,
        "drawn",
        functools.partial(_make, fault.make),
        fault.codes,
        fault.also,
        fault.same,
        fault.verdicts,
        fault.must,
    )


CASES: list[Case] = [
    make(half, name, number, kind)
    for make, kinds in ((_healthy, HEALTHY), (_null, NULLS))
    for name, (kind, draws) in kinds.items()
    for half in HALVES
    for number in range(draws)
]
CASES += [
    _faulty(half, name, number, fault)
    for name, fault in FAULTS.items()
    for half in HALVES
    for number in range(_draws(half, fault))
]
