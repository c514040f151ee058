"""Read revisions from git, from DVC's experiments and cache, and from the work tree.

Only this module uses git and DVC. It checks out nothing and contacts no remote.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from workflow.compare.revisions import EXPERIMENT, REVISION, RUN, WORK_TREE, Revision, md5

WORKSPACE = "workspace"
LOCK = Path("dvc.lock")
# Number of names listed in an error.
_NAMES = 30


@contextmanager
def opened(names: list[str]) -> Iterator[list[Revision]]:
    """Open the revisions of these names: `workspace`, DVC experiments, or anything that git resolves to a commit.

    Raises:
        UserError: This is no DVC project under git, a name is unknown, or a revision lacks params.yaml or dvc.lock.
    """
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo
    from dvc.scm import SCMError

    if not params.FILE.is_file():
        raise UserError(str(params.FILE), "must exist", "no such file", "Run from the folder that holds it.")
    try:
        repo = Repo(".")
        repo.scm.get_rev()
    except (NotDvcRepoError, SCMError, NotImplementedError) as error:
        raise UserError(".", "must be a DVC project under git, with a commit", error, "Run from a clone.") from None
    with repo:
        yield [_work_tree() if name == WORKSPACE else _commit(repo, name) for name in names]


def _work_tree() -> Revision:
    return Revision(
        name=WORKSPACE,
        kind=WORK_TREE,
        commit=None,
        settings=params.load(),
        raw=yaml.safe_load(params.FILE.read_text(encoding="utf-8")),
        lock=_stages(LOCK.read_text(encoding="utf-8") if LOCK.is_file() else "", str(LOCK)),
        read=lambda path, _: Path(path).read_bytes(),
    )


def _commit(repo: Any, name: str) -> Revision:
    commit, kind = _resolved(repo, name)
    tree = repo.scm.get_fs(commit)
    inside = Path(repo.root_dir).relative_to(repo.scm.root_dir)

    def text(file: Path) -> str:
        try:
            with tree.open((inside / file).as_posix(), "rb") as opened_file:
                return opened_file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            mend = "Name a later revision that has it."
            raise UserError(f"{file} of {name}", "must exist", "no such file", mend) from None

    def stored(path: str, expected: str) -> bytes:
        place = Path(repo.cache.local.oid_to_path(expected))
        content = place.read_bytes() if place.is_file() else None
        if content is None or md5(content) != expected:
            received = "no file with its hash" if content is None else "a damaged file with another hash"
            raise UserError(f"{path} of {name}", "must be in DVC's cache", received, _mend(name, kind))
        return content

    raw = text(params.FILE)
    try:
        content = yaml.safe_load(raw)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict):
        raise UserError(
            f"{params.FILE} of {name}", "must be a mapping in YAML", "something else", "Name another revision."
        )
    return Revision(
        name=name,
        kind=kind,
        commit=commit[:7],
        raw=content,
        settings=_checked(raw),
        lock=_stages(text(LOCK), f"{LOCK} of {name}"),
        read=stored,
    )


def _resolved(repo: Any, name: str) -> tuple[str, str]:
    """Return the commit of a name as DVC resolves it (git names first), and the kind of name."""
    from dvc.repo.experiments.utils import exp_refs
    from dvc.scm import RevError, resolve_rev
    from scmrepo.exceptions import SCMError

    experiments = list(exp_refs(repo.scm))
    try:
        # DVC reads an empty name as HEAD.
        commit = str(resolve_rev(repo.scm, name or "''"))
        repo.scm.resolve_commit(commit)
    # For a file or folder of a commit (`HEAD:params.yaml`), scmrepo fails with AttributeError.
    except (RevError, SCMError, AttributeError) as error:
        if "ambiguous" in str(error):
            mend = "Use its commit instead: `dvc exp list --all-commits` shows them."
            raise UserError(name, "must name one experiment", "several experiments of this name", mend) from None
        own = sorted({ref.name for ref in experiments})
        raise _unknown(name, [*own, *sorted(repo.scm.list_branches()), *sorted(repo.scm.list_tags())]) from None
    named = any(ref.name == name and repo.scm.get_ref(str(ref)) == commit for ref in experiments)
    return commit, EXPERIMENT if named else REVISION


def _unknown(name: str, names: list[str]) -> UserError:
    known = [WORKSPACE, "HEAD", *names]
    close = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(known[:_NAMES]) + (f" and {len(known) - _NAMES} more" if len(known) > _NAMES else "")
    return UserError(
        name or "''",
        f"must be `{WORKSPACE}`, a DVC experiment or a git revision",
        "an unknown name",
        (f"Did you mean `{close[0]}`? " if close else "") + f"Known: {listed}, and every commit.",
    )


def _mend(name: str, kind: str) -> str:
    if kind == EXPERIMENT:
        return f"Fetch it with `dvc exp pull REMOTE {name}`, or compute it again: `dvc exp apply {name}`, then {RUN}."
    return f"Fetch it with `dvc fetch --all-commits`, or compute it again: `git checkout {name}`, then {RUN}."


def _checked(text: str) -> dict[str, Any] | None:
    """Return the resolved settings of a params.yaml, or None if it fails the current checks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / params.FILE.name
        path.write_text(text, encoding="utf-8")
        try:
            return params.load(path)
        except UserError:
            return None


def _stages(text: str, place: str) -> dict[str, Any]:
    # A dvc.lock of 11,000 lines takes 0.5 s with libyaml, and 5 s without.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return (yaml.load(text, Loader=loader) or {}).get("stages") or {}  # noqa: S506 - a safe loader
    except (yaml.YAMLError, AttributeError):
        raise UserError(place, "must be a lock file of DVC", "something else", f"Run {RUN}.") from None
