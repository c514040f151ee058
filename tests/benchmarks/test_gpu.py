"""The five networks on a GPU: the table of what was measured there."""

from __future__ import annotations

from benchmarks import gpu
from pipeline.common import files

MEASURED = {"gpu": 1200.4, "cpu": 80.2, "torch": None, "equal_bytes": False, "loss_difference": 0.04}


def test_table_names_other_bytes_and_a_missing_pytorch() -> None:
    table = gpu.markdown({"device": "A GPU", "jax": "1.0", "networks": {"deep_rnn": MEASURED}})
    assert "A GPU, JAX 1.0" in table
    assert "| 107289 | 1,200 | 80 | – | **other bytes** | 4e-02 |" in table


def test_document_shows_what_was_measured() -> None:
    assert gpu.markdown(files.read_json(gpu.RESULT)) in gpu.DOC.read_text(encoding="utf-8")
