"""`reports/compare.html`: the differences between DVC experiments, git revisions and the work tree.

This is no stage: it reads the stages' results in each revision and computes only the comparison.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.common import files
from pipeline.common.errors import UserError
from workflow.compare import page, repository, tried

FILE = Path("reports/compare.html")


def compare(names: list[str], only: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Write `reports/compare.html`; the first name is the baseline of the others.

    The page contains no time and no path of the machine, so equal revisions and DVC experiments give equal bytes. Only
    a page with the work tree may contain durations, from reports/costs.csv.

    Args:
        names: Two or more of `workspace`, DVC experiments and git revisions.
        only: Experiments of params.yaml to compare; empty for all.

    Returns:
        For each experiment that differs, a sentence per revision; and the names of those that do not differ.

    Raises:
        UserError: A name is unknown, or a result is not in the cache; an earlier page is left unchanged.
    """
    if len(names) < 2 or len(set(names)) < len(names):
        received = " ".join(names) or "nothing"
        raise UserError(
            'make compare OF="A B"',
            "must name two or more revisions, each once",
            received,
            'For example: make compare OF="HEAD workspace".',
        )
    with repository.opened(names) as (revisions, experiments):
        known = list(dict.fromkeys(name for revision in revisions for name in revision.experiments()))
        if unknown := [name for name in only if name not in known]:
            mend = f"Known: {', '.join(known)}."
            raise UserError("--only", "must name an experiment of params.yaml in one of them", unknown[0], mend)
        base, *others = revisions
        wanted = [name for name in known if not only or name in only]
        same = [name for name in wanted if all(base.same(other, name) for other in others)]
        sides = {
            name: [base.side(name), *(other.side(name, base) for other in others)]
            for name in wanted
            if name not in same
        }
        results = tried.results([*revisions, *experiments]) if sides else []
        scored = {name: tried.family(each[0].evaluation, results) for name, each in sides.items()}
        sections = [page.section(name, each, scored[name]) for name, each in sides.items()]
        text = page.render(revisions, sections, same, only)
    with files.atomic_write(FILE) as beside:
        beside.write_text(text, encoding="utf-8")
    summaries = {
        section["name"]: [
            f"{line['name']}: {line['text']}" + (f" {line['chip']['chip'].capitalize()}." if line["chip"] else "")
            for line in section["summary"]
        ]
        for section in sections
    }
    return summaries, same
