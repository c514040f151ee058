"""All cases of the corpus."""

from __future__ import annotations

from benchmarks.corpus import drawn, faulty_networks, faulty_rows, healthy
from benchmarks.corpus.case import Case

CASES: list[Case] = [*healthy.CASES, *faulty_rows.CASES, *faulty_networks.CASES, *drawn.CASES]
