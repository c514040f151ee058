"""The experiments of the posts, with their settings at the posted sizes."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from typing import Any

import yaml

from benchmarks.studies import runs
from pipeline.common.errors import UserError
from pipeline.common.params import SIZES

SIZE = "full"
# Of the networks that `python -m benchmarks` measured, JAX trains every recurrent one faster (docs/benchmarks.md).
_NOT_FASTER_ON_JAX = ("stacked_dense",)
# The second training of a diagnosis is in the limit of minutes, so that it needs no budget of its own.
_NO_BUDGET = 1_000_000


@dataclass(frozen=True)
class Case:
    """One experiment at the posted size.

    Attributes:
        name: of the experiment in params.yaml.
        post: number of the post.
        params: params.yaml with this experiment alone, resolved to the size, with the posted number of epochs.
    """

    name: str
    post: int
    params: dict[str, Any]

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return str(self.params["experiments"][self.name]["dataset"])

    @property
    def series(self) -> str:
        """Name of the series."""
        return str(self.params["datasets"][self.dataset]["series"])

    @property
    def training(self) -> dict[str, Any]:
        """The settings of the training, as in params.yaml."""
        training: dict[str, Any] = self.params["experiments"][self.name]["training"]
        return training

    @property
    def settings(self) -> dict[str, Any]:
        """All that a result depends on besides the code."""
        return {key: value for key, value in self.params.items() if key != "calibration"}

    def with_epochs(self, epochs: int) -> dict[str, Any]:
        """Return `params` with another number of epochs."""
        return runs.changed(self.params, {f"experiments.{self.name}.training.epochs": epochs})


def chosen(wanted: list[str], seeds: int, own: dict[str, Any] | None = None) -> list[Case]:
    """Return the cases of the wanted posts and experiments, in the order of params.yaml; all of them for none.

    Args:
        wanted: numbers of posts, and names of experiments.
        seeds: number of random seeds of each: 0, 1, ….
        own: content of params.yaml; the project's by default.

    Raises:
        UserError: there is no such post or experiment.
    """
    if own is None:
        own = yaml.safe_load((runs.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    posts = {name: int(each["post"]) for name, each in own["experiments"].items() if each.get("post")}
    for each in wanted:
        if each not in posts and each not in map(str, posts.values()):
            known = ", ".join([*dict.fromkeys(map(str, posts.values())), *posts])
            raise UserError("benchmarks.posts", "must name posts, or experiments of a post", each, f"Known: {known}.")
    names = [name for name, post in posts.items() if not wanted or name in wanted or str(post) in wanted]
    return [case(name, list(range(seeds)), own) for name in names]


def case(name: str, seeds: list[int], own: dict[str, Any]) -> Case:
    """Return one experiment at the posted size, on the backend that is fastest for it where that is installed."""
    network = own["experiments"][name]["architecture"]["name"]
    fast = network not in _NOT_FASTER_ON_JAX and importlib.util.find_spec("jax") is not None
    row = runs.Row(name, name, {"training.backend": "jax" if fast else "tensorflow"}, size=SIZE)
    params = at_size(runs.row_params(row, seeds, own)) | {"diagnosis": {"second_training": _NO_BUDGET}}
    return Case(name, int(own["experiments"][name]["post"]), json.loads(json.dumps(params)))


def at_size(value: Any) -> Any:
    """Return settings with every `{quick: …, full: …}` replaced by its value at full size."""
    if isinstance(value, dict):
        if value and set(value) <= set(SIZES):
            return at_size(value[SIZE])
        return {key: at_size(item) for key, item in value.items()}
    return value
