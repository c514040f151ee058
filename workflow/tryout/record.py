"""What `make try` or `make check` did with a file: data/own/NAME.try.json.

With it a run that was killed can go on, and `make forget` undoes exactly what was done.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.common import files
from pipeline.common.errors import UserError

_END = ".try.json"


@dataclass(frozen=True)
class Record:
    """One file that was tried.

    Attributes:
        name: of the three entries.
        file: the name of the user's file, without its folder.
        sha256: of its content.
        source: path of the rows that the pipeline reads.
        copied: whether `source` is a copy that `make try` wrote.
        options: the user's own choices; the target also where it was asked for.
        reading: how the file was read, a phrase each.
        choices: what was proposed, and why.
        tracked: whether DVC tracked `source` before.
        model: path of the network that `make check` was given, or its copy; "" without one.
        model_sha256: of the network that it was given.
        model_copied: whether `model` is a copy.
        model_tracked: whether DVC tracked `model` before.
    """

    name: str
    file: str
    sha256: str
    source: str
    copied: bool
    options: dict[str, Any]
    reading: list[str] = field(default_factory=list)
    choices: list[dict[str, str]] = field(default_factory=list)
    tracked: bool = False
    model: str = ""
    model_sha256: str = ""
    model_copied: bool = False
    model_tracked: bool = False

    def write(self) -> None:
        """Write the record, whole or not at all."""
        files.write_json(path(self.name), asdict(self))


def path(name: str) -> Path:
    """Return the file of a record."""
    return files.OWN / f"{name}{_END}"


def read(name: str) -> Record | None:
    """Return the record of a name; None if there is none.

    Raises:
        UserError: it is damaged.
    """
    try:
        content = json.loads(path(name).read_text(encoding="utf-8"))
        return Record(**content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise UserError(str(path(name)), "must be as `make try` wrote it", error, "Get it back with git.") from None


def every() -> list[Record]:
    """Return all records, in the order of their names."""
    names = sorted(each.name.removesuffix(_END) for each in files.OWN.glob(f"*{_END}"))
    return [found for name in names if (found := read(name)) is not None]


def digest(file: Path) -> str:
    """Return the SHA-256 sum of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
