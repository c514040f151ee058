"""`python -m tools.questions [NAME …]`: rebuild questions that people asked, and write docs/questions.md.

Each question is a small file made from the description alone; the data of the authors are not there. Where the question
is about a network, `make check` gets windows and the network; where it is about a table, `make try` gets the table.
Takes about twenty minutes; with names, only these are tried anew.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import errors, files
from pipeline.common.errors import UserError
from tools import tried

DOCUMENT = Path("docs/questions.md")
_HEAD = """# What people asked, and what Flatline reports

Written by `python -m tools.questions`. Ten questions of people whose network does not learn, or who do not know how to
give it their data, rebuilt from their descriptions as small files. A network and its windows go to `make check`, a
table to `make try`, without any other command. The numbers are not those of the authors, whose data are not there. The
lines on the progress of the run are left out.
"""


class Case(NamedTuple):
    """One question.

    Attributes:
        name: of the files and the experiment.
        source: address of the question.
        asked: what its author saw.
        told: what its author was told at the time.
        make: returns the windows X and y, or the lines of a table.
        network: names the units of the LSTM, those of the head and its activation, the loss, and the metric; None
            for a table.
        words: variables of make, beside MODEL and DATA, or FILE.
    """

    name: str
    source: str
    asked: str
    told: str
    make: Callable[[], tuple[np.ndarray, np.ndarray] | list[str]]
    network: tuple[int, int, str, Any, str] | None
    words: tuple[str, ...] = ()


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def bits() -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of 32 bits, and 1 or -1: whether more bits of the first half are set than of the second."""
    x = _random(1).integers(0, 2, size=(1200, 32, 1)).astype(np.float32)
    return x, np.where(x[:, :16].sum(axis=(1, 2)) > x[:, 16:].sum(axis=(1, 2)), 1, -1)


def codes() -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of five rows of ten label-encoded categories, and a class that two of them decide."""
    x = _random(2).integers(0, 4, size=(1200, 5, 10)).astype(np.float32)
    return x, (x[:, -1, 0] + x[:, -2, 3] > 4).astype(int)


def sums() -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of ten rows of two normal columns around 0 or 1, and a continuous number near their mean."""
    random = _random(3)
    level = random.integers(0, 2, size=1000)
    x = random.normal(level[:, None, None], 1, size=(1000, 10, 2)).astype(np.float32)
    return x, (level / 2 + random.uniform(0, 0.5, size=1000)).astype(np.float32)


def sines() -> tuple[np.ndarray, np.ndarray]:
    """Return windows of 16 rows of sin t, and sin(t / 2) at the last row."""
    t = np.arange(1600) * 2 * np.pi / 20
    windows = np.lib.stride_tricks.sliding_window_view(np.sin(t), 16)
    return windows[..., None].astype(np.float32), np.sin(t[15:] / 2).astype(np.float32)


def frequencies() -> tuple[np.ndarray, np.ndarray]:
    """Return one sine of 200 rows for each frequency from 1 to 299 in any order, and the frequency."""
    order = _random(4).permutation(np.arange(1, 300))
    x = np.sin(order[:, None] * np.linspace(0, 2 * np.pi, 200))
    return x[..., None].astype(np.float32), order.astype(np.float32)


def changes() -> tuple[np.ndarray, np.ndarray]:
    """Return windows of 48 hourly changes of a price that nothing predicts, and the next change."""
    moves = _random(5).normal(0, 0.01, size=1500)
    windows = np.lib.stride_tricks.sliding_window_view(moves, 49)
    return windows[:, :48, None].astype(np.float32), windows[:, 48].astype(np.float32)


def rises() -> tuple[np.ndarray, np.ndarray]:
    """Return windows of 100 rows of a random walk, and whether the next value is higher."""
    walk = np.cumsum(_random(6).normal(size=1100)) + 5
    windows = np.lib.stride_tricks.sliding_window_view(walk, 101)
    return windows[:, :100, None].astype(np.float32), (windows[:, 100] > windows[:, 99]).astype(int)


