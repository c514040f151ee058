"""Read revisions from git, from DVC's experiments and cache, and from the work tree.

Only this module uses git and DVC. It checks out nothing and contacts no remote.
"""

from __future__ import annotations

import difflib
import functools
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.common import params, yaml_text
from pipeline.common.errors import UserError
from workflow.compare.revisions import EXPERIMENT, REVISION, RUN, WORK_TREE, Revision, md5

WORKSPACE = "workspace"
LOCK = Path("dvc.lock")
# Number of names listed in an error.
_NAMES = 30
# A dvc.lock of 11,000 lines takes 0.5 s with libyaml, and 5 s without.
_LOADER = yaml_text.FastScalars
# An entry as DVC writes it: its name, indented by two spaces, and the lines below, by more.
_EVALUATION = re.compile(r"^  (evaluate@[^:\n]+):\n((?:    .*\n)+)", flags=re.MULTILINE)


class Opened(NamedTuple):
    """The revisions that the user named, and every DVC experiment, of which only dvc.lock is read."""

    revisions: list[Revision]
    experiments: list[Revision]


@contextmanager
def opened(names: list[str]) -> Iterator[Opened]:
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
        revisions = [_work_tree() if name == WORKSPACE else _commit(repo, name) for name in names]
        yield Opened(revisions, _experiments(repo))


def _work_tree() -> Revision:
    return Revision(
        name=WORKSPACE,
        kind=WORK_TREE,
        commit=None,
        settings=params.load(),
        raw=yaml_text.load(params.FILE.read_text(encoding="utf-8"), params.FILE),
        lock=_stages(LOCK.read_text(encoding="utf-8") if LOCK.is_file() else "", str(LOCK)),
        read=lambda path, _: Path(path).read_bytes(),
    )


def _commit(repo: Any, name: str) -> Revision:
    commit, kind = _resolved(repo, name)
    raw = _text(repo, commit, name, params.FILE)
    try:
        content = yaml.load(raw, Loader=_LOADER)  # noqa: S506 - a safe loader
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
        lock=_stages(_text(repo, commit, name, LOCK), f"{LOCK} of {name}"),
        read=_cached(repo, name, kind),
    )


def _experiments(repo: Any) -> list[Revision]:
    """Return every DVC experiment; those without a dvc.lock are left out."""
    from dvc.repo.experiments.utils import exp_refs

    found = []
    for ref in sorted(exp_refs(repo.scm), key=str):
        commit = str(repo.scm.get_ref(str(ref)))
        try:
            text = _text(repo, commit, ref.name, LOCK)
        except UserError:
            continue
        read = _cached(repo, ref.name, EXPERIMENT)
        found.append(Revision(ref.name, EXPERIMENT, commit[:7], {}, None, _evaluations(text), read))
    return found


def _text(repo: Any, commit: str, name: str, file: Path) -> str:
    """Return the content of a file of the project in a commit."""
    inside = Path(repo.root_dir).relative_to(repo.scm.root_dir)
    try:
        with repo.scm.get_fs(commit).open((inside / file).as_posix(), "rb") as opened_file:
            return str(opened_file.read().decode("utf-8", errors="replace"))
    except FileNotFoundError:
        mend = "Name a later revision that has it."
        raise UserError(f"{file} of {name}", "must exist", "no such file", mend) from None


def _cached(repo: Any, name: str, kind: str) -> Callable[[str, str], bytes]:
    """Return a function that reads a result of a revision from DVC's cache, given its path and MD5."""

    def read(path: str, expected: str) -> bytes:
        place = Path(repo.cache.local.oid_to_path(expected))
        content = place.read_bytes() if place.is_file() else None
        if content is None or md5(content) != expected:
            received = "no file with its hash" if content is None else "a damaged file with another hash"
            raise UserError(f"{path} of {name}", "must be in DVC's cache", received, _mend(name, kind))
        return content

    return read


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


def _evaluations(text: str) -> dict[str, Any]:
    """Return the stages `evaluate` of a dvc.lock and parse nothing else: there may be hundreds of experiments."""
    return {name: entry for name, body in _EVALUATION.findall(text) if (entry := _entry(body))}


@functools.lru_cache(maxsize=4096)
def _entry(body: str) -> dict[str, Any]:
    """Return one stage of a dvc.lock; most are equal in most experiments."""
    try:
        return yaml.load(body, Loader=_LOADER) or {}  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return {}


def _stages(text: str, place: str) -> dict[str, Any]:
    try:
        return (yaml.load(text, Loader=_LOADER) or {}).get("stages") or {}  # noqa: S506 - a safe loader
    except (yaml.YAMLError, AttributeError):
        raise UserError(place, "must be a lock file of DVC", "something else", f"Run {RUN}.") from None
