"""Datascience 51264: accuracy stuck at 0.50, without a signal and with one at the size of returns."""

from __future__ import annotations

from typing import Any

from benchmarks.studies.runs import Row
from benchmarks.studies.study import Study, Table
from benchmarks.studies.wording import every, listed, mean, span

SEEDS = (0, 1, 2, 3, 4)
_SMALL = "datasets.sign_small_returns_posted."
SCALED = {f"{_SMALL}scaling.features": "standard"}
# The last tenth of the posted training rows is watched, and the best epoch kept.
STOPPED = {
    f"{_SMALL}split.validation": {"from": 848_700},
    "training.early_stopping": {"monitor": "val_loss", "patience": 5, "restore_best": True},
}
# A longer series starts with the rows of a shorter one, so the training rows are still the posted ones. After them come
# 1,001,000 more, every tenth of which starts a window.
FRESH = {"series.sign_small_returns.rows": 1_944_000, f"{_SMALL}window.stride.evaluation": 10}


def _share(table: Table) -> tuple[str, bool]:
    row = table["fixed"]
    met = every(row["skill_share"], least=0.95) and every(row["windows"], least=100_000)
    return "At least 95 % of the oracle's Brier skill on at least 100,000 fresh windows, in every seed.", met


def _fixed(table: Table) -> str:
    row, posted = table["fixed"], table["as posted"]
    without = [
        f"{label.removeprefix('fixed ')}: {span(each['skill_share'])}"
        for label, each in table.items()
        if label.startswith("fixed without")
    ]
    return (
        f"As posted the network has {span(posted['skill_share'])} of the oracle's skill and accuracy "
        f"{span(posted['accuracy'])}; fixed {span(row['skill_share'])} and {span(row['accuracy'])}, the oracle "
        f"{span(row['oracle_accuracy'])}. Share of the skill with one change left out: {'; '.join(without)}."
    )


FIXED = Study(
    name="sign",
    post=51264,
    question="With a signal at the size of returns, what lets the network find it?",
    size="Full: the posted training rows, windows and epochs, scored on 100,100 windows of the generator behind them. "
    "Five seeds; one, and 20 or 40 of the 200 epochs, where nothing stops the training early.",
    columns=[
        "skill_share",
        "share_low",
        "accuracy_share",
        "accuracy",
        "oracle_accuracy",
        "log_loss",
        "windows",
        "updates",
    ],
    rows=[
        Row("as posted", "sign_lstm_small_returns", FRESH | {"training.epochs": 20}),
        Row("fixed", "sign_lstm_small_returns", FRESH | SCALED | STOPPED, SEEDS),
        Row("fixed without scaling", "sign_lstm_small_returns", FRESH | STOPPED | {"training.epochs": 20}),
        Row("fixed without early stopping", "sign_lstm_small_returns", FRESH | SCALED | {"training.epochs": 40}),
        Row(
            "scaled, stride 10, 3 epochs",
            "sign_lstm_small_returns",
            FRESH | SCALED | {f"{_SMALL}window.stride.train": 10, "training.epochs": 3},
            (0, 1),
        ),
    ],
    answer=_fixed,
    bar=_share,
    needs=("fixed",),
)

IDEAS: dict[str, dict[str, Any]] = {
    "as posted": {},
    "state in true lanes": {"training.state": "lanes"},
    "128 units": {"architecture.units": [128]},
    "two layers": {"architecture.units": [32, 32]},
    "rate 0.0001": {"training.learning_rate": 0.0001},
    "rate 0.01": {"training.learning_rate": 0.01},
}
_SERIES = {
    "no signal": ("sign_lstm_no_signal", "sign_no_signal_posted", {}),
    "small returns": ("sign_lstm_small_returns", "sign_small_returns_posted", {}),
    "small returns, scaled": ("sign_lstm_small_returns", "sign_small_returns_posted", SCALED),
}


def _ideas(table: Table) -> str:
    def best(series: str) -> tuple[str, float]:
        rows = {idea: mean(table[f"{series} · {idea}"]["accuracy"]) for idea in IDEAS}
        name = max(rows, key=lambda idea: rows[idea])
        return name, rows[name]

    beyond = [idea for idea in IDEAS if any(low is not None and low > 0 for low in table[f"no signal · {idea}"]["low"])]
    name, score = best("small returns")
    scaled = mean(table["small returns, scaled · as posted"]["accuracy"])
    return (
        f"Without a signal, above the majority class with an interval above zero: {listed(beyond)}. "
        f"With one at the size of returns the best of the author's ideas is {name} with accuracy {score:.3f}; "
        f"scaling alone gives {scaled:.3f}, and state in true lanes on scaled values "
        f"{mean(table['small returns, scaled · state in true lanes']['accuracy']):.3f}."
    )


IDEAS_TRIED = Study(
    name="sign_ideas",
    post=51264,
    question="Do state in true lanes, more units, stacked layers or other rates help, with and without a signal?",
    size="Less: 8 of the 200 epochs; one seed; test windows at stride 10.",
    columns=["accuracy", "skill", "low", "high", "skill_share", "log_loss", "train_accuracy"],
    rows=[
        Row(
            f"{series} · {idea}",
            experiment,
            {f"datasets.{data}.window.stride.evaluation": 10, "training.epochs": 8} | changes | scaled,
        )
        for series, (experiment, data, scaled) in _SERIES.items()
        for idea, changes in IDEAS.items()
    ],
    answer=_ideas,
)

STUDIES = [FIXED, IDEAS_TRIED]
