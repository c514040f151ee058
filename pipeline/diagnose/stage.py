"""Stage `diagnose`: why an experiment does not learn, or that there is nothing to learn, with evidence and a remedy.

Two layers. Facts (`data`, `references`, `network`, `course`, `controls`, `outcome`) are numbers without a threshold;
rules turn them into findings, and three answers (`standing`) into one verdict. It opens training and validation windows
of the first fold alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.common import files
from pipeline.common.numbers import significant

if TYPE_CHECKING:
    from pipeline.diagnose.case import Subject


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


def measure(one: Subject) -> dict[str, Any]:
    """All facts about one experiment, as JSON has them: five digits, and null for what is no number."""
    from pipeline.common import architectures
    from pipeline.diagnose.facts import controls, course, data, network, outcome, references

    experiment = {key: one.experiment[key] for key in ("dataset", "architecture", "training")}
    options = architectures.options(*architectures.locate("architecture", experiment["architecture"]))
    reference = references.facts(one.train, one.held)
    facts = {
        "experiment": {"name": one.name, "options": options, **experiment},
        "settings": {key: one.dataset[key] for key in ("split", "window", "scaling")},
        "data": data.facts(one.train, one.held, experiment["training"]),
        "references": reference,
        "network": network.facts(one.train, experiment, one.models),
        "course": course.facts(one.histories),
        "outcome": outcome.facts(one.train, one.held, experiment["training"], one.models, reference["naive"]["name"]),
        "controls": controls.facts(one.train, one.held, experiment),
    }
    return dict(json.loads(json.dumps(significant(facts, 5), ensure_ascii=False)))


def judge(facts: dict[str, Any]) -> dict[str, Any]:
    """Verdict, its reasons, and the findings with explanation, reference and remedy.

    Args:
        facts: as `measure` gives them.
    """
    from pipeline.diagnose import assessment, remedies, rules, verdict

    where = assessment.of(facts)
    found = rules.findings(facts, where)
    experiment = facts["experiment"]
    return {
        "verdict": verdict.of(where, found),
        "reasons": verdict.reasons(facts, where),
        "findings": [remedies.told(finding, experiment["name"], experiment) for finding in found],
        "cannot_tell": verdict.cannot_tell(facts, where),
    }
