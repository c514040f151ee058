"""Verify DVC's cache before using it.

DVC trusts a file of its cache that is read-only. Once such a file is damaged, DVC hands it out, remembers its content
under the hash of another, and every later result is wrong for good. Here DVC's own check by time, size and inode is
called on the objects that a stage needs: it hashes a file again if one of the three differs, and deletes it if it is
damaged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def intact(outs: Iterable[Any]) -> bool:
    """Return whether the cache holds every object of some outputs, undamaged. Damaged objects are deleted."""
    return all([_intact(out) for out in outs])


def _intact(out: Any) -> bool:
    if not out.hash_info:
        return False
    known = _check(out.cache, out.hash_info.value)
    tree = out.get_obj()
    return tree is not None and _check_files(out.cache, tree) and known


def _check_files(cache: Any, obj: Any) -> bool:
    """Check the files of a folder's object; another object has none."""
    from dvc_data.hashfile.tree import Tree

    return all([_check(cache, info.value) for _, _, info in obj]) if isinstance(obj, Tree) else True


def _check(cache: Any, oid: str) -> bool:
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.errors import ObjectFormatError

    try:
        # Not `cache.check`, which trusts a read-only file.
        HashFileDB.check(cache, oid)
    except (FileNotFoundError, ObjectFormatError):
        return False
    return True


def put_back(out: Any) -> bool:
    """Put an output back into the cache, which has lost it; False if the output is not what dvc.lock names."""
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB

    if not out.exists:
        return False
    # A cache without DVC's memory of hashes: a damaged file that DVC handed out is remembered as an undamaged one.
    forgetful = HashFileDB(out.cache.fs, out.cache.path)
    _, _, obj = build(forgetful, out.fs_path, out.fs, out.hash_name, ignore=out.dvcignore, dry_run=True)
    if obj.hash_info != out.hash_info:
        # Other times, so that DVC hashes the files again when the stage's turn comes.
        for path in (Path(out.fs_path), *Path(out.fs_path).rglob("*")):
            os.utime(path, follow_symlinks=False)
        return False
    # DVC does not write an object that the cache seems to hold: damaged ones are deleted first.
    _check_files(out.cache, obj)
    out.commit()
    return True
