"""All benchmarks, one after the other, and the last results of the corpus, the random search and the fixes."""

from __future__ import annotations

import sys

from benchmarks import data_stages, leakage, training, windows
from benchmarks.corpus import __main__ as corpus
from benchmarks.fixes import __main__ as fixes
from benchmarks.search import __main__ as search

if __name__ == "__main__":
    sys.exit(
        corpus.short()
        or search.short()
        or fixes.short()
        or data_stages.main()
        or leakage.main()
        or windows.main()
        or training.main()
    )
