"""The access rule as filters: a `Scope` turned into SQL and into search tokens. Nothing is decided here."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.policy import RecordFacts, Scope, Stage


def sql_filter(
    scope: Scope,
    office_id: InstrumentedAttribute[UUID],
    level: InstrumentedAttribute[str | None],
    stage: InstrumentedAttribute[str],
) -> ColumnElement[bool]:
    """Return the SQL condition that is true of exactly the rows that `scope` covers."""
    effective = func.coalesce(level, UNCLASSIFIED_COUNTS_AS.value)
    parts: list[ColumnElement[bool]] = []
    if scope.offices and scope.office_level:
        parts.append(and_(office_id.in_(sorted(scope.offices)), effective.in_(_names(scope.office_level))))
    if scope.everywhere_level:
        everywhere: ColumnElement[bool] = effective.in_(_names(scope.everywhere_level))
        if not scope.everywhere_pending:
            everywhere = and_(everywhere, stage == Stage.DECLARED.value)
        parts.append(everywhere)
    return or_(*parts) if parts else false()


def record_token(facts: RecordFacts) -> str:
    """Return the one token that a record with `facts` carries in the search index."""
    return f"{facts.office_id.hex}.{facts.effective_level.rank}.{facts.stage.value[0]}"


def search_tokens(scope: Scope, all_offices: Iterable[UUID]) -> frozenset[str]:
    """Return every token that a visible record can carry; `all_offices` are the ids of all offices there are."""
    return frozenset(
        record_token(facts)
        for office in all_offices
        for level in Level
        for stage in Stage
        if scope.covers(facts := RecordFacts(office, level, stage))
    )


def _names(highest: Level) -> list[str]:
    return [level.value for level in Level.up_to(highest)]
