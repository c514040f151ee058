"""DVC's cache, looked into before it is believed.

A file of the cache that is read-only passes for what its name says; once it is damaged, DVC hands it out, notes its
content under the name of another, and all that follows from it is wrong for good. And a file that the cache has lost is
never put back while the output itself lies there, so that Snakemake would run that stage each time. Here:

- DVC compares a file's time, size and number with those that it had when it was hashed, and hashes it again if they
  differ. What is damaged is taken out of the cache.
- An output whose file is not in the cache is hashed again, whatever DVC remembers of it. If it is what it has to be, it
  is put back into the cache; if not, the stage runs.
"""

from __future__ import annotations

from typing import Any


def look_into() -> None:
    """Let DVC trust no file of its cache for being read-only."""
    from dvc_data.hashfile.db import HashFileDB
    from dvc_data.hashfile.db.local import LocalHashFileDB

    LocalHashFileDB.check = HashFileDB.check  # type: ignore[method-assign]


def put_back() -> None:
    """Let a stage that DVC finds unchanged put back what the cache has lost of it."""
    from dvc.stage import Stage

    reproduce = Stage.reproduce

    def reproduced(self: Any, *arguments: Any, **options: Any) -> Any:
        lost = [out for out in self.outs if out.use_cache and out.hash_info and out.changed_cache()]
        for out in lost:
            if out.exists and _hashed_anew(out) != out.hash_info:
                out.remove()
        done = reproduce(self, *arguments, **options)
        if done is None and lost:
            self.save()
            self.commit()
        return done

    Stage.reproduce = reproduced  # type: ignore[method-assign]


def _hashed_anew(out: Any) -> Any:
    """An output's hash, by its content alone: a damaged file that DVC handed out is remembered as a sound one."""
    from dvc_data.hashfile.state import StateNoop

    remembers = out.cache.state
    out.cache.state = StateNoop()
    try:
        return out.get_hash()
    finally:
        out.cache.state = remembers
