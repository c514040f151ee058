"""How fast a network trains: windows a second in a short stretch of the training itself.

`python -m benchmarks.posts.speed EXPERIMENT`, in the case's folder, prints the figures as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any

# An epoch of the stretch has the first batches; it is repeated for so long, after one that compiles.
_BATCHES, _SECONDS = 40, 5.0


@dataclass(frozen=True)
class Speed:
    """A measured stretch of a training.

    Attributes:
        windows: of a whole epoch.
        numbers: in the inputs of one window.
        per_second: windows a second.
        megabytes: peak memory of the process.
        validated: whether the dataset has a validation part.
        device: that computes, with the versions of JAX or TensorFlow; "" for the processor.
    """

    windows: int
    numbers: int
    per_second: float
    megabytes: float
    validated: bool
    device: str


def measure(name: str) -> Speed:
    """Train the first batches for some epochs, and measure all epochs but the first."""
    from pipeline.common import costs, params
    from pipeline.network import backends

    experiment = params.load()["experiments"][name]
    settings = experiment["training"]
    backends.prepare(settings["threads"], settings["jit_compile"], settings["backend"])
    # After `prepare`, which must come before Keras is imported.
    import keras

    from pipeline.network import training

    part, validation = training.parts(experiment["dataset"], 0)
    most = _BATCHES * settings["batch_size"]
    some = replace(part, table={key: column[:most] for key, column in part.table.items()})
    plan = training.batch_plan(some, settings)
    ends: list[float] = []

    class Timed(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            ends.append(time.monotonic())
            if len(ends) > 1 and ends[-1] - ends[0] > _SECONDS:
                self.model.stop_training = True

    # So small a rate that no loss becomes NaN meanwhile: the speed does not depend on it.
    changed = settings | {"epochs": 1000, "early_stopping": None, "learning_rate": 1e-7}
    start = time.monotonic()
    training.fit(some, None, experiment["architecture"], changed, settings["seeds"][0], live=lambda _: Timed())
    windows = len(some) if plan.windows is None else plan.windows.size
    epochs, seconds = (len(ends) - 1, ends[-1] - ends[0]) if len(ends) > 1 else (1, time.monotonic() - start)
    return Speed(
        windows=len(part),
        numbers=part.spec.length * len(part.spec.features),
        per_second=float(f"{epochs * windows / seconds:.3g}"),
        megabytes=round(costs.peak_megabytes()),
        validated=validation is not None,
        device=_device(settings["backend"]),
    )


def _device(backend: str) -> str:
    """Return the accelerator that a backend uses, and the backend's version; "" without one."""
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return "" if device.platform == "cpu" else f"{device.device_kind}, JAX {version('jax')}"
    import tensorflow

    found = tensorflow.config.list_physical_devices("GPU")
    kind = tensorflow.config.experimental.get_device_details(found[0])["device_name"] if found else ""
    return f"{kind}, TensorFlow {version('tensorflow')}" if found else ""


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1]))))
