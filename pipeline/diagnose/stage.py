"""Stage `diagnose`: why an experiment does not learn, or that there is nothing to learn, with evidence and a remedy.

Facts (`data`, `references`, `network`, `course`, `controls`, `outcome`) are measurements without a threshold. Rules
turn them into findings, and the assessment into a verdict. The test part is never opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.common import files
from pipeline.diagnose import assessment, remedies, rules, verdict
from pipeline.diagnose.facts import Experiment, Facts, Settings, from_json, to_json

if TYPE_CHECKING:
    from pipeline.diagnose.case import DiagnosedRun


def diagnose(p: dict[str, Any], name: str) -> None:
    """Write reports/diagnosis/NAME.json (docs/files.md).

    Args:
        p: params.yaml as `params.load` gives it.
        name: of the experiment.
    """
    from threadpoolctl import threadpool_limits

    from pipeline.network import backends

    training = p["experiments"][name]["training"]
    backends.prepare(training["threads"], training["jit_compile"])
    from pipeline.diagnose import case

    # The number of threads changes the order of sums, and with it the last digits of the reference models.
    with threadpool_limits(1):
        facts = measure(case.load(p, name))
    files.write_json(files.DIAGNOSIS / f"{name}.json", {"experiment": name, **judge(facts), "facts": facts})


def measure(run: DiagnosedRun) -> dict[str, Any]:
    """Return all facts about one experiment in the form of the JSON: five digits, and null for NaN and infinity."""
    from pipeline.common import architectures
    from pipeline.diagnose.facts import controls, course, data, network, outcome, references

    experiment, settings = run.experiment, run.dataset
    options = architectures.options(*architectures.locate("architecture", experiment["architecture"])) or []
    training, reference = experiment["training"], references.facts(run.train, run.validation)
    naive = reference.naive.name if reference.naive else None
    return to_json(
        Facts(
            Experiment(run.name, options, experiment["dataset"], experiment["architecture"], training),
            Settings(settings["split"], settings["window"], settings["scaling"]),
            data.facts(run.train, run.validation, training),
            reference,
            network.facts(run.train, experiment, run.models),
            course.facts(run.histories),
            outcome.facts(run.train, run.validation, training, run.models, naive),
            controls.facts(run.train, run.validation, experiment),
        )
    )


def judge(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict, its reasons, and the findings with explanation, reference and remedy.

    Args:
        stored: facts as `measure` returns them.
    """
    facts = from_json(stored)
    assessed = assessment.assess(facts)
    found = rules.findings(facts, assessed)
    return {
        "verdict": verdict.decide(assessed, found),
        "reasons": verdict.reasons(facts, assessed),
        "findings": [remedies.as_entry(code, evidence, facts.experiment) for code, evidence in found.items()],
        "cannot_tell": verdict.cannot_tell(facts, assessed),
    }
