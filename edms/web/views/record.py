"""One record: preview, description, verdicts on signatures, retention explained, history."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.access.policy import Action, decide
from edms.capture.incoming import title_from
from edms.disposal.views import residual_of
from edms.records.classification import KIP_CATEGORIES
from edms.records.contents import has_pictures, text_extract
from edms.records.describe import MOST_DISCLOSURES, RecordDetails, record_details
from edms.records.file_plan import selectable_classes
from edms.records.loans_shown import paper_of
from edms.records.model import ComponentRole
from edms.records.proposals import proposals_of
from edms.records.redactions import redactions_of
from edms.records.removals import stub_of
from edms.records.retention_report import explain_record
from edms.records.signatures import record_signatures
from edms.records.timeline import timeline_of
from edms.records.undo import undo_of
from edms.records.verdicts import signature_verdicts
from edms.web.identity import actor, archive
from edms.web.language import current_language
from edms.web.problems import as_json

pages = Blueprint("record", __name__)

MOST_PAGES_SHOWN = 200
_SET_ASIDE = ("quarantined", "returned", "destroyed", "handed_over")


@pages.get("/records/<uuid:record_id>")
def show(record_id: UUID) -> ResponseReturnValue:
    who = actor()
    assert who is not None
    details = record_details(who, archive(), record_id)
    record = details.record
    pictured = any(has_pictures(part["role"], part["media_type"]) for part in details.components)
    may_classify = Action.RECORD_CLASSIFY in details.may and record.state == "pending"
    retention = explain_record(who, archive(), record_id, None, current_language())
    return render_template(
        "record.html",
        details=details,
        record=record,
        residual=residual_of(who, archive(), record_id) if record.state == "destroyed" else None,
        stub=stub_of(who, archive(), record_id) if record.state == "handed_over" else None,
        copy_role=_copy_role(details),
        pictures=min(record.page_count or 0, MOST_PAGES_SHOWN) if pictured and record.state not in _SET_ASIDE else 0,
        extract="" if pictured or record.state in _SET_ASIDE else text_extract(who, archive(), record_id),
        verdicts=signature_verdicts(who, archive(), record_id),
        paper=paper_of(who, archive(), record_id),
        retention=retention,
        timeline=timeline_of(retention, archive().clock.today()),
        may_classify=may_classify,
        until=undo_of(who, archive(), record_id) if may_classify else None,
        proposals=proposals_of(who, archive(), record_id) if may_classify else {},
        untitled=record.title == title_from(record.file_name),
        most_disclosures=MOST_DISCLOSURES,
        signature_requests=record_signatures(who, archive(), record_id),
        may_ask_to_sign=archive().personal is not None
        and record.state == "declared"
        and Action.RECORD_REQUEST_SIGNATURES in details.may,
        redactions=redactions_of(who, archive(), record_id),
        may_redact=pictured and record.state == "declared" and Action.RECORD_REDACT in details.may,
        may_read_trail=decide(who, Action.AUDIT_READ).allowed,
        queue="queue" in request.args and may_classify,
        ways=_acts(details, who.name) if record.state == "quarantined" else frozenset(),
        acts=Action,
        original=next((part for part in details.components if part["role"] == ComponentRole.ORIGINAL), None),
        classes=selectable_classes(archive()) if may_classify else (),
        levels=list(Level.up_to(who.clearance)),
        kip_categories=KIP_CATEGORIES,
    )


@pages.get("/records/<uuid:record_id>.json")
def facts(record_id: UUID) -> ResponseReturnValue:
    """What is known of a record, for programs: the JSON of `edms record show --json`."""
    return as_json(record_details(actor(), archive(), record_id).as_dict())


def _copy_role(details: RecordDetails) -> str:
    """Which copy is offered: the newest."""
    roles = {part["role"] for part in details.components}
    return ComponentRole.LATER_COPY if ComponentRole.LATER_COPY in roles else ComponentRole.ACCESS_COPY


def _acts(details: RecordDetails, name: str) -> frozenset[Action]:
    """What is offered to a person; nobody is offered the release of a file that they handed in themselves."""
    return details.may - ({Action.RECORD_RELEASE} if details.record.received_by == name else set())
