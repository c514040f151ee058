"""`python -m tools.questions`: rebuild questions that people asked, check each, and write docs/questions.md.

Each question is a small file of windows and a network, made from the description alone; the data of the authors are not
there. Takes about twenty minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import errors
from tools import tried

DOCUMENT = Path("docs/questions.md")
_HEAD = """# What people asked, and what Flatline says

Written by `python -m tools.questions`. Each question is rebuilt from its description as a small file of windows and a
network, and checked by `make check` alone. The numbers are not those of the authors, whose data are not there.
"""


class Case(NamedTuple):
    """One question.

    Attributes:
        name: of the files and the experiment.
        source: address of the question.
        asked: what its author saw.
        told: what its author was told at the time.
        windows: makes X and y.
        network: names the units of the LSTM, those of the head and its activation, the loss, and the metric.
        words: variables of make, beside MODEL and DATA.
    """

    name: str
    source: str
    asked: str
    told: str
    windows: Callable[[], tuple[np.ndarray, np.ndarray]]
    network: tuple[int, int, str, Any, str]
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
)


def write(case: Case, folder: Path) -> None:
    """Write the network and the windows of a question."""
    import keras

    x, y = case.windows()
    units, outputs, activation, loss, metric = case.network
    keras.utils.set_random_seed(0)
    layers = [keras.layers.LSTM(units), keras.layers.Dense(outputs, activation=activation)]
    network = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    network.compile(optimizer="adam", loss=loss, metrics=[metric])
    network.save(folder / f"{case.name}.keras")
    np.savez(folder / f"{case.name}.npz", X=x, y=y)


def _checked(case: Case, folder: Path, environment: dict[str, str]) -> str:
    """Check one question, and return its section."""
    code = (
        f"from pathlib import Path; from tools import questions as q; q.write(q.CASES[{CASES.index(case)}], Path('.'))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)  # noqa: S603 - a constant
    words = [f"MODEL={case.name}.keras", f"DATA={case.name}.npz", *case.words]
    command = ["make", "-s", "check", *words, "CORES=1"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    lines = [f"$ make check {' '.join(words)}", *tried.printed(done.stdout, done.stderr, folder)]
    shown = "\n".join(lines)
    title = case.name.replace("_", " ").capitalize()
    return (
        f"\n## {title}\n\n[Asked]({case.source}): {case.asked}\n\nTold at the time: {case.told}\n\n```\n{shown}\n```\n"
    )


def main(arguments: list[str]) -> None:
    """Write docs/questions.md."""
    sections = [_HEAD]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "flatline"
        environment = tried.scratch_copy(folder)
        for case in CASES:
            sections.append(_checked(case, folder, environment))
            print(sections[-1], flush=True)
    DOCUMENT.write_text("".join(sections), encoding="utf-8")


if __name__ == "__main__":
    errors.run(main)
