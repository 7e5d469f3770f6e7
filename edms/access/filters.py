"""The access rule as filters: a `Scope` turned into SQL and into search tokens. Nothing is decided here."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, literal, not_, or_, true

from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.positions import Rank
from edms.access.scope import DEFAULT_WHO_MAY, PUBLIC_KIP, RecordFacts, Scope, Stage, is_public


@dataclass(frozen=True)
class Columns:
    """Where a table keeps the facts of its rows. What it does not keep is as a record has it from the beginning."""

    office_id: SQLColumnExpression[UUID]
    level: SQLColumnExpression[str | None] | SQLColumnExpression[str]
    stage: SQLColumnExpression[str]
    who_may: SQLColumnExpression[str | None] | None = None
    personal_data: SQLColumnExpression[bool] | None = None
    kip: SQLColumnExpression[str | None] | None = None
    rank: SQLColumnExpression[int] | None = None
    """Of the level that counts, where that is kept: in the place of `level`."""

    def up_to(self, highest: Level) -> ColumnElement[bool]:
        """Return the condition that the level that counts is `highest` at most; no level that is unknown is."""
        if self.rank is not None:
            return self.rank <= highest.rank
        effective: ColumnElement[Any] = func.coalesce(self.level, UNCLASSIFIED_COUNTS_AS.value)
        names = [level.value for level in Level.up_to(highest)]
        return effective.in_(names) if len(names) > 1 else effective == names[0]


def sql_filter(scope: Scope, columns: Columns, granted: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Return the SQL condition that is true of exactly the rows that `scope` covers.

    `granted`: the condition that a grant of the scope's grantee stands on the row; its level is judged here.
    """
    covered = _wherever(scope, columns, granted)
    return covered if scope.only is None else and_(columns.office_id == scope.only, covered)


def _wherever(scope: Scope, columns: Columns, granted: ColumnElement[bool] | None) -> ColumnElement[bool]:
    """The same, but for the one office that a token may be bound to."""
    declared = columns.stage.in_([stage.value for stage in Stage if stage.is_evidence])
    impersonal = true() if columns.personal_data is None else columns.personal_data.is_(False)
    parts: list[ColumnElement[bool]] = []
    if scope.whole_archive and scope.everywhere_level:
        # Neither an own office nor a grant adds anything: they reach to the same clearance.
        return columns.up_to(scope.everywhere_level)
    if scope.offices and scope.office_level:
        parts.append(and_(columns.up_to(scope.office_level), _of_own_offices(scope, columns)))
    if scope.everywhere_level:
        parts.append(and_(columns.up_to(scope.everywhere_level), declared, impersonal))
    if scope.published and columns.kip is not None:
        open_to_all = and_(columns.up_to(Level.OPEN), declared, impersonal)
        parts.append(and_(open_to_all, columns.kip.in_(sorted(PUBLIC_KIP))))
    if granted is not None and scope.grantee is not None and scope.grant_level:
        parts.append(and_(granted, columns.up_to(scope.grant_level)))
    return or_(*parts) if parts else false()


def _of_own_offices(scope: Scope, columns: Columns) -> ColumnElement[bool]:
    own = columns.office_id.in_(sorted(scope.offices))
    if scope.custodian:
        return own
    who_may: ColumnElement[Any] = literal(DEFAULT_WHO_MAY.value)
    if columns.who_may is not None:
        who_may = func.coalesce(columns.who_may, DEFAULT_WHO_MAY.value)
    reached = or_(
        who_may == Rank.STAFF.value,
        and_(who_may == Rank.BELOW_HEAD.value, not_(columns.office_id.in_(sorted(scope.staff_in)))),
        and_(who_may == Rank.HEAD.value, columns.office_id.in_(sorted(scope.headed))),
    )
    return and_(own, or_(columns.up_to(Level.OPEN), reached))


_MARKS = {Rank.HEAD: "h", Rank.STAFF: "s"}
# A letter for each stage, as indexes hold them, none of them twice: a record is what its token says.
_LETTERS = {stage: "x" if stage is Stage.DESTROYED else stage.value[0] for stage in Stage}


def record_token(facts: RecordFacts) -> str:
    """Return the one token that a record with `facts` carries in the search index: all that the rule asks of it.

    `OFFICE.LEVEL.STAGE`, and a fourth part of letters where something differs from what is usual: `h` for its head
    alone, `s` for its staff too, `p` for personal data, `o` for what is open to anybody.
    """
    marks = _MARKS.get(facts.who_may, "") + "p" * facts.personal_data + "o" * is_public(facts)
    token = f"{facts.office_id.hex}.{facts.effective_level.rank}.{_LETTERS[facts.stage]}"
    return f"{token}.{marks}" if marks else token


_STAGES = {letter: stage for stage, letter in _LETTERS.items()}
_LEVELS = tuple(Level)
_RANKS = {mark: rank for rank, mark in _MARKS.items()}


@lru_cache(maxsize=65_536)
def facts_in(token: str) -> RecordFacts:
    """Return the facts that a token of `record_token` stands for, as far as the rule asks."""
    office, level, stage, *rest = token.split(".")
    marks = rest[0] if rest else ""
    who_may = next((_RANKS[mark] for mark in marks if mark in _RANKS), DEFAULT_WHO_MAY)
    kip = next(iter(sorted(PUBLIC_KIP))) if "o" in marks else None
    return RecordFacts(UUID(office), _LEVELS[int(level)], _STAGES[stage], who_may, "p" in marks, kip)


@dataclass(frozen=True)
class VisibleTokens:
    """All tokens that a visible record can carry, as a set that is asked and never listed: the rule itself."""

    scope: Scope

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and self.scope.covers(facts_in(token)) is not None


def search_tokens(scope: Scope) -> VisibleTokens:
    """Return the tokens that `scope` covers but for grants, which the index does not know of."""
    return VisibleTokens(scope.without_grants())
