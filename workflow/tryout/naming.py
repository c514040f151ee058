"""Names of entries, made of the names of files."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import params
from pipeline.common.errors import UserError

_MOST = 40
_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
# Names that DVC's run cache overlooks.
_REFUSED = ("size", "nfiles")
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "å": "a"})


def made_of(path: Path) -> str:
    """Return a name of small letters, digits and _ for a file."""
    text = unicodedata.normalize("NFKD", path.name.split(".")[0].lower().translate(_LETTERS))
    name = re.sub(r"[^a-z0-9]+", "_", text.encode("ascii", "ignore").decode()).strip("_")[:_MOST].rstrip("_")
    if not name or not name[0].isalpha():
        name = f"file_{name}".rstrip("_")
    return f"{name}_file" if _refused(name) else name


def check(name: str) -> str:
    """Return a name that the user chose.

    Raises:
        UserError: it cannot be a name in params.yaml.
    """
    if not _PATTERN.fullmatch(name) or _refused(name):
        rule = "must be a name of small letters, digits and _ that begins with a letter"
        raise UserError("NAME", rule, name, f"For example NAME={made_of(Path(name))}.")
    return name


def _refused(name: str) -> bool:
    """Return whether a name means something else: to DVC, to `make fix`, or as a word of YAML (`on`, `no`, `null`)."""
    return name in _REFUSED or bool(params.CANDIDATE.fullmatch(name)) or yaml.safe_load(name) != name


def levels_with(raw: dict[str, Any], name: str) -> list[str]:
    """Return the levels of params.yaml that have a name."""
    return [level for level in ("series", "datasets", "experiments") if name in (raw.get(level) or {})]


def free(raw: dict[str, Any], name: str) -> str:
    """Return a name that no level of params.yaml has, for an example."""
    number = 2
    while levels_with(raw, f"{name}_{number}"):
        number += 1
    return f"{name}_{number}"
