"""What a fix in progress has added, and its removal: at the end of the fix, and after a kill by `workflow.recover`.

`.snakemake/fix.json` names the entries before params.yaml gets them, and goes when all is removed. A kill at any moment
leaves either nothing or this file.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from pipeline.common import files, params
from workflow import entries, lockfile, run_lock

FILE = Path(".snakemake/fix.json")
# Losses of validation windows, which `workflow.fix.losses` writes.
LOSSES = Path(".snakemake/fix")
# Kinds of stages, and paths that they write, by level of params.yaml.
KINDS = {
    "series": ("raw",),
    "datasets": ("split", "window", "scale", "baselines", "leakage"),
    "experiments": ("train", "predict", "evaluate", "diagnose", "page"),
}
MADE = {
    "series": ("data/raw/{}",),
    "datasets": (
        "data/split/{}",
        "data/test/{}",
        "data/windows/{}",
        "data/scaled/{}",
        "data/baselines/{}",
        "reports/leakage/{}.json",
    ),
    "experiments": (
        "models/{}",
        "reports/diagnosis/{}.json",
        "reports/evaluation/{}.json",
        "reports/experiments/{}.html",
        "reports/experiments/{}.md",
        "reports/losses/{}.parquet",
        "reports/metrics/{}.json",
        "reports/metrics/diagnosis/{}.json",
        "reports/plots/learning/{}.csv",
        "reports/plots/predictions/{}.csv",
        "reports/plots/calibration/{}.csv",
        "reports/plots/confusion/{}.csv",
        "reports/fixes/{}.json",
    ),
}
_BESIDE = ("logs/{kind}/{name}.log", ".snakemake/stamps/{kind}@{name}", ".snakemake/entries/{kind}@{name}")


def note(experiment: str, added: dict[str, list[str]]) -> None:
    """Write down which entries a fix is about to add.

    Args:
        experiment: the one that is fixed.
        added: names by level of params.yaml, those of earlier calls included.
    """
    files.write_json(FILE, {"experiment": experiment, "added": added})


def noted() -> dict[str, Any] | None:
    """Return what `note` wrote; None without a fix, or after a power loss cut it short."""
    try:
        found = files.read_json(FILE)
        return found if {"experiment", "added"} <= set(found) else None
    except (FileNotFoundError, ValueError, TypeError):
        return None


def recover() -> list[str]:
    """Remove what a killed fix has left. The caller holds this folder's lock and DVC's.

    Returns:
        A line for the user; none if there was nothing.
    """
    if run_lock.FIXING in os.environ:
        return []  # a run of the fix itself must not remove the entries that it computes
    found = noted()
    if found is None:
        FILE.unlink(missing_ok=True)
        return []
    remove(found["added"])
    name = found["experiment"]
    return [f"`make fix NAME={name}` was stopped: its entries are removed from {params.FILE}. Run it again to go on."]


def remove(added: dict[str, list[str]]) -> None:
    """Remove entries from params.yaml and dvc.lock, with their files. The caller holds DVC's lock.

    The objects stay in DVC's cache: the same fix, started again, restores them.

    Args:
        added: names by level of params.yaml.
    """
    text = before = params.FILE.read_bytes().decode("utf-8")
    for level in ("experiments", "datasets"):
        for name in added.get(level, []):
            text = entries.remove(text, level, name)
    if text != before:
        write(text)
    clean(added)
    FILE.unlink(missing_ok=True)


def clean(added: dict[str, list[str]]) -> None:
    """Delete the files and the entries of dvc.lock of entries of params.yaml. The caller holds DVC's lock."""
    pairs = [(level, name) for level in MADE for name in added.get(level, [])]
    _unlock({f"{kind}@{name}" for level, name in pairs for kind in KINDS[level]})
    for level, name in pairs:
        beside = [pattern.format(kind=kind, name=name) for kind in KINDS[level] for pattern in _BESIDE]
        for path in [*(pattern.format(name) for pattern in MADE[level]), *beside]:
            _delete(Path(path))
    _delete(LOSSES)


def write(text: str) -> None:
    """Write params.yaml, whole or not at all."""
    with files.atomic_write(params.FILE) as beside:
        beside.write_bytes(text.encode("utf-8"))
        shutil.copymode(params.FILE, beside)


def _unlock(stages: set[str]) -> None:
    """Take stages out of dvc.lock; one that is not in DVC's own layout stays, which harms nobody."""
    if not lockfile.LOCK.exists():
        return
    texts = lockfile.entries(lockfile.LOCK.read_text(encoding="utf-8"))
    kept = {stage: text for stage, text in (texts or {}).items() if stage not in stages}
    if texts and not kept:
        lockfile.LOCK.unlink()  # DVC cannot read a list of no entries
    elif texts and len(kept) < len(texts):
        lockfile.replace(lockfile.joined(kept))


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
