"""The access rule, pure: one policy yields the verdict for one record, the SQL filter and the search filter.

`decide` gives the verdict; `view_scope` gives the same rule as a set, from which `filters` makes SQL and search
tokens. Invariant 5 is proven by a property test over random worlds. Sources: R18-R27, R88.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from edms.access.actors import Actor, ActorKind, Role
from edms.access.levels import Level
from edms.access.scope import NOTHING, GrantMode, RecordFacts, Scope, Stage
from edms.core.ids import parse_id


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
    RECORD_REASSIGN = "record:reassign"
    RECORD_REVIEW = "record:review"
    RECORD_SEARCH = "record:search"
    RECONCILIATION_READ = "reconciliation:read"
    RECORD_REQUEST_SIGNATURES = "record:request_signatures"
    RECORD_SIGN = "record:sign"
    RECORD_REDACT = "record:redact"
    RECORD_APPROVE_REDACTION = "record:approve_redaction"
    DIGITISATION_VIEW = "digitisation:view"
    DIGITISATION_WORK = "digitisation:work"
    DIGITISATION_CHECK = "digitisation:check"
    DIGITISATION_VERIFY = "digitisation:verify"
    DISPOSAL_VIEW = "disposal:view"
    DISPOSAL_PREPARE = "disposal:prepare"
    DISPOSAL_ASSESS = "disposal:assess"
    DISPOSAL_APPROVE = "disposal:approve"
    DISPOSAL_DECIDE = "disposal:decide"
    DISPOSAL_EXECUTE = "disposal:execute"
    SIGNATURE_QUEUE = "signature:queue"
    SIGNATURE_IDENTITY = "signature:identity"
    SIGNATURE_VERIFY = "signature:verify"
    FILE_PLAN_BROWSE = "file_plan:browse"
    FOLDER_MANAGE = "folder:manage"
    HOLD_MANAGE = "hold:manage"
    EVENT_WORK = "event:work"
    RETENTION_REPORT = "retention:report"
    RETENTION_DRAFT = "retention:draft"
    RETENTION_APPLY = "retention:apply"
    REPORT_MAIL = "report:mail"
    AUDIT_READ = "audit:read"
    AUDIT_CHECKPOINT = "audit:checkpoint"
    QUEUE_READ = "queue:read"
    ARCHIVE_VERIFY = "archive:verify"
    ALERT_ACKNOWLEDGE = "alert:acknowledge"
    ARCHIVE_MAINTAIN = "archive:maintain"
    KEYS_MANAGE = "keys:manage"
    KEYS_SHRED = "keys:shred"
    PEOPLE_MANAGE = "people:manage"
    PEOPLE_FOLLOW = "people:follow"
    PEOPLE_PROVISION = "people:provision"
    POSITION_DELEGATE = "position:delegate"
    ACCESS_ASK = "access:ask"
    ACCESS_GIVE = "access:give"
    ACCESS_EMERGENCY = "access:emergency"
    SIGN_IN = "session:sign_in"
    SIGN_OUT = "session:sign_out"
    ACCOUNT_MANAGE = "account:manage"
    ACCOUNT_CONFIRM = "account:confirm"
    CAPTURE_FOLLOW = "capture:follow"
    CUSTODY_VIEW = "custody:view"
    OVERSEE = "proceedings:oversee"
    CUSTODY_WORK = "custody:work"
    CUSTODY_DECIDE = "custody:decide"
    CUSTODY_ORDER_REMOVAL = "custody:order_removal"
    CUSTODY_REMOVE = "custody:remove"
    EXCHANGE_RECEIVE = "exchange:receive"


@dataclass(frozen=True)
class Verdict:
    """The answer and why: `reasons` are stable codes for the audit trail and for explanations."""

    allowed: bool
    reasons: tuple[str, ...]


_READERS = (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR)
_RECORD_ROLES: dict[Action, tuple[Role, ...]] = {
    Action.RECORD_VIEW: (*_READERS, Role.GUEST),
    Action.RECORD_DOWNLOAD: (*_READERS, Role.GUEST),
    Action.RECORD_DOWNLOAD_ORIGINAL: (*_READERS, Role.GUEST),
    Action.RECORD_EXPORT: (*_READERS, Role.GUEST),
    Action.RECORD_CLASSIFY: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_RETRY: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_RELEASE: (Role.RECORDS_OFFICER,),
    Action.RECORD_RETURN: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_HOLD: (Role.RECORDS_OFFICER,),
    Action.RECORD_LEND: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_DESTROY: (Role.RECORDS_OFFICER,),
    Action.RECORD_EVENT: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.RECORD_REASSIGN: (Role.RECORDS_OFFICER,),
    Action.RECORD_REVIEW: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.FOLDER_MANAGE: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.RECORD_REQUEST_SIGNATURES: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.RECORD_SIGN: (Role.OFFICIAL,),
    Action.DIGITISATION_VIEW: _READERS,
    Action.RECORD_REDACT: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.RECORD_APPROVE_REDACTION: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.DIGITISATION_WORK: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.DIGITISATION_CHECK: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.CUSTODY_VIEW: _READERS,
    Action.CUSTODY_WORK: (Role.CLERK, Role.RECORDS_OFFICER),
    Action.CUSTODY_DECIDE: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.CUSTODY_ORDER_REMOVAL: (Role.OFFICIAL,),
    Action.CUSTODY_REMOVE: (Role.RECORDS_OFFICER,),
    Action.DISPOSAL_VIEW: _READERS,
    Action.OVERSEE: (Role.AUDITOR,),
    Action.DISPOSAL_PREPARE: (Role.RECORDS_OFFICER,),
    Action.DISPOSAL_ASSESS: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.DISPOSAL_APPROVE: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.DISPOSAL_DECIDE: (Role.OFFICIAL,),
    Action.DISPOSAL_EXECUTE: (Role.RECORDS_OFFICER,),
    Action.ACCESS_GIVE: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.POSITION_DELEGATE: (Role.OFFICIAL, Role.ADMINISTRATOR),
}
_GENERAL_ROLES: dict[Action, tuple[Role, ...]] = {
    Action.RECORD_SEARCH: (*_READERS, Role.GUEST),
    Action.RECONCILIATION_READ: (Role.RECORDS_OFFICER,),
    Action.FILE_PLAN_BROWSE: tuple(Role),
    Action.RETENTION_REPORT: _READERS,
    Action.RETENTION_DRAFT: (Role.RECORDS_OFFICER,),
    Action.RETENTION_APPLY: (Role.RECORDS_OFFICER,),
    Action.REPORT_MAIL: (Role.RECORDS_OFFICER,),
    Action.HOLD_MANAGE: (Role.RECORDS_OFFICER,),
    Action.EVENT_WORK: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.AUDIT_READ: (Role.AUDITOR, Role.RECORDS_OFFICER),
    Action.AUDIT_CHECKPOINT: (Role.AUDITOR, Role.RECORDS_OFFICER, Role.ADMINISTRATOR),
    Action.QUEUE_READ: (Role.RECORDS_OFFICER, Role.ADMINISTRATOR),
    Action.ARCHIVE_VERIFY: (Role.AUDITOR, Role.RECORDS_OFFICER, Role.ADMINISTRATOR),
    Action.ALERT_ACKNOWLEDGE: (Role.AUDITOR, Role.RECORDS_OFFICER),
    Action.ARCHIVE_MAINTAIN: (Role.ADMINISTRATOR,),
    Action.KEYS_MANAGE: (Role.ADMINISTRATOR,),
    Action.KEYS_SHRED: (Role.RECORDS_OFFICER,),
    Action.PEOPLE_MANAGE: (Role.ADMINISTRATOR,),
    Action.PEOPLE_FOLLOW: (Role.ADMINISTRATOR,),
    Action.ACCESS_ASK: (*_READERS, Role.GUEST),
    Action.ACCESS_EMERGENCY: (Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.SIGNATURE_QUEUE: (Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER),
    Action.SIGNATURE_IDENTITY: (Role.OFFICIAL,),
    Action.EXCHANGE_RECEIVE: (Role.RECORDS_OFFICER,),
    Action.SIGN_IN: tuple(Role),
    Action.SIGN_OUT: tuple(Role),
    Action.ACCOUNT_MANAGE: tuple(Role),
    Action.ACCOUNT_CONFIRM: (Role.AUDITOR, Role.RECORDS_OFFICER),
    Action.CAPTURE_FOLLOW: (*_READERS, Role.GUEST),
}
_OWN_OFFICE_ONLY = frozenset(
    {
        Action.RECORD_CLASSIFY,
        Action.RECORD_RETRY,
        Action.RECORD_RELEASE,
        Action.RECORD_RETURN,
        Action.RECORD_EVENT,
        Action.RECORD_REVIEW,
        Action.RECORD_LEND,
        Action.FOLDER_MANAGE,
        Action.RECORD_REQUEST_SIGNATURES,
        Action.RECORD_REDACT,
        Action.RECORD_APPROVE_REDACTION,
        Action.DIGITISATION_WORK,
        Action.DIGITISATION_CHECK,
        Action.CUSTODY_WORK,
        Action.CUSTODY_DECIDE,
        Action.CUSTODY_ORDER_REMOVAL,
        Action.CUSTODY_REMOVE,
    }
)
_GRANTED_BY = {
    GrantMode.VIEW: frozenset({Action.RECORD_VIEW}),
    GrantMode.DOWNLOAD: frozenset({Action.RECORD_VIEW, Action.RECORD_DOWNLOAD, Action.RECORD_EXPORT}),
}
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
        Action.PEOPLE_FOLLOW,
        Action.REPORT_MAIL,
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
        Action.PEOPLE_FOLLOW,
        Action.POSITION_DELEGATE,
        Action.RETENTION_APPLY,
        Action.RECORD_PROCESS,
    }
)


_SHOWS_RECORDS = frozenset({Action.RECORD_VIEW, Action.RECORD_SEARCH})


def view_scope(actor: Actor, at: datetime | None = None) -> Scope:
    """Return the set of records that `actor` may view at the time `at`; without a time no grant counts.

    With an API token that is made for neither reading nor searching it is empty.
    """
    if actor.actions is not None and actor.actions.isdisjoint(_SHOWS_RECORDS):
        return NOTHING
    return follow_scope(actor, at)


def follow_scope(actor: Actor, at: datetime | None = None) -> Scope:
    """Return the set of records of which `actor` may be told that they are there: what may be viewed, and by a token
    that only captures what could be viewed without it."""
    return replace(_places_of(actor, at), only=actor.bound_to)


def _places_of(actor: Actor, at: datetime | None) -> Scope:
    if actor.kind is ActorKind.PUBLIC:
        return Scope(published=True)
    if actor.kind is ActorKind.SYSTEM or not actor.has(*_RECORD_ROLES[Action.RECORD_VIEW]):
        return NOTHING
    places = Scope(grantee=parse_id(actor.id), grant_level=actor.clearance, at=at)
    if actor.has(Role.RECORDS_OFFICER):
        everywhere = actor.clearance
        return replace(places, **_own(actor), everywhere_level=everywhere, whole_archive=True, custodian=True)
    if actor.has(Role.CLERK, Role.OFFICIAL):
        return replace(places, **_own(actor), everywhere_level=Level.OPEN, custodian=actor.has(Role.CLERK))
    if actor.has(Role.AUDITOR):
        return replace(places, everywhere_level=Level.OPEN)
    return replace(places, published=True)


def _own(actor: Actor) -> dict[str, Any]:
    return {"offices": actor.offices, "office_level": actor.clearance, "headed": actor.headed,
            "staff_in": actor.staff_in}  # fmt: skip


def decide(actor: Actor, action: Action, facts: RecordFacts | None = None) -> Verdict:
    """Return whether `actor` may do `action` (on a record with `facts`), with reasons. Default deny.

    The grants among the facts are taken to stand: who reads them reads those that do (edms.records.visible).
    What a token is not made for is refused first, whatever its person may do.
    """
    if actor.actions is not None and action not in actor.actions:
        return Verdict(False, (f"token_without:{action}",))
    if actor.bound_to is not None and facts is not None and facts.office_id != actor.bound_to:
        return Verdict(False, ("token_of_another_office",))
    if action is Action.PEOPLE_PROVISION:
        return _verdict(actor.provisions, "program", action)
    return _decide(actor, action, facts)


def _decide(actor: Actor, action: Action, facts: RecordFacts | None) -> Verdict:
    if actor.kind is ActorKind.SYSTEM and action is Action.RECORD_CAPTURE:
        return _intake_may_capture(actor, facts)
    if actor.kind is ActorKind.SYSTEM:
        return _verdict(action in _SYSTEM_MAY, "system", action)
    if actor.kind is ActorKind.PUBLIC:
        return _public_may(actor, action, facts)
    if actor.is_console:
        return _verdict(action in _CONSOLE_MAY, "console", action)
    if action is Action.RECORD_CAPTURE:
        return _may_capture(actor, facts)
    if action in _GENERAL_ROLES:
        return _verdict(actor.has(*_GENERAL_ROLES[action]), "role", action)
    roles = _RECORD_ROLES.get(action)
    if roles is None or facts is None or not actor.has(*roles):
        return Verdict(False, (f"role_without:{action}",))
    if action is Action.POSITION_DELEGATE:
        heads = facts.office_id in actor.headed or actor.has(Role.ADMINISTRATOR)
        return Verdict(heads, ("head",) if heads else ("not_its_head",))
    if action is Action.ACCESS_GIVE and not (actor.has(Role.RECORDS_OFFICER) or facts.office_id in actor.headed):
        return Verdict(False, ("not_its_head",))
    if action is Action.RECORD_DESTROY and (facts.held or facts.terjaga):
        return Verdict(False, tuple(why for why in ("held", "terjaga") if getattr(facts, why)))
    if action in _GIVES_FILES and facts.stage in _SET_ASIDE and not actor.has(*_HANDLERS):
        return Verdict(False, ("set_aside",))
    return _on_record(actor, action, facts)


def _on_record(actor: Actor, action: Action, facts: RecordFacts) -> Verdict:
    """The verdict of places and clearance first; where they do not suffice, that of the strongest grant."""
    if action is Action.OVERSEE:
        return _verdict(actor.clearance.permits(facts.effective_level), "oversight", action)
    scope = follow_scope(actor)
    reason = scope.without_grants().covers(facts)
    if reason and _suffices(actor, action, facts, reason):
        return Verdict(True, (reason,))
    grant = scope.grant_for(facts)
    if grant is None:
        return Verdict(False, ("other_office",) if reason else ("outside_scope",))
    if grant.mode is not GrantMode.MANAGE and action not in _GRANTED_BY[grant.mode]:
        return Verdict(False, (f"grant_without:{action}",))
    return Verdict(True, (f"granted:{grant.id}",))


def _suffices(actor: Actor, action: Action, facts: RecordFacts, reason: str) -> bool:
    """Whether seeing a record, for this reason, is enough for the action."""
    if action is Action.RECORD_DOWNLOAD_ORIGINAL and facts.effective_level is not Level.OPEN:
        return _may_have_unmarked(actor, facts, reason).allowed
    return action not in _OWN_OFFICE_ONLY or _own_or_records_officer(actor, facts, reason).allowed


def _public_may(actor: Actor, action: Action, facts: RecordFacts | None) -> Verdict:
    """Anybody may look at what is public and take it along; nothing else."""
    may = action is Action.RECORD_SEARCH
    if action in (Action.RECORD_VIEW, Action.RECORD_DOWNLOAD):
        may = facts is not None and view_scope(actor).covers(facts) is not None
    return Verdict(True, ("published",)) if may else Verdict(False, (f"public_without:{action}",))


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
    So is a token that only captures, of what its person may view in its office.
    """
    if actor.kind is ActorKind.SYSTEM:
        return known.office_id in actor.offices
    return follow_scope(actor).covers(known) is not None


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
