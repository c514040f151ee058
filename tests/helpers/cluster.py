"""A Slurm of one node on loopback, in a folder of its own: munged, slurmctld and slurmd as this user."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")
INSTALL = "apt-get install --no-install-recommends slurm-wlm munge"
_CONF = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MinJobAge=300
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory={megabytes} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Return the programs that are not installed."""
    return [program for program in PROGRAMS if not _path(program)]


class Cluster:
    """The daemons, from `start` to `stop`.

    Args:
        folder: for keys, state and logs; its path must be shorter than a socket's may be, about 90 characters.

    Attributes:
        environment: for commands that talk to this cluster.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", "")])
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def start(self, seconds: float = 30) -> None:
        """Start the daemons, and wait until the node is idle.

        Raises:
            RuntimeError: it is not idle in time.
        """
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        # Snakemake's plugin removes Slurm's variables in each job, and then starts `srun`.
        srun = self.folder / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {_path("srun")} "$@"\n', encoding="utf-8")
        srun.chmod(0o755)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        controller, node = _free_ports(2)
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
        (self.folder / "slurm.conf").write_text(
            _CONF.format(
                host=socket.gethostname().partition(".")[0],
                folder=self.folder,
                user=_user(),
                controller=controller,
                node=node,
                processors=os.cpu_count(),
                megabytes=memory,
            ),
            encoding="utf-8",
        )
        munge = [f"--{name}={self.folder}/munge.{end}" for name, end in _MUNGE.items()]
        self._run("munged", "--force", *munge)
        self._run("slurmctld")
        self._run("slurmd", "-c")
        limit = time.monotonic() + seconds
        while "idle" not in self("sinfo", "--noheader", "--format=%t", check=False):
            if time.monotonic() > limit:
                log = (self.folder / "slurmctld.log").read_text(errors="replace")
                raise RuntimeError(f"the node is not idle after {seconds:g} s:\n{log[-2000:]}")
            time.sleep(0.5)

    def __call__(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands, and return what it prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=check)
        return done.stdout

    def jobs(self, state: str = "all") -> list[tuple[str, str]]:
        """Return number and comment of the jobs in a state. The comment is the stage's rule and name."""
        lines = self("squeue", "--noheader", f"--states={state}", "--format=%i|%k", check=False).splitlines()
        return [(number, comment) for number, _, comment in (line.partition("|") for line in lines)]

    def stop(self) -> None:
        """Stop the daemons that `start` started, by their process ids, and wait until they have ended."""
        self("scancel", "--user", _user(), check=False)
        for name in ("slurmd", "slurmctld", "munge"):
            with contextlib.suppress(OSError, ValueError):
                process = int((self.folder / f"{name}.pid").read_text())
                os.kill(process, signal.SIGTERM)
                limit = time.monotonic() + 10
                while time.monotonic() < limit:
                    os.kill(process, 0)
                    time.sleep(0.1)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([_path(program) or program, *arguments], env=self.environment, check=True)


_MUNGE = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}


def _path(program: str) -> str | None:
    # Debian puts daemons where the search path of an ordinary user does not look.
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
