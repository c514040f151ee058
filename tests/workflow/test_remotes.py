"""The cache on a folder, on an S3 server and on an SSH server, each started here: another machine computes nothing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import lean
from tests.helpers.lean import Lean

# `uv sync --no-default-groups` leaves them out; `make` installs them.
WITHOUT = "{} is not installed: `uv sync --group remotes`, with the group `dev` for the servers"
KEY = {"AWS_ACCESS_KEY_ID": "flatline", "AWS_SECRET_ACCESS_KEY": "flatline", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def folder_remote(tmp_path: Path) -> list[list[str]]:
    return [["add", "-d", "store", str(tmp_path / "store")]]


@pytest.fixture
def s3_remote(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    for library in ("dvc_s3", "moto", "flask_cors"):
        pytest.importorskip(library, reason=WITHOUT.format(library))
    import boto3
    from moto.server import ThreadedMotoServer

    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket="cache")
    yield [["add", "-d", "store", "s3://cache/flatline"], ["modify", "store", "endpointurl", address]]
    server.stop()


@pytest.fixture
def ssh_remote(tmp_path: Path) -> Iterator[list[list[str]]]:
    pytest.importorskip("dvc_ssh", reason=WITHOUT.format("dvc_ssh"))
    import asyncssh

    key = tmp_path / "key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(key)
    asyncssh.read_private_key(key).write_public_key(tmp_path / "authorized_keys")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> asyncssh.SSHAcceptor:
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        known = str(tmp_path / "authorized_keys")
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=known, sftp_factory=True
        )

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(30)
    (tmp_path / "remote").mkdir()
    url = f"ssh://someone@127.0.0.1:{server.get_port()}{tmp_path}/remote/cache"
    yield [["add", "-d", "store", url], ["modify", "--local", "store", "keyfile", str(key)]]
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


_SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("s3", "ssh")]


@pytest.mark.parametrize("kind", ["folder", *_SLOW])
def test_another_machine_computes_nothing(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    settings: list[list[str]] = request.getfixturevalue(f"{kind}_remote")
    one = lean.ran(tmp_path / "one/project")
    for setting in settings:
        one("dvc", "remote", *setting)
    one.commit()
    one("dvc", "push", "-q", "--run-cache")

    another = Lean(clone(one.folder, tmp_path / "another"))
    for setting in settings:
        if "--local" in setting:  # a key file is each machine's own
            another("dvc", "remote", *setting)
    assert not (another.folder / ".dvc/cache").exists()
    assert not (another.folder / "models").exists()
    another("dvc", "pull", "-q", "--run-cache")
    _, computed = another.snakemake()
    assert computed == []
    assert not (another.folder / "reports/costs.csv").exists()  # a stage that computes writes its seconds there
    for path in ("training/fold0_seed0.keras", "predictions/fold0/test.parquet"):
        at = Path("models") / lean.NAME / path
        assert (another.folder / at).read_bytes() == (one.folder / at).read_bytes()
    assert another.metrics(lean.NAME) == one.metrics(lean.NAME)
    if kind == "folder":
        # The run cache came along: without a dvc.lock, and without a result, nothing is computed either.
        (another.folder / "dvc.lock").unlink()
        shutil.rmtree(another.folder / "models")
        text = another("dvc", "repro", f"evaluate@{lean.NAME}").stdout
        assert "Running stage" not in text
        assert text.count("is cached - skipping run") == len(lean.REAL)
        assert another.metrics(lean.NAME) == one.metrics(lean.NAME)


def clone(folder: Path, into: Path) -> Path:
    """A fresh clone in a folder that is also its HOME: another machine."""
    into.mkdir()
    subprocess.run(["git", "clone", "-q", str(folder), str(into / "project")], check=True)
    return into / "project"
