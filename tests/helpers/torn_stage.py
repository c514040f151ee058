"""`python torn_stage.py KIND [NAME]`: replaces `python -m pipeline.KIND NAME`, and suffers more from a kill.

What it writes follows from all that dvc.yaml names for the stage: the bytes of the code and data that it reads, and the
values of its parameters. It writes in place and piece by piece, with a pause of PIECE_SECONDS between two, as no stage
of the project does, so that a kill leaves halves of files, and some of them beside whole ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

# The one file that a stage writes and of which another reads values.
BACKENDS = "data/backends.json"
# Code that holds this makes its stages fail, halfway through their first file.
FAILS = b"# fail here"


class Spec(NamedTuple):
    """One stage, its names resolved."""

    deps: list[str]
    params: dict[str, Any]
    outs: list[str]


def load(path: str) -> Any:
    return yaml.load(Path(path).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe


def lookup(node: Any, path: str) -> Any:
    for key in path.split("."):
        node = node[key]
    return node


def used(params: dict[str, Any]) -> dict[str, Any]:
    """Content of `BACKENDS`: the backends of each dataset's experiments."""
    found: dict[str, set[str]] = {name: set() for name in params["datasets"]}
    for each in params["experiments"].values():
        found[each["dataset"]].add(each["training"].get("backend", "tensorflow"))
    return {"backends": {name: sorted(own) for name, own in found.items()}}


def stages() -> Iterator[tuple[str, str, Spec]]:
    """Kind, name and content of every stage of dvc.yaml, each kind after those that it reads from."""
    params = load("params.yaml")
    files: dict[str, Any] = {BACKENDS: used(params)}
    for kind, stage in load("dvc.yaml")["stages"].items():
        for name, item in lookup(params, stage["foreach"].strip("${}")).items() if "foreach" in stage else [("", {})]:

            def resolved(text: str, name: str = name, item: Any = item) -> str:
                text = text.replace("${key}", name)
                return re.sub(r"\$\{item\.([a-z_.]+)\}", lambda match: lookup(item, match[1]), text)

            does = stage.get("do", stage)
            values = {}
            for param in does.get("params", []):
                for file, keys in param.items() if isinstance(param, dict) else [("params.yaml", [param])]:
                    files[file] = files.get(file) or load(file)
                    values |= {f"{file}:{resolved(key)}": lookup(files[file], resolved(key)) for key in keys}
            yield kind, name, Spec([*map(resolved, does["deps"])], values, [*map(resolved, does["outs"])])


def on_disk(dep: str) -> dict[str, bytes]:
    """The bytes of a file, or of every file of a folder that DVC would see, by path."""
    path = Path(dep)
    found = path.rglob("*") if path.is_dir() else [path]
    seen = (
        file for file in found if file.is_file() and not file.name.startswith(".") and "__pycache__" not in str(file)
    )
    return {str(file): file.read_bytes() for file in seen}


def is_read(path: str, dep: str, outs: set[str]) -> bool:
    """Whether a stage with this dependency reads this file: of a folder of many stages' outputs, those alone."""
    shared = any(out.startswith(f"{dep}/") for out in outs)
    return not shared or any(path == out or path.startswith(f"{out}/") for out in outs)


def made(kind: str, name: str, params: dict[str, Any], read: dict[str, bytes], outs: list[str]) -> dict[str, str]:
    """What a stage writes, by path: one file per output, or two where that is a folder."""
    found = hashlib.sha256(json.dumps([kind, name, params]).encode())
    for path in sorted(read):
        found.update(path.encode() + hashlib.sha256(read[path]).digest())
    paths = [
        path for out in outs for path in ([out] if Path(out).suffix else [f"{out}/first.txt", f"{out}/second.txt"])
    ]
    known = used({key: params[f"params.yaml:{key}"] for key in ("datasets", "experiments")}) if BACKENDS in outs else {}
    return {path: json.dumps({"of": path, "digest": found.hexdigest(), "whole": 1, **known}) + "\n" for path in paths}


def main(kind: str, name: str = "") -> None:
    every = list(stages())
    spec = next(spec for *who, spec in every if who == [kind, name])
    outs = {out for *_, each in every for out in each.outs}
    read = {path: content for dep in spec.deps for path, content in on_disk(dep).items() if is_read(path, dep, outs)}
    for path, text in made(kind, name, spec.params, read, spec.outs).items():
        with refused(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with Path(path).open("w", encoding="utf-8") as file:
                for start in range(0, len(text), len(text) // 3 + 1):
                    file.write(text[start : start + len(text) // 3 + 1])
                    file.flush()
                    time.sleep(float(os.environ.get("PIECE_SECONDS", "0")))
                    if any(FAILS in content for content in read.values()):
                        sys.exit(f"`{path}` must not be whole. Received: `{FAILS.decode()}` in the code. Take it out.")


@contextlib.contextmanager
def refused(path: str) -> Iterator[None]:
    """Report what the machine refuses as the project's own writers do."""
    try:
        yield
    except OSError as error:
        sys.exit(f"`{path}` must be writable. Received: {error.strerror}. Make room, then run again.")


if __name__ == "__main__":
    main(*sys.argv[1:])
