"""The bars that `make bench` judges: what is measured, against what, and how much is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import backends, rows


@dataclass(frozen=True)
class Bar:
    """One figure and its bound; exactly one of `least` and `most` is given.

    Attributes:
        what: is measured.
        against: what it is a ratio to; "" for a figure of its own.
        least: smallest figure that meets the bar.
        most: largest one.
        unit: x for a ratio, s or MB; "" for a plain number.
    """

    what: str
    against: str = ""
    least: float | None = None
    most: float | None = None
    unit: str = "x"

    def met(self, figure: float) -> bool:
        """Return whether a figure meets the bar; NaN does not."""
        return figure >= self.least if self.least is not None else figure <= (self.most or 0)

    def shown(self, figure: float) -> str:
        """Return a figure as a text: three digits and the unit."""
        if not self.unit and figure == round(figure):
            return f"{figure:.0f}"
        digits = max(0, 2 - math.floor(math.log10(abs(figure)))) if math.isfinite(figure) and figure else 0
        return f"{figure:,.{digits}f}{self.unit if self.unit in ('x', '') else ' ' + self.unit}"

    @property
    def text(self) -> str:
        """The bound."""
        bound, word = (self.least, "at least") if self.least is not None else (self.most, "at most")
        unit = self.unit if self.unit in ("x", "") else f" {self.unit}"
        return f"{word} {bound:g}{unit}" if (bound or 0) < 1e3 else f"{word} {bound:,.0f}{unit}"


_FIT = "plain `fit` on TensorFlow"
_TORCH = "PyTorch, ordinary loop"
_BEFORE = "the commit before JAX"
_SHAPES = {
    "51264": "LSTM 32, 100 x 1, batch 32",
    "470563": "LSTM 50 x 2, 10 x 22, batch 100",
    "107289": "SimpleRNN 64 x 4, 60 x 1, batch 64",
    "123707": "LSTM 64-256-256-64, 100 x 7, batch 28",
    "68047": "LSTM 10, 2,000 x 1, batch 1",
}
_LEAST = {"51264": 3.5, "470563": 1.15, "107289": 2.0, "123707": 2.0, "68047": 30.0}
BARS: dict[str, Bar] = {
    **{
        f"fit_{post}": Bar(f"windows a second on JAX, {post} ({_SHAPES[post]})", _FIT, least=least)
        for post, least in _LEAST.items()
    },
    "torch_mean": Bar("the same five, geometric mean", _TORCH, least=1.1),
    "torch_least": Bar("the same five, the slowest", _TORCH, least=0.65),
    "run": Bar("`make run` from a fresh clone, with its environment, packages cached", _BEFORE, most=0.65),
    "shared": Bar("that run, seconds of the stages that both commits have", _BEFORE, most=0.65),
    "verdicts": Bar("experiments whose verdict is another one", most=0, unit=""),
    "demo": Bar("`make demo`, environment there", most=60, unit="s"),
    "start_jax": Bar("start-up of a stage on JAX, seconds", _BEFORE, most=0.9),
    "start_jax_memory": Bar("start-up of a stage on JAX, memory", _BEFORE, most=0.5),
    "start_tensorflow": Bar("start-up of a stage on TensorFlow, seconds", _BEFORE, most=1.0),
    "diagnose": Bar("`diagnose`, seconds of all experiments of `quick` in that run", _BEFORE, most=0.5),
    "batches": Bar("batches out of 2.7 million x 7 rows, window 100, stride 50", "copying ready windows", least=0.5),
    "batches_keras": Bar("the same", "Keras's own windowing", least=10),
    **{
        f"memory_{backend}": Bar(
            f"peak memory of a training on {word}, 3,000,000 x 7, stride 1 or 50", most=1500, unit="MB"
        )
        for backend, word in (("tensorflow", "TensorFlow"), ("jax", "JAX"))
    },
    "stride": Bar("milliseconds of an update at stride 1, the slower backend", "stride 50", most=1.1),
    "scaled": Bar("raw to scaled rows, 3,000,000 x 7 from Parquet", "reading and writing the bytes", most=3),
    "exponent": Bar("growth of their seconds with the rows, 10^5 to 10^7, exponent", most=1.1, unit=""),
    "beyond": Bar("growth of their memory", "bytes of the mapped rows", most=1.1),
    "idle": Bar("`snakemake` with nothing to do", _BEFORE, most=0.75),
    "change": Bar("a run after one learning rate changed, besides its stages", _BEFORE, most=0.75),
}
# Which figures a part of the benchmarks gives.
OF_PART: dict[str, tuple[str, ...]] = {
    "training": (*(f"fit_{post}" for post in _LEAST), "torch_mean", "torch_least"),
    "batches": ("batches", "batches_keras"),
    "rows": ("scaled", "exponent", "beyond"),
    "memory": ("memory_tensorflow", "memory_jax", "stride"),
    "start": ("start_jax", "start_jax_memory", "start_tensorflow"),
    "run": ("run", "shared", "verdicts", "diagnose"),
    "idle": ("idle", "change"),
    "demo": ("demo",),
}


def figures(part: str, measured: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of a part; those that were not measured are left out.

    Args:
        part: a key of `OF_PART`.
        measured: what the part's module returned.
    """
    return {key: value for key, value in _FIGURES[part](measured).items() if value is not None}


