"""The lists that a records officer works by, each a condition on stored, indexed values (R7, R8, R50, R77).

A condition is true of exactly the records of which `decide` says so on that day; a property test holds the two
together. The words of the lists are those of the law, in both languages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, not_, or_, true
from sqlalchemy.orm import Session

from edms.records.archive import Archive
from edms.records.members import BY_ID, Ask, Said
from edms.records.model import Record
from edms.records.narrow import Allowed
from edms.records.retention_facts import options_of
from edms.records.retention_report import may_be_done, stopped
from edms.records.rules import KeptBook, kept_books
from edms.retention.decide import tier_of
from edms.retention.types import ActiveMode, Options, Outcome, Rule, Tier


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

    done: dict[Outcome, ColumnElement[bool]]
    stopped: ColumnElement[bool]
    books: dict[UUID, KeptBook]
    options: Options
    confirmation_days: int
    ask: Ask


def list_rules(session: Session, archive: Archive, ask: Ask = BY_ID) -> ListRules:
    """Read what the conditions of all lists need."""
    return ListRules(
        may_be_done(session, ask),
        stopped(session, ask),
        kept_books(session),
        options_of(archive),
        archive.settings.retention.confirmation_days,
        ask,
    )


def list_condition(name: ListName, rules: ListRules, as_of: date) -> ColumnElement[bool]:
    """Return the condition of being on the list on that day; of declared records, whoever may see them."""
    return and_(_range_of(name, rules, as_of), _within(name, rules, as_of))


def list_parts(rules: ListRules, as_of: date) -> list[tuple[ColumnElement[bool], dict[str, ColumnElement[bool]]]]:
    """Return ranges of due dates that have no record in common, and what puts a record of each on which list."""
    due = (
        ListName.DESTROY, ListName.DESTROY_LOWER, ListName.DESTROY_UPPER, ListName.REVIEW, ListName.HANDOVER,
        ListName.PAST_DUE,
    )  # fmt: skip
    long = as_of - timedelta(days=rules.confirmation_days)
    ranges = (
        (rules.ask.due <= long, (*due, ListName.CONFIRM)),
        (and_(rules.ask.due > long, rules.ask.due <= as_of), due),
        (rules.ask.due > as_of, (ListName.TRANSFER, ListName.UNEXPLAINED)),
        (rules.ask.due.is_(None), (ListName.AWAITING, ListName.NO_RULE)),
    )
    return [
        (part, {name.value: _within(name, rules, as_of) for name in (*names, ListName.HELD)}) for part, names in ranges
    ]


def _range_of(name: ListName, rules: ListRules, as_of: date) -> ColumnElement[bool]:
    """The due dates in which everything on the list lies."""
    if name is ListName.HELD:
        return true()
    if name in (ListName.AWAITING, ListName.NO_RULE):
        return Record.due_on.is_(None)
    if name in _BY_ACTIVE:
        return Record.due_on > as_of
    return Record.due_on <= (as_of - timedelta(days=rules.confirmation_days) if name is ListName.CONFIRM else as_of)


def _within(name: ListName, rules: ListRules, as_of: date) -> ColumnElement[bool]:
    """What puts a record on the list, of those due in its range."""
    conditions: dict[ListName, Callable[[], ColumnElement[bool]]] = {
        ListName.TRANSFER: lambda: _to_transfer(rules, as_of),
        ListName.UNEXPLAINED: lambda: and_(_to_transfer(rules, as_of), not_(rules.ask.said(Said.EXPLAINED))),
        ListName.DESTROY: lambda: rules.done[Outcome.ELIGIBLE],
        ListName.DESTROY_LOWER: lambda: _to_destroy(rules, Tier.LOWER),
        ListName.DESTROY_UPPER: lambda: _to_destroy(rules, Tier.UPPER),
        ListName.REVIEW: lambda: rules.done[Outcome.REVIEW_DUE],
        ListName.HANDOVER: lambda: and_(
            rules.ask.allows(Allowed.HAND_OVER), not_(rules.stopped), not_(rules.ask.said(Said.HANDED_OVER))
        ),
        ListName.AWAITING: lambda: Record.awaiting.is_not(None),
        ListName.HELD: lambda: rules.ask.said(Said.HELD),
        ListName.PAST_DUE: true,
        ListName.CONFIRM: true,
        ListName.NO_RULE: lambda: not_(rules.ask.ruled()),
    }
    return conditions[name]()


def list_day(name: ListName) -> ColumnElement[date | None]:
    """Return the day from which a record is on the list, or of its document where no day has come yet."""
    if name in _BY_ACTIVE:
        return Record.active_until.expression
    return Record.document_date.expression if name in _BY_DOCUMENT else Record.due_on.expression


def _to_destroy(rules: ListRules, tier: Tier) -> ColumnElement[bool]:
    return and_(rules.done[Outcome.ELIGIBLE], _under(rules, lambda rule: tier_of(rule, rules.options) is tier))


def _to_transfer(rules: ListRules, as_of: date) -> ColumnElement[bool]:
    """Of a rule without an active period nothing was ever active, so that nothing is to be moved; nor what was."""
    without = _under(rules, lambda rule: rule.active_mode is ActiveMode.NONE)
    moved = rules.ask.said(Said.MOVED, Said.HANDED_OVER)
    return and_(rules.ask.active_until <= as_of, not_(without), not_(moved))


def _under(rules: ListRules, wanted: Callable[[Rule], bool]) -> ColumnElement[bool]:
    """Return the condition that the record was declared under a rule of which `wanted` is true.

    An edition stands once it is in force, so that a rule is named by edition and code; where two books differ on one
    (examples may be mended) the book is named too.
    """
    told: dict[tuple[str, str], dict[UUID, bool]] = {}
    for book_id, kept in rules.books.items():
        for rule in kept.book.rules() if kept.book else ():
            told.setdefault((rule.edition, rule.code), {})[book_id] = wanted(rule)
    parts: list[ColumnElement[bool]] = []
    alike: dict[str, list[str]] = {}
    for (edition, code), books in told.items():
        if all(books.values()):
            alike.setdefault(edition, []).append(code)
        elif some := [book_id for book_id, yes in books.items() if yes]:
            named = (Record.rule_edition == edition, Record.rule_code == code)
            parts.append(and_(*named, Record.rule_book_id.in_(some)))
    if alike:
        parts.append(rules.ask.under(alike))
    return and_(rules.ask.ruled(), or_(*parts)) if parts else false()
