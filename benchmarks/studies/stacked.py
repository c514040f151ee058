"""Datascience 123707: R² near zero even on the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.studies import figures
from benchmarks.studies.runs import Row
from benchmarks.studies.study import Study, Table
from benchmarks.studies.wording import every, mean, span
from pipeline import dataset
from pipeline.common import files

# A third of the posted rows: 999,000 in training, every 50th of which begins a window.
ROWS = {"series.market_signal.rows": 1_110_000}
REMEDY = {"dataset": "market_signal_standard", "architecture.head": "linear"}
MORE_EPOCHS = {"training.epochs": 3}


def _share(table: Table) -> tuple[str, bool]:
    row = table["fixed"]
    met = every(row["r2_share"], least=0.9) and every(row["train_windows"], least=19_000)
    return "At least 90 % of the oracle's R² on about 20,000 training windows, in every seed.", met


def _fixed(table: Table) -> str:
    posted, row = table["as posted"]["r2"], table["fixed"]
    return (
        f"With a planted signal the fixed network reaches test R² {span(row['r2'])}: {span(row['r2_share'])} of the "
        f"oracle's {span(row['oracle_r2'])}." + (f" As posted it is {span(posted)}." if posted else "")
    )


QUICK = {"training.early_stopping": None}
_FEWER = 80_000
_NONE = "market_no_signal_standard"


def _questions(table: Table) -> str:
    top = max(_VARIANTS, key=lambda label: mean(table[label]["r2"]))
    linear = table["LSTM, linear head"]

    def learned(label: str) -> str:
        return f"{mean(table[f'{label}, signal']['r2']):.3f}"

    return (
        f"Without a signal no version has a test R² above {mean(table[top]['r2']):.3f} ({top}), and the linear head's "
        f"predictions have {mean(linear['spread']):.3f} of the target's spread. With the planted signal (oracle "
        f"{mean(table['Dense, signal']['oracle_r2']):.3f}): "
        f"{'; '.join(f'{label} {learned(label)}' for label in _VARIANTS)}."
    )


def _question(label: str, experiment: str, series: str, changes: dict[str, Any]) -> Row:
    return Row(label, experiment, QUICK | {f"series.{series}.rows": _FEWER} | changes, size="quick")


_ONE_LAYER = {"architecture.units": [64], "architecture.activations": ["tanh"]}
_NARROW = {"architecture.units": [16, 64, 64, 16]}
_EPOCHS = {"training.epochs": 10}
_VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM, sigmoid head": ("stacked_lstm_sigmoid", {}),
    "LSTM, linear head": ("stacked_lstm_linear", {}),
    "LSTM, one layer": ("stacked_lstm_linear", _ONE_LAYER),
    "LSTM, a quarter of the width": ("stacked_lstm_linear", _NARROW),
    "LSTM, ten epochs": ("stacked_lstm_linear", _EPOCHS),
    "Dense": ("stacked_dense", {}),
    "Dense, ten epochs": ("stacked_dense", _EPOCHS),
}


def _with_signal(experiment: str, changes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the same network on the series with a signal, as changes to the most similar posted experiment."""
    if experiment == "stacked_dense":
        return experiment, changes | {"dataset": "market_signal_standard"}
    return "stacked_lstm_sigmoid_signal", changes | (REMEDY if experiment == "stacked_lstm_linear" else {})


QUESTIONS = Study(
    name="stacked_questions",
    post=123707,
    question="Do both heads, LSTM against Dense, depth, width and epochs matter, with and without a signal?",
    size="Less: 80,000 rows (1,438 training windows), one seed, no early stopping.",
    columns=["r2", "spread", "train_r2", "train_spread", "oracle_r2", "loss", "updates"],
    rows=[_question(label, name, "market_no_signal", changes) for label, (name, changes) in _VARIANTS.items()]
    + [
        _question(f"{label}, signal", name, "market_signal", changes)
        for label, (name, changes) in ((label, _with_signal(*variant)) for label, variant in _VARIANTS.items())
    ],
    answer=_questions,
)


def read_memory(experiment: str, data: str, seed: int) -> figures.Figures:
    """Compute the number of updates until R² on the training windows, during training, exceeds 0.9."""
    result = figures.read_seed(experiment, data, seed)
    history = files.read_json(files.MODELS / experiment / "training" / f"fold0_seed{seed}.json")
    variance = float(np.var(dataset.load(data, 0, "train").targets()))
    learned = [i for i, epoch in enumerate(history["epochs"], start=1) if (epoch["loss"] or np.inf) < 0.1 * variance]
    each = result["updates"] / len(history["epochs"])  # type: ignore[operator]
    return result | {
        "epochs_to_memorise": learned[0] if learned else None,
        "updates_to_memorise": learned[0] * each if learned else None,
    }


def _memory(table: Table) -> str:
    def sentence(label: str) -> str:
        updates = table[label]["updates_to_memorise"]
        tried = f"not within {span(table[label]['updates'], 4)} (training R² {span(table[label]['train_r2'])})"
        learned = f"after {span(updates, 4)} updates (test R² in the end {span(table[label]['r2'])})"
        return f"{label}: " + (learned if None not in updates else tried)

    first = next(iter(table))
    return (
        f"Training R² of 0.9 on {mean(table[first]['train_windows']):.0f} windows without a signal: "
        f"{'; '.join(sentence(label) for label in table)}."
    )


_FEW = {"series.market_no_signal.rows": _FEWER, f"datasets.{_NONE}.split.train": {"from": 44_000}} | QUICK
MEMORY = Study(
    name="stacked_memorising",
    post=123707,
    question="Why can the network not even overfit: how many updates does memorising take?",
    size="Less: 558 windows of the series without a signal; one seed.",
    columns=["updates_to_memorise", "epochs_to_memorise", "train_r2", "r2", "loss", "updates", "train_windows"],
    rows=[
        Row("LSTM stack", "stacked_lstm_linear", _FEW | {"training.epochs": 100}, (0,), size="quick"),
        Row("Dense stack", "stacked_dense", _FEW | {"training.epochs": 100}, (0,), size="quick"),
    ],
    answer=_memory,
    read=read_memory,
)

FIXED = Study(
    name="stacked",
    post=123707,
    question="With a planted signal, what lets the network reach what can be known?",
    size="Less: 19,978 training windows of the posted 54,000, for one core learns 140 windows a second.",
    columns=["r2", "oracle_r2", "r2_share", "train_r2", "spread", "train_windows", "updates"],
    rows=[
        Row("as posted", "stacked_lstm_sigmoid_signal", ROWS, (0,), apart=True),
        Row("fixed", "stacked_lstm_sigmoid_signal", ROWS | REMEDY | MORE_EPOCHS, (0, 1, 2, 3, 4), apart=True),
        Row("fixed, the 2 posted epochs", "stacked_lstm_sigmoid_signal", ROWS | REMEDY, (0, 1), apart=True),
    ],
    answer=_fixed,
    bar=_share,
    needs=("fixed",),
)

STUDIES = [FIXED, QUESTIONS, MEMORY]
