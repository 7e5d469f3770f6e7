"""What a changed schedule would do to 100,000 declared records (`--large`: a million), in SQLCipher, as a process.

`python -m bench.retention_impact` prints one JSON object. The draft makes the inactive period of every rule a year
longer, so that no record is passed over: each is decided anew. Measured is `edms retention impact --json` whole,
start-up and the review that is kept included: CPU and wall seconds, and the peak of its memory. Limits: 60 s and 500 MB
for a million.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.many_records import ManyRecords
from bench.measuring import figure
from edms.access.actors import console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.resources import resource
from edms.core.settings import Settings

COUNT, LARGE = 100_000, 1_000_000
LIMIT_SECONDS, LIMIT_MEBIBYTES = 60.0, 477.0
MEASURED = """
import json, resource, sys, time
from edms.cli.main import run
status = run(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_SELF)
with open(sys.argv[1], "w") as out:
    json.dump({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}, out)
sys.exit(status)
"""


def run(large: bool) -> dict[str, Any]:
    """Return the figures by number of records."""
    return _with_figures({str(size): measure(size) for size in ((COUNT, LARGE) if large else (COUNT,))})


def smoke() -> dict[str, Any]:
    """Measure 300 records."""
    return _with_figures({"300": measure(300)})


def _with_figures(sizes: dict[str, Any]) -> dict[str, Any]:
    figures = []
    for count, found in sizes.items():
        seconds, peak, named = found["seconds"], found["peak_memory_mebibytes"], f"{int(count):,} records"
        figures.append(_held(f"{named}, impact", seconds, "s", LIMIT_SECONDS, limited=int(count) == LARGE))
        figures.append(figure(f"{named}, CPU of that", found["cpu_seconds"], "s"))
        figures.append(_held(f"{named}, memory of that", peak, "MiB", LIMIT_MEBIBYTES, limited=True))
    return {"figures": figures, "sizes": sizes}


def _held(what: str, value: float, unit: str, limit: float, *, limited: bool) -> dict[str, Any]:
    if not limited:
        return figure(what, value, unit)
    return figure(what, value, unit, against=f"limit: {limit:g} {unit}", ratio=value / limit)


def changed_rules(target: Path) -> Path:
    """Write the rules that ship, every inactive period a year longer; return the folder."""
    target.mkdir()
    for path in sorted(resource("retention_rules").glob("*.toml")):
        text = path.read_text("utf-8")
        longer = re.sub(r"(?m)^inactive_years = (\d+)", lambda found: f"inactive_years = {int(found[1]) + 1}", text)
        (target / path.name).write_text(longer, "utf-8")
    return target


def measure(count: int) -> dict[str, Any]:
    """Fill an archive of its own with `count` records and measure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config.toml").write_text("", "utf-8")
        settings = Settings().rooted_at(home)
        initialise(settings, console_actor("bench"), demo=True)
        archive = open_archive(settings)
        ManyRecords(archive).fill(count)
        archive.sandbox.close()
        archive.database.close()
        rules = changed_rules(home / "rules")
        command = [sys.executable, "-c", MEASURED, str(home / "used.json"), "--config", str(home / "config.toml")]
        began = time.perf_counter()
        with (home / "impact.json").open("wb") as out:
            subprocess.run(
                [*command, "retention", "impact", str(rules), "--json"], stdout=out, check=True, env=os.environ
            )
        seconds = time.perf_counter() - began
        found, used = (json.loads((home / name).read_text("utf-8")) for name in ("impact.json", "used.json"))
        assert found["records"] == count, "the impact is not whole"
        assert found["reassigned"]["due_date"] > count // 3, "too little changes to show anything"
        return {
            "seconds": round(seconds, 2),
            "cpu_seconds": round(used["cpu"], 2),
            "peak_memory_mebibytes": round(used["peak"]),
            "changed": found["reassigned"],
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"also {LARGE} records")
    print(json.dumps(run(parser.parse_args().large), indent=1))
