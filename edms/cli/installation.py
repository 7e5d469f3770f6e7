"""The command that makes an installation: init."""

import click

from edms.bootstrap import InitReport, archive_exists, initialise
from edms.cli.context import Context, json_option, pass_context, print_json
from edms.cli.people import print_passwords
from edms.cli.samples import capture_samples
from edms.records.people import anybody


@click.command()
@click.option("--demo", is_flag=True, help="Add the demo offices and people, with random passwords printed once.")
@click.option("--samples", is_flag=True, help="Capture the sample archive (needs --demo, now or before).")
@click.option("--if-missing", is_flag=True, help="Do nothing when there is an archive with people already.")
@click.option("--no-passphrase", is_flag=True, help="Leave a new key file without a passphrase, as a demo's is.")
@json_option
@pass_context
def init(context: Context, demo: bool, samples: bool, if_missing: bool, no_passphrase: bool, as_json: bool) -> None:
    """Make storage, keys and database; migrate an older database; safe to repeat."""
    where = str(context.settings.storage.path)
    if if_missing and archive_exists(context.settings) and anybody(context.archive):
        _answer_init(context, InitReport(created=False), None, as_json)
        return
    report = initialise(
        context.settings, context.console(), demo=demo, unlock=context.unlock, locked=not (demo or no_passphrase)
    )
    if not as_json:
        # Before the samples: who breaks off while they are captured has the passwords.
        click.echo(f"archive ready in {where}")
        if report.passwords:
            print_passwords(report.passwords)
    _answer_init(context, report, capture_samples(context) if samples else None, as_json)


def _answer_init(context: Context, report: InitReport, samples: dict[str, int] | None, as_json: bool) -> None:
    if as_json:
        people = [{"user": user, "password": password} for user, password in report.passwords.items()]
        where = str(context.settings.storage.path)
        print_json({"storage": where, "created": report.created, "people": people, "samples": samples})
    elif samples:
        click.echo("samples: " + ", ".join(f"{name} {count}" for name, count in samples.items()))


COMMANDS = (init,)
