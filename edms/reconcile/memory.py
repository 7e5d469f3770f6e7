"""What `edms doctor` says of the memory for capture: how it is shared out, and whether the machine has it."""

from collections.abc import Iterator

from edms.core.memory import MEBIBYTE, machine_bytes
from edms.records.archive import Archive
from edms.records.findings import Finding

_OF_THE_MACHINE = 0.75
"""The rest is for the pages, the database and the operating system."""


def memory_findings(archive: Archive) -> Iterator[Finding]:
    """Tell the shares, and warn when they are more than the machine can give or fewer than the workers can use."""
    told, plan = archive.settings.worker, archive.settings.memory
    yield Finding(
        "info",
        f"capture may use {told.capture_bytes // MEBIBYTE} MiB: {plan.workers} workers, and {plan.shares} processes of "
        f"{plan.share_bytes // MEBIBYTE} MiB each beside them",
    )
    there = machine_bytes()
    if told.capture_bytes > there * _OF_THE_MACHINE:
        yield Finding(
            "warning",
            f"capture may use {told.capture_bytes // MEBIBYTE} MiB, and there are {there // MEBIBYTE} MiB in all",
            f"set [worker] memory_bytes to {int(there * _OF_THE_MACHINE) // MEBIBYTE * MEBIBYTE} or less",
        )
    if plan.workers < told.processes:
        yield Finding(
            "warning",
            f"there is memory for {plan.workers} of {told.processes} workers",
            "raise [worker] memory_bytes, or lower processes",
        )
    elif "long" in told.lanes and plan.recognitions < plan.workers:
        yield Finding(
            "warning",
            f"there is memory for {plan.recognitions} recognitions at once, and {plan.workers} workers wait for it",
            "raise [worker] memory_bytes, or lower processes",
        )
