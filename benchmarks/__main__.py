"""All benchmarks, one after the other."""

from __future__ import annotations

import sys

from benchmarks import data_stages, leakage, training, windows

if __name__ == "__main__":
    sys.exit(data_stages.main() or leakage.main() or windows.main() or training.main())
