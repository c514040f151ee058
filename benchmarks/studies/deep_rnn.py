"""Datascience 107289: a low loss and awful predictions, and NaN at higher rates."""

from __future__ import annotations

from typing import Any

from benchmarks.studies.runs import Row
from benchmarks.studies.study import Study, Table
from benchmarks.studies.wording import every, listed, mean, span

SEEDS = (0, 1, 2, 3, 4)
NO_L2 = {"architecture.l2": 0.0}
NO_DROPOUT = {"architecture.dropout": 0.0}
SHORTER = {"training.epochs": 30}


def _half(table: Table) -> tuple[str, bool]:
    row = table["fixed"]
    met = every(row["skill_share"], least=0.5) and all(low is not None and low > 0 for low in row["low"])
    return "At least half of the oracle's skill over persistence, its interval above zero, in every seed.", met


def _fixed(table: Table) -> str:
    posted, row = table["as posted"], table["fixed"]
    others = [label for label in table if label.startswith("fixed,") and table[label]["skill"]]
    sentences = [
        f"Without penalty and dropout skill over persistence is {span(row['skill'])}, {span(row['skill_share'])} of "
        f"the oracle's."
    ]
    if posted["skill"]:
        sentences.append(
            f"As posted it is {span(posted['skill'])}; {span(posted['penalty'])} of the last loss is penalty."
        )
    sentences += [f"Share of the oracle's skill {label}: {span(table[label]['skill_share'])}." for label in others]
    return " ".join(sentences)


_COLUMNS = ["r2", "spread", "skill", "low", "skill_share", "share_low", "penalty", "loss", "updates"]

FIXED = Study(
    name="deep_rnn",
    post=107289,
    question="What makes the predictions awful while the loss falls, and what mends it?",
    size="Full rows; 30 of the 150 epochs, for that is enough. Five seeds fixed, one otherwise.",
    columns=_COLUMNS,
    rows=[
        Row("as posted", "deep_rnn", SHORTER),
        Row("fixed", "deep_rnn", NO_L2 | NO_DROPOUT | SHORTER, SEEDS, apart=True),
        Row("fixed, dropout kept", "deep_rnn", NO_L2 | SHORTER),
        Row("fixed, penalty kept", "deep_rnn", NO_DROPOUT | SHORTER),
    ],
    answer=_fixed,
    bar=_half,
    needs=("fixed",),
)


def _all_epochs(table: Table) -> str:
    posted, row = table["as posted"], table["fixed"]
    return (
        f"After all 150 epochs the posted network has loss {span(posted['loss'])}, {span(posted['penalty'])} of it "
        f"penalty, and skill over persistence {span(posted['skill'])}; the fixed one {span(row['skill'])}, "
        f"{span(row['skill_share'])} of the oracle's."
    )


LONG = Study(
    name="deep_rnn_150",
    post=107289,
    question="Do all 150 epochs of the post change that?",
    size="Full rows and epochs; one seed.",
    columns=_COLUMNS,
    rows=[Row("as posted", "deep_rnn"), Row("fixed", "deep_rnn", NO_L2 | NO_DROPOUT)],
    answer=_all_epochs,
)


def _quick(label: str, changes: dict[str, Any]) -> Row:
    return Row(label, "deep_rnn", {"training.epochs": 10} | changes, size="quick")


_SWEEP = [f"{rate:g}" for rate in (1e-5, 3e-5, *(i * 1e-4 for i in range(1, 10)))]
_HIGHER: dict[str, dict[str, Any]] = {
    "Adam at 0.01": {"training.learning_rate": 0.01},
    "Adam at 0.1": {"training.learning_rate": 0.1},
    "Adam at 0.1, no penalty or dropout": {"training.learning_rate": 0.1} | NO_L2 | NO_DROPOUT,
    "SGD at 0.1": {"training.learning_rate": 0.1, "training.optimizer": "sgd"},
}


def _rates(table: Table) -> str:
    def failed(labels: list[str]) -> str:
        return listed([label for label in labels if table[label]["nonfinite_epoch"][0] is not None])

    sweep = [f"rate {rate}" for rate in _SWEEP]
    best = max(sweep, key=lambda label: mean(table[label]["skill"]))
    beyond = "; ".join(
        f"{label}: epoch {table[label]['nonfinite_epoch'][0]}, batch {table[label]['nonfinite_batch'][0]}"
        for label in _HIGHER
        if table[label]["nonfinite_epoch"][0] is not None
    )
    return (
        f"Not finite within the posted sweep and below it: {failed(sweep)}. The best skill over persistence there is "
        f"{mean(table[best]['skill']):.3f} ({best}), with a penalty of {mean(table[best]['penalty']):.2f} of the loss. "
        f"Beyond it the loss stops being finite at {beyond or 'none of those tried'}."
    )


RATES = Study(
    name="deep_rnn_rates",
    post=107289,
    question="Do other rates help, and where does the loss become NaN?",
    size="Less: the quick 4,340 rows and 10 epochs (470 updates); one seed.",
    columns=["skill", "r2", "loss", "penalty", "nonfinite_epoch", "nonfinite_batch"],
    rows=[_quick(f"rate {rate}", {"training.learning_rate": float(rate)}) for rate in _SWEEP]
    + [_quick(label, changes) for label, changes in _HIGHER.items()],
    answer=_rates,
)

_ACTIVATIONS = {
    "as posted (elu, tanh, selu, tanh)": ["elu", "tanh", "selu", "tanh"],
    **{name: [name] * 4 for name in ("tanh", "elu", "selu", "relu")},
}


def _activations(table: Table) -> str:
    skills = "; ".join(
        f"{label} {mean(table[label]['skill']):.3f} and {mean(table[f'{label}, fixed']['skill']):.3f}"
        for label in _ACTIVATIONS
    )
    return f"Skill over persistence with the posted penalty and dropout, and without them: {skills}."


ACTIVATIONS = Study(
    name="deep_rnn_activations",
    post=107289,
    question="Is it the activations?",
    size="Less: the quick 4,340 rows and 10 epochs (470 updates); one seed.",
    columns=["skill", "low", "r2", "spread", "loss", "penalty"],
    rows=[
        _quick(label + end, {"architecture.activations": names} | changes)
        for label, names in _ACTIVATIONS.items()
        for end, changes in (("", {}), (", fixed", NO_L2 | NO_DROPOUT))
    ],
    answer=_activations,
)

STUDIES = [FIXED, LONG, RATES, ACTIVATIONS]
