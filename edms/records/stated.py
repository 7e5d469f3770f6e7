"""Which rows the audit trail is told of, and why the others need not be. A test knows every table from here."""

from typing import Any, cast

from sqlalchemy import Column, Table

from edms.access.credentials_model import (
    ApiToken,
    DirectoryLink,
    GivenPassword,
    OneTimeCode,
    Passkey,
    RecoveryCode,
    UnconfirmedAccount,
)
from edms.access.model import Office, Person, Position
from edms.access.provider_model import ProviderBinding
from edms.audit.model import AuditCheckpoint, AuditCosignature, WitnessedTrail
from edms.operation.states import Part, Stated
from edms.records.alerts_model import Alert
from edms.records.assignment_model import RetentionAssignment
from edms.records.copies_model import IssuedCopy
from edms.records.digitisation_model import CopyMark, Digitisation, DigitisationPaper, DigitisedItem, Scanner
from edms.records.disposal_model import DisposalBatch, DisposalItem, DisposalPaper, DisposalStep, Residual
from edms.records.draft_model import RuleDraft, RuleReview, RuleSource
from edms.records.grants_model import AccessGrant, AccessRequest, RecordSet, RecordSetItem
from edms.records.holds_model import HoldScope
from edms.records.loans_model import Loan
from edms.records.model import Component, Folder, Hold, HoldLink, Record, RuleBookEdition, TriggerEvent
from edms.records.proceedings_model import Proceeding, ProceedingItem, ProceedingPaper, ProceedingStep
from edms.records.redaction_model import Redaction
from edms.records.removals_model import RemovedContent
from edms.records.report_model import ListDelivery, ReportMailing, ReportRecipient, RetentionExplanation
from edms.records.reviews_model import RetentionReview
from edms.records.signatures_model import Signature, SignatureRequest, SigningIdentity
from edms.vault.model import KeyEpoch, KeyRotation, OrderedDestruction, StoredBlob


def _table(model: type[Any]) -> Table:
    return cast(Table, model.__table__)


def _all_but(model: type[Any], *names: str) -> tuple[Column[Any], ...]:
    return tuple(column for column in _table(model).columns if column.name not in names)


_BLOBS, _COMPONENTS = _table(StoredBlob), _table(Component)
# A wrapped key proves itself: it opens this blob or nothing, so that rotation need not tell a million rows.
_COMPONENT_COLUMNS = (
    *_all_but(Component, "record_id"),
    *(_BLOBS.c[name] for name in ("name", "purpose", "size", "sha256", "created_at")),
)

STATED = (
    Stated(_table(Office)),
    Stated(_table(Person), later={"last_day": None, "held_by": None}),
    Stated(_table(Position)),
    Stated(_table(GivenPassword)),
    Stated(_table(UnconfirmedAccount)),
    Stated(_table(OneTimeCode)),
    Stated(_table(RecoveryCode)),
    Stated(_table(Passkey)),
    Stated(_table(ProviderBinding)),
    Stated(_table(DirectoryLink)),
    Stated(_table(ApiToken), without=frozenset({"last_used_at"})),
    Stated(_table(RuleBookEdition)),
    Stated(_table(RuleDraft)),
    Stated(_table(RuleReview)),
    Stated(_table(RuleSource)),
    Stated(_table(Folder)),
    Stated(
        _table(Record),
        parts=(
            Part(
                "components",
                _COMPONENTS.join(_BLOBS, _COMPONENTS.c.blob_id == _BLOBS.c.id),
                (_COMPONENTS.c.record_id,),
                _COMPONENT_COLUMNS,
            ),
        ),
        later={"who_may": None, "personal_data": False},
        fault="record",
    ),
    Stated(_table(AccessRequest)),
    Stated(_table(AccessGrant)),
    Stated(
        _table(RecordSet),
        parts=(
            Part(
                "records",
                _table(RecordSetItem),
                (_table(RecordSetItem).c.set_id,),
                (_table(RecordSetItem).c.record_id,),
            ),
        ),
    ),
    Stated(_table(RetentionAssignment)),
    Stated(_table(TriggerEvent), later={"list_id": None, "evidence_record_id": None}),
    Stated(_table(Hold)),
    Stated(_table(HoldLink)),  # by itself: a hold may bind a hundred thousand, and one more is told as one more
    Stated(_table(HoldScope)),
    Stated(_table(RetentionReview)),
    Stated(_table(SigningIdentity)),
    Stated(_table(SignatureRequest)),
    Stated(_table(Signature)),
    Stated(_table(Scanner)),
    Stated(_table(Digitisation)),
    Stated(_table(DigitisedItem)),
    Stated(_table(DigitisationPaper)),
    Stated(_table(CopyMark)),
    Stated(_table(Proceeding), later={"folder_id": None}),
    Stated(_table(ProceedingItem)),
    Stated(_table(ProceedingStep)),
    Stated(_table(ProceedingPaper)),
    Stated(_table(DisposalBatch), later={"folder_id": None}),
    *(Stated(_table(one)) for one in (DisposalItem, DisposalStep, DisposalPaper, Residual)),
    Stated(_table(RemovedContent)),
    # The sealed terms of a draft prove themselves, and go.
    Stated(_table(Redaction), without=frozenset({"sealed_terms"})),
    Stated(_table(IssuedCopy)),
    Stated(_table(Loan)),
    Stated(_table(RetentionExplanation)),
    Stated(_table(ListDelivery)),
    Stated(
        _table(ReportMailing),
        without=frozenset({"next_on"}),
        parts=(
            Part(
                "recipients",
                _table(ReportRecipient),
                (_table(ReportRecipient).c.mailing_id,),
                (_table(ReportRecipient).c.person_id, _table(ReportRecipient).c.address),
            ),
        ),
    ),
    Stated(_table(KeyEpoch)),
    Stated(_table(KeyRotation)),
    Stated(_table(OrderedDestruction)),
    Stated(
        _table(AuditCheckpoint),
        parts=(
            Part(
                "cosignatures",
                _table(AuditCosignature),
                (_table(AuditCosignature).c.size,),
                _all_but(AuditCosignature, "size"),
            ),
        ),
        fault="checkpoint",
    ),
    Stated(_table(WitnessedTrail)),
    Stated(_table(Alert), without=frozenset({"last_seen"})),
)

