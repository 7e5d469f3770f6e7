"""The access rule, pure: one policy yields the verdict for one record, the SQL filter and the search filter.

`decide` gives the verdict; `view_scope` gives the same rule as a set, from which `filters` makes SQL and search
tokens. Invariant 5 is proven by a property test over random worlds. Sources: R18-R27, R88.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from edms.access.actors import Actor, ActorKind, Role
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level


class Action(StrEnum):
    """What an actor may want to do. `record:*` need facts of a record; the others stand alone."""

    RECORD_VIEW = "record:view"
    RECORD_DOWNLOAD = "record:download"
    RECORD_DOWNLOAD_ORIGINAL = "record:download_original"
    RECORD_CAPTURE = "record:capture"
    RECORD_CLASSIFY = "record:classify"
    RECORD_PROCESS = "record:process"
    RECORD_RETRY = "record:retry"
    RECORD_RELEASE = "record:release"
    RECORD_RETURN = "record:return"
    RECORD_EXPORT = "record:export"
    RECORD_HOLD = "record:hold"
    RECORD_LEND = "record:lend"
    RECORD_DESTROY = "record:destroy"
    RECORD_EVENT = "record:event"
    RECORD_SEARCH = "record:search"
    RECONCILIATION_READ = "reconciliation:read"
    RECORD_REQUEST_SIGNATURES = "record:request_signatures"
    RECORD_SIGN = "record:sign"
    DIGITISATION_VIEW = "digitisation:view"
    DIGITISATION_WORK = "digitisation:work"
    DIGITISATION_CHECK = "digitisation:check"
    DIGITISATION_VERIFY = "digitisation:verify"
    SIGNATURE_QUEUE = "signature:queue"
    SIGNATURE_IDENTITY = "signature:identity"
    SIGNATURE_VERIFY = "signature:verify"
    FILE_PLAN_BROWSE = "file_plan:browse"
    FOLDER_MANAGE = "folder:manage"
    RETENTION_REPORT = "retention:report"
    RETENTION_APPLY = "retention:apply"
    AUDIT_READ = "audit:read"
    AUDIT_CHECKPOINT = "audit:checkpoint"
    QUEUE_READ = "queue:read"
    ARCHIVE_VERIFY = "archive:verify"
    ALERT_ACKNOWLEDGE = "alert:acknowledge"
    ARCHIVE_MAINTAIN = "archive:maintain"
    KEYS_MANAGE = "keys:manage"
    KEYS_SHRED = "keys:shred"
    PEOPLE_MANAGE = "people:manage"
    SIGN_IN = "session:sign_in"
    SIGN_OUT = "session:sign_out"


class Stage(StrEnum):
    """How far a record has come, as far as access is concerned."""

    DECLARED = "declared"
    PENDING = "pending"
    QUARANTINED = "quarantined"
    RETURNED = "returned"
    BATCH = "batch"


@dataclass(frozen=True)
class RecordFacts:
    """What the policy needs to know of a record. `level` None means not yet classified (R26)."""

    office_id: UUID
    level: Level | None
    stage: Stage

    @property
    def effective_level(self) -> Level:
        return self.level or UNCLASSIFIED_COUNTS_AS


@dataclass(frozen=True)
class Verdict:
    """The answer and why: `reasons` are stable codes for the audit trail and for explanations."""

    allowed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """What an actor may view, as a set.

    `offices` up to `office_level`, at any stage; and, of every other office, declared records up to
    `everywhere_level`, with `everywhere_pending` also those not yet declared. None means none.
    """

    offices: frozenset[UUID] = frozenset()
    office_level: Level | None = None
    everywhere_level: Level | None = None
    everywhere_pending: bool = False

    def covers(self, facts: RecordFacts) -> str | None:
        """Return the reason why a record with `facts` is in the set, or None when it is not."""
        level = facts.effective_level
        if facts.office_id in self.offices and self.office_level and self.office_level.permits(level):
            return "own_office"
        if self.everywhere_level and self.everywhere_level.permits(level):
            if self.everywhere_pending:
                return "whole_archive"
            if facts.stage is Stage.DECLARED:
                return "open_to_officials"
        return None


NOTHING = Scope()

_RECORD_ROLES: dict[Action, tuple[Role, ...]] = {
    Action.RECORD_VIEW: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.RECORD_DOWNLOAD: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.RECORD_DOWNLOAD_ORIGINAL: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.RECORD_EXPORT: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.RECORD_CLASSIFY: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_RETRY: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_RELEASE: (Role.RECORDS_OFFICER,),
    Action.RECORD_RETURN: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_HOLD: (Role.RECORDS_OFFICER,),
    Action.RECORD_LEND: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_DESTROY: (Role.RECORDS_OFFICER,),
    Action.RECORD_EVENT: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.FOLDER_MANAGE: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_REQUEST_SIGNATURES: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.RECORD_SIGN: (Role.OFFICIAL,),
    Action.DIGITISATION_VIEW: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.DIGITISATION_WORK: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.DIGITISATION_CHECK: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
}
_GENERAL_ROLES: dict[Action, tuple[Role, ...]] = {
    Action.RECORD_SEARCH: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.RECONCILIATION_READ: (Role.RECORDS_OFFICER,),
    Action.FILE_PLAN_BROWSE: tuple(Role),
    Action.RETENTION_REPORT: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR),
    Action.RETENTION_APPLY: (Role.RECORDS_OFFICER,),
    Action.AUDIT_READ: (Role.AUDITOR, Role.RECORDS_OFFICER),
    Action.AUDIT_CHECKPOINT: (Role.AUDITOR, Role.RECORDS_OFFICER, Role.ADMINISTRATOR),
    Action.QUEUE_READ: (Role.RECORDS_OFFICER, Role.ADMINISTRATOR),
    Action.ARCHIVE_VERIFY: (Role.AUDITOR, Role.RECORDS_OFFICER, Role.ADMINISTRATOR),
    Action.ALERT_ACKNOWLEDGE: (Role.AUDITOR, Role.RECORDS_OFFICER),
    Action.ARCHIVE_MAINTAIN: (Role.ADMINISTRATOR,),
    Action.KEYS_MANAGE: (Role.ADMINISTRATOR,),
    Action.KEYS_SHRED: (Role.RECORDS_OFFICER,),
    Action.PEOPLE_MANAGE: (Role.ADMINISTRATOR,),
    Action.SIGNATURE_QUEUE: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.SIGNATURE_IDENTITY: (Role.OFFICIAL,),
    Action.SIGN_IN: tuple(Role),
    Action.SIGN_OUT: tuple(Role),
}
_OWN_OFFICE_ONLY = frozenset(
    {
        Action.RECORD_CLASSIFY,
        Action.RECORD_RETRY,
        Action.RECORD_RELEASE,
        Action.RECORD_RETURN,
        Action.RECORD_EVENT,
        Action.RECORD_LEND,
        Action.FOLDER_MANAGE,
        Action.RECORD_REQUEST_SIGNATURES,
        Action.DIGITISATION_WORK,
        Action.DIGITISATION_CHECK,
    }
)
# What is set aside is handed out to those who have to deal with it, to nobody else.
_SET_ASIDE = (Stage.QUARANTINED, Stage.RETURNED)
_GIVES_FILES = (Action.RECORD_DOWNLOAD, Action.RECORD_DOWNLOAD_ORIGINAL)
_HANDLERS = (Role.CLERK, Role.RECORDS_OFFICER)
_SYSTEM_MAY = frozenset(
    {
        Action.RECORD_PROCESS,
        Action.AUDIT_CHECKPOINT,
        Action.ARCHIVE_MAINTAIN,
        Action.ARCHIVE_VERIFY,
        Action.SIGN_IN,
        Action.SIGNATURE_VERIFY,
        Action.DIGITISATION_VERIFY,
    }
)
_CONSOLE_MAY = frozenset(
    {
        Action.QUEUE_READ,
        Action.AUDIT_CHECKPOINT,
        Action.ARCHIVE_VERIFY,
        Action.ALERT_ACKNOWLEDGE,
        Action.ARCHIVE_MAINTAIN,
        Action.KEYS_MANAGE,
        Action.PEOPLE_MANAGE,
        Action.RETENTION_APPLY,
        Action.RECORD_PROCESS,
    }
)


def view_scope(actor: Actor) -> Scope:
    """Return the set of records that `actor` may view."""
    if actor.kind is ActorKind.SYSTEM or not actor.has(*_RECORD_ROLES[Action.RECORD_VIEW]):
        return NOTHING
    if actor.has(Role.RECORDS_OFFICER):
        return Scope(actor.offices, actor.clearance, actor.clearance, everywhere_pending=True)
    if actor.has(Role.CLERK, Role.OFFICIAL):
        return Scope(actor.offices, actor.clearance, Level.OPEN)
    return Scope(everywhere_level=Level.OPEN)


def decide(actor: Actor, action: Action, facts: RecordFacts | None = None) -> Verdict:
    """Return whether `actor` may do `action` (on a record with `facts`), with reasons. Default deny."""
    if actor.kind is ActorKind.SYSTEM and action is Action.RECORD_CAPTURE:
        return _intake_may_capture(actor, facts)
    if actor.kind is ActorKind.SYSTEM:
        return _verdict(action in _SYSTEM_MAY, "system", action)
    if actor.kind is ActorKind.CONSOLE and not actor.roles:
        return _verdict(action in _CONSOLE_MAY, "console", action)
    if action is Action.RECORD_CAPTURE:
        return _may_capture(actor, facts)
    if action in _GENERAL_ROLES:
        return _verdict(actor.has(*_GENERAL_ROLES[action]), "role", action)
    roles = _RECORD_ROLES.get(action)
    if roles is None or facts is None or not actor.has(*roles):
        return Verdict(False, (f"role_without:{action}",))
    reason = view_scope(actor).covers(facts)
    if reason is None:
        return Verdict(False, ("outside_scope",))
    if action in _GIVES_FILES and facts.stage in _SET_ASIDE and not actor.has(*_HANDLERS):
        return Verdict(False, ("set_aside",))
    if action is Action.RECORD_DOWNLOAD_ORIGINAL and facts.effective_level is not Level.OPEN:
        return _may_have_unmarked(actor, facts, reason)
    if action in _OWN_OFFICE_ONLY:
        return _own_or_records_officer(actor, facts, reason)
    return Verdict(True, (reason,))


def _may_capture(actor: Actor, facts: RecordFacts | None) -> Verdict:
    """A clerk captures for the own office only, at most to the own clearance; a records officer for any office."""
    if facts is None or not actor.has(Role.CLERK, Role.RECORDS_OFFICER):
        return Verdict(False, ("role_without:record:capture",))
    if not actor.clearance.permits(facts.effective_level):
        return Verdict(False, ("above_clearance",))
    return _own_or_records_officer(actor, facts, "own_office")


def _intake_may_capture(actor: Actor, facts: RecordFacts | None) -> Verdict:
    """A watched folder or a mailbox captures for the offices and up to the level of its configuration; nothing else."""
    if facts is None or facts.office_id not in actor.offices:
        return Verdict(False, ("other_office",))
    if not actor.clearance.permits(facts.effective_level):
        return Verdict(False, ("above_clearance",))
    return Verdict(True, ("intake",))


def may_know_duplicate(actor: Actor, known: RecordFacts) -> bool:
    """Return whether `actor` may be told that what it brings is there already (invariant 5).

    An intake views nothing, and is told of its own offices: only an id goes back, and only into the archive's rows.
    """
    if actor.kind is ActorKind.SYSTEM:
        return known.office_id in actor.offices
    return view_scope(actor).covers(known) is not None


def _may_have_unmarked(actor: Actor, facts: RecordFacts, reason: str) -> Verdict:
    """Above "open" what cannot be marked goes to those who work with the record, not to who supervises it (R20)."""
    if not actor.has(Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER):
        return Verdict(False, ("unmarked_copy",))
    return _own_or_records_officer(actor, facts, reason)


def _own_or_records_officer(actor: Actor, facts: RecordFacts, reason: str) -> Verdict:
    if actor.has(Role.RECORDS_OFFICER) or facts.office_id in actor.offices:
        return Verdict(True, (reason,))
    return Verdict(False, ("other_office",))


def _verdict(allowed: bool, why: str, action: Action) -> Verdict:
    return Verdict(allowed, (why,) if allowed else (f"{why}_without:{action}",))
