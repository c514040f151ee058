"""Write docs/stories, the documented cases as stories, and their table in the README, from results.

`python -m tools.stories [--results FOLDER]` fills the templates docs/stories/*.md.in from reports/ of a full run and
from benchmarks/results/studies.json and posts.json; with `--check` it only reports the files that differ.
"""

from __future__ import annotations

import argparse
import csv
import functools
import posixpath
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from pipeline.common import errors, files, params
from pipeline.common.errors import UserError
from pipeline.report import differences, pairs, pictures, posted, wording
from tools import documents

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "docs/stories"
README = PROJECT / "README.md"
STUDIES = PROJECT / "benchmarks/results/studies.json"
POSTS = PROJECT / posted.FILE
STYLE = PROJECT / "pipeline/report/style.css"
_OF_EVALUATION = {"curves": pictures.curves, "predictions": pictures.predictions}
_OF_DIAGNOSIS = {"controls": pictures.controls, "references": pictures.references}


class Results:
    """Results of a full run, as the templates name them.

    Args:
        reports: folder of the results, in place of reports/.
        pictures: the pictures that the templates ask for, by file name; filled while they are rendered.
    """

    def __init__(self, reports: Path) -> None:
        self.reports = reports
        self.pictures: dict[str, str] = {}

    @functools.cached_property
    def board(self) -> dict[str, dict[str, Any]]:
        """Return the leaderboard's rows by experiment, with numbers as floats."""
        with (self.reports / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
            return {
                row["experiment"]: {key: _number(text) for key, text in row.items()} for row in csv.DictReader(file)
            }

    @functools.cached_property
    def studies(self) -> dict[str, dict[str, Any]]:
        """Studies by name."""
        return {study["name"]: study for study in files.read_json(STUDIES)["studies"]}

    @functools.cached_property
    def at_posted_size(self) -> dict[str, dict[str, Any]]:
        """Results of `python -m benchmarks.posts` by experiment; empty where it has not been run."""
        found = files.read_json(POSTS)["experiments"] if POSTS.exists() else []
        return {each["experiment"]: each for each in found}

    @functools.cache  # noqa: B019 - one object lives as long as the command
    def evaluation(self, name: str) -> dict[str, Any]:
        """Evaluation of an experiment."""
        return files.read_json(self.reports / f"evaluation/{name}.json")

    @functools.cache  # noqa: B019 - as above
    def diagnosis(self, name: str) -> dict[str, Any]:
        """Diagnosis of an experiment."""
        return files.read_json(self.reports / f"diagnosis/{name}.json")

    def finding(self, name: str, code: str) -> dict[str, Any]:
        """Return the evidence of a finding.

        Raises:
            UserError: the diagnosis no longer reports it, so that the story is no longer true.
        """
        reported = {finding["code"]: finding["evidence"] for finding in self.diagnosis(name)["findings"]}
        if code not in reported:
            fix = "Edit the story that names it, in docs/stories/."
            raise UserError(f"{self.reports}/diagnosis/{name}.json", f"must report {code}", ", ".join(reported), fix)
        return reported[code]

    def findings(self, name: str, weight: str = "cause") -> str:
        """Return the findings of one weight as links."""
        codes = [each["code"] for each in self.diagnosis(name)["findings"] if each["weight"] == weight]
        return wording.joined([f"[{code.replace('_', ' ')}](../findings/{code}.md)" for code in codes]) or "none"

    def verdict(self, name: str) -> str:
        """Return the verdict as a link to its explanation."""
        return _verdict(self.diagnosis(name)["verdict"])

    def fix(self, name: str) -> str:
        """Return the settings of NAME_fixed that are not those of NAME, seeds aside."""
        found = differences.between(params.load(PROJECT / params.FILE), name, f"{name}{pairs.SUFFIX}", None)
        told = [each for each in found if not each["speed"] and each["parameter"] != "training.seeds"]
        return wording.joined([f"`{each['parameter']}: {each['after']}`" for each in told])

    def figures(self, study: str, label: str, column: str) -> list[float | None]:
        """Return a column of one row of a study, an entry per seed.

        Raises:
            UserError: the study has no such row or column.
        """
        for row in self.studies[study]["rows"]:
            if row["label"] == label and column in row["figures"]:
                return row["figures"][column]
        known = ", ".join(row["label"] for row in self.studies[study]["rows"])
        raise UserError(str(STUDIES), f"must have a row `{label}` with {column} in {study}", known, "Edit the story.")

    def command(self, study: str) -> str:
        """Return the command that repeats a study."""
        return f"`{self.studies[study]['command']}`"

    def full(self, *names: str, between: str = "; ") -> str:
        """Return the test scores at the posted size; one dash if none of the experiments was run.

        The verdict stands beside a score where it is another one than at `quick` size, and so do the epochs where they
        are fewer than the post's.
        """
        known = self.at_posted_size
        return between.join(map(self._full, names)) if any(name in known for name in names) else "–"

    def _full(self, name: str) -> str:
        found = self.at_posted_size.get(name)
        if found is None:
            return "–"
        notes = [] if found["verdict"] == self.diagnosis(name)["verdict"] else [_verdict(found["verdict"])]
        if max(found["epochs"]["run"]) < found["epochs"]["posted"] and not any(found["nonfinite"]):
            notes.append(f"{posted.epochs(found)} epochs")
        return wording.short_score(found["score"]) + (f" ({', '.join(notes)})" if notes else "")

    def full_verdict(self, name: str) -> str:
        """Return the verdict at the posted size, as a link."""
        return _verdict(self.at_posted_size[name]["verdict"])

    def full_table(self, *posts: int) -> str:
        """Return the results of some posts at the posted size, a row for each experiment, and their symptoms."""
        found = [each for each in self.at_posted_size.values() if each["post"] in posts]
        command = f"`{posted.COMMAND} {' '.join(map(str, posts))}`"
        if not found:
            return f"Not run yet: {command} runs it."
        rows = [(each, posted.row(each)) for each in found]
        metric = rows[0][1]["metric"]
        metric = metric if metric.startswith("R") else metric.lower()
        heads = f"experiment | verdict | epochs | windows | loss | training {metric} | test | naive | oracle"
        lines = [f"| {heads} |", "|---" * (heads.count("|") + 1) + "|"]
        for each, row in rows:
            cells = [row[key] for key in ("epochs", "windows", "loss", "train", "test")]
            cells += [" ".join(row["naive"]), row["oracle"]]
            lines.append(f"| `{row['name']}` | {_verdict(each['verdict'])} | {' | '.join(cells)} |")
        seeds = "one seed" if all(len(each["seeds"]) == 1 for each in found) else "some seeds"
        intro = f"With the rows, windows and epochs of the post, {seeds} ({command}):"
        return "\n\n".join([intro, "\n".join(lines), *_symptoms(found)])

    def picture(self, kind: str, name: str) -> str:
        """Draw a picture of the report as a file of its own; return it as Markdown, its caption below.

        Args:
            kind: `curves`, `predictions`, `controls`, `references`, or the code of a finding.
            name: of the experiment.

        Raises:
            UserError: the results have no such picture.
        """
        drawn: pictures.Picture | None
        if kind in _OF_EVALUATION:
            drawn = _OF_EVALUATION[kind](self.evaluation(name))
        elif kind in _OF_DIAGNOSIS:
            drawn = _OF_DIAGNOSIS[kind](self.diagnosis(name))
        else:
            drawn = next(iter(pictures.for_finding(kind, self.diagnosis(name))), None)
        if drawn is None:
            raise UserError(f"the picture {kind} of {name}", "must be drawn by the report", "none", "Edit the story.")
        file = f"{name}_{kind}.svg"
        self.pictures[file] = standalone(drawn.svg, STYLE.read_text(encoding="utf-8"))
        return f"![{drawn.title}: {name}]({file})\n\n*{drawn.title}, `{name}`. {drawn.caption}*"


def _verdict(word: str) -> str:
    return f"[{word.replace('_', ' ')}](../verdicts.md#{word})"


def _symptoms(found: list[dict[str, Any]]) -> list[str]:
    """Return a list of the symptoms, each with the outcome in every experiment that it concerns; none without one."""
    by_text: dict[str, list[str]] = {}
    words = {True: "reproduced", False: "not reproduced", None: "undecided"}
    for each in found:
        for one in each["symptoms"]:
            outcome = f"{words[one['reproduced']]} in `{each['experiment']}` ({one['measured']})"
            by_text.setdefault(one["text"], []).append(outcome)
    items = [f"- {text}: {'; '.join(outcomes)}." for text, outcomes in by_text.items()]
    return ["The symptoms at this size:", "\n".join(items)] if items else []


def standalone(svg: str, style: str) -> str:
    """Return a picture of the report as a file of its own: its colours within, on white.

    Args:
        svg: an `<svg>` element of the report.
        style: the report's style sheet, whose first rule has the colours of the light mode.
    """
    light = re.search(r":root\s*\{([^}]*)\}", style)
    own = re.search(r"\.figure\s*\{([^}]*)\}", pictures.STYLE)
    rules = [line for line in pictures.STYLE.splitlines() if line.startswith(".figure ") and "{ --" not in line]
    colours = f"svg {{ {light[1].strip() if light else ''} {own[1].strip() if own else ''} }}"
    css = " ".join([colours, "svg { background: white; font-family: system-ui, sans-serif; }", *rules])
    head, rest = svg.split(">", 1)
    # A width, so that a page shows it at the size that its text is made for.
    width = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    size = f' width="{1.6 * float(width[1]):.0f}" height="{1.6 * float(width[2]):.0f}"' if width else ""
    return f'{head} xmlns="http://www.w3.org/2000/svg"{size}><style>{css}</style>{rest}\n'


def rendered(results: Results) -> dict[str, str]:
    """Return the text of every page and picture by file name."""
    environment = jinja2.Environment(  # noqa: S701 - it writes Markdown, from results of this project alone
        loader=jinja2.FileSystemLoader(FOLDER), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters.update(
        two=_two, percent=wording.percent, count=wording.thousands, short=wording.number, span=_span
    )
    environment.filters["counts"] = lambda values: wording.count_range([round(value) for value in values])
    pages = {}
    for template in sorted(FOLDER.glob("*.md.in")):
        note = f"<!-- Made by `python -m tools.stories` from {template.name}. Edit that instead. -->\n\n"
        try:
            text = environment.get_template(template.name).render(r=results, board=results.board)
        except jinja2.UndefinedError as error:
            rule = "must name results that exist"
            raise UserError(f"docs/stories/{template.name}", rule, str(error), "Edit it, or run `make run`.") from None
        pages[template.stem] = note + wrapped(text)
    return pages | results.pictures


def wrapped(text: str) -> str:
    """Return Markdown with its paragraphs and list items filled anew; tables, code, headings and pictures stay."""
    blocks, code = [], False
    for block in text.split("\n\n"):
        code = code or block.startswith("```")
        if not code and block[:1] not in ("|", "#", "!", "*", "<"):
            indent = "  " if block.startswith("- ") else ""
            items = re.split(r"\n(?=- )", block) if indent else [block]
            block = "\n".join(
                textwrap.fill(
                    " ".join(item.split()),
                    120,
                    subsequent_indent=indent,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
                for item in items
            ) + ("\n" if block.endswith("\n") else "")
        code = code and not block.rstrip().endswith("```")
        blocks.append(block)
    return "\n\n".join(blocks)


def readme(index: str) -> str:
    """Return the README with the table of the stories' index in place of the one that it had."""
    table = next(block for block in index.split("\n\n") if block.startswith("| "))
    table = re.sub(r"\]\((?!https?:)([^)]+)\)", lambda link: f"]({_from_root(link[1])})", table)
    return documents.with_table(README.read_text(encoding="utf-8"), "tools.stories", f"{table}\n")


def _from_root(link: str) -> str:
    path, mark, place = link.partition("#")
    return posixpath.normpath(posixpath.join("docs/stories", path)) + mark + place


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _span(values: Sequence[float | None], digits: int = 3) -> str:
    return wording.score_range(values, digits)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def differing(made: dict[str, str]) -> list[str]:
    """Names of the files that are missing, differ, or belong to no story."""
    there = {path.name: path for path in FOLDER.iterdir() if path.suffix in (".md", ".svg")}
    texts = {name: path.read_text(encoding="utf-8") for name, path in there.items()}
    return sorted(name for name in {*made, *texts} if made.get(name) != texts.get(name))


def main(arguments: list[str]) -> None:
    """Write the stories, or with `--check` report those that differ."""
    parser = argparse.ArgumentParser(prog="python -m tools.stories", description=__doc__.split("\n\n")[1])
    parser.add_argument("--results", type=Path, default=PROJECT / "reports", help="a folder like reports/")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file differs")
    given = parser.parse_args(arguments)
    if not (given.results / "leaderboard.csv").is_file():
        raise UserError(
            str(given.results), "must hold the results of a full run", "no leaderboard.csv", "Run `make run`."
        )
    made = rendered(Results(given.results))
    stale, first = differing(made), readme(made["README.md"])
    if given.check:
        old = [f"docs/stories/{name}" for name in stale]
        old += ["README.md"] if README.read_text(encoding="utf-8") != first else []
        for name in old:
            print(f"{name} differs: run `python -m tools.stories`")
        sys.exit(1 if old else 0)
    with files.atomic_write(README) as beside:
        beside.write_text(first, encoding="utf-8")
    for name in stale:
        if name in made:
            with files.atomic_write(FOLDER / name) as beside:
                beside.write_text(made[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()


if __name__ == "__main__":
    errors.run(main)
