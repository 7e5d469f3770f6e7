"""A piece of work killed (kill -9) before each of its commits in turn, until it comes to its end.

`by_turns(archive, "module:function", argument…)` runs the function in a process of its own, on the archive opened anew
and with the texts that follow. That process kills itself before its first commit, the next one before its second, and
so on; or, with `one_commit_each`, every later one before its second, so that there is a death after each commit of work
that is taken up where it was. After each death the caller looks at what is there.

Run as a program it is the parent of those processes: it imports once and forks, before it has opened anything.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from edms.records.archive import Archive

ROOT = Path(__file__).resolve().parents[1]
MOST_TURNS = 60
_CONFIG = """[text]
office = "off"
[server]
public_url = "https://arsip.contoh.go.id"
[signing]
personal = "pilot"
"""


def by_turns(archive: Archive, work: str, *told: str, one_commit_each: bool = True) -> Iterator[int]:
    """Yield the number of each turn that ended in death. The archive must stand still meanwhile."""
    config = archive.settings.storage.path.parent / "by-turns.toml"
    config.write_text(_CONFIG)
    asked = json.dumps([str(config), archive.clock.now().isoformat(), one_commit_each, work, *told])
    command = [sys.executable, str(Path(__file__)), asked]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for turn, line in enumerate(running.stdout, 1):
            if line.strip() == "ended":
                break
            assert line.strip() == "killed", line
            yield turn
            running.stdin.write("on\n")
            running.stdin.flush()
    assert running.returncode == 0, "it did not come to its end"


def _main(asked: str) -> None:
    config, moment, one_commit_each, work, *told = json.loads(asked)
    module, _, name = work.partition(":")
    function = getattr(importlib.import_module(module), name)
    for turn in range(1, MOST_TURNS):
        child = os.fork()
        if child == 0:
            os._exit(_turn(min(turn, 2) if one_commit_each else turn, function, config, moment, told))
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            print("killed", flush=True)
            sys.stdin.readline()
        elif status == 0:
            print("ended", flush=True)
            return
        else:
            sys.exit(f"turn {turn} failed")
    sys.exit("it comes to no end")


def _turn(dies_at: int, function: Any, config: str, moment: str, told: list[str]) -> int:
    import traceback

    from edms.bootstrap import open_archive
    from edms.core.clock import FixedClock
    from edms.core.config import load_settings
    from edms.operation.door import Door

    real, count = Door._commit, 0

    def commit(self: Door, session: Any) -> None:
        nonlocal count
        count += 1
        if count == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, session)

    Door._commit = commit  # type: ignore[method-assign]
    try:
        function(open_archive(load_settings(Path(config)), FixedClock(datetime.fromisoformat(moment))), *told)
    except Exception:  # noqa: BLE001 - whatever it is, the parent hears of it
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    _main(sys.argv[1])
