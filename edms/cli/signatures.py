"""Commands for personal signatures. A passphrase comes from the terminal or a named source, never from arguments."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from edms.cli.context import (
    Context,
    as_option,
    ask_secretly,
    json_option,
    pass_context,
    print_json,
    print_table,
    reason_option,
)
from edms.cli.people import as_administrator
from edms.core.errors import Refused
from edms.core.secret import Secret
from edms.core.unlock import Ask, Unlock
from edms.records.signatures import (
    RequestLine,
    SignaturePlan,
    decline_signature,
    record_signatures,
    request_signatures,
    waiting_signatures,
    withdraw_request,
)
from edms.records.signatures_identities import (
    change_passphrase,
    enrol_signer,
    issue_certificate,
    revoke_certificate,
)
from edms.records.signatures_shown import SPOTS
from edms.records.signatures_sign import document_to_sign, sign_document, signing_view

unlock_option = click.option(
    "--unlock", default="auto", show_default=True, metavar="SOURCE",
    help="Where the passphrase comes from: auto (the terminal), fd:N, file:PATH or credential:NAME.",
)  # fmt: skip


def _secret(source: str, what: str) -> Secret:
    """Ask for a secret; the credential that opens the archive's own keys is never taken for it."""
    ask: Ask | None = ask_secretly if sys.stdin.isatty() else None
    environment: dict[str, str] | None = {} if source == "auto" else None
    return Secret(Unlock(source, ask, environment).secret(what).decode())


@click.group()
def signature() -> None:
    """Personal signatures of officials."""


@signature.command("enrol")
@click.argument("user", metavar="USER")
@click.option("--position", required=True, help="As it stands in signatures.")
@click.option("--nik", "nik_source", metavar="SOURCE", help="As --unlock, for the NIK; certified service.")
@as_administrator
@pass_context
def enrol_command(
    context: Context, user: str, position: str, nik_source: str | None, administrator: str | None
) -> None:
    """Let an official sign. For the certified service the NIK is asked for."""
    actor = context.person(administrator) if administrator else context.console()
    pilot = context.archive.personal is None or context.archive.personal.pilot
    nik = "" if pilot else _secret(nik_source or "auto", "the NIK of this person").reveal()
    enrol_signer(actor, context.archive, user, position, nik)
    click.echo(
        f"{user} can be asked to sign" + (" once the certificate is made: edms signature certify" if pilot else "")
    )


@signature.command("certify")
@as_option
@click.option("--password", "password_source", default="auto", metavar="SOURCE", help="As --unlock, for the password.")
@unlock_option
@pass_context
def certify_command(context: Context, username: str, password_source: str, unlock: str) -> None:
    """Make one's own pilot certificate."""
    password = _secret(password_source, "the password of signing in")
    issue_certificate(context.person(username), context.archive, password, _secret(unlock, "a new signing passphrase"))
    click.echo("the certificate is made; nobody can recover its passphrase")


@signature.command("passphrase")
@as_option
@unlock_option
@click.option("--new", "new_source", default="auto", metavar="SOURCE", help="As --unlock, for the new one.")
@pass_context
def passphrase_command(context: Context, username: str, unlock: str, new_source: str) -> None:
    """Change the passphrase of one's own pilot certificate."""
    old = _secret(unlock, "the signing passphrase")
    change_passphrase(context.person(username), context.archive, old, _secret(new_source, "a new signing passphrase"))
    click.echo("the passphrase is changed")


@signature.command("revoke")
@click.argument("user", metavar="USER")
@reason_option
@click.option("--since", type=click.DateTime(), help="From when it is not to be trusted (UTC); default: now.")
@as_administrator
@pass_context
def revoke_command(context: Context, user: str, reason: str, since: datetime | None, administrator: str | None) -> None:
    """Revoke an official's certificate; what was signed from --since on is shown as revoked."""
    actor = context.person(administrator) if administrator else context.console()
    moment = since.replace(tzinfo=UTC) if since else None
    revoke_certificate(actor, context.archive, user, reason, moment)
    click.echo(f"the certificate of {user} is revoked")


