"""`make mutants`: change the code at random places and report which changes the tests notice.

Cosmic Ray makes the mutants: another comparison, arithmetic operator, sign or constant, `and` for `or`, a loop that
never runs. Each is run against the tests of its module, `tests/ROOM/test_MODULE.py` or `OTHERS`, two at a time, in
copies of the project.

The draw is the same on every run: places are ordered by a hash of the seed, the function, the line's text and the
operator, and one mutant is drawn of each place. An edit elsewhere in the file changes nothing. A change of annotations
alone is no mutant. `tests/mutants.yaml` lists mutants that no test can notice, each with its reason.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml
from cosmic_ray import mutating, plugins
from cosmic_ray.commands import init
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult

from pipeline.common import errors
from pipeline.common.errors import UserError

ROOMS = ("pipeline/dataset", "pipeline/leakage", "pipeline/scoring", "pipeline/series")
EQUIVALENT = Path("tests/mutants.yaml")
SHARE = 0.85  # of the mutants that are not equivalent
SECONDS = 120  # of one mutant; a test that takes longer notices it
# Tests of a module besides those of its own name.
OTHERS = {
    "pipeline/dataset/edges.py": ["tests/dataset/test_splitting.py"],
    "pipeline/dataset/equal_windows.py": ["tests/leakage/test_duplicates.py"],
    "pipeline/dataset/history.py": ["tests/leakage/test_history.py", "tests/dataset/test_panel.py"],
    "pipeline/dataset/padding.py": ["tests/dataset/test_panel.py"],
    "pipeline/dataset/part.py": ["tests/dataset/test_scaling.py", "tests/dataset/test_panel.py"],
    "pipeline/dataset/splitting.py": ["tests/dataset/test_panel.py"],
    "pipeline/dataset/suitable.py": ["tests/dataset/test_splitting.py", "tests/dataset/test_panel.py"],
    "pipeline/leakage/__main__.py": ["tests/leakage/test_stage.py"],
    "pipeline/leakage/later.py": ["tests/leakage/test_perturbation.py", "tests/leakage/test_ids.py"],
    "pipeline/leakage/proof.py": ["tests/leakage/test_prefix.py"],
    "pipeline/leakage/scratch.py": ["tests/leakage/test_stored.py"],
    "pipeline/scoring/gains.py": ["tests/scoring/test_skill.py", "tests/scoring/test_paired.py"],
    "pipeline/scoring/linear.py": ["tests/scoring/test_baselines.py"],
    "pipeline/scoring/naive.py": ["tests/scoring/test_baselines.py", "tests/dataset/test_panel.py"],
    "pipeline/scoring/pairing.py": ["tests/scoring/test_paired.py"],
    "pipeline/scoring/skill.py": ["tests/scoring/test_paired.py", "tests/evaluate/test_comparison.py"],
    "pipeline/scoring/univariate.py": ["tests/baselines/test_stage.py"],
    "pipeline/series/clock.py": ["tests/series/test_holes.py", "tests/series/test_ids.py", "tests/series/test_own.py"],
    "pipeline/series/holes.py": ["tests/series/test_ids.py", "tests/series/test_own.py"],
    "pipeline/series/looking_ahead.py": ["tests/series/test_preparing.py", "tests/series/test_preparing_ids.py"],
    "pipeline/series/preparing.py": ["tests/series/test_preparing_ids.py"],
    "pipeline/series/tables.py": ["tests/series/test_own.py"],
}
PYTEST = "-m pytest -x -p no:cacheprovider -p tests.helpers.unshrunk --hypothesis-seed=0 -m 'not slow'"

# Whether equal objects are the same one is Python's choice: no test can rest on it. The last operator fails at a dotted
# name in `except (pa.ArrowInvalid, OSError)`.
LEFT_OUT = ("_Eq_Is", "_Is_Eq", "_NotEq_IsNot", "_IsNot_NotEq", "/ExceptionReplacer")

Key = tuple[str, str, str, str]  # module, function, line before, line after


def tests(module: Path) -> list[str]:
    """Return the test files of a module."""
    own = Path("tests", *module.parts[1:-1], f"test_{module.name}")
    return [str(own)] * own.is_file() + OTHERS.get(str(module), [])


def places(modules: list[Path], seed: int) -> list[MutationSpec]:
    """Return one mutant for each place in the modules that can be mutated, in the order of the draw."""
    with tempfile.TemporaryDirectory() as folder, use_db(f"{folder}/session.sqlite") as session:
        init(modules, session, {})
        mutants = [mutant for item in session.work_items for mutant in item.mutations]
    mutants = [mutant for mutant in mutants if not mutant.operator_name.endswith(LEFT_OUT)]
    by_place: dict[tuple[str, ...], list[tuple[str, MutationSpec]]] = {}
    lines = {module: module.read_text(encoding="utf-8").splitlines() for module in modules}
    for mutant in sorted(mutants, key=lambda one: (one.module_path, one.start_pos, one.operator_name, one.occurrence)):
        line = lines[mutant.module_path][mutant.start_pos[0] - 1]
        column = str(mutant.start_pos[1] - len(line) + len(line.lstrip()))
        place = (str(mutant.module_path), str(mutant.definition_name), line.strip(), column)
        siblings = by_place.setdefault(place, [])
        siblings.append((f"{seed} {place} {mutant.operator_name} {len(siblings)}", mutant))

    def rank(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    drawn = [min(siblings, key=lambda one: rank("mutant" + one[0])) for siblings in by_place.values()]
    return [mutant for _, mutant in sorted(drawn, key=lambda one: rank("place" + one[0]))]


def _run_time(source: str) -> str | None:
    """Return a text that is equal for modules which differ in their annotations alone; None if it does not compile."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if hasattr(node, field):
                setattr(node, field, None)
    return ast.dump(tree)


