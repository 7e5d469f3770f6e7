"""The last step: seal the manifest and declare the record. From then on it is evidence."""

from edms.capture.results import CMS_TYPE, JSON_TYPE, StepResult, load
from edms.capture.states import Step
from edms.jobs.queue import Claim
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import attach, seal_bytes
from edms.records.hold_binding import bind_new
from edms.records.manifest import manifest_of
from edms.records.model import ComponentRole, Record, RecordState
from edms.records.proposals import forget_proposals
from edms.records.retention import assign_rule
from edms.records.searching import INDEX_TOPIC
from edms.records.undo import forget_earlier
from edms.signing.profiles import detached_seal


def seal(archive: Archive, claimed: Claim) -> StepResult:
    """Seal the canonical manifest (CAdES, detached): ids, hashes, sizes and description in one signature; and declare.

    The manifest is made from the row as it is now; should the row change before the transaction, the step is redone.
    The seal and the declaration are one transaction: there is no sealed record that is not declared, nor the other way.
    """
    record = load(archive, claimed)
    if not (record.class_code and record.level):
        return StepResult("record.awaits_class", lambda _operation: Step.CLASSIFY)
    version = record.version
    manifest = manifest_of(record, archive.settings.archive.name, archive.clock.now().isoformat())
    signature = detached_seal(manifest, archive.signer, archive.timestamps, archive.seal_rules)
    kept = seal_bytes(archive, manifest, ComponentRole.MANIFEST)
    sealed = seal_bytes(archive, signature.content, ComponentRole.SEAL)

    facts = signature.facts()

    def write(operation: Operation) -> Step | None:
        row = operation.session.get_one(Record, record.id, with_for_update=True)
        if row.version != version:
            operation.unrecorded()
            return Step.SEAL
        attach(operation, archive, row, ComponentRole.MANIFEST, kept, "manifest.json", JSON_TYPE, {"version": version})
        attach(operation, archive, row, ComponentRole.SEAL, sealed, "seal.p7s", CMS_TYPE, facts)
        operation.audit("record.sealed", "record", row.id, manifest_sha256=kept.sha256, **facts)
        _declare(operation, archive, row)
        return None

    details = {"manifest_sha256": kept.sha256, "seal_sha256": sealed.sha256}
    details |= {"seal_level": facts["seal_level"]} if "seal_level" in facts else {}
    return StepResult("record.declared", write, details)


def _declare(operation: Operation, archive: Archive, row: Record) -> None:
    """It is immutable evidence from here, with its retention rule and due date."""
    row.state = RecordState.DECLARED.value
    row.declared_at, row.declared_by = operation.now, operation.actor.name
    assign_rule(operation.session, archive, row)
    bind_new(operation, row)
    forget_proposals(operation.session, row.id)
    forget_earlier(operation.session, row.id)
    row.version += 1
    operation.outbox(INDEX_TOPIC, row.id)
