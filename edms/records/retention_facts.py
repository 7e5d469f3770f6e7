"""From stored rows to what `decide` is asked: facts, kept rule and holds of many records with few queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from edms.access.model import Office
from edms.records.archive import Archive
from edms.records.assignment_terms import review_rules, since_review
from edms.records.disposal_model import DisposalItem
from edms.records.dossier_facts import FiledRecords
from edms.records.holds_model import HoldScope, ScopeKind
from edms.records.loans_model import Loan
from edms.records.model import Folder, Hold, HoldLink, Record, RecordState, TriggerEvent
from edms.records.proceedings_model import ProceedingItem
from edms.records.review_facts import NOTHING_JUDGED, JudgedReviews
from edms.records.rules import KeptBook, edition_in_force, kept_books
from edms.retention.proceedings import ItemState
from edms.retention.types import EventFact, HoldFact, Options, RetentionFacts, Rule, TriggerType

PART = 2000
_COLUMNS = (
    Record.id, Record.title, Office.code.label("office"), Record.class_code, Record.state, Record.document_date,
    Record.folder_id, Folder.closed_on, Record.terjaga, Record.vital, Record.legacy_unverified, Record.fixity_failed,
    Record.rule_book_id, Record.rule_code, Record.rule_edition,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judgeable:
    """A record as `decide` is asked about it. `row` also carries what the report shows: id, title, office, class."""

    row: Row[Any]
    facts: RetentionFacts
    rule: Rule | None
    holds: tuple[HoldFact, ...]


def options_of(archive: Archive) -> Options:
    """Return the interpretations that this installation has chosen."""
    settings = archive.settings.retention
    month, day = settings.fiscal_year_end.split("-")
    return Options(settings.upper_tier_years, settings.tier_basis, (int(month), int(day)))


def select_facts() -> "Select[*tuple[Any, ...]]":
    """Return the query that `judgeables` reads; the caller narrows and orders it."""
    return (
        select(*_COLUMNS).join(Office, Office.id == Record.office_id).outerjoin(Folder, Folder.id == Record.folder_id)
    )


def judgeables(
    session: Session,
    query: "Select[*tuple[Any, ...]]",
    today: date,
    rules: "RulesKept | None" = None,
    within: UUID | None = None,
) -> Iterator[Judgeable]:
    """Yield what `query` (made from `select_facts`) finds, in its order, a part at a time so that memory stays flat.

    A declared record keeps the rule it was declared under (R3); one that is not yet declared follows the rules in
    force today. `rules`: those of this day, where the caller has read them already. `within`: the disposal that asks:
    what is in it is in no other one.
    """
    rules = rules or RulesKept(session, today)
    reviews, of_disposals = JudgedReviews(session), FiledRecords(session)
    for part in session.connection().execute(query.execution_options(yield_per=PART)).partitions():
        events, holds, lent = _events(session, part), _holds(session, part), _lent(session, part)
        reviewed = review_rules(session, [row.id for row in part])
        taken, transferred = _in_disposal(session, part, within)
        cases, filed = _with_open_case(session, holds), of_disposals.among({row.id: row.folder_id for row in part})
        judged = reviews.of([row.id for row in part], {row.id: row.class_code for row in part})
        for row in part:
            rule, drifted, superseded = rules.of(row)
            facts = RetentionFacts(
                **judged.get(row.id, NOTHING_JUDGED).facts(row.document_date),
                events=(*events.get(row.id, ()), *(events.get(row.folder_id, ()) if row.folder_id else ())),
                folder_closed_on=row.closed_on,
                terjaga=row.terjaga,
                vital=row.vital,
                legacy_unverified=row.legacy_unverified,
                fixity_failed=row.fixity_failed,
                on_loan=row.id in lent,
                in_other_batch=row.id in taken,
                transferred=True if row.id in transferred else None,
                open_case=row.id in cases,
                snapshot_drift=drifted,
                rule_superseded=superseded,
                disposal_file=row.id in filed,
            )
            if row.id in reviewed and row.state == RecordState.DECLARED.value:
                rule, counts_from = reviewed[row.id]
                facts = since_review(facts, counts_from)
            yield Judgeable(row, facts, rule, holds.get(row.id, ()))


def drifted_books(books: dict[UUID, KeptBook]) -> list[UUID]:
    """Return the rule books whose content is no longer what was applied."""
    return [name for name, kept in books.items() if not kept.intact]


class RulesKept:
    """Every rule book ever applied, as of one day. Each rule is looked up once per book, edition and code."""

    def __init__(self, session: Session, today: date) -> None:
        self._books = kept_books(session)
        self.in_force = edition_in_force(session)
        self._current = self._books[self.in_force.id].book if self.in_force else None
        self._today = today
        self._known: dict[tuple[Any, ...], tuple[Rule | None, bool, bool]] = {}

    def of(self, row: Row[Any]) -> tuple[Rule | None, bool, bool]:
        """Return the rule, whether it has drifted from what was kept, and whether a later edition has replaced it."""
        if row.state != RecordState.DECLARED.value:
            key: tuple[Any, ...] = ("", row.class_code)
        else:
            key = (row.rule_book_id, row.rule_edition, row.rule_code)
        if key not in self._known:
            self._known[key] = self._follow(row.class_code) if key[0] == "" else self._kept(*key)
        return self._known[key]

    def for_class(self, class_code: str | None) -> Rule | None:
        """Return the rule in force for a class."""
        return self._current.rule_for(class_code, self._today) if self._current and class_code else None

    def _follow(self, class_code: str | None) -> tuple[Rule | None, bool, bool]:
        return self.for_class(class_code), False, False

    def _kept(self, book_id: UUID | None, edition: str | None, code: str | None) -> tuple[Rule | None, bool, bool]:
        kept = self._books.get(book_id) if book_id else None
        if kept is None or edition is None or code is None:
            return None, False, False
        rule = kept.book.rule(edition, code) if kept.book else None
        now = self._current.editions.get(edition) if self._current else None
        return rule, not kept.intact or rule is None, now is None or now.superseded(self._today)


def _events(session: Session, part: Sequence[Row[Any]]) -> dict[UUID, tuple[EventFact, ...]]:
    """Events by the id of the record or folder that they happened to."""
    found: dict[UUID, tuple[EventFact, ...]] = {}
    folders = {row.folder_id for row in part if row.folder_id}
    for column, ids in ((TriggerEvent.record_id, {row.id for row in part}), (TriggerEvent.folder_id, folders)):
        query = (
            select(column, TriggerEvent.type, TriggerEvent.happened_on, TriggerEvent.verified_at, TriggerEvent.label)
            .where(column.in_(ids), TriggerEvent.voided_at.is_(None))
            .order_by(TriggerEvent.happened_on, TriggerEvent.id)
        )
        for subject, kind, happened_on, verified_at, label in session.execute(query) if ids else ():
            assert subject is not None, "the query asks for these ids"
            fact = EventFact(TriggerType(kind), happened_on, verified_at is not None, label)
            found[subject] = (*found.get(subject, ()), fact)
    return found


def _holds(session: Session, part: Sequence[Row[Any]]) -> dict[UUID, tuple[HoldFact, ...]]:
    query = (
        select(HoldLink.record_id, Hold.id, Hold.title)
        .join(Hold)
        .where(HoldLink.record_id.in_([row.id for row in part]), Hold.released_at.is_(None))
        .order_by(Hold.placed_at, Hold.id)
    )
    found: dict[UUID, tuple[HoldFact, ...]] = {}
    for record_id, hold_id, title in session.execute(query):
        found[record_id] = (*found.get(record_id, ()), HoldFact(str(hold_id), title))
    return found


def _with_open_case(session: Session, holds: dict[UUID, tuple[HoldFact, ...]]) -> frozenset[UUID]:
    """Return those of which a hold in force names the case that it stands for."""
    if not holds:
        return frozenset()
    named = {UUID(hold.id) for found in holds.values() for hold in found}
    query = select(HoldScope.hold_id).where(HoldScope.hold_id.in_(named), HoldScope.kind == ScopeKind.CASE.value)
    cases = {str(one) for one in session.scalars(query)}
    return frozenset(record for record, found in holds.items() if any(hold.id in cases for hold in found))


def _lent(session: Session, part: Sequence[Row[Any]]) -> frozenset[UUID]:
    """Return those of which the paper original is out."""
    query = select(Loan.record_id).where(Loan.record_id.in_([row.id for row in part]), Loan.is_out.is_(True))
    return frozenset(session.scalars(query))


def _in_disposal(
    session: Session, part: Sequence[Row[Any]], within: UUID | None
) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return those that are in another disposal than `within`, and those that were transferred to the records unit.

    A destruction, a transfer, a review and a hand-over each keep what is in them from every other one, as long as they
    are open: then the `standing_key` of their items is set (section 2.4).
    """
    ids = [row.id for row in part]
    taken: set[UUID] = set()
    for record_id, batch_id in session.execute(
        select(DisposalItem.record_id, DisposalItem.batch_id).where(
            DisposalItem.record_id.in_(ids), DisposalItem.standing_key.is_not(None)
        )
    ):
        taken |= {record_id} if batch_id != within else set()
    moved: set[UUID] = set()
    for record_id, proceeding_id, standing_key, state in session.execute(
        select(
            ProceedingItem.record_id, ProceedingItem.proceeding_id, ProceedingItem.standing_key, ProceedingItem.state
        ).where(ProceedingItem.record_id.in_(ids))
    ):
        taken |= {record_id} if standing_key is not None and proceeding_id != within else set()
        moved |= {record_id} if state == ItemState.MOVED.value else set()
    return frozenset(taken), frozenset(moved)
