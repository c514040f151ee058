"""Write docs/findings: a page for each finding, made from its rule and the corpus, and an index.

`python -m tools.findings` writes them; with `--check` it only reports the pages that differ.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.common import files
from pipeline.diagnose import limits
from pipeline.diagnose.rules import RULES, rule

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "docs/findings"
NOTE = "<!-- Made by `python -m tools.findings`. Edit the rule instead. -->\n"
INDEX = """\
The diagnosis (`python -m pipeline.diagnose EXPERIMENT`) reports these findings, causes before symptoms. A cause can be
why a network does not learn; a symptom is an effect that one sees.
"""
SHARED = """\
## Limits of the verdict, and shared ones

`tuned` means tuned on the tuning half of the corpus of injected faults ([corpus.md](../corpus.md)), never on the
reported half. `chosen` means set once, with the reason, and tuned on nothing. All other limits are on the pages of
their findings.
"""


def pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    cases = files.read_json(PROJECT / "benchmarks/results/corpus.json")["cases"]
    return {"README.md": index()} | {f"{code}.md": page(code, each, cases) for code, each in RULES.items()}


def index() -> str:
    """Return the page that lists all findings, and the limits that belong to no single one."""
    rows = [
        (f"[{code}]({code}.md)", "cause" if each.cause else "symptom", each.explanation) for code, each in RULES.items()
    ]
    shared = {name: limit for name, limit in vars(limits).items() if isinstance(limit, limits.Limit)}
    found = _table(("finding", "kind", "meaning"), rows)
    return "\n".join([NOTE, "# Findings", "", INDEX, found, SHARED, _limits(shared)])


def page(code: str, about: rule, cases: list[dict[str, Any]]) -> str:
    """Return the page of one finding.

    Args:
        code: of the finding.
        about: its rule.
        cases: of benchmarks/results/corpus.json.
    """
    source = Path(inspect.getfile(about.decide)).relative_to(PROJECT).as_posix()
    title, url = about.reference
    parts = [NOTE, f"# {code}", ""]
    parts += [
        "A cause: it can be why a network does not learn."
        if about.cause
        else "A symptom: an effect of some cause, not the cause itself.",
        "",
    ]
    parts += ["## Why it matters", "", _wrapped(about.explanation), f"More: [{title}]({url})", ""]
    parts += ["## How it is detected", "", inspect.getdoc(about.decide) or "", ""]
    if about.unless:
        parts += [f"Beside {' or '.join(f'`{code}`' for code in about.unless)} it is not reported.", ""]
    parts += [_limits(about.limits)] if about.limits else []
    parts += [f"The rule: [{source}](../../{source})", "", "## What to do", "", _remedies(about)]
    return "\n".join([*parts, "## In the corpus", "", _corpus(code, cases)])


def settings(about: rule) -> list[str]:
    """The parameters that a rule may propose to set, read off its code, each with its value where that is fixed.

    Of the functions that a rule calls, those of its own file are read too.
    """
    places = {"dataset": "datasets.DATASET", "experiment": "experiments.EXPERIMENT"}
    found: dict[str, None] = {}
    for node in _nodes(about.decide):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            name = str(key.value) if isinstance(key, ast.Constant) else ""
            level, _, rest = name.partition(".")
            if rest and level in places:
                fixed = f" = {json.dumps(value.value)}".replace('"', "") if isinstance(value, ast.Constant) else ""
                found[f"`{places[level]}.{rest}{fixed}`"] = None
    return list(found)


def _nodes(function: Callable[..., Any]) -> Iterator[ast.AST]:
    """Yield the code of a function, and of those of its file that it calls."""
    nodes = list(ast.walk(ast.parse(inspect.getsource(function))))
    yield from nodes
    for name in dict.fromkeys(node.id for node in nodes if isinstance(node, ast.Name)):
        called = getattr(sys.modules[function.__module__], name, None)
        if inspect.isfunction(called) and called.__module__ == function.__module__:
            yield from ast.walk(ast.parse(inspect.getsource(called)))


def _remedies(about: rule) -> str:
    lines, proposed = [about.advice] if about.advice else [], settings(about)
    if proposed:
        lines.append(f"The report gives a command that sets {'one or more of ' if proposed[1:] else ''}")
        lines[-1] += ", ".join(proposed) + "."
    return _wrapped(" ".join(lines) or "Look for the cause among the other findings.")


def _corpus(code: str, cases: list[dict[str, Any]]) -> str:
    """Cases that the fault was put into, and the number of those where it followed from another fault."""
    injected = [case for case in cases if code in case["faults"]]
    others = [case["name"] for case in cases if code in case["found"] and code not in case["faults"]]
    rows = [
        (case["name"], case["half"], *map(_joined, (case["faults"], case["found"])), case["verdict"])
        for case in injected
    ]
    more = _wrapped(f"Also reported in other cases: {_joined(others)}.") if others else ""
    return "\n".join([_table(("case", "half", "injected", "found", "verdict"), rows), *filter(None, [more])])


def _limits(known: dict[str, limits.Limit]) -> str:
    return _table(("limit", "value", "source"), [(name, f"{one.value:g}", one.source) for name, one in known.items()])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _joined(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def differing(made: dict[str, str]) -> list[str]:
    """Names of the pages that are missing, differ, or belong to no finding."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    return sorted(name for name in {*made, *there} if made.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` report those that differ."""
    made = pages()
    stale = differing(made)
    if arguments == ["--check"]:
        print("\n".join(f"docs/findings/{name} differs: run `python -m tools.findings`" for name in stale))
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in made:
            (FOLDER / name).write_text(made[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
