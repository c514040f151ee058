"""Paths of the results, and readers and writers. Equal values give equal bytes.

Every writer writes beside its target and renames, so that a file is either complete or unchanged. NumPy is imported
where it is used: each job of a run uses this module, most of them for a path alone.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pipeline.common.errors import UserError
from pipeline.common.numbers import plain

if TYPE_CHECKING:
    import numpy as np

OWN = Path("data/own")
RAW = Path("data/raw")
SPLIT = Path("data/split")
TEST = Path("data/test")
WINDOWS = Path("data/windows")
SCALED = Path("data/scaled")
BASELINES = Path("data/baselines")
BACKENDS = Path("data/backends.json")
MODELS = Path("models")
METRICS = Path("reports/metrics")
EVALUATION = Path("reports/evaluation")
LOSSES = Path("reports/losses")
DIAGNOSIS = Path("reports/diagnosis")
LEAKAGE = Path("reports/leakage")
LEAKS = Path("reports/leaks.json")
CALIBRATION = Path("reports/calibration.json")
EXPERIMENTS = Path("reports/experiments")
REPORT = Path("reports/index.html")
VERDICTS = Path("reports/verdicts.json")
LEADERBOARD = Path("reports/leaderboard.csv")
COSTS = Path("reports/costs.csv")

# Errors that only the user can fix, such as a full disk or a missing permission.
_REFUSED = {
    getattr(errno, name)
    for name in ("EACCES", "EDQUOT", "EEXIST", "EFBIG", "EIO", "EISDIR", "ENOSPC", "ENOTDIR", "EPERM", "EROFS")
}


def is_own(source: object) -> bool:
    """Return whether the `source` of a series is a file of the user, below `OWN`."""
    return isinstance(source, str) and PurePosixPath(source).is_relative_to(OWN)


def fold_folder(root: Path, dataset: str, fold: int) -> Path:
    """Return the folder of one fold of a dataset below `root` (`SPLIT`, `WINDOWS`, `SCALED` or `BASELINES`)."""
    return root / dataset / f"fold{fold}"


def part_file(dataset: str, fold: int, part: str) -> Path:
    """Return the file of a part's rows; the test parts are in a folder of their own."""
    return TEST / dataset / f"fold{fold}.npy" if part == "test" else fold_folder(SPLIT, dataset, fold) / f"{part}.npy"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to, and rename it to `path` if the block succeeds.

    Raises:
        UserError: the disk is full, or `path` is not writable. `path` is then unchanged.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            os.replace(beside, path)
        finally:
            if beside.is_dir():
                shutil.rmtree(beside)
            else:
                beside.unlink(missing_ok=True)


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn an `OSError` that only the user can fix into a `UserError`.

    Raises:
        UserError: `path` is not writable, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        # NumPy sets no errno: "10 requested and 0 written".
        full = error.errno is None and "written" in str(error)
        if not full and error.errno not in _REFUSED:
            raise
        raise UserError(
            str(path),
            "must be writable, with enough room",
            error.strerror or error,
            "Free some space or allow writing there, then run again.",
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8."""
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON; NaN and infinities become null."""
    with atomic_write(path) as beside:
        beside.write_text(json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write one array as .npy, without pickle."""
    import numpy as np

    with atomic_write(path) as beside, beside.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def write_blocks(path: Path, shape: tuple[int, ...], dtype: Any, blocks: Iterable[np.ndarray]) -> None:
    """Write an array as `write_array` does, from blocks of its rows that are never in memory together.

    Args:
        path: of the file.
        shape: of the whole array.
        dtype: of the array.
        blocks: its rows, in order.

    Raises:
        ValueError: the blocks are not that array.
    """
    import numpy as np

    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    with atomic_write(path) as beside, beside.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        rows = 0
        for block in blocks:
            np.ascontiguousarray(block, dtype=dtype).tofile(file)
            rows += len(block)
            if block.shape[1:] != shape[1:]:
                raise ValueError(f"a block has the shape {block.shape}, the array {shape}")
        if rows != shape[0]:
            raise ValueError(f"the blocks have {rows} rows, the array {shape[0]}")


def read_array(path: Path) -> np.ndarray:
    """Memory-map one .npy array, read-only."""
    import numpy as np

    return np.load(path, mmap_mode="r", allow_pickle=False)


def write_table(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Write columns of equal length as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic_write(path) as beside:
        pq.write_table(
            pa.table([_arrow(column) for column in columns.values()], list(columns)), beside, compression="zstd"
        )


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Read a Parquet table as arrays by column name, in order."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        table = file.read()
    return {name: _numpy(table.column(name)) for name in table.column_names}


# `pq.read_table`, `to_numpy` and `pa.array` import pandas: a third of a second in every stage.
def _arrow(column: np.ndarray) -> Any:
    """Return an array as Arrow's."""
    import numpy as np
    import pyarrow as pa

    if column.dtype.kind not in "iuf":
        return pa.array(column)
    column = np.ascontiguousarray(column)
    return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [None, pa.py_buffer(column)])


def _numpy(column: Any) -> np.ndarray:
    """Return a column of Arrow's as an array."""
    import numpy as np
    import pyarrow as pa

    numbers = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    return np.from_dlpack(column.combine_chunks()) if numbers and not column.null_count else column.to_numpy()


def empty_folder(folder: Path) -> Path:
    """Replace a folder by an empty one, so that nothing of an earlier run is left in an output."""
    with writable(folder):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    return folder
