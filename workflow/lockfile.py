"""dvc.lock, and the entries that jobs leave for it.

The job of a stage (workflow/repro.py) writes the stage's new entry to a file of its own below `.snakemake/entries`. The
main process joins these entries into dvc.lock every few minutes and when it ends; workflow/recover.py does so after a
kill. Both files are renamed when they are whole, so that a killed run leaves no half of one.

An entry is joined only where dvc.lock still holds the entry that the job started from. `dvc repro`, `dvc exp run`,
`dvc exp apply` and `git checkout` write dvc.lock too, and what they wrote in the meantime is newer.

DVC parses dvc.lock as a whole to read one entry, and once more, with a parser that keeps comments, to write one. Here
an entry is cut out of the text. Entries stand in the order of their names, so that two runs write the same bytes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pipeline.common import files

LOCK = Path("dvc.lock")
PENDING = Path(".snakemake/entries")
HEAD = "schema: '2.0'\nstages:\n"
CONFLICT = "<<<<<<<"
# A name and the lines below it: those indented further, and the empty lines of a text.
_ENTRY = re.compile(r"^  (\S+):\n((?:(?:   .*)?\n)+)", flags=re.MULTILINE)


def parse(text: str) -> dict[str, Any]:
    """Return the content of a dvc.lock."""
    from dvc.utils.serialize import loads_yaml

    return loads_yaml(text) or {}


def dump(data: dict[str, Any]) -> str:
    """Return the text that DVC writes for a content."""
    from dvc.utils.serialize import dumps_yaml

    return dumps_yaml(data)


def pieces(text: str) -> dict[str, str]:
    """Return the text of every entry that a dvc.lock seems to have, by name; the last one may be cut short."""
    return {match[1]: match[0] for match in _ENTRY.finditer(text)}


def entries(text: str) -> dict[str, str] | None:
    """Return the text of every entry of a dvc.lock, by name; None if its layout is not DVC's own."""
    found = pieces(text)
    return found if text in ("", HEAD + "".join(found.values())) else None


def joined(texts: dict[str, str]) -> str:
    """Return the text of a dvc.lock with these entries, in the order of their names."""
    return HEAD + "".join(texts[name] for name in sorted(texts))


def entry_text(stage: str, entry: dict[str, Any]) -> str:
    """Return the text of one entry of a dvc.lock."""
    return dump({"stages": {stage: entry}}).partition("\n")[2]


def _entries_of_any_layout(text: str) -> dict[str, str]:
    texts = entries(text)
    if texts is None:
        texts = {name: entry_text(name, entry) for name, entry in parse(text).get("stages", {}).items()}
    return texts


def _pending(path: Path) -> dict[str, str] | None:
    """Return the texts of an entry before and after its job; None without one, or after a power loss cut it short."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return None


class Entry:
    """The entry of one stage, as its job finds it.

    Attributes:
        data: the newest entry: the one that an earlier job left, or else that of dvc.lock; empty if there is none.
    """

    def __init__(self, stage: str) -> None:
        self._stage, self._file = stage, PENDING / stage
        text = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
        self._before = newest = _entries_of_any_layout(text).get(stage, "")
        pending = _pending(self._file)
        if pending and pending["before"] == self._before:
            newest = pending["after"]
        self.data: dict[str, Any] = parse(HEAD + newest)["stages"][stage] if newest else {}

    def leave(self, data: dict[str, Any]) -> None:
        """Write a new entry for the main process to join. The caller holds DVC's lock."""
        with files.atomic_write(self._file) as beside:
            pending = {"before": self._before, "after": entry_text(self._stage, data)}
            beside.write_text(json.dumps(pending), encoding="utf-8")


def join() -> None:
    """Join the entries that jobs left into dvc.lock. The caller holds DVC's lock."""
    paths = [path for path in PENDING.glob("*") if not path.name.startswith(".")]
    text = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
    if not paths or CONFLICT in text:
        return
    current, new = _entries_of_any_layout(text), {}
    for path in paths:
        pending = _pending(path)
        if pending and current.get(path.name, "") == pending["before"]:
            new[path.name] = pending["after"]
    after = text
    if new and entries(text) is not None:
        after = joined(current | new)
    elif new:
        data = parse(text)
        after = dump(data | {"stages": data.get("stages", {}) | parse(HEAD + "".join(new.values()))["stages"]})
    if after != text:
        replace(after)
    for path in paths:
        path.unlink()


def replace(text: str) -> None:
    """Write dvc.lock, whole or not at all."""
    with files.atomic_write(LOCK) as beside:
        beside.write_text(text, encoding="utf-8")
