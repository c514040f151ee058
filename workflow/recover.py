"""What a killed run left behind, put right before the next one asks DVC: no lock, mark or torn file needs a hand.

Called by the Snakefile's main process alone, and only once it holds this folder's lock (workflow/run_lock.py): whatever
Snakemake's files say, no other Snakemake is at work then, and no stage of one.

- `.snakemake/locks` and `.snakemake/incomplete` are emptied. Outputs that are not whole need no mark: DVC compares what
  lies there with dvc.lock, to which an entry comes only after its outputs.
- `.snakemake/backups` is emptied. Snakemake copies a stage's outputs there before it runs, and stops at a copy that is
  there already. The outputs themselves are in DVC's cache.
- `.dvc/tmp/rwlock` loses the entries of processes that are gone, of process ids that belong to others by now, for which
  DVC would wait for ever, and all of them when the file is cut short. `dvc repro` in another terminal keeps its own.
- A folder that several stages fill (`reports/evaluation`), and that another reads as a whole, loses what no stage makes
  any more, as long as DVC's cache has it, and what a killed write left beside its file: else what the reader says of it
  would depend on the past.
- `dvc.lock` keeps the entries that are whole; git's version gives those that are lacking, and what it has not either
  the run cache does. Entries are put in the order of their names, in which no two runs differ.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.common import files
from workflow import repro

SNAKEMAKE = Path(".snakemake")
LEFT = ("locks", "incomplete", "backups")
# Names that `files.atomic_write` and DVC write under before they rename.
_TORN = re.compile(r"\..+\.(\d+|tmp)")
RWLOCK = Path(".dvc/tmp/rwlock")
LOCK = Path(repro.LOCK)


def heal() -> list[str]:
    """Put right what a killed run left in the working directory.

    Returns:
        A line for each thing that a person should know of; most of it nobody needs to.
    """
    for name in LEFT:
        for path in (SNAKEMAKE / name).glob("*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    if RWLOCK.exists():
        _forget_the_dead()
    return _mend_lock()


def clear(stages: dict[str, tuple[list[str], list[str]]], cached: Callable[[str], str]) -> None:
    """Take out of folders that several stages fill what none of them makes any more.

    Args:
        stages: per stage of DVC its dependencies and its outputs.
        cached: where DVC's cache keeps the file of an MD5 sum.
    """
    made = {out for _, outs in stages.values() for out in outs}
    shared = {str(Path(out).parent) for name, (_, outs) in stages.items() for out in outs if "@" in name}
    for folder in sorted(shared):
        # A folder of outputs that are folders is read by nobody as a whole, and the user's own may lie there.
        if not all(Path(out).suffix for out in made if Path(out).parent == Path(folder)):
            continue
        for path in Path(folder).glob("*"):
            if str(path) in made or path.is_symlink() or not path.is_file():
                continue
            if _TORN.fullmatch(path.name) or Path(cached(_md5(path))).exists():
                path.unlink()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _forget_the_dead() -> None:
    """Take out of DVC's rwlock what no living DVC process holds."""
    from dvc.lock import make_lock
    from dvc.rwlock import RWLOCK_LOCK

    with make_lock(str(RWLOCK.with_name(RWLOCK_LOCK))):
        text = RWLOCK.read_text(encoding="utf-8", errors="replace")
        kept = json.dumps(living(text))
        if kept != text:
            with files.atomic_write(RWLOCK) as beside:
                beside.write_text(kept, encoding="utf-8")


def living(text: str) -> dict[str, Any]:
    """The content of an rwlock without the entries of processes that are gone; nothing, if it is no rwlock."""
    try:
        held = json.loads(text)
        read = {path: [one for one in holders if _lives(**one)] for path, holders in held.get("read", {}).items()}
        write = {path: holder for path, holder in held.get("write", {}).items() if _lives(**holder)}
    except (ValueError, TypeError, AttributeError):
        return {}
    kept = {"write": write, "read": {path: holders for path, holders in read.items() if holders}}
    return {mode: holders for mode, holders in kept.items() if holders}


def _lives(pid: int, cmd: str) -> bool:
    """Whether a process id is still that of the command that DVC noted: the words after its program's name."""
    import psutil

    try:
        now = psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    # Folders may have spaces in their names.
    program = re.match(r".*?/(dvc|__main__\.py|snakemake)(?= |$)", cmd)
    words = cmd[program.end() :].strip() if program else cmd.partition(" ")[2]
    return " ".join(now).endswith(words)


def _mend_lock() -> list[str]:
    """Make dvc.lock whole again, and put its entries in order."""
    if not LOCK.exists():
        return []
    text = LOCK.read_bytes().decode("utf-8", errors="replace")
    whole = repro.entries(text)
    if text and whole is not None and (not whole or _complete([*whole.items()][-1])):
        ordered, lines = repro.joined(whole), []
    elif "<<<<<<<" in text:
        return []  # a merge that git did not finish, which DVC says itself
    else:
        kept = {name: entry for name, entry in _pieces(text).items() if _complete((name, entry))}
        known = {name: entry for name, entry in (repro.entries(_committed()) or {}).items() if name not in kept}
        ordered = repro.joined(kept | known)
        lines = [
            f"`{LOCK}` was cut short: {len(kept)} entries kept, {len(known)} taken from git; "
            "what is lacking comes from DVC's cache, or is computed."
        ]
    if ordered == repro.HEAD:
        LOCK.unlink()  # DVC cannot read a list of no entries
    elif ordered != text:
        with files.atomic_write(LOCK) as beside:
            beside.write_text(ordered, encoding="utf-8")
    return lines


def _pieces(text: str) -> dict[str, str]:
    return {match[1]: match[0] for match in repro._ENTRY.finditer(text)}


def _complete(piece: tuple[str, str]) -> bool:
    """Whether an entry is one to DVC, and says of each file what DVC writes of it: a cut can fall between two lines."""
    from dvc.schema import COMPILED_LOCK_FILE_STAGE_SCHEMA

    name, text = piece
    try:
        entry = COMPILED_LOCK_FILE_STAGE_SCHEMA(repro.read(repro.HEAD + text)["stages"][name])
        named = [*entry.get("deps", []), *entry.get("outs", [])]
        return bool(entry["cmd"] and entry.get("outs")) and all(
            {"path", "hash", "md5", "size"} <= set(one) and (not one["md5"].endswith(".dir") or "nfiles" in one)
            for one in named
        )
    except Exception:
        return False  # whatever is wrong with half an entry, it is not whole


def _committed() -> str:
    """The dvc.lock of git's last commit; nothing where there is none."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError, UnicodeDecodeError):
        command = ["git", "show", f"HEAD:./{LOCK}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - no input of anyone's
    return ""