def _training(speeds: Mapping[str, Any]) -> dict[str, float | None]:
    posts = {backends.NETWORKS[name][0]: each for name, each in speeds.items()}
    made: dict[str, float | None] = {f"fit_{post}": each["jax"] / each["fit"] for post, each in posts.items()}
    ratios = [each["jax"] / each["torch"] for each in posts.values() if "torch" in each]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None
    return made | {"torch_mean": mean, "torch_least": min(ratios, default=None)}


def _batches(ways: Mapping[str, Any]) -> dict[str, float | None]:
    speeds = {way: each["windows"] for way, each in ways.items()}
    ours = speeds["gather"]
    return {"batches": ours / speeds["ready"], "batches_keras": ours / speeds["keras_dataset"]}


def _rows(given: Mapping[str, Any]) -> dict[str, float | None]:
    ratio = given["scaled"]["stages"] / given["scaled"]["copy"]
    return {"scaled": ratio, "exponent": given["growth"]["exponent"], "beyond": given["growth"]["beyond"]}


def _memory(cases: Mapping[str, Any]) -> dict[str, float | None]:
    made: dict[str, float | None] = {}
    wide, dense = rows.STRIDES
    for name in ("tensorflow", "jax"):
        made[f"memory_{name}"] = max(cases[f"{name}_{stride}"]["megabytes"] for stride in rows.STRIDES)
    ratios = [
        cases[f"{name}_{dense}"]["milliseconds"] / cases[f"{name}_{wide}"]["milliseconds"]
        for name in ("tensorflow", "jax")
    ]
    return made | {"stride": max(ratios)}


def _start(cases: Mapping[str, Any]) -> dict[str, float | None]:
    before, jax = cases["before"], cases["jax"]
    return {
        "start_jax": jax["seconds"] / before["seconds"],
        "start_jax_memory": jax["megabytes"] / before["megabytes"],
        "start_tensorflow": cases["tensorflow"]["seconds"] / before["seconds"],
    }


def _run(given: Mapping[str, Any]) -> dict[str, float | None]:
    total = {name: given[name]["environment"] + given[name]["run"] for name in ("before", "now")}
    return {
        "run": total["now"] / total["before"],
        "shared": given["now"]["shared"] / given["before"]["shared"],
        "verdicts": float(len(given["changed"])),
        "diagnose": given["now"]["diagnose"] / given["before"]["diagnose"],
    }


def _idle(given: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: given[name]["now"] / given[name]["before"] for name in ("idle", "change")}


_FIGURES = {
    "training": _training,
    "batches": _batches,
    "rows": _rows,
    "memory": _memory,
    "start": _start,
    "run": _run,
    "idle": _idle,
    "demo": lambda given: {"demo": given["seconds"]},
}