def key(mutant: MutationSpec) -> Key | None:
    """Return what identifies a mutant whatever its line number is; None if it does not run, or not differently."""
    before = mutant.module_path.read_text(encoding="utf-8")
    operator = plugins.get_operator(mutant.operator_name)()
    after = mutating.mutate_code(before, operator, mutant.occurrence)
    if after is None or _run_time(after) in (None, _run_time(before)):
        return None
    changed = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[3:]
    removed, added = (" ".join(" ".join(line[1:] for line in changed if line[0] == sign).split()) for sign in "-+")
    return str(mutant.module_path), mutant.definition_name or "", removed, added


def draw(modules: list[Path], count: int, seed: int) -> dict[Key, MutationSpec]:
    """Draw `count` mutants."""
    keyed = ((key(mutant), mutant) for mutant in places(modules, seed))
    return dict(itertools.islice(((name, mutant) for name, mutant in keyed if name), count))


def _enter(copies: multiprocessing.Queue[str]) -> None:
    """Make one of the copies the working directory of this process."""
    os.chdir(copies.get())


def _test(mutant: MutationSpec) -> WorkResult:
    command = f"{sys.executable} {PYTEST} {' '.join(tests(mutant.module_path))}"
    return mutating.mutate_and_test([mutant], command, SECONDS)


def survivors(mutants: list[MutationSpec], folder: Path) -> list[WorkResult]:
    """Run the tests of each module as it is, then those of each mutant.

    Raises:
        UserError: tests fail without a mutation.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - a constant
    context = multiprocessing.get_context("spawn")
    copies = context.Queue()
    for copy in (folder / "0", folder / "1"):
        for name in filter(os.path.isfile, listed.stdout.split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, copy / name)
        copies.put(str(copy))
    with ProcessPoolExecutor(2, context, _enter, (copies,)) as pool:
        modules = {mutant.module_path: None for mutant in mutants}
        clean = [MutationSpec(module, "core/NoOp", 0, (1, 0), (1, 1)) for module in modules]
        for spec, result in zip(clean, pool.map(_test, clean), strict=True):
            if result.test_outcome != TestOutcome.SURVIVED:
                raise UserError(" ".join(tests(spec.module_path)), "must pass", result.output or "", "Run them.")
        results = []
        for result in pool.map(_test, mutants):
            if result.worker_outcome != WorkerOutcome.NORMAL:
                raise UserError("cosmic_ray", "must run every mutant", result.output or "", "Correct it.")
            results.append(result)
            print(f"\r{len(results)} of {len(mutants)} mutants", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return results


def report(results: dict[Key, WorkResult], equivalent: dict[Key, str]) -> float:
    """Print the survivors and a table, and return the share that the tests notice."""
    drawn, killed, same = (Counter[str]() for _ in range(3))
    for name, result in results.items():
        drawn[name[0]] += 1
        killed[name[0]] += result.is_killed
        same[name[0]] += name in equivalent and not result.is_killed
        if name in equivalent and result.is_killed:
            print(f"Not equivalent, a test notices it: {name}\n")
        elif not result.is_killed and name not in equivalent:
            print(f"{name[0]}, {name[1]}\n{result.diff}\n")
    rows = [(module, drawn[module], killed[module], same[module]) for module in sorted(drawn)]
    rows.append(("all", drawn.total(), killed.total(), same.total()))
    print(f"{'module':40}{'drawn':>8}{'killed':>8}{'survived':>10}{'equivalent':>12}")
    for module, n, dead, alike in rows:
        print(f"{module:40}{n:8}{dead:8}{n - dead - alike:10}{alike:12}")
    return killed.total() / max(drawn.total() - same.total(), 1)


def main(arguments: list[str]) -> None:
    """Draw, test and report."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", default=ROOMS, help="files and folders to mutate")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    paths = [Path(path) for path in chosen.paths]
    modules = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    entries = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []
    equivalent = {(one["module"], one["function"], one["line"], one["mutant"]): one["reason"] for one in entries}
    drawn = draw([module for module in modules if tests(module)], chosen.count, chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        results = survivors(list(drawn.values()), Path(folder))
    share = report(dict(zip(drawn, results, strict=True)), equivalent)
    print(f"{share:.1%} of the mutants that are not equivalent are killed; at least {SHARE:.0%} must be.")
    sys.exit(share < SHARE)


if __name__ == "__main__":
    errors.run(main)