COVERED_OTHERWISE = {
    "blobs": "name, size and digest with their record; the wrapped key opens its blob or nothing",
    "audit_leaves": "the Merkle tree, its checkpoints",
    "audit_nodes": "computed anew from the leaves",
    "audit_lanes": "how far the numbers of each lane go: the leaves and what waits are counted against it",
    "audit_waiting": "what waits is numbered without a gap in its lane, so one taken away is named",
    "evidence_trees": "the trail tells of each by its root and token; its tiles lead to the root",
    "evidence_tiles": "they lead to the root of their tree",
    "evidence_members": "each tree has as many as leaves, and each leads to the root",
    "evidence_renewals": "each tree has as many as leaves, and each leads to the root",
    "row_states": "every line is held against the leaf that told it, and every leaf against its line",
}

NOT_COVERED = {
    "jobs": "what is still to be done: each record that is not declared has one; a changed one delays work, no more",
    "uploads": "files on their way in, nobody was told of yet; what becomes a record is covered from then on",
    "content_scans": "what a scanner said of bytes; they are scanned anew when its definitions are newer",
    "batches": "scanned stacks that are cut at separator sheets; what becomes a record is covered from then on",
    "page_ranges": "pages of scans that are being recognised; what is made of them is in the record",
    "batch_parts": "where a stack is cut; what becomes a record is covered from then on",
    "arrivals": "how each file came in; the event of its capture and its reconciliation say it too",
    "intake_sources": "how far a watched source was looked at; a changed one is looked at again",
    "sightings": "files that were seen and not yet taken in; nothing is deleted at the source",
    "reconciliations": "what was given and what became of it; each is an event",
    "record_proposals": "what a clerk is offered; what the clerk takes is in the record",
    "earlier_descriptions": "kept for seconds, until the record is declared; a changed one does not open",
    "filing_habits": "what a clerk is offered first; what the clerk takes is in the record",
    "class_models": "learned from the records, and learned anew when lost",
    "fixity_checks": "when a record was read last; one set back is read again, one set ahead is taken for the oldest",
    "verification_runs": "how far a verification has come; its beginning and its end are events",
    "saved_searches": "a person's own questions, sealed; one that was exchanged or altered does not open",
    "retention_evaluations": "how far the nightly evaluation has come; reports read the records, each one is an event",
    "asked_questions": "what a person asked last, sealed; one that was exchanged or altered does not open",
    "outbox": "what is still to be indexed or looked at; the index is held against the records",
    "sign_in_sessions": "a row lets in the holder of its token alone, under a key; each beginning and end is an event",
    "open_challenges": "live for minutes; one put in is answered by nobody, one removed is asked for anew",
    "spent_tokens": "live for an hour; one removed lets a provider end sessions that have ended already",
    "sign_in_failures": "live for minutes; they limit attempts, and each attempt is an event",
    "alembic_version": "says which shape the tables have; another one and nothing starts",
}
