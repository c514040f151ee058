"""The proofs that train or predict hold on JAX too, and find the same planted leaks there.

The stage `leakage` proves on TensorFlow: the rows that reach a training are the same on both.
"""

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.conftest import PROJECT

TESTS = {
    "test_perturbation.py": ["the_parts_that_a_training_chooses"],
    "test_holdout.py": ["a_training_that_learns_from_later_rows"],
    "test_stage.py": ["the_stage_writes_every_proof"],
    "test_state.py": ["a_prediction_that_depends_on_other_windows", "a_dropped_batch_fails"],
}
CODE = """
import sys, pytest
code = pytest.main(sys.argv[1:])
assert sys.modules["keras"].backend.backend() == "jax"
sys.exit(code)
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_the_proofs_hold_on_jax():
    names = [name for own in TESTS.values() for name in own]
    done = subprocess.run(
        [sys.executable, "-c", CODE, "-p", "no:cacheprovider", "-v", "-k", " or ".join(names)]
        + [f"tests/leakage/{file}" for file in TESTS],
        cwd=PROJECT,
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout
