"""Fix some cases of the corpus in one process, and store what came of each in a file.

A stored file holds `case`, `seed`, `void` (why the draw does not count, or null), `fix` (as reports/fixes/NAME.json)
and `test`: the skills `before` and `after` (`outcome`), and `difference`, of the trained networks' losses on the test
windows of both (`workflow.fix.result.difference`), or null without a fix.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

from benchmarks import processes, workshop
from benchmarks.corpus import effects
from benchmarks.corpus.case import Case
from benchmarks.corpus.cases import CASES
from benchmarks.workshop import NAME
from pipeline.common import files, params
from pipeline.common.errors import UserError
from workflow.fix import loop, losses, result, running


class Runner(running.Runner):
    """Trains and diagnoses in this process, by the functions of the stages, as `running.Runner` does by Snakemake."""

    def __init__(self) -> None:
        self.cores = 1

    def train_and_diagnose(self, names: list[str]) -> dict[str, str]:
        """Train and diagnose experiments; return for each one without a diagnosis the reason."""
        reasons = {}
        for name in names:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    self._one(name)
            except UserError as error:
                reasons[name] = str(error)
        return reasons

    def measure(self, loaded: dict[str, Any], names: list[str]) -> dict[str, running.Windows]:
        """Return the losses of the first fold's validation windows, for the experiments that have some."""
        from pipeline.scoring.skill import overlapping

        specs = {name: spec for name in names if (spec := losses.spec(loaded, name))}
        for name in specs:
            losses.write(loaded, name)
        return {
            name: running.Windows(files.read_table(losses.file(name)), overlapping(spec), spec.sequence_length)
            for name, spec in specs.items()
        }

    def evaluate(self, names: list[str]) -> None:
        """Evaluate experiments on the test part, and diagnose them where that is left to do."""
        from pipeline.baselines import stage as baselines
        from pipeline.evaluate import stage as evaluate
        from pipeline.network import predicting

        if failed := self.train_and_diagnose(names):
            raise running.RunError("; ".join(failed.values()))
        loaded = params.load()
        with contextlib.redirect_stdout(io.StringIO()):
            for data in sorted({loaded["experiments"][name]["dataset"] for name in names}):
                baselines.baselines(loaded, data)
            for name in names:
                predicting.predict(loaded, name)
                evaluate.evaluate(loaded, name)

    def _one(self, name: str) -> None:
        from pipeline.dataset import scaling, splitting, windowing
        from pipeline.diagnose import stage
        from pipeline.network import training

        loaded = params.load()
        data = loaded["experiments"][name]["dataset"]
        if not (files.SCALED / data).exists():
            for step in (splitting.split, windowing.window, scaling.scale):
                step(loaded, data)
        if not (files.DIAGNOSIS / f"{name}.json").exists():
            training.train(loaded, name)
            stage.diagnose(loaded, name)


def outcome(name: str) -> dict[str, Any]:
    """Return an evaluated experiment's skill against a constant answer on the test windows, and that of the others.

    Returns:
        `network`, `naive` (the best naive forecast by the evaluation's own choice), `reference` (the better of linear
        model and trees), each 1 - loss / constant's loss, or None where the loss is not finite.
    """
    import numpy as np

    found = files.read_json(files.EVALUATION / f"{name}.json")
    test, measure = found["parts"]["test"], "brier" if found["classes"] else "mse"
    values = {key: each[measure] for key, each in test["baselines"].items() if each.get(measure) is not None}
    constant = values["majority" if found["classes"] else "train_mean"]
    own = [seed.get(measure) for seed in test["seeds"].values()]
    loss = float(np.mean(own)) if own and None not in own else None
    linear = found["chosen"]["linear"]
    references = [values[key] for key in ("trees", linear["baseline"] if linear else None) if key in values]
    naive = values[found["chosen"]["naive"]["baseline"]]

    def skill(value: float | None) -> float | None:
        return None if value is None or not np.isfinite(value) or constant <= 0 else 1 - value / constant

    return {"network": skill(loss), "naive": skill(naive), "reference": skill(min(references, default=naive))}


def fix(case: Case, seed: int, limits: loop.Limits) -> dict[str, Any]:
    """Fix one draw of a case in a temporary folder, and judge the result on the test windows."""
    from dvc.repo import Repo
    from threadpoolctl import threadpool_limits

    work = case.make(seed)
    if work.unchecked:
        return {"case": case.name, "seed": seed, "void": "the pipeline refuses its network", "fix": None, "test": None}
    with workshop.project(work) as p, threadpool_limits(1):
        workshop.run(p)
        if void := case.broken_promise(effects.measure(p) | effects.prove(p)):
            return {"case": case.name, "seed": seed, "void": void, "fix": None, "test": None}
        Repo.init(".", no_scm=True).close()
        runner = Runner()
        found = loop.Fix(NAME, limits, runner, lambda line: None).run()
        runner.evaluate([NAME])
        before = outcome(NAME)
        after = outcome(found["fixed"]["name"]) if found["fixed"] else before
        # Of the networks: most cases have one seed, which says nothing about another training.
        effect = result.difference(NAME, found["fixed"]["name"], networks=True) if found["fixed"] else None
    test = {"before": before, "after": after, "difference": effect}
    return {"case": case.name, "seed": seed, "void": None, "fix": found, "test": test}


def stored(folder: Path, case: Case, seed: int) -> Path:
    """Return the path of what came of one draw of a case."""
    return folder / f"{case.name}_{seed}.json"


def main(arguments: list[str]) -> int:
    """Arguments: folder, seed of the reported half, names of cases."""
    folder, drawn, names = Path(arguments[0]).resolve(), int(arguments[1]), set(arguments[2:])

    def make(case: Case) -> str:
        seed = case.seed(drawn)
        found = fix(case, seed, loop.Limits())
        files.write_json(stored(folder, case, seed), found)
        return f"{case.name} · {found['void'] or found['fix']['verdict']}"

    return processes.in_turn([case for case in CASES if case.name in names], lambda case: case.name, make)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
