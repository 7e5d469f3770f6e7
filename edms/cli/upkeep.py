"""Commands that keep the archive well and let others check it: verify, audit, reindex, doctor."""

from pathlib import Path
from typing import Any

import click

from edms.capture.ways_in import examine_ways_in
from edms.cli.context import Context, json_option, pass_context, print_json, progress_bar
from edms.core.ids import parse_id
from edms.reconcile.doctor import examine as examine_installation
from edms.reconcile.faults import Report
from edms.reconcile.rolling import status
from edms.reconcile.whole import verify_all, verify_record
from edms.records.findings import worst_first
from edms.records.upkeep import drop_index, rebuild_index
from edms.verify.asked import check_asked


@click.command()
@click.option("--all", "everything", is_flag=True, help="The whole archive.")
@click.option("--record", "record_id", metavar="ID", help="One record.")
@click.option("--bundle", type=click.Path(exists=True, path_type=Path), help="An evidence bundle, off line.")
@click.option(
    "--key", type=click.Path(exists=True, path_type=Path), help="Public keys to trust (from `edms keys public`)."
)
@click.option(
    "--timestamp-key",
    type=click.Path(exists=True, path_type=Path),
    help="Roots of the timestamp authority, when it is another's.",
)
@click.option(
    "--checkpoint",
    "kept",
    multiple=True,
    type=click.Path(exists=True, path_type=Path, dir_okay=False),
    help="A checkpoint kept elsewhere (`edms audit checkpoint`), with --all or --bundle; may be repeated.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="KEY",
    help="With --bundle: the key of a witness that must have cosigned; may be given several times.",
)
@click.option(
    "--receiver-key",
    type=click.Path(exists=True, path_type=Path, dir_okay=False),
    help="With --bundle, a certificate of removed content: certificates of the institution that received (PEM).",
)
@click.option("--resume", is_flag=True, help="With --all: go on where the last run was interrupted.")
@click.option("--limit", type=click.IntRange(0), default=0, metavar="MIB", help="With --all: the most MiB a second.")
@click.option("--status", "show_status", is_flag=True, help="How far the daily verification has come.")
@json_option
@pass_context
def verify(
    context: Context,
    everything: bool,
    resume: bool,
    limit: int,
    show_status: bool,
    record_id: str | None,
    bundle: Path | None,
    key: Path | None,
    timestamp_key: Path | None,
    kept: tuple[Path, ...],
    witnesses: tuple[str, ...],
    receiver_key: Path | None,
    as_json: bool,
) -> None:
    """Reconcile database, blobs, index, signatures and audit trail; name each fault. Exits 1 on any."""
    if sum((everything, record_id is not None, bundle is not None, show_status)) != 1:
        raise click.UsageError("say what to verify: --all, --record ID or --bundle FILE; or --status")
    if kept and not (everything or bundle):
        raise click.UsageError("--checkpoint goes with --all and --bundle")
    if (resume or limit) and not everything:
        raise click.UsageError("--resume and --limit go with --all")
    if bundle is None and (key or timestamp_key or witnesses or receiver_key):
        raise click.UsageError("keys and witnesses are named with --bundle: the archive knows its own")
    if show_status:
        _show_status(status(context.console(), context.archive), as_json)
        return
    if bundle:
        found = check_asked(bundle, key, timestamp_key, witnesses, kept, receiver_key)
        report = Report.of_parts(found.checked, found.faults, found.notes)
    elif record_id:
        report = verify_record(context.console(), context.archive, parse_id(record_id))
    else:
        notes = [file.read_text("utf-8", errors="replace") for file in kept]
        report = verify_all(
            context.console(),
            context.archive,
            notes,
            resume=resume,
            bytes_per_second=limit * 1024**2,
            progress=progress_bar("verifying"),
        )
    _answer(report, as_json)


def _show_status(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    oldest = f"{told['oldest']:%Y-%m-%d %H:%M} UTC" if told["oldest"] else "never"
    click.echo(f"{told['records']} records, each read at least every {told['every_days']} days")
    click.echo(f"never read: {told['never_read']}; overdue: {told['overdue']}; read longest ago: {oldest}")
    click.echo(f"alerts that nobody has looked at: {told['alerts']}")
    for run in told["runs"]:
        what = "everything" if run["everything"] else "daily share"
        ended = f"finished {run['finished_at'][:16]}" if run["finished_at"] else "under way"
        click.echo(
            f"{run['started_at'][:16]} {what}: {run['parts']} of {run['of_parts']} parts, "
            f"{run['records']} of {run['of_records']} records, {run['faults']} faults, {ended}"
        )


def _answer(report: Report, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dict())
    else:
        for fault in report.faults:
            click.echo(f"FAULT {fault.kind} {fault.id}: {fault.detail}")
        for note in report.notes:
            click.echo(f"note: {note}")
        checked = ", ".join(f"{count} {what}" for what, count in report.checked.items())
        click.echo(f"{'ok' if report.ok else 'NOT OK'}: {checked or 'nothing'} checked, {len(report.faults)} faults")
    if not report.ok:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--engine", default="", metavar="NAME", help="Build the index of this engine beside the one that serves.")
@click.option("--drop", default="", metavar="NAME", help="Empty the index of an engine that does not serve.")
@json_option
@pass_context
def reindex(context: Context, engine: str, drop: str, as_json: bool) -> None:
    """Build the search index anew from the records, while the old one serves."""
    if engine and drop:
        raise click.UsageError("--engine and --drop are two things to do")
    if drop:
        drop_index(context.console(), context.archive, drop)
        told, said = {"dropped": drop}, f"the index of {drop} is empty and is fed no longer"
    else:
        count = rebuild_index(context.console(), context.archive, engine)
        serving = context.archive.index.serving
        told, said = {"documents": count}, f"{count} records indexed"  # type: ignore[dict-item]
        if engine and engine != serving:
            said += (
                f"; {serving} still serves, and both are kept up to date. To change over, write"
                f' engine = "{engine}" under [search], start the service anew, and then: edms reindex --drop {serving}'
            )
    if as_json:
        print_json(told)
    else:
        click.echo(said)


@click.command()
@json_option
@pass_context
def doctor(context: Context, as_json: bool) -> None:
    """Look at the installation and say what to mend. Exits 1 when something is wrong."""
    actor, archive = context.console(), context.archive
    findings = worst_first([*examine_installation(actor, archive), *examine_ways_in(actor, archive)])
    ok = all(finding.level != "error" for finding in findings)
    if as_json:
        print_json({"ok": ok, "findings": [finding.as_dict() for finding in findings]})
    else:
        for finding in findings:
            click.echo(f"{finding.level}: {finding.what}" + (f" -> {finding.mend}" if finding.mend else ""))
        click.echo("ok" if ok else "NOT OK")
    if not ok:
        raise click.exceptions.Exit(1)


COMMANDS = (verify, reindex, doctor)
