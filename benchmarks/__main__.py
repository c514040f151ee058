"""Every bar of docs/benchmarks.md, measured side by side in one run: `make bench`.

    python -m benchmarks                           everything: about 12 minutes, and two whole runs and a demo
    python -m benchmarks training rows             some parts; the others keep their figures
    python -m benchmarks --torch /path/to/python   with PyTorch too, from the Python of another environment
    python -m benchmarks --before REVISION         another commit than the one before JAX

It writes benchmarks/results/benchmarks.json, which the report shows, the same as reports/benchmarks.json, and the table
of docs/benchmarks.md; and it prints the last figures of the corpus, the random search and the fixes. The exit code is 1
if a bar is missed. Use an idle machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import backends, bars, revisions, rows, windows
from benchmarks.corpus import __main__ as corpus
from benchmarks.fixes import __main__ as fixes
from benchmarks.scratch import PROJECT
from benchmarks.search import __main__ as search
from pipeline.common import files
from tools import documents

RESULT = PROJECT / "benchmarks/results/benchmarks.json"
COPY = PROJECT / "reports/benchmarks.json"
DOC = PROJECT / "docs/benchmarks.md"
# Parts that need clones of both commits.
_CLONES = ("start", "run", "idle", "demo")
COMMAND = "make bench"


class Clones:
    """Clones of this commit and of an earlier one, made when they are first needed."""

    def __init__(self, folder: Path, before: str) -> None:
        self._folder, self._before = folder, before
        self._made: tuple[revisions.Revision, revisions.Revision] | None = None

    def __call__(self) -> tuple[revisions.Revision, revisions.Revision]:
        """Return both, this commit first."""
        if self._made is None:
            before = revisions.Revision(self._folder / "before", self._before)
            self._made = revisions.Revision(self._folder / "now", "HEAD"), before
        return self._made


def parts(torch: str, clones: Clones) -> dict[str, Callable[[], Any]]:
    """Return the function that measures each part, in the order in which they run."""
    return {
        "training": lambda: backends.table(list(backends.NETWORKS), torch),
        "batches": windows.compare,
        "rows": lambda: {"scaled": rows.scaled(), "growth": rows.growth()},
        "memory": rows.training,
        "start": lambda: revisions.start(*clones()),
        "run": lambda: revisions.whole(*clones()),
        "idle": lambda: {"idle": revisions.idle(*clones()), "change": revisions.change(*clones())},
        "demo": lambda: {"seconds": revisions.demo(clones()[0])},
    }


def result(measured: dict[str, Any], before: str) -> dict[str, Any]:
    """Return what is stored: every bar with its figure, and what the figures are made of.

    Args:
        measured: by part, as its module returned it; a part that was not measured is left out.
        before: the earlier commit.
    """
    found = {key: value for part in measured for key, value in bars.figures(part, measured[part]).items()}
    table = [
        {
            "key": key,
            "what": bar.what,
            "against": bar.against,
            "bar": bar.text,
            "figure": bar.shown(found[key]) if key in found else None,
            "met": bar.met(found[key]) if key in found else None,
        }
        for key, bar in bars.BARS.items()
    ]
    return {"command": COMMAND, "before": before, "bars": table, "measured": measured}


def markdown(stored: dict[str, Any]) -> str:
    """Return the table of docs/benchmarks.md."""
    lines = ["| what | against | bar | figure | |", "|---|---|---|---|---|"]
    for row in stored["bars"]:
        word = {True: "met", False: "**missed**", None: "not measured here"}[row["met"]]
        lines.append(f"| {row['what']} | {row['against']} | {row['bar']} | {row['figure'] or ''} | {word} |")
    speeds = stored["measured"].get("training")
    if speeds:
        ways = [way for way in backends.WAYS if all(way in each for each in speeds.values())]
        heads = [_WAYS[way] for way in ways]
        lines += ["", "Windows a second, one thread:", ""]
        lines += [f"| post | {' | '.join(heads)} |", "|---" * (len(ways) + 1) + "|"]
        for name, each in speeds.items():
            cells = " | ".join(f"{each[way]:,.0f}" for way in ways)
            lines.append(f"| {backends.NETWORKS[name][0]} | {cells} |")
    return "\n".join(lines) + "\n"


_WAYS = {
    "fit": "plain `fit`",
    "auto": "`fit`, XLA as Keras 3 chooses",
    "tensorflow": "Flatline on TensorFlow",
    "jax": "Flatline on JAX",
    "torch": "PyTorch",
}


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
    else:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)


def main(arguments: list[str]) -> int:
    """Measure, write the results, and return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(bars.OF_PART))
    parser.add_argument("--torch", default="", metavar="PYTHON", help="Python of an environment with PyTorch")
    parser.add_argument("--before", default="", metavar="REVISION", help="the commit to compare with")
    parser.add_argument("--folder", type=Path, help="keep both clones there, and use those that are there")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.parts) - set(bars.OF_PART)):
        parser.error(f"a part must be one of {', '.join(bars.OF_PART)}. Received: {unknown[0]}.")
    old = files.read_json(RESULT) if RESULT.exists() else {}
    measured = dict(old.get("measured") or {})
    with _folder(given.folder) as folder:
        clones = Clones(folder, given.before)
        for name, measure in parts(given.torch, clones).items():
            if not given.parts or name in given.parts:
                print(f"{name} …", flush=True)
                measured[name] = measure()
                before = revisions.commit(given.before) if name in _CLONES else old.get("before", "")
                old = _write(measured, before)
                for row in old["bars"]:
                    if row["key"] in bars.OF_PART[name]:
                        print(f"  {row['what']}: {row['figure']} ({row['bar']}; met: {row['met']})", flush=True)
    print(markdown(old))
    missed = any(row["met"] is False for row in old["bars"])
    # Those that take longer have commands of their own: their last figures.
    others = [] if given.parts else [each.short() for each in (corpus, search, fixes)]
    return int(missed or any(others))


def _write(measured: dict[str, Any], before: str) -> dict[str, Any]:
    """Write what is known so far, so that a run that is stopped keeps its finished parts."""
    stored = result({part: measured[part] for part in bars.OF_PART if part in measured}, before)
    files.write_json(RESULT, stored)
    files.write_json(COPY, stored)
    documents.write_table(DOC, "benchmarks", markdown(stored))
    return stored


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
