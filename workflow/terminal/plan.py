"""Which stages a run has to compute, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflow.checks import Files

# A stage that ends in less than this share of its expected seconds was restored from the cache, not computed.
_RESTORED = 0.3
# Seconds of work whose assumed speed counts beside the measured one.
_PRIOR = 30.0
# The assumed share of the cores that computes.
_BUSY = 0.85
# A running stage counts as done up to this share, however long it takes.
_MOST = 0.95


def upstream(stages: Files) -> dict[str, set[str]]:
    """Return, for each stage, those that make what it reads."""
    makers = {out: stage for stage, (_, outs) in stages.items() for out in outs}

    def of(stage: str) -> set[str]:
        found = set()
        for dep in stages[stage][0]:
            if dep in makers:
                found.add(makers[dep])
            else:
                found |= {maker for out, maker in makers.items() if out.startswith(f"{dep}/")}
        return found - {stage}

    return {stage: of(stage) for stage in stages}


def to_run(stages: Files, stale: set[str], targets: Iterable[str]) -> dict[str, set[str]]:
    """Return the stages that have to run for some files, each with those of them that it waits for.

    Args:
        stages: dependencies and outputs of every stage.
        stale: the stages whose own inputs or outputs have changed.
        targets: files, or nothing for all stages.
    """
    above = upstream(stages)
    makers = {out: stage for stage, (_, outs) in stages.items() for out in outs}
    wanted = {makers[target] for target in targets if target in makers} or set(stages)
    todo = list(wanted)
    while todo:
        for stage in above[todo.pop()] - wanted:
            wanted.add(stage)
            todo.append(stage)
    running: dict[str, bool] = {}

    def runs(stage: str) -> bool:
        if stage not in running:
            running[stage] = stage in stale
            running[stage] = any([runs(each) for each in above[stage]]) or stage in stale
        return running[stage]

    found = {stage for stage in wanted if runs(stage)}
    return {stage: above[stage] & found for stage in found}


class Progress:
    """How much of the expected work is done, and how long the rest will take.

    Args:
        waits: the stages to run, each with those that it waits for.
        expected: their expected seconds.
        cores: how many run side by side.
        now: the time, in seconds.
    """

    def __init__(self, waits: Mapping[str, set[str]], expected: Mapping[str, float], cores: int, now: float) -> None:
        self._waits = dict(waits)
        self._expected = {stage: expected[stage] for stage in waits}
        self._cores = max(cores, 1)
        self._start = now
        self._started: dict[str, float] = {}
        self._finished: dict[str, float] = {}
        self._share: dict[str, float] = {}

    def start(self, stage: str, now: float, expected: float) -> None:
        """Record that a stage begins; one that was not planned is added with its expected seconds."""
        self._waits.setdefault(stage, set())
        self._expected.setdefault(stage, expected)
        self._started[stage] = now

    def share(self, stage: str, share: float) -> None:
        """Record how much of a running stage is done, as the stage itself says."""
        self._share[stage] = share

    def finish(self, stage: str, now: float) -> None:
        """Record that a stage has ended; of one restored from the cache nothing is learned about the speed."""
        took, expected = now - self._started.pop(stage, now), self._expected.get(stage, 0.0)
        self._finished[stage] = 0.0 if took < _RESTORED * expected else expected
        self._share.pop(stage, None)
        if not self._finished[stage]:
            self._expected[stage] = 0.0

    def running(self) -> list[str]:
        """Return the stages at work, the longest first."""
        return sorted(self._started, key=self._started.__getitem__)

    def done(self, now: float) -> float:
        """Return the share of the expected seconds that are done, from 0 to 1."""
        total = sum(self._expected.values())
        return min(self._work(now) / total, 1.0) if total else 1.0

    def left(self, now: float) -> float:
        """Return the expected seconds until the end: all work at the speed so far, and at least the longest chain."""
        elapsed = now - self._start
        speed = (self._work(now) + _PRIOR * _BUSY * self._cores) / (elapsed + _PRIOR)
        rest = sum(self._expected.values()) - self._work(now)
        chains: dict[str, float] = {}

        def chain(stage: str) -> float:
            if stage not in chains:
                chains[stage] = self._rest(stage, now) + max((chain(each) for each in self._waits[stage]), default=0.0)
            return chains[stage]

        return max(rest / speed, *(chain(stage) for stage in self._waits), 0.0)

    def _work(self, now: float) -> float:
        return sum(self._expected[stage] - self._rest(stage, now) for stage in self._expected)

    def _rest(self, stage: str, now: float) -> float:
        expected = self._expected[stage]
        if stage in self._finished:
            return 0.0
        if stage not in self._started:
            return expected
        share = self._share.get(stage, (now - self._started[stage]) / expected if expected else 1.0)
        return expected * (1 - min(share, _MOST))


def time_left(seconds: float) -> str:
    """Return a duration in words, as coarse as it is known."""
    if seconds < 55:
        return "under 1 min left"
    if seconds < 3600:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
