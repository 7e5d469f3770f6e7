"""The words of retention law as types: editions, classes, rules, events, facts, decisions (section 2.1)."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any


class EditionKind(StrEnum):
    CLASSIFICATION = "KLASIFIKASI"
    SCHEDULE = "JRA"
    SECURITY = "SKKAAD"


class EditionState(StrEnum):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"


class ActiveMode(StrEnum):
    DURATION = "DURATION"
    UNTIL_EVENT = "UNTIL_EVENT"
    NONE = "NONE"


class Cutoff(StrEnum):
    NONE = "NONE"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    CALENDAR_YEAR = "CALENDAR_YEAR"
    FISCAL_YEAR = "FISCAL_YEAR"


class Fate(StrEnum):
    DESTROY = "MUSNAH"
    PERMANENT = "PERMANEN"
    REVIEW = "DINILAI_KEMBALI"
    PERSONAL_FILE = "BERKAS_PERSEORANGAN"


class Tier(StrEnum):
    """Who approves a destruction: below ten years the mayor, from ten years the National Archives (R35)."""

    LOWER = "LT10"
    UPPER = "GE10"


class TriggerType(StrEnum):
    CREATED = "CREATED"
    FILE_CLOSED = "FILE_CLOSED"
    FISCAL_YEAR_END = "FISCAL_YEAR_END"
    AUDIT_FOLLOWUP_DONE = "AUDIT_FOLLOWUP_DONE"
    CONTRACT_END = "CONTRACT_END"
    SUPERSEDED = "SUPERSEDED"
    NO_LONGER_IN_FORCE = "NO_LONGER_IN_FORCE"
    DECREE_ISSUED = "DECREE_ISSUED"
    RETIREMENT_SEPARATION = "RETIREMENT_SEPARATION"
    ASSET_DISPOSED = "ASSET_DISPOSED"
    CASE_FINAL = "CASE_FINAL"
    PUBLISHED = "PUBLISHED"
    OFFICE_TERM_END = "OFFICE_TERM_END"
    OTHER = "OTHER"


class Phase(StrEnum):
    AWAITING_EVENT = "AWAITING_EVENT"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DUE = "DUE"
    UNKNOWN = "UNKNOWN"


class Outcome(StrEnum):
    ELIGIBLE = "ELIGIBLE"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    REVIEW_DUE = "REVIEW_DUE"
    CANNOT_EVALUATE = "CANNOT_EVALUATE"


class ReasonCode(StrEnum):
    PERMANENT = "permanent"
    HELD = "held"
    AWAITING_EVENT = "awaiting_event"
    PERIOD_NOT_ELAPSED = "period_not_elapsed"
    NO_RULE = "no_rule"
    RULE_SUPERSEDED = "rule_superseded"
    TERJAGA = "terjaga"
    VITAL = "vital"
    IN_OTHER_BATCH = "in_other_batch"
    OPEN_CASE = "open_case"
    ON_LOAN = "on_loan"
    LEGACY_UNVERIFIED = "legacy_unverified"
    FIXITY_FAILED = "fixity_failed"
    SNAPSHOT_DRIFT = "snapshot_drift"
    CONDITIONAL_FATE = "conditional_fate"
    PERSONAL_FILE = "personal_file"
    NOT_TRANSFERRED = "not_transferred"
    PERIOD_ELAPSED = "period_elapsed"
    MAXIMUM_CONFLICT = "maximum_conflict"
    MAXIMUM_REACHED = "maximum_reached"
    ERASURE_ACCEPTED = "erasure_accepted"
    DISPOSAL_FILE = "disposal_file"


PARTS_OF_A_YEAR = 12 * 365


@dataclass(frozen=True)
class Period:
    """A length of time in civil years, months and days."""

    years: int = 0
    months: int = 0
    days: int = 0

    @property
    def parts(self) -> int:
        """The length in parts of a year, a whole number: nine years and twelve months are ten, not nearly ten."""
        return (self.years * 12 + self.months) * 365 + self.days * 12


@dataclass(frozen=True)
class Edition:
    """A published list: its number is what a code is only meaningful with (R2, R4)."""

    id: str
    kind: EditionKind
    number: str
    title: str
    state: EditionState
    effective_from: date
    effective_to: date | None
    source: str
    approval_letter: str = ""
    approval_date: date | None = None
    source_url: str = ""
    source_sha256: str = ""
    example: bool = False

    def in_force(self, on: date) -> bool:
        return (
            self.state is not EditionState.DRAFT
            and self.effective_from <= on
            and (self.effective_to is None or on <= self.effective_to)
        )

    def superseded(self, on: date) -> bool:
        """True when another edition has taken its place by that day; its records keep it all the same (R3)."""
        closed = self.effective_to is not None and self.effective_to < on
        return self.state is EditionState.SUPERSEDED or closed


@dataclass(frozen=True)
class ClassNode:
    """A class of one edition."""

    edition: str
    code: str
    title: str
    parent: str | None
    default_security: str | None = None
    default_kip: str | None = None
    who_may: str | None = None
    personal_data: bool = False


@dataclass(frozen=True)
class Rule:
    """A row of a schedule. `triggers` empty means the document's date; several are all awaited unless `any_trigger`.

    `legal_ref` is the citation of the row, or that of its edition when the row has none of its own. `tier_before`: of
    a rule that a review made, the tier of the one that it was made from.
    """

    edition: str
    code: str
    series: str
    class_codes: tuple[str, ...]
    active_mode: ActiveMode
    active: Period
    inactive: Period
    fate: Fate
    fate_text: str
    triggers: tuple[TriggerType, ...] = ()
    trigger_label: str = ""
    any_trigger: bool = False
    cutoff: Cutoff = Cutoff.NONE
    group: str = ""
    security_default: str | None = None
    vital: bool = False
    terjaga: bool = False
    legal_ref: str = ""
    page: str = ""
    exceptions: tuple[tuple[str, Fate], ...] = ()
    tier_before: Tier | None = None

    @cached_property
    def clause(self) -> str:
        """The citation of the row, with the page where it stands."""
        return f"{self.legal_ref}, p. {self.page}" if self.page else self.legal_ref


@dataclass(frozen=True)
class EventFact:
    """A trigger event. Only a verified one counts (section 2.1)."""

    type: TriggerType
    happened_on: date
    verified: bool = True
    label: str = ""


@dataclass(frozen=True)
class HoldFact:
    id: str
    title: str


@dataclass(frozen=True)
class RetentionFacts:
    """What is to be known of a record. A legacy record never gets today as its date (R33)."""

    document_date: date | None
    events: tuple[EventFact, ...] = ()
    folder_closed_on: date | None = None
    terjaga: bool = False
    vital: bool = False
    open_case: bool = False
    on_loan: bool = False
    in_other_batch: bool = False
    legacy_unverified: bool = False
    fixity_failed: bool = False
    snapshot_drift: bool = False
    rule_superseded: bool = False
    transferred: bool | None = None
    terjaga_released: bool = False
    """A review has released the record for disposal although its rule marks it (R46); so too the next."""
    vital_released: bool = False
    maximum_on: date | None = None
    """The day from which personal data in it is to be gone, by the law that `maximum_basis` names (R49)."""
    maximum_basis: str = ""
    erasure_accepted: bool = False
    """A request to destroy the personal data in it was judged to be right."""
    disposal_file: bool = False
    """It belongs to the file of a disposal: a paper of it, a letter that it rests on, what lies in its folder (R41)."""

    @property
    def flagged(self) -> bool:
        """True when any flag is set that is told whatever the day."""
        return (
            self.terjaga or self.vital or self.open_case or self.on_loan or self.in_other_batch
            or self.legacy_unverified or self.fixity_failed or self.snapshot_drift or self.rule_superseded
            or self.disposal_file
        )  # fmt: skip


@dataclass(frozen=True)
class Options:
    """Interpretations of the law that are settings (R35)."""

    upper_tier_years: int = 10
    tier_basis: str = "total"
    fiscal_year_end: tuple[int, int] = (12, 31)


@dataclass(frozen=True)
class Reason:
    """Why: a stable code and its arguments (dates as ISO text), put into words by `explain`."""

    code: ReasonCode
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        values = (value if isinstance(value, list) else [value] for value in self.arguments.values())
        told = ",".join(str(one) for value in values for one in value)
        return f"{self.code}({told})" if told else str(self.code)


@dataclass(frozen=True)
class Step:
    """One step of the calculation: `name` is rule, start, cutoff, active_end or inactive_end; `on` its day."""

    name: str
    on: date | None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What the rule says on a day, and every reason. `due_on` does not depend on the day it was asked."""

    phase: Phase
    outcome: Outcome
    fate: Fate | None
    tier: Tier | None
    active_until: date | None
    due_on: date | None
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    awaiting: tuple[TriggerType, ...] = ()

    @cached_property
    def reason_codes(self) -> tuple[str, ...]:
        """The reasons as the stable texts of reports: `code` or `code(arguments)`."""
        return tuple(map(str, self.reasons))
