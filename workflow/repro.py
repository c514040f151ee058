"""`python -m workflow.repro STAGE`: compute, restore or skip one stage, as `dvc repro --single-item` does.

The steps are DVC's own. In between:

- The command inherits a lock (workflow/run_lock.py), so that no second run begins beside one that outlived Snakemake.
- The command runs under DVC's rwlock, so that no `dvc repro` of another terminal computes the same stage.
- The inputs are compared before and after the command. DVC would record a parameter or code edited meanwhile beside a
  result of the earlier one; here such a result is discarded.
- The cache is verified before its objects are used (workflow/cache.py), and restored outputs before they are recorded.
- If the cache lacks the outputs that dvc.lock names, because another machine or branch computed them, the run cache may
  hold those of this machine. DVC alone would compute the stage.
- A stage that fails gets its earlier outputs back.
- The new entry of dvc.lock goes to a file of its own (workflow/lockfile.py).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import traceback
from typing import Any

from pipeline.common.errors import UserError
from workflow import cache, holders, run_lock
from workflow.lockfile import Entry

# As DVC starts a shell: without the user's own settings.
_SHELL_OPTIONS = {"bash": ["--noprofile", "--norc"], "zsh": ["--no-rcs"], "fish": ["--no-config"]}


def main(stage: str) -> int:
    """Compute, restore or skip one stage, and return its exit code."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        # `_wait_for_lock` is `dvc --wait-for-lock`: jobs that start together take turns.
        with run_lock.stage() as lock, Repo(_wait_for_lock=True) as repo, repo.lock:
            _reproduce(repo, stage, lock)
    except Exception as error:
        if not isinstance(error, DvcException | UserError | OSError | sqlite3.Error):
            traceback.print_exc()
        print(f"ERROR: failed to reproduce '{stage}': {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def load(repo: Any, name: str, entry: dict[str, Any]) -> Any:
    """Return a stage of dvc.yaml with the hashes of an entry of dvc.lock."""
    from dvc.dvcfile import PROJECT_FILE, load_file
    from dvc.stage.loader import StageLoader

    file = load_file(repo, repo.fs.abspath(PROJECT_FILE))
    # Not `repo.stage.load_one`, which parses all of dvc.lock.
    return StageLoader.load_stage(file, name, file.resolver.resolve_one(name)[name], entry)


def _reproduce(repo: Any, name: str, lock: int) -> None:
    from dvc.exceptions import DvcException
    from dvc.rwlock import rwlock
    from dvc.stage.serialize import to_single_stage_lockfile

    entry = Entry(name)
    stage = load(repo, name, entry.data)
    if stage.frozen:
        print(f"Stage '{name}' is frozen, skipping")
        return
    reads, writes = ([item.fs_path for item in items] for items in (stage.deps, stage.outs))
    hardlink = repo.config["core"].get("hardlink_lock", False)
    # The words with which DVC's own methods take this lock below: they then find it held by this process.
    words = " ".join(sys.argv)
    # A killed job of this stage on another machine has left a process id, which may live here.
    holders.forget_the_dead(words)
    with rwlock(repo.tmp_dir, repo.fs, words, reads, writes, hardlink):
        cached = cache.intact(stage.outs)
        if stage.changed():
            try:
                _restore_or_run(repo, stage, cached, lock)
            except BaseException:
                if cached:
                    with contextlib.suppress(DvcException, OSError, sqlite3.Error):
                        load(repo, name, entry.data).checkout(force=True)
                raise
            data = to_single_stage_lockfile(stage)
            if data != entry.data:
                entry.leave(data)
        else:
            print(f"Stage '{name}' didn't change, skipping")
        # Outputs that DVC found unchanged must be newer than their stamp (workflow/stages.py).
        for path in writes:
            os.utime(path)


def _restore_or_run(repo: Any, stage: Any, cached: bool, lock: int) -> None:
    """Bring about the outputs of a stage, and put them into the cache.

    Args:
        repo: the repository, locked.
        stage: the stage, with the hashes of its entry.
        cached: whether the cache holds the outputs of the entry.
        lock: the lock that the command inherits.
    """
    stage.remove_outs()
    if not cached:
        for out in stage.outs:
            out.clear()
    if not _restore(repo, stage):
        stage.remove_outs()
        stage.save_deps()
        _run(repo, stage, lock)
        stage.save_outs()
        # DVC does not write an object that the cache seems to hold: damaged ones are deleted first.
        cache.intact(stage.outs)
        stage.commit()
        repo.stage_cache.save(stage)


def _restore(repo: Any, stage: Any) -> bool:
    """Restore the outputs from the cache; False if it does not hold them all, undamaged."""
    from dvc.output import OutputDoesNotExistError
    from dvc.stage.cache import RunCacheNotFoundError

    try:
        repo.stage_cache.restore(stage)
        # DVC ignores a file that could not be restored: the folder would be recorded without it.
        stage.save_outs()
    except (RunCacheNotFoundError, OutputDoesNotExistError, KeyError):
        return False  # a KeyError: a killed run left half an entry in the run cache
    if not cache.intact(stage.outs):
        return False
    print(f"Stage '{stage.addressing}' is cached - skipping run, checking out outputs")
    return True


def _run(repo: Any, stage: Any, lock: int) -> None:
    """Run the command of a stage, without DVC's lock, and compare the inputs before and after.

    Raises:
        DvcException: the command failed, or an input changed meanwhile.
    """
    from dvc.env import DVC_ROOT, DVC_STAGE
    from dvc.exceptions import DvcException
    from dvc.utils import fix_env

    print(f"Running stage '{stage.addressing}':", flush=True)
    before = [dep.hash_info for dep in stage.deps]
    shell = os.environ.get("SHELL") or "/bin/sh"
    start = [shell, *_SHELL_OPTIONS.get(os.path.basename(shell), []), "-c"]
    environment = {DVC_ROOT: repo.root_dir} | fix_env() | {DVC_STAGE: stage.addressing}
    repo.lock.unlock()
    try:
        for command in stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines():
            print(f"> {command}", flush=True)
            words = [*start, command]
            done = subprocess.run(words, cwd=stage.wdir, env=environment, pass_fds=(lock,), check=False)  # noqa: S603 - of dvc.yaml
            if done.returncode:
                raise DvcException(f"failed to run: {command}, exited with {done.returncode}")
    finally:
        repo.lock.lock()
    for dep, hash_info in zip(stage.deps, before, strict=True):
        if dep.get_hash() != hash_info:
            line = f"`{dep}` must stay as it is while {stage.addressing} runs. Received: a change. Run again."
            raise DvcException(line)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