@signature.command("request")
@click.argument("record", type=click.UUID, metavar="RECORD")
@click.option("--signer", "signers", multiple=True, required=True, metavar="USER", help="In order; several times.")
@reason_option
@click.option("--location", default="", help="The place of signing.")
@click.option("--page", default=0, show_default=True, type=click.IntRange(0, 300), help="0: the last page.")
@click.option("--spot", default=SPOTS[0], show_default=True, type=click.Choice(SPOTS))
@as_option
@json_option
@pass_context
def request_command(
    context: Context,
    record: UUID,
    signers: tuple[str, ...],
    reason: str,
    location: str,
    page: int,
    spot: str,
    username: str,
    as_json: bool,
) -> None:
    """Ask officials to sign a declared record."""
    plan = SignaturePlan(signers, reason, location, page, spot)
    made = request_signatures(context.person(username), context.archive, record, plan)
    if as_json:
        print_json({"request": str(made)})
    else:
        click.echo(f"request {made}: {signers[0]} has it now")


@signature.command("show")
@click.argument("signature_id", type=click.UUID, metavar="ID")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Save the document to be signed here.")
@as_option
@json_option
@pass_context
def show_command(context: Context, signature_id: UUID, output: Path | None, username: str, as_json: bool) -> None:
    """Show what waits for one's signature: the document, and the hash of its pages as they are drawn."""
    actor = context.person(username)
    view = signing_view(actor, context.archive, signature_id)
    if output is not None:
        try:
            output.write_bytes(document_to_sign(actor, context.archive, signature_id))
        except OSError as error:
            raise Refused(f"{output} cannot be written: {error.strerror}") from None
    told = {
        "signature": str(signature_id), "record": str(view.request.record), "title": view.request.title,
        "reason": view.request.reason, "pages": view.pages, "sha256": view.sha256, "rendering": view.shown,
        "renderer": view.renderer, "dpi": view.dpi, "findings": list(view.findings), "refused": list(view.refused),
    }  # fmt: skip
    if as_json:
        print_json(told)
    else:
        print_table(("what", "value"), told.items())


@signature.command("sign")
@click.argument("signature_id", type=click.UUID, metavar="ID")
@click.option("--rendering", required=True, metavar="HASH", help="What `edms signature show` printed of what was seen.")
@as_option
@unlock_option
@pass_context
def sign_command(context: Context, signature_id: UUID, rendering: str, username: str, unlock: str) -> None:
    """Sign what was shown. The passphrase is asked for at each signing."""
    actor, archive = context.person(username), context.archive
    signed = sign_document(actor, archive, signature_id, rendering, _secret(unlock, "the signing passphrase"))
    click.echo(f"signed: {signed}")


@signature.command("decline")
@click.argument("signature_id", type=click.UUID, metavar="ID")
@reason_option
@as_option
@pass_context
def decline_command(context: Context, signature_id: UUID, reason: str, username: str) -> None:
    """Decline to sign; the request ends."""
    decline_signature(context.person(username), context.archive, signature_id, reason)
    click.echo("declined")


@signature.command("withdraw")
@click.argument("request_id", type=click.UUID, metavar="REQUEST")
@reason_option
@as_option
@pass_context
def withdraw_command(context: Context, request_id: UUID, reason: str, username: str) -> None:
    """Take an open request back."""
    withdraw_request(context.person(username), context.archive, request_id, reason)
    click.echo("withdrawn")


@signature.command("list")
@click.option("--record", type=click.UUID, help="The requests on this record; default: what waits for USER.")
@as_option
@json_option
@pass_context
def list_command(context: Context, record: UUID | None, username: str, as_json: bool) -> None:
    """List what waits for one's signature, or the requests on a record."""
    actor = context.person(username)
    found = (
        record_signatures(actor, context.archive, record) if record else waiting_signatures(actor, context.archive)[0]
    )
    if as_json:
        print_json({"requests": [asdict(one) for one in found]})
    else:
        print_table(("signature", "signer", "state", "title"), _rows(found))


def _rows(found: list[RequestLine]) -> list[tuple[str, str, str, str]]:
    return [(str(part.signature), part.user, part.state, one.title) for one in found for part in one.signatures]


COMMANDS = (signature,)
