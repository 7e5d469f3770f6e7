"""A real archive in a temporary folder, with real worker or server processes, for benchmarks of the whole."""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
from sqlalchemy import func, select

from edms.access.actors import Actor, console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.config import load_settings
from edms.jobs.model import Job, JobState
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.people import console_person
from edms.records.reindexing import INDEX_TOPIC

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 2
PATIENCE_SECONDS = 900.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Installation:
    """An archive with the demo people: its configuration file, the open archive, the passwords."""

    config: Path
    archive: Archive
    passwords: dict[str, str]

    @property
    def clerk(self) -> Actor:
        return console_person(self.archive, "clerk-dinkes", "bench")

    @property
    def office(self) -> UUID:
        office = self.clerk.office_id
        assert office is not None
        return office


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """Make a demo archive on the disk of the temporary folder (TMPDIR names another); it goes at the end."""
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        template, passwords = _template()
        shutil.copytree(template, folder, dirs_exist_ok=True)
        config = Path(folder) / "config.toml"
        archive = open_archive(load_settings(config))
        try:
            yield Installation(config, archive, passwords)
        finally:
            archive.sandbox.close()
            archive.database.close()


@functools.cache
def _template() -> tuple[Path, dict[str, str]]:
    """Make a demo archive that is only copied, and goes when the process ends; return its folder and the passwords."""
    folder = Path(tempfile.mkdtemp(prefix="edms-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = folder / "config.toml"
    shutil.copyfile(ROOT / "config.example.toml", config)
    return folder, initialise(load_settings(config), console_actor("bench"), demo=True).passwords


@contextlib.contextmanager
def running(config: Path, *arguments: str) -> Iterator[psutil.Process]:
    """Run `edms ARGUMENTS` until the block ends, then end it as Ctrl-C would, and wait."""
    log = config.with_name(f"{arguments[0]}.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "edms.cli.main", "--config", str(config), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def workers(config: Path, count: int = WORKERS) -> Iterator[list[psutil.Process]]:
    """Run `count` capture workers."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(running(config, "worker")) for _number in range(count)]


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def wait_until_settled(archive: Archive) -> None:
    """Wait until no step and no change of the index is waiting; due dates may, for they are worked out now and then.

    Raises TimeoutError.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with archive.database.reader() as session:
            jobs = session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.READY.value))
            changes = session.scalar(select(func.count()).where(OutboxEntry.topic == INDEX_TOPIC))
        if not jobs and not changes:
            return
        if time.monotonic() > until:
            raise TimeoutError(f"after {PATIENCE_SECONDS:.0f} s {jobs} jobs and {changes} index changes still wait")
        time.sleep(POLL_SECONDS)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Return what these processes, their children and the children that have ended have used, in CPU seconds."""
    total = 0.0
    for process in processes:
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                used = one.cpu_times()
                total += used.user + used.system + used.children_user + used.children_system
    return total


def own_cpu_seconds() -> float:
    """Return what this process alone has used."""
    used = os.times()
    return used.user + used.system
