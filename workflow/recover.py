"""Clean up after a killed run, so that the next one starts without manual repair.

Called in the main process only, once it holds this folder's lock (workflow/run_lock.py): no other Snakemake is at work
then, and no stage of one, whatever Snakemake's own files claim.

- `.snakemake/locks` and `.snakemake/incomplete` are emptied. Half-written outputs need no mark: DVC compares outputs
  with dvc.lock, which gets an entry only after its outputs are complete.
- `.snakemake/backups` is emptied. Snakemake copies a stage's outputs there before it runs, and stops at a copy that is
  there already. The outputs themselves are in DVC's cache.
- `.dvc/tmp/rwlock` loses the entries of processes that are gone and of process ids that belong to others by now, for
  which DVC would wait forever. A file cut short loses all of them. `dvc repro` in another terminal keeps its own.
- Half-written entries in DVC's run cache are deleted: DVC would take the newest for the result.
- A folder that several stages fill (`reports/evaluation`) and that another reads as a whole loses files that no stage
  makes any more, if DVC's cache has them, and temporary files of a killed write. Else the reader's result would depend
  on the past.
- `dvc.lock` keeps its complete entries. Those that are missing come from git's version; the run cache gives the rest.
  Entries are put in the order of their names, in which no two runs differ.
- A killed `make fix` has left entries in params.yaml, dvc.lock and the folders of results: they are removed. While one
  lives, its lock keeps all runs out but its own, which leave its entries alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from workflow import holders, lockfile
from workflow.checks import Files
from workflow.fix import leftovers
from workflow.lockfile import LOCK

SNAKEMAKE = Path(".snakemake")
LEFT = ("locks", "incomplete", "backups")
# Names that `files.atomic_write` and DVC write under before they rename.
_TORN = re.compile(r"\..+\.(\d+|tmp)")
# The same in DVC's run cache. Younger ones may be those of a `dvc exp run` at work.
_TORN_SECONDS = 60


def clean_up(run_cache: str) -> list[str]:
    """Clean up the working directory after a killed run.

    Args:
        run_cache: the folder of DVC's run cache.

    Returns:
        A line for each repair that a person should know of; most need no attention.
    """
    for path in [path for name in LEFT for path in (SNAKEMAKE / name).glob("*")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path in Path(run_cache).glob("*/*/.*.tmp"):
        if path.stat().st_mtime < time.time() - _TORN_SECONDS:
            path.unlink()
    holders.forget_the_dead()
    return [*_mend_lock(), *leftovers.recover()]


def remove_orphans(stages: Files, cached: Callable[[str], str]) -> None:
    """Delete files that no stage makes any more from folders that several stages fill.

    Args:
        stages: the dependencies and the outputs of every stage.
        cached: gives the path in DVC's cache for an MD5 sum.
    """
    made: dict[str, list[str]] = {}  # by folder
    for _, outs in stages.values():
        for out in outs:
            made.setdefault(str(Path(out).parent), []).append(out)
    shared = {str(Path(out).parent) for name, (_, outs) in stages.items() for out in outs if "@" in name}
    for folder in sorted(shared):
        # Nobody reads a folder of outputs that are folders as a whole, and the user may keep files there.
        if not all(Path(out).suffix for out in made[folder]):
            continue
        own = set(made[folder])
        for path in Path(folder).glob("*"):
            if str(path) in own or path.is_symlink() or not path.is_file():
                continue
            if _TORN.fullmatch(path.name) or Path(cached(_md5(path))).exists():
                path.unlink()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _mend_lock() -> list[str]:
    """Complete dvc.lock, and put its entries in order."""
    if not LOCK.exists():
        return []
    text = LOCK.read_bytes().decode("utf-8", errors="replace")
    texts = lockfile.entries(text)
    if text and texts is not None and (not texts or _complete(*[*texts.items()][-1])):
        ordered, lines = lockfile.joined(texts), []
    elif lockfile.CONFLICT in text:
        return []  # an unfinished merge of git, which DVC reports itself
    else:
        kept = {name: entry for name, entry in lockfile.pieces(text).items() if _complete(name, entry)}
        known = {name: entry for name, entry in (lockfile.entries(_committed()) or {}).items() if name not in kept}
        ordered = lockfile.joined(kept | known)
        lines = [
            f"`{LOCK}` was cut short: {len(kept)} entries kept, {len(known)} taken from git; "
            "the others come from DVC's cache or are computed."
        ]
    if ordered == lockfile.HEAD:
        LOCK.unlink()  # DVC cannot read a list of no entries
    elif ordered != text:
        lockfile.replace(ordered)
    return lines


def _complete(name: str, text: str) -> bool:
    """Return whether an entry is valid and has every field that DVC writes: a cut can fall between two lines."""
    from dvc.schema import COMPILED_LOCK_FILE_STAGE_SCHEMA

    try:
        entry = COMPILED_LOCK_FILE_STAGE_SCHEMA(lockfile.parse(lockfile.HEAD + text)["stages"][name])
        items = [*entry.get("deps", []), *entry.get("outs", [])]
        return bool(entry["cmd"] and entry.get("outs")) and all(
            {"path", "hash", "md5", "size"} <= set(item) and (not item["md5"].endswith(".dir") or "nfiles" in item)
            for item in items
        )
    except Exception:
        return False  # any error means that the entry is not complete


def _committed() -> str:
    """Return the dvc.lock of git's last commit; nothing where there is none."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError, UnicodeDecodeError):
        command = ["git", "show", f"HEAD:./{LOCK}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - no input of anyone's
    return ""