def stores() -> list[str]:
    """Return the daily sales of two stores with one week, of which one sells five times as much."""
    random, days = _random(7), np.arange("2018-01-01", "2019-07-01", dtype="datetime64[D]")
    lines = ["Date,Store,DayOfTheWeek,Sales"]
    for store, level in (("A", 200), ("B", 1000)):
        week = np.array([0.8, 0.9, 1.0, 1.0, 1.2, 1.5, 0.6])
        drift = np.cumsum(random.normal(0, 0.01, len(days)))
        for day, moved, noise in zip(days.tolist(), drift, random.normal(0, 0.05, len(days)), strict=True):
            sales = level * week[day.weekday()] * np.exp(moved + noise)
            lines.append(f"{day:%m/%d/%Y},{store},{day.isoweekday()},{sales:.0f}")
    return lines


def samples() -> list[str]:
    """Return samples of 4 to 10 rows of five attributes, each with one class: whether the second attribute rises."""
    random = _random(8)
    lines = ["sample,a1,a2,a3,a4,a5,class"]
    for number in range(300):
        count, rises = int(random.integers(4, 11)), number % 2
        rows = random.normal(size=(count, 5))
        rows[:, 1] += (1 if rises else -1) * np.linspace(-1, 1, count)
        word = "rising" if rises else "falling"
        lines += [",".join([f"s{number:03}", *(f"{value:.3f}" for value in row), word]) for row in rows]
    return lines


def indicators() -> list[str]:
    """Return a series of indicators 1 to 4 between zeros, and the label: the last indicator. Few are 4."""
    random, state = _random(9), 1
    lines = ["signal,label"]
    for _ in range(2400):
        indicator = 0
        if random.random() < (0.6 if state == 4 else 0.25):
            indicator = {1: 2, 2: int(random.choice([1, 3])), 3: int(random.choice([2, 4])), 4: 3}[state]
            state = indicator
        lines.append(f"{indicator},{state}")
    return lines


CASES = (
    Case(
        "softmax_of_one",
        "https://stackoverflow.com/q/47241622",
        "A binary class of a sequence: the LSTM gets no more than 55 %, where a plain network gets 97 %. The head is\n"
        "one unit with a softmax.",
        "A softmax over one unit always gives 1: use a sigmoid, or two units.",
        bits,
        (16, 1, "softmax", "binary_crossentropy", "accuracy"),
    ),
    Case(
        "categorical_of_one",
        "https://stats.stackexchange.com/q/565956",
        "Two classes, one unit with a sigmoid: categorical cross-entropy gives 26 %, binary cross-entropy 98 %. Why?",
        "With one output, categorical cross-entropy is least for an output of 1, whatever the input.",
        codes,
        (16, 1, "sigmoid", "categorical_crossentropy", "accuracy"),
    ),
    Case(
        "accuracy_of_numbers",
        "https://datascience.stackexchange.com/q/49109",
        "Loss and validation loss fall below 0.01, but the accuracy stays at 0.024, that of validation at 0.",
        "The targets are continuous, and accuracy counts equal numbers: ignore it.",
        sums,
        (3, 1, "linear", "mse", "accuracy"),
    ),
    Case(
        "sine_of_half",
        "https://stats.stackexchange.com/q/220307",
        "sin(t / 2) from 16 rows of sin t: recurrent networks and LSTMs predict 0 all the time.",
        "Equal inputs have opposite targets, for the target's period is twice that of the input: 0 is the best answer.",
        sines,
        (32, 1, "linear", "mse", "mae"),
    ),
    Case(
        "frequency_of_a_sine",
        "https://stackoverflow.com/q/47932589",
        "The frequency of a sine, one sequence for each from 1 to 299: an LSTM with a ReLU head and the absolute\n"
        "error predicts 0, on training sequences too. The sequences had 2,000 rows; here they have 200.",
        "Each frequency is seen once, the sequences differ too much, and the target's scale is large; and a ReLU that\n"
        "gives 0 learns nothing.",
        frequencies,
        (32, 1, "relu", "mean_absolute_error", "mae"),
    ),
    Case(
        "squashed_and_shifted",
        "https://stackoverflow.com/a/48050810",
        "The next change of a price from the last 48: the predictions have far too small an amplitude, and\n"
        "seem shifted.",
        "Fewer units, regularisation, more epochs. Then: the change may not be predictable, and the mean is the best\n"
        "answer.",
        changes,
        (25, 1, "linear", "mse", "mae"),
    ),
    Case(
        "not_binary",
        "https://exchangetuts.com/binary-keras-lstm-model-does-not-output-binary-predictions-1640539204147298",
        "Whether the next value is higher, from 100 values: all outputs are near 0.51, the accuracy is 51 %.",
        "Outputs are probabilities: train with enough data for enough epochs, and they approach 0 and 1.",
        rises,
        (25, 1, "sigmoid", "binary_crossentropy", "accuracy"),
    ),
    Case(
        "two_stores",
        "https://datascience.stackexchange.com/q/67183",
        "One LSTM for the sales of two stores, whose rows stand below each other in one file: the input has three\n"
        "dimensions, so how do the stores go in?",
        "Give the store as an input, a column of 0 and 1; a second, more complex way is nearer to the question.",
        stores,
        None,
        ("TARGET=Sales", "EPOCHS=30", "SEEDS=0"),
    ),
    Case(
        "samples_of_other_lengths",
        "https://example-a.com/answer/56534109",
        "Samples of one class each, of 10 rows or fewer with five attributes in each: how are they padded, and is a\n"
        "mask needed, where the class is given after the whole sample?",
        "Keras's `pad_sequences` adds whole rows, with `dtype='float32'`.",
        samples,
        None,
        ("ID=sample", "TARGET=class", "EPOCHS=40", "SEEDS=0"),
    ),
    Case(
        "rare_labels",
        "https://imathworks.com/cv/solved-how-to-train-an-lstm-when-the-sequence-has-imbalanced-classes",
        "A label for every row: the last indicator that appeared in the signal. Some labels last for a few rows only,\n"
        "and the network prefers the common ones.",
        "Weight each label in the loss by the inverse of its frequency.",
        indicators,
        None,
        ("HORIZON=0", "WINDOW=16", "RATE=0.01", "EPOCHS=12", "SEEDS=0"),
    ),
)


