"""A network's file is read as JSON: what is refused by name, and how it was compiled."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline.common import keras_file
from pipeline.common.errors import UserError


def keras_object(kind: str, /, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


DENSE = keras_object("Dense", name="dense", units=1, activation="linear")


def file(folder: Path, layers: list[Any], compiled: Any = None, **changes: Any) -> Path:
    """Write the two members of a `.keras` archive that are looked at."""
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": layers}}
    config |= {"registered_name": "Sequential"} | changes
    if compiled is not None:
        config["compile_config"] = compiled
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    return path


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (keras_object("Lambda", name="twice"), "must hold no code. Received: `twice`, a Lambda. A Lambda holds code"),
        (DENSE | {"module": None, "registered_name": "Custom>Mine"}, "`dense`, a Dense. Only Keras"),
        (DENSE | {"module": "mine.layers", "class_name": "Mine"}, "Received: `dense`, a Mine"),
        (DENSE | {"module": "kerasx.layers"}, "Received: `dense`, a Dense"),
        (keras_object("TFSMLayer", name="other"), "`other`, a TFSMLayer. It reads another model"),
        (keras_object("TimeDistributed", layer=keras_object("Lambda", name="inside")), "`inside`, a Lambda"),
        (keras_object("Dense", activation={"class_name": "__lambda__", "config": {}}), "lambda. A Lambda holds code"),
    ],
)  # fmt: skip
def test_code_is_refused_by_name(tmp_path, layer, words):
    with pytest.raises(UserError, match=r"^`.*model\.keras` must hold no code") as refused:
        keras_file.read(file(tmp_path, [layer]))
    assert words in str(refused.value)


def test_a_subclassed_model_is_refused_by_name(tmp_path):
    path = file(tmp_path, [], module=None, class_name="Mine", registered_name="Custom>Mine")
    with pytest.raises(UserError, match=r"must hold no code. Received: `net`, a Mine"):
        keras_file.read(path)
    with pytest.raises(UserError, match=r"must be a Functional or Sequential model. Received: Model"):
        keras_file.read(file(tmp_path, [], class_name="Model"))


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x05\x06" + b"\0" * 18])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"must be a network that Keras 3 saved"):
        keras_file.read(path)
    with pytest.raises(UserError, match="no such file"):
        keras_file.read(tmp_path / "none.keras")


def test_loss_optimiser_and_metrics_are_those_of_the_file(tmp_path):
    adam = {
        "module": "keras.optimizers",
        "class_name": "Adam",
        "config": {"learning_rate": 0.01},
        "registered_name": "Adam",
    }
    loss = {"module": "keras.losses", "class_name": "Huber", "config": {"delta": 2.0}, "registered_name": None}
    metric = {"module": "keras.metrics", "class_name": "BinaryAccuracy", "config": {}, "registered_name": None}
    given = {"optimizer": adam, "loss": loss, "metrics": [["mae"], metric]}
    read = keras_file.read(file(tmp_path, [DENSE], given))
    assert read.compiled == ("Huber", {"delta": 2.0}, ["mae", "BinaryAccuracy"], "Adam", {"learning_rate": 0.01})
    assert "compile_config" not in read.config
    function = {"module": "builtins", "class_name": "function", "config": "mean_absolute_error"}
    assert keras_file.read(file(tmp_path, [DENSE])).compiled is None
    assert keras_file.read(file(tmp_path, [DENSE], {"loss": function})).compiled.loss == "mean_absolute_error"
    with pytest.raises(UserError, match=r"model\.keras, loss` must be Keras's own. Received: Mine"):
        keras_file.read(file(tmp_path, [DENSE], {"loss": loss | {"module": "mine", "class_name": "Mine"}}))
    assert keras_file.read(file(tmp_path, [DENSE], {"loss": {"out": "mse"}})).compiled.loss == "mse"
    with pytest.raises(UserError, match=r"model\.keras, loss` must be one, for one output. Received: 2 of them"):
        keras_file.read(file(tmp_path, [DENSE], {"loss": ["mse", "mae"]}))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([DENSE], "linear"),
        ([DENSE, keras_object("Softmax")], "softmax"),
        ([keras_object("LSTM", activation="tanh")], "tanh"),
        ([DENSE, keras_object("Sequential", layers=[keras_object("Dense", activation="sigmoid")])], "sigmoid"),
        ([keras_object("Dropout", rate=0.1)], None),
    ],
)
def test_the_last_activation(layers, expected):
    assert keras_file.last_activation({"config": {"layers": layers}}) == expected


def test_names_of_classes_are_written_as_functions():
    assert keras_file.snake("MeanSquaredError") == "mean_squared_error"
    assert keras_file.snake("mse") == "mse"
