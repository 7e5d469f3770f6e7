"""The lists that a records officer works by, each a condition on stored, indexed values (R7, R8, R50, R77).

A condition is true of exactly the records of which `decide` says so on that day; a property test holds the two
together. The words of the lists are those of the law, in both languages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true, tuple_
from sqlalchemy.orm import Session

from edms.records.archive import Archive
from edms.records.model import Hold, HoldLink, Record
from edms.records.proceedings_model import ProceedingItem
from edms.records.report_model import RetentionExplanation
from edms.records.retention_facts import options_of
from edms.records.retention_report import outcome_conditions, stopped
from edms.records.rules import KeptBook, kept_books
from edms.retention.decide import tier_of
from edms.retention.proceedings import ItemState
from edms.retention.types import ActiveMode, Fate, Options, Outcome, Rule, Tier


class ListName(StrEnum):
    """What is listed. `TRANSFER`: the active period has ended; `UNEXPLAINED`: those of them of which nobody has said
    why (R8); `CONFIRM`: due for longer than the confirmation period (R77)."""

    TRANSFER = "transfer"
    UNEXPLAINED = "unexplained"
    DESTROY = "destroy"
    DESTROY_LOWER = "destroy_lower"
    DESTROY_UPPER = "destroy_upper"
    REVIEW = "review"
    HANDOVER = "handover"
    AWAITING = "awaiting"
    HELD = "held"
    PAST_DUE = "past_due"
    CONFIRM = "confirm"
    NO_RULE = "no_rule"


class By(StrEnum):
    """What a list is counted by. The year is that of the day from which the record is on the list."""

    OFFICE = "office"
    CLASS = "class"
    YEAR = "year"


LIST_NAMES: dict[str, dict[str, str]] = {
    "id": {
        ListName.TRANSFER: "Waktunya dipindahkan ke arsip inaktif",
        ListName.UNEXPLAINED: "Lewat masa aktif, belum dijelaskan",
        ListName.DESTROY: "Dapat diusulkan musnah",
        ListName.DESTROY_LOWER: "Usul musnah, retensi di bawah batas jenjang",
        ListName.DESTROY_UPPER: "Usul musnah, retensi mulai batas jenjang",
        ListName.REVIEW: "Waktunya dinilai kembali",
        ListName.HANDOVER: "Permanen, waktunya diserahkan",
        ListName.AWAITING: "Menunggu kejadian",
        ListName.HELD: "Dalam penahanan hukum",
        ListName.PAST_DUE: "Lewat jatuh tempo",
        ListName.CONFIRM: "Lewat masa konfirmasi",
        ListName.NO_RULE: "Tanpa aturan retensi",
    },
    "en": {
        ListName.TRANSFER: "Due for transfer to inactive",
        ListName.UNEXPLAINED: "Past the active period, not explained",
        ListName.DESTROY: "May be proposed for destruction",
        ListName.DESTROY_LOWER: "For destruction, lower tier",
        ListName.DESTROY_UPPER: "For destruction, upper tier",
        ListName.REVIEW: "Due for review",
        ListName.HANDOVER: "Permanent, due for hand-over",
        ListName.AWAITING: "Awaiting an event",
        ListName.HELD: "On hold",
        ListName.PAST_DUE: "Past due",
        ListName.CONFIRM: "Past the confirmation period",
        ListName.NO_RULE: "Without a retention rule",
    },
}
BY_NAMES: dict[str, dict[str, str]] = {
    "id": {By.OFFICE: "Perangkat daerah", By.CLASS: "Klasifikasi", By.YEAR: "Tahun"},
    "en": {By.OFFICE: "Office", By.CLASS: "Class", By.YEAR: "Year"},
}
_BY_ACTIVE = (ListName.TRANSFER, ListName.UNEXPLAINED)
_BY_DOCUMENT = (ListName.AWAITING, ListName.HELD, ListName.NO_RULE)


@dataclass(frozen=True)
class ListRules:
    """What the conditions need to know beside the columns of a record: read once per report."""

    outcomes: dict[Outcome, ColumnElement[bool]]
    stopped: ColumnElement[bool]
    books: dict[UUID, KeptBook]
    options: Options
    confirmation_days: int


def list_rules(session: Session, archive: Archive, as_of: date) -> ListRules:
    """Read what the conditions of all lists need."""
    days = archive.settings.retention.confirmation_days
    return ListRules(
        outcome_conditions(session, as_of), stopped(session), kept_books(session), options_of(archive), days
    )


def list_condition(name: ListName, rules: ListRules, as_of: date) -> ColumnElement[bool]:
    """Return the condition of being on the list on that day; of declared records, whoever may see them."""
    due = Record.due_on <= as_of
    conditions: dict[ListName, Callable[[], ColumnElement[bool]]] = {
        ListName.TRANSFER: lambda: _to_transfer(rules, as_of),
        ListName.UNEXPLAINED: lambda: and_(_to_transfer(rules, as_of), Record.id.not_in(_explained())),
        ListName.DESTROY: lambda: and_(due, rules.outcomes[Outcome.ELIGIBLE]),
        ListName.DESTROY_LOWER: lambda: _to_destroy(rules, as_of, Tier.LOWER),
        ListName.DESTROY_UPPER: lambda: _to_destroy(rules, as_of, Tier.UPPER),
        ListName.REVIEW: lambda: and_(due, rules.outcomes[Outcome.REVIEW_DUE]),
        ListName.HANDOVER: lambda: and_(
            due,
            Record.fate == Fate.PERMANENT.value,
            not_(rules.stopped),
            Record.id.not_in(_done(ItemState.HANDED_OVER)),
        ),
        ListName.AWAITING: lambda: and_(Record.due_on.is_(None), Record.awaiting.is_not(None)),
        ListName.HELD: lambda: Record.id.in_(_held()),
        ListName.PAST_DUE: lambda: due,
        ListName.CONFIRM: lambda: Record.due_on <= as_of - timedelta(days=rules.confirmation_days),
        ListName.NO_RULE: lambda: and_(Record.due_on.is_(None), Record.rule_code.is_(None)),
    }
    return conditions[name]()


def list_day(name: ListName) -> ColumnElement[date | None]:
    """Return the day from which a record is on the list, or of its document where no day has come yet."""
    if name in _BY_ACTIVE:
        return Record.active_until.expression
    return Record.document_date.expression if name in _BY_DOCUMENT else Record.due_on.expression


def list_ranges(as_of: date) -> tuple[tuple[ColumnElement[bool], tuple[ListName, ...]], ...]:
    """Return all lists by the range of due dates in which everything on them lies."""
    due = (
        ListName.DESTROY, ListName.DESTROY_LOWER, ListName.DESTROY_UPPER, ListName.REVIEW, ListName.HANDOVER,
        ListName.PAST_DUE, ListName.CONFIRM,
    )  # fmt: skip
    return (
        (Record.due_on <= as_of, due),
        (Record.due_on > as_of, (ListName.TRANSFER, ListName.UNEXPLAINED)),
        (Record.due_on.is_(None), (ListName.AWAITING, ListName.NO_RULE)),
        (true(), (ListName.HELD,)),
    )


def _to_destroy(rules: ListRules, as_of: date, tier: Tier) -> ColumnElement[bool]:
    eligible = and_(Record.due_on <= as_of, rules.outcomes[Outcome.ELIGIBLE])
    return and_(eligible, _under(rules, lambda rule: tier_of(rule, rules.options) is tier))


def _to_transfer(rules: ListRules, as_of: date) -> ColumnElement[bool]:
    """Of a rule without an active period nothing was ever active, so that nothing is to be moved; nor what was."""
    without = _under(rules, lambda rule: rule.active_mode is ActiveMode.NONE)
    moved = _done(ItemState.MOVED, ItemState.HANDED_OVER)
    return and_(Record.due_on > as_of, Record.active_until <= as_of, not_(without), Record.id.not_in(moved))


def _done(*states: ItemState) -> Select[UUID]:
    """Records that a transfer or a hand-over has brought where they were to go."""
    return select(ProceedingItem.record_id).where(ProceedingItem.state.in_([state.value for state in states]))


def _explained() -> Select[UUID]:
    return select(RetentionExplanation.record_id).where(RetentionExplanation.ended_at.is_(None))


def _held() -> Select[UUID]:
    return select(HoldLink.record_id).join(Hold).where(Hold.released_at.is_(None))


def _under(rules: ListRules, wanted: Callable[[Rule], bool]) -> ColumnElement[bool]:
    """Return the condition that the record was declared under a rule of which `wanted` is true.

    An edition stands once it is in force, so that a rule is named by edition and code; where two books differ on one
    (examples may be mended) the book is named too.
    """
    told: dict[tuple[str, str], dict[UUID, bool]] = {}
    for book_id, kept in rules.books.items():
        for rule in kept.book.rules() if kept.book else ():
            told.setdefault((rule.edition, rule.code), {})[book_id] = wanted(rule)
    alike = [key for key, books in told.items() if all(books.values())]
    mixed = [
        (*key, book_id)
        for key, books in told.items()
        if any(books.values()) and not all(books.values())
        for book_id, yes in books.items()
        if yes
    ]
    parts: list[ColumnElement[bool]] = []
    if alike:
        parts.append(tuple_(Record.rule_edition, Record.rule_code).in_(alike))
    if mixed:
        parts.append(tuple_(Record.rule_edition, Record.rule_code, Record.rule_book_id).in_(mixed))
    return and_(Record.rule_code.is_not(None), or_(*parts)) if parts else false()
