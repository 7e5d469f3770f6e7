"""`python -m bench [MODULE…]`: run the benchmarks, one JSON document on stdout, a table on stderr.

    --large    the larger sizes          --smoke   the smallest, to see that they work; their figures mean nothing
    --table    the table on stdout, no JSON        --list    name the benchmarks
    --records N[,N…]    for the benchmarks of search: at these sizes instead

A benchmark is a module here with `run(large) -> dict`; `figures` in it are the rows of its table. One that fails does
not lose the figures of the others; the exit status is 1 then.
"""

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any

from bench.measuring import limits, machine, spread, versions

MODULES = (
    "vault_throughput", "large_file", "database_cost", "key_rotation", "evidence_renewal", "trail_writers",
    "trail_checks", "disclosure_cost", "claim_cost", "capture_rate", "import_rate", "batch_split",
    "clerk_upload", "ocr_cost", "long_scan", "search_freshness", "search_latency", "search_postgresql", "relevance",
    "search_engines", "search_serving", "access_trimming", "retention_impact", "retention_report", "retention_lists",
    "retention_nightly", "idle_memory", "start_up",
)  # fmt: skip
SIZED = {"search_latency", "search_postgresql", "search_engines"}
"""Benchmarks that measure at sizes which can be given."""


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="default: all")
    parser.add_argument("--large", action="store_true", help="the larger sizes, up to 100,000 records")
    parser.add_argument("--smoke", action="store_true", help="the smallest sizes: does it work at all?")
    parser.add_argument("--table", action="store_true", help="print the table to stdout instead of JSON")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and end")
    parser.add_argument("--records", type=_sizes, metavar="N[,N…]", help="numbers of records, for those of search")
    asked = parser.parse_args(arguments)
    if asked.list:
        print("\n".join(MODULES))
        return 0
    unknown = sorted(set(asked.modules) - set(MODULES))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(MODULES)}")
    if asked.records and (asked.smoke or asked.large or not set(asked.modules) or set(asked.modules) - SIZED):
        parser.error(f"--records is for {', '.join(sorted(SIZED))}, named, and without --large and --smoke")
    document = measure(asked.modules or MODULES, large=asked.large, smoke=asked.smoke, records=asked.records)
    print(table(document), file=sys.stdout if asked.table else sys.stderr)
    if not asked.table:
        print(json.dumps(document, indent=1, ensure_ascii=False))
    return 1 if document["failed"] else 0


def _sizes(text: str) -> tuple[int, ...]:
    """Read numbers of records. Raises ValueError."""
    sizes = tuple(int(number) for number in text.split(","))
    if min(sizes) < 1:
        raise ValueError(text)
    return sizes


def measure(
    names: tuple[str, ...] | list[str], *, large: bool, smoke: bool, records: tuple[int, ...] | None = None
) -> dict[str, Any]:
    """Return the whole document: the machine, its noise, the versions, and the results by module."""
    began = datetime.now(UTC)
    probes, results, failed = [limits()], {}, {}
    for name in names:
        _say(f"{name} …")
        start = time.perf_counter()
        try:
            results[name] = _run(name, large=large, smoke=smoke, records=records)
            results[name]["whole_run_seconds"] = round(time.perf_counter() - start, 1)
        except Exception as error:  # noqa: BLE001 - the figures of the others are not lost
            traceback.print_exc()
            failed[name] = f"{type(error).__name__}: {error}"
        probes.append(limits())
    return {
        "began": began.isoformat(timespec="seconds"),
        "size": ",".join(map(str, records)) if records else "smoke" if smoke else "large" if large else "usual",
        "machine": machine(),
        "versions": versions(),
        "noise": {"spread": spread(probes), "probes": probes},
        "results": results,
        "failed": failed,
    }


def _run(name: str, *, large: bool, smoke: bool, records: tuple[int, ...] | None) -> dict[str, Any]:
    module = importlib.import_module(f"bench.{name}")
    if records:
        return dict(module.measure(records))
    if not smoke:
        return dict(module.run(large))
    return dict(module.smoke()) if hasattr(module, "smoke") else {"skipped": "it has no smallest size"}


def table(document: dict[str, Any]) -> str:
    """Return the document as text: one table for each module, and what the machine was like."""
    noise = document["noise"]
    loads = [probe["load"] for probe in noise["probes"]]
    parts = [
        f"{document['began']}  {document['machine']['processor']}, {document['machine']['cores']} cores, "
        f"commit {document['versions']['commit']}, size {document['size']}",
        f"load {min(loads)} to {max(loads)}; a fixed measurement varied by a factor of "
        + ", ".join(f"{factor} ({name})" for name, factor in noise["spread"].items()),
    ]
    parts += [f"\n{name}\n{_rows(result)}" for name, result in document["results"].items()]
    parts += [f"\n{name}\n  FAILED: {why}" for name, why in document["failed"].items()]
    return "\n".join(parts)


def _rows(result: dict[str, Any]) -> str:
    if "figures" not in result:
        return "\n".join(f"  {name}: {value}" for name, value in _flat(result))
    rows = [
        (
            one["what"],
            f"{one['value']:g} {one['unit']}" + (f" (p95 {one['p95']:g})" if "p95" in one else ""),
            f"{one['ratio']:g}" if "ratio" in one else "",
            "; ".join(filter(None, [one.get("against", ""), one.get("target") and f"target: {one['target']}"])),
        )
        for one in result["figures"]
    ]
    headed = [("what", "figure", "ratio", "against"), *rows]
    widths = [max(len(row[column]) for row in headed) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in headed]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def _flat(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [row for key, below in value.items() for row in _flat(below, f"{name}.{key}" if name else str(key))]
    return [] if isinstance(value, list) else [(name, value)]


def _say(what: str) -> None:
    """Say how far it is, to people only."""
    if sys.stderr.isatty():
        print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore::SyntaxWarning")
    sys.exit(main())
