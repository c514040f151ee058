"""Stage `diagnose`: why an experiment does not learn, or that there is nothing to learn, with evidence and a remedy.

Facts (`data`, `references`, `network`, `course`, `controls`, `outcome`) are measurements without a threshold. Rules
turn them into findings, and the assessment into a verdict. The test part is never opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipeline.common import files, params
from pipeline.diagnose import assessment, next_step, remedies, rules, verdict
from pipeline.diagnose.facts import Experiment, Facts, Settings, from_json, to_json

if TYPE_CHECKING:
    from pipeline.diagnose.case import DiagnosedRun


def diagnose(p: dict[str, Any], name: str) -> None:
    """Write reports/diagnosis/NAME.json and reports/metrics/diagnosis/NAME.json (docs/files.md).

    Args:
        p: params.yaml as `params.load` gives it.
        name: of the experiment.
    """
    from threadpoolctl import threadpool_limits

    from pipeline.network import backends

    training = p["experiments"][name]["training"]
    backends.prepare(training["threads"], training["jit_compile"], training["backend"])
    from pipeline.diagnose import case

    # The number of threads changes the order of sums, and with it the last digits of the reference models.
    with threadpool_limits(1):
        facts = measure(case.load(p, name), p["size"], params.per_size())
    judged = judge(facts)
    files.write_json(files.DIAGNOSIS / f"{name}.json", {"experiment": name, **judged, "facts": facts})
    files.write_json(files.METRICS / "diagnosis" / f"{name}.json", {name: summary(judged)})


def summary(judged: dict[str, Any]) -> dict[str, str]:
    """Return what `dvc metrics` and `dvc exp show` compare: the verdict, and the code of the first finding.

    Args:
        judged: output of `judge`.
    """
    first = next((each["code"] for each in judged["findings"]), "none")
    return {"verdict": judged["verdict"], "finding": first}


def measure(run: DiagnosedRun, size: str | None = None, per_size: Iterable[str] = ()) -> dict[str, Any]:
    """Return all facts about one experiment in the form of the JSON: five digits, and null for NaN and infinity.

    Args:
        run: the trained experiment.
        size: of the parameters.
        per_size: dotted paths of params.yaml whose value is given per size.
    """
    from pipeline.common import architectures
    from pipeline.diagnose.facts import (
        compiled,
        controls,
        course,
        data,
        forecasts,
        network,
        outcome,
        references,
        unseen,
    )

    experiment, settings = run.experiment, run.dataset
    options = architectures.options(*architectures.locate("architecture", experiment["architecture"])) or []
    training, folds = experiment["training"], unseen.pieces(run)
    own = (f"experiments.{run.name}.", f"datasets.{experiment['dataset']}.")
    given = compiled.facts(experiment["architecture"])
    known = forecasts.fit(folds)
    validated = run.validation is not None
    judged = unseen.validated(run, folds) if validated else []
    about_data = data.facts(run.train, run.validation, training, run.split)
    about_network = network.facts(run.train, experiment, run.models)
    predicted = outcome.facts(run, (judged[0].distorted or judged[0].outputs) if judged else None)
    trials = controls.facts(run.train, experiment)
    # Last, because a training clears Keras's session.
    second = None
    if not validated:
        judged, second = unseen.second_training(run, folds)
    return to_json(
        Facts(
            Experiment(
                run.name,
                options,
                experiment["dataset"],
                experiment["architecture"],
                training,
                given,
                size,
                [place for place in per_size if place.startswith(own)],
            ),
            Settings(settings["split"], settings["window"], settings["scaling"]),
            about_data,
            references.facts(*folds[0]),
            about_network,
            course.facts(run.histories),
            predicted,
            trials,
            unseen.facts(run, known, judged, second, folds),
        )
    )


def judge(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict, its reasons, the findings with explanation, reference and remedy, and the next step.

    Args:
        stored: facts as `measure` returns them.
    """
    facts = from_json(stored)
    assessed = assessment.assess(facts)
    found = rules.findings(facts, assessed)
    word = verdict.decide(assessed, found)
    return {
        "verdict": word,
        "reasons": verdict.reasons(facts, assessed),
        "findings": [remedies.as_entry(code, evidence, facts, word) for code, evidence in found.items()],
        "next": next_step.as_entry(next_step.choose(facts, assessed, word, found), facts),
        "cannot_tell": verdict.cannot_tell(facts, assessed),
    }
