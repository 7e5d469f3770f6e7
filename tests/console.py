"""The command line as its users meet it: in this process for speed, or as a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edms.cli.main import run

PROGRAM = [sys.executable, "-m", "edms.cli.main"]


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    def refused(self, status: int, *words: str) -> None:
        """Assert a refusal: this status, nothing on stdout, and one line on stderr that has all of `words`."""
        assert (self.status, self.out) == (status, ""), self
        assert self.err.startswith("edms: "), self
        assert self.err.count("\n") == 1, self
        assert [word for word in words if word not in self.err] == [], self


class Console:
    """A console on the archive whose configuration lies in `home`."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str] | None = None) -> None:
        self.home = home
        self.config = home / "config.toml"
        self._capsys = capsys
        if not self.config.exists():
            self.config.write_text("", "utf-8")

    def __call__(self, *arguments: str | Path) -> Done:
        """Run a command in this process."""
        assert self._capsys is not None
        self._capsys.readouterr()
        status = run(["--config", str(self.config), *map(str, arguments)])
        return Done(status, *self._capsys.readouterr())

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        environment = {**os.environ, **options.pop("environment", {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [*PROGRAM, "--config", str(self.config), *map(str, arguments)]
        return subprocess.Popen(command, text=True, env=environment, **pipes)

    def serving(self, *arguments: str | Path, **options: Any) -> tuple["subprocess.Popen[str]", str]:
        """Start `edms serve` on any free port; return it, and what it had said when it said its address."""
        server = self.start("serve", "--port", "0", *arguments, **options)
        stream, said = (server.stderr or server.stdout), ""
        assert stream is not None
        while "serving on http://127.0.0.1:" not in said:
            line = stream.readline()
            assert line, f"the server ended: {said}"
            said += line
        return server, said

    def process(self, *arguments: str | Path, **options: Any) -> Done:
        """Run a command as a process of its own."""
        started = self.start(*arguments, **options)
        out, err = started.communicate(timeout=120)
        return Done(started.returncode, out or "", err or "")


@pytest.fixture
def console(installation: Path, capsys: pytest.CaptureFixture[str]) -> Console:
    """A console on a fresh demo archive under SQLCipher."""
    return Console(installation, capsys)


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Console:
    """A console in a folder that holds a configuration and no archive."""
    return Console(tmp_path, capsys)