def write(case: Case, folder: Path) -> list[str]:
    """Write the files of a question, and return the variables of make that name them."""
    made = case.make()
    if isinstance(made, list):
        (folder / f"{case.name}.csv").write_text("\n".join(made) + "\n", encoding="utf-8")
        return [f"FILE={case.name}.csv"]
    x, y = made
    np.savez(folder / f"{case.name}.npz", X=x, y=y)
    code = f"from pathlib import Path; from tools import questions as q; q.build(q.CASES[{CASES.index(case)}], Path())"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)  # noqa: S603 - a constant
    return [f"MODEL={case.name}.keras", f"DATA={case.name}.npz"]


def build(case: Case, folder: Path) -> None:
    """Write the network of a question."""
    import keras

    made = case.make()
    if case.network is None or isinstance(made, list):
        return
    units, outputs, activation, loss, metric = case.network
    keras.utils.set_random_seed(0)
    layers = [keras.layers.LSTM(units), keras.layers.Dense(outputs, activation=activation)]
    network = keras.Sequential([keras.Input(made[0].shape[1:]), *layers])
    network.compile(optimizer="adam", loss=loss, metrics=[metric])
    network.save(folder / f"{case.name}.keras")


def title(case: Case) -> str:
    """Return the heading of a question."""
    return case.name.replace("_", " ").capitalize()


def _section(case: Case, folder: Path, environment: dict[str, str]) -> str:
    """Check or try one question, and return its section."""
    words = [*write(case, folder), *case.words]
    target = "try" if case.network is None else "check"
    command = ["make", "-s", target, *words, "CORES=1"]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=folder, env=environment, **both, text=True, check=False)  # type: ignore[call-overload]  # noqa: S603
    lines = [f"$ make {target} {' '.join(words)}", *tried.printed(done.stdout, folder)]
    shown = "\n".join(lines)
    asked = f"[Asked]({case.source}): {case.asked}\n\nAnswer at the time: {case.told}"
    return f"\n## {title(case)}\n\n{asked}\n\n```\n{shown}\n```\n"


def main(arguments: list[str]) -> None:
    """Write docs/questions.md."""
    known = [case.name for case in CASES]
    if wrong := [name for name in arguments if name not in known]:
        raise UserError(wrong[0], "must be one of the questions", wrong[0], f"They are: {', '.join(known)}.")
    made = tried.sections(DOCUMENT.read_text(encoding="utf-8")) if arguments and DOCUMENT.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "flatline"
        environment = tried.scratch_copy(folder)
        for case in CASES:
            if not arguments or case.name in arguments:
                made[title(case)] = _section(case, folder, environment)
                print(made[title(case)], flush=True)
    text = "".join([_HEAD, *(made[title(case)] for case in CASES if title(case) in made)])
    files.write_text(DOCUMENT, text)


if __name__ == "__main__":
    errors.run(main)
