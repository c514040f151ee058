"""Libraries of every stage that would take a thread per core take one."""

import json
import os
import subprocess
import sys

from tests.conftest import PROJECT

CODE = """
import json
import pipeline.common
import numpy, scipy.linalg, sklearn.ensemble
from threadpoolctl import threadpool_info
print(json.dumps([[each["user_api"], each["num_threads"]] for each in threadpool_info()]))
"""


def test_linear_algebra_and_trees_have_one_thread_wherever_they_are_loaded() -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}
    done = subprocess.run([sys.executable, "-c", CODE], cwd=PROJECT, env=environment, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert {api for api, _ in found} == {"blas", "openmp"}
    assert {threads for _, threads in found} == {1}
