"""Rounds of candidates: change the best experiment so far, train, diagnose, and keep what helps on validation windows.

Deterministic but for the limit in minutes, which decides only whether another candidate starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.common.numbers import significant
from pipeline.report import pairs
from workflow import run_lock
from workflow.fix import candidates, judging, leftovers, result, running, settings, wording
from workflow.fix.candidates import Candidates
from workflow.fix.judging import Judgement, Side
from workflow.fix.settings import Change

# Verdicts that leave nothing to fix.
SETTLED = ("learning", "no_evidence_of_signal")


class Limits(NamedTuple):
    """How much a fix may try."""

    minutes: float = 30
    rounds: int = 3
    candidates: int = 4  # per round


def fix(
    name: str, limits: Limits, cores: str = "all", replace: bool = False, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Write `reports/fixes/NAME.json` and, if something helps, the entry NAME_fixed of params.yaml.

    Args:
        name: of the experiment.
        limits: how much to try.
        cores: for Snakemake: a number, or `all`.
        replace: whether an earlier NAME_fixed may be replaced.
        say: receives each line for the user.

    Returns:
        The content of the file (docs/files.md).

    Raises:
        UserError: the experiment cannot be fixed, or a run failed; params.yaml is then as before.
    """
    try:
        lock = run_lock.fix()
    except run_lock.BusyError:
        rule, mend = "must not be at work in this folder", "Wait until it has ended, then run again."
        raise UserError("another run", rule, "one that is", mend) from None
    with _dvc_lock():
        for line in leftovers.recover():
            say(line)
    candidates.check_names(params.load(), name, pairs.SUFFIX, replace)
    try:
        content = Fix(name, limits, running.Runner(cores, lock), say).run()
    finally:
        if found := leftovers.noted():
            with _dvc_lock():
                leftovers.remove(found["added"])
    return content


@contextmanager
def _dvc_lock() -> Iterator[None]:
    """Hold DVC's lock, under which dvc.lock may be written."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(".", _wait_for_lock=True) as repo, repo.lock:
            yield
    except DvcException as error:
        raise running.RunError(" ".join(str(error).split())) from None


class Fix:
    """One fix.

    Args:
        name: the experiment.
        limits: how much to try.
        runner: trains and diagnoses.
        say: receives each line for the user.
    """

    def __init__(self, name: str, limits: Limits, runner: running.Runner, say: Callable[[str], None]) -> None:
        self._name, self._limits, self._runner, self._say = name, limits, runner, say
        self._started = time.monotonic()
        self._sides: dict[str, Side] = {}
        self._diagnoses: dict[str, dict[str, Any]] = {}
        self._best = name
        # Changes for the next round on top of the one that was kept.
        self._waiting: list[Change] = []

    def run(self) -> dict[str, Any]:
        """Try all rounds, and write the file and the entry of the winner; candidates stay for the caller to remove."""
        name = self._name
        self._say(f"{name}: train and diagnose it, if it is not up to date.")
        if reasons := self._runner.train_and_diagnose([name]):
            raise running.RunError(reasons[name])
        self._candidates = Candidates(name, pairs.SUFFIX)
        first = self._read(name)
        self._say(wording.state(name, first["verdict"], judging.validation_skill(first)))
        content: dict[str, Any] = {
            "experiment": name,
            "size": self._candidates.loaded["size"],
            "verdict": first["verdict"],
            "skill": result.skill_entry(judging.validation_skill(first)),
            "rounds": [],
            "fixed": None,
            "next": result.next_step(first),
        }
        if first["verdict"] in SETTLED:
            settled = "Nothing has to be fixed. "  # which the step of a network that learns says too
            self._say(f"{settled}Next: {content['next']['text'].removeprefix(settled)}")
        else:
            self._rounds(content)
            self._end(content)
        files.write_json(result.path(name), significant(content, 5))
        if content["fixed"]:
            self._candidates.done()
        self._say(f"Every round: {result.path(name)}")
        return content

    def _rounds(self, content: dict[str, Any]) -> None:
        self._measure([self._name])
        for number in range(1, self._limits.rounds + 1):
            if self._best != self._name and _settled(self._diagnoses[self._best]):
                self._say(f"{self._best} has no cause left.")
                break
            entry = self._round(number)
            if not entry["candidates"]:
                self._say(f"Round {number}: no change is left that can be tried.")
                content["rounds"] += [entry] if entry["not_tried"] else []
                break
            content["rounds"].append(entry)
            if entry["kept"] is None and not self._waiting:
                self._say(f"Round {number}: nothing helped.")
                break

    def _round(self, number: int) -> dict[str, Any]:
        """Try the changes of one round, and return its entry of the JSON."""
        best, diagnosis = self._best, self._diagnoses[self._best]
        proposed, series = settings.changes(diagnosis)
        entry: dict[str, Any] = {"round": number, "from": best, "candidates": [], "not_tried": [], "kept": None}
        for parameter in series:
            why = "it is a setting of the series, which all forecasts share"
            entry["not_tried"].append({"for": [], "set": {parameter: None}, "why": why})
        started = self._start([*proposed, *self._waiting], entry)
        if not started:
            return entry
        self._say(wording.round_starts(number, best, len(started)))
        failed = self._runner.train_and_diagnose(list(started))
        for name in [name for name in started if name not in failed]:
            self._read(name)
        self._measure([name for name in started if name not in failed])
        judged = {
            name: judging.judge(self._sides[best], self._sides[name], len(started))
            for name in started
            if name not in failed
        }
        kept = self._choose(started, judged)
        for name, change in started.items():
            line = self._candidate(name, change, judged.get(name), failed.get(name), kept)
            entry["candidates"].append(line)
            self._say(wording.candidate(line))
        entry["kept"] = kept
        if kept:
            self._best = kept
            # They helped too, and may help on top of the one that did most.
            helped = [started[name] for name, each in judged.items() if each.helps and name != kept]
            self._waiting = [*helped, *self._waiting]
        return entry

    def _start(self, proposed: list[Change], entry: dict[str, Any]) -> dict[str, Change]:
        """Add the candidates of a round to params.yaml; changes beyond its limit wait for the next one."""
        started: dict[str, Change] = {}
        self._waiting, seconds = [], 0.0
        together = [change for change in proposed if len(change.reasons) > 1][: self._limits.candidates > 1]
        for change in proposed:
            # The last place is that of all causes together.
            full = len(started) >= self._limits.candidates - sum(each not in started.values() for each in together)
            if full and change not in together:
                self._waiting.append(change)
                continue
            try:
                draft = self._candidates.plan(self._best, change)
            except UserError as error:
                entry["not_tried"].append({"for": list(change.reasons), "set": change.values, "why": str(error)})
                continue
            if draft is None:
                continue
            own = running.estimate(draft.loaded, self._name, draft.name)
            after = self._elapsed() + max(own or 0.0, (seconds + (own or 0.0)) / self._runner.cores)
            if after > 60 * self._limits.minutes:
                why = f"{result.LIMIT}, {self._limits.minutes:g}"  # no seconds: they differ from run to run
                entry["not_tried"].append({"for": list(change.reasons), "set": change.values, "why": why})
                self._say(wording.not_started(change, own, self._elapsed(), self._limits.minutes))
                continue
            self._candidates.add(draft)
            seconds += own or 0.0
            started[draft.name] = change
        if started:
            self._say(wording.time_left(seconds / self._runner.cores, self._elapsed(), self._limits.minutes))
        return started

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _read(self, name: str) -> dict[str, Any]:
        self._diagnoses[name] = files.read_json(files.DIAGNOSIS / f"{name}.json")
        return self._diagnoses[name]

    def _measure(self, names: list[str]) -> None:
        """Predict the validation windows with the networks of some experiments."""
        measured = self._runner.measure(self._candidates.loaded, names)
        for name in names:
            skill = judging.validation_skill(self._diagnoses[name])
            self._sides[name] = Side(skill, *measured.get(name, ()))

    def _choose(self, started: dict[str, Change], judged: dict[str, Judgement]) -> str | None:
        """Return the candidate to keep, if one helps: the one with the lowest loss.

        All causes together are kept only if they are better than the best single change by the same comparison: a
        fix is what has to be changed, and no more.
        """
        kept: str | None = None
        helpful = [name for name, each in judged.items() if each.helps]
        for name in sorted(helpful, key=lambda name: len(started[name].reasons) > 1):
            if kept is None:
                kept = name
            elif len(started[name].reasons) > 1:
                if judging.judge(self._sides[kept], self._sides[name]).helps:
                    kept = name
            elif judging.lower(self._sides[name], self._sides[kept]):
                kept = name
        return kept

    def _candidate(
        self, name: str, change: Change, judged: Judgement | None, failed: str | None, kept: str | None
    ) -> dict[str, Any]:
        """Return a candidate's entry of the JSON."""
        line: dict[str, Any] = {
            "name": name,
            "for": list(change.reasons),
            "set": {path.removeprefix("experiment."): value for path, value in change.values.items()},
            "was": result.values(self._candidates.loaded, self._best, change.values),
            "verdict": None,
            "skill": None,
            "comparison": None,
            "kept": name == kept,
        }
        if judged is None:
            return line | {"why": failed}
        diagnosis = self._diagnoses[name]
        why = judged.text
        if judged.helps and name != kept:
            why += ", but another candidate is better"
        skill = result.skill_entry(judging.validation_skill(diagnosis))
        compared = {key: value for key, value in judged._asdict().items() if key != "text"}
        return line | {"verdict": diagnosis["verdict"], "skill": skill, "comparison": compared, "why": why}

    def _end(self, content: dict[str, Any]) -> None:
        """Write NAME_fixed and its difference on the test part, or that nothing helped."""
        name, best = self._name, self._best
        if best == name:
            content["next"] = result.next_without_help(self._diagnoses[name], content["rounds"], bool(self._waiting))
            self._say(f"No change helps {name} on windows that it was not trained on. params.yaml stays as it was.")
            self._say(f"Next: {content['next']['text']}")
            return
        fixed = name + pairs.SUFFIX
        with _dvc_lock():
            comment = self._candidates.keep(best)
        self._say(f"{fixed} in params.yaml is {comment}")
        self._say(f"Evaluate {name} and {fixed} on the test part, once.")
        self._runner.evaluate([name, fixed])
        content["fixed"] = result.fixed(self._candidates.loaded, name, fixed, best)
        content["next"] = result.next_step(self._read(fixed))
        self._say(wording.fixed(content["fixed"]))
        self._say(f"Next: {content['next']['text']}")


def _settled(diagnosis: dict[str, Any]) -> bool:
    causes = any(finding["weight"] == "cause" for finding in diagnosis["findings"])
    return diagnosis["verdict"] == "no_evidence_of_signal" or (diagnosis["verdict"] == "learning" and not causes)
