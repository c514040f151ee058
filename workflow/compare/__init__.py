"""`reports/compare.html`: what differs between experiments of DVC, git revisions and the work tree.

No stage: it reads what the stages of each revision wrote, and nothing is computed again but the comparison itself.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.common import files
from pipeline.common.errors import UserError
from workflow.compare import page, repository

FILE = Path("reports/compare.html")


def compare(names: list[str], only: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Write `reports/compare.html`; the first name is what the others are compared with.

    The page holds no time of day and no path of a machine: the same revisions give the same bytes. The work tree's
    page may show seconds, of reports/costs.csv.

    Args:
        names: two or more of `workspace`, names of DVC's experiments, revisions of git.
        only: experiments of params.yaml to look at; none for all.

    Returns:
        By experiment that differs what came of each revision, in a sentence; and those in which nothing differs.

    Raises:
        UserError: a name is unknown, or a result is not in the cache; the earlier page is then left as it was.
    """
    if len(names) < 2 or len(set(names)) < len(names):
        received = " ".join(names) or "nothing"
        raise UserError(
            'make compare OF="A B"',
            "must name two or more revisions, each once",
            received,
            'For example: make compare OF="HEAD workspace".',
        )
    with repository.opened(names) as revisions:
        known = list(dict.fromkeys(name for revision in revisions for name in revision.experiments()))
        if unknown := [name for name in only if name not in known]:
            mend = f"Known: {', '.join(known)}."
            raise UserError("--only", "must name an experiment of params.yaml in one of them", unknown[0], mend)
        base, *others = revisions
        wanted = [name for name in known if not only or name in only]
        same = [name for name in wanted if all(base.same(other, name) for other in others)]
        found = {
            name: [base.side(name), *(other.side(name, base) for other in others)]
            for name in wanted
            if name not in same
        }
        sections = [page.section(name, sides) for name, sides in found.items()]
        text = page.render(revisions, sections, same, only)
    with files.atomic_write(FILE) as beside:
        beside.write_text(text, encoding="utf-8")
    told = {
        one["name"]: [
            f"{line['name']}: {line['text']}" + (f" {line['chip']['chip'].capitalize()}." if line["chip"] else "")
            for line in one["told"]
        ]
        for one in sections
    }
    return told, same
