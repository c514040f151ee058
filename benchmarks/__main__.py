"""All benchmarks, one after the other, and the result of the last run of the corpus."""

from __future__ import annotations

import sys

from benchmarks import data_stages, leakage, training, windows
from benchmarks.corpus import __main__

if __name__ == "__main__":
    sys.exit(__main__.short() or data_stages.main() or leakage.main() or windows.main() or training.main())
