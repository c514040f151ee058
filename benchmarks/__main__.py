"""All benchmarks, one after the other, and the results of the last run of the corpus and of the random search."""

from __future__ import annotations

import sys

from benchmarks import data_stages, leakage, training, windows
from benchmarks.corpus import __main__ as corpus
from benchmarks.search import __main__ as search

if __name__ == "__main__":
    sys.exit(
        corpus.short() or search.short() or data_stages.main() or leakage.main() or windows.main() or training.main()
    )
