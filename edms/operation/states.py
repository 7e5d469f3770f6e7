"""What the audit trail knows of rows: each change of a row that matters puts a code of its new state into the trail.

A row that was edited, removed or put in around the system then disagrees with the trail (ADR 0030, format:
docs/formats/row-states.md). The code is keyed, so that whoever reads the trail cannot try out what a row may say.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Table,
    bindparam,
    event,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from edms.operation.model import RowState

Key = tuple[Any, ...]
PAGE = 500
MOST_IN_A_LEAF = 250
DETAIL = "rows"
_TOUCHED = "edms_touched_rows"
_ALTERED = "edms_altered_rows"
_LOOKS = 3
_STATES = cast(Table, RowState.__table__)


def _keys_asked() -> BindParameter[Any]:
    return bindparam("keys", expanding=True)


# Each of these runs several times in every transaction, and what it costs is mostly to be put together: made once.
_LINES = select(_STATES.c.key, _STATES.c.version, _STATES.c.code, _STATES.c.gone).where(
    _STATES.c.kind == bindparam("kind"), _STATES.c.key.in_(_keys_asked())
)
_HELD = (
    select(_STATES.c.key, _STATES.c.version)
    .where(_STATES.c.kind == bindparam("kind"), _STATES.c.key.in_(_keys_asked()))
    .order_by(_STATES.c.key)
    .with_for_update()
)
_MOVED = (
    update(_STATES)
    .where(_STATES.c.kind == bindparam("of_kind"), _STATES.c.key == bindparam("of_key"))
    .values(version=bindparam("to_version"), code=bindparam("to_code"), gone=bindparam("is_gone"))
)
_MADE = {
    "postgresql": postgresql.insert(_STATES).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(_STATES).on_conflict_do_nothing(),
}


@dataclass(frozen=True)
class Part:
    """Rows that belong to another one's state: `columns` of `source`, by the key of the row they belong to."""

    name: str
    source: FromClause
    key: tuple[Column[Any], ...]
    columns: tuple[Column[Any], ...]


@dataclass(frozen=True)
class Stated:
    """A table whose rows are told to the trail, together with their parts, but for the columns in `without`.

    `later`: columns that the table got after the trail was first told of its rows, by the value that a row had before;
    such a column is part of a state only where it has another value, so that the codes of older rows still hold.
    `fault`: the kind of fault by which a row that disagrees is named.
    """

    table: Table
    parts: tuple[Part, ...] = ()
    without: frozenset[str] = frozenset()
    later: Mapping[str, Any] = field(default_factory=dict)
    fault: str = "row"

    @property
    def kind(self) -> str:
        return self.table.name

    @property
    def key(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.primary_key.columns)

    @property
    def columns(self) -> tuple[Column[Any], ...]:
        return tuple(
            column for column in self.table.columns if column.name not in self.without and column.name not in self.later
        )

    @cached_property
    def rows(self) -> Select[Any]:
        """The query of the rows themselves, by `keys`: the key first, then the columns, then those of `later`."""
        later = [self.table.c[name] for name in self.later]
        return select(*self.key, *self.columns, *later).where(_among(self.key))

    def state_of(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Return the state that the cells of a row are: those of `columns`, and of `later` those that differ."""
        first = [_plain(cell) for cell in cells[: len(self.columns)]]
        later = zip(self.later.items(), cells[len(self.columns) :], strict=True)
        differing = {name: _plain(cell) for (name, before), cell in later if cell != before}
        return {"row": first, **({"later": differing} if differing else {})}

    @cached_property
    def part_rows(self) -> tuple[Select[Any], ...]:
        """The queries of the rows of each part, by the `keys` of their owners: the owner's key first."""
        return tuple(
            select(*part.key, *part.columns).select_from(part.source).where(_among(part.key)) for part in self.parts
        )


@dataclass
class Told:
    """What a leaf says of one row: the how many-th state of it, and its code."""

    kind: str
    key: str
    version: int
    code: str

    def as_list(self) -> list[Any]:
        return [self.kind, self.key, self.version, self.code]


@dataclass(frozen=True)
class AlteredRow:
    """A row that was changed around the system before the change through the system that met it."""

    kind: str
    id: str
    detail: str = "the row was altered around the system, and then changed through it before a verification"


@dataclass(frozen=True)
class RowStates:
    """Collects the rows that a session changes, and says in what state they are. `secret`: 32 bytes."""

    secret: bytes = b""
    stated: tuple[Stated, ...] = ()
    _owners: dict[str, tuple[Stated, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.stated:
            self._owners[one.kind] = one, tuple(column.name for column in one.key)
            for part in one.parts:
                self._owners[part.key[0].table.name] = one, tuple(column.name for column in part.key)

    def watch(self, session: Session) -> None:
        """Note from now on which rows `session` changes."""
        session.info[_TOUCHED] = (self, {})
        session.info[_ALTERED] = {}

    def tell(self, session: Session, now: datetime) -> list[Told]:
        """Write down the new state of every row that the session changed, and return what the trail is to be told."""
        touched: dict[tuple[str, str], Key] = session.info[_TOUCHED][1]
        found: list[Told] = []
        for one in self.stated:
            keys = {text: key for (kind, text), key in sorted(touched.items()) if kind == one.kind}
            for start in range(0, len(keys), PAGE):
                found += self._tell(session, one, dict(list(keys.items())[start : start + PAGE]), now)
        touched.clear()
        return found

    def altered(self, session: Session) -> list[AlteredRow]:
        """Return the rows that were not as the trail was told when the session was about to change them, each once."""
        found: dict[tuple[str, str], AlteredRow] = session.info[_ALTERED]
        rows = list(found.values())
        found.clear()
        return rows

    def compare(self, session: Session, changed: Iterable[Any]) -> None:
        """Hold rows that the session is about to change for the first time against their lines (format, section 4)."""
        keys: dict[str, dict[str, Key]] = {}
        for one, key in (owned for thing in changed for owned in self._owners_of(thing)):
            if (one.kind, spelled_key(key)) not in session.info[_TOUCHED][1]:
                keys.setdefault(one.kind, {})[spelled_key(key)] = key
        for one in self.stated:
            if one.kind not in keys:
                continue
            for text in self._differing(session, one, keys[one.kind]):
                row = AlteredRow(one.fault, named(one, text))
                session.info[_ALTERED][one.kind, text] = row

    def _differing(self, session: Session, one: Stated, keys: Mapping[str, Key]) -> list[str]:
        """The keys whose row is not that of its line. Nothing is locked: a line that moves while the row is read was
        moved by another writer, and is looked at again. On SQLite there is no other writer."""
        left, found = dict(keys), []
        connection = session.connection()
        alone = connection.dialect.name == "sqlite"
        for _look in range(_LOOKS):
            asked = {"kind": one.kind, "keys": list(left)}
            lines = {row[0]: row for row in connection.execute(_LINES, asked)}
            states = states_of(session, one, left)
            after = lines if alone else {row[0]: row for row in connection.execute(_LINES, asked)}
            for text in [text for text in left if lines.get(text) == after.get(text)]:
                line, state = lines.get(text), states.get(text)
                told = self.code(one.kind, text, line[1], state) if line is not None and not line[3] else None
                if state is not None and (line is None or told != line[2]):
                    found.append(text)
                del left[text]
            if not left:
                break
        return found

    def code(self, kind: str, key: str, version: int, state: Any) -> str:
        """Return the code of a state (None: the row is gone): HMAC-SHA256, 64 hexadecimal digits."""
        told = json.dumps([kind, key, version, state], ensure_ascii=True, separators=(",", ":"), sort_keys=True)
        return hmac.digest(self.secret, told.encode(), "sha256").hex()

    def owner(self, table: str) -> Stated | None:
        """Return whose state rows of `table` belong to."""
        found = self._owners.get(table)
        return found[0] if found else None

    def touch(self, session: Session, changed: Any) -> None:
        """Note that an object of the session changed; of one that moved to another owner, both owners."""
        for one, key in self._owners_of(changed):
            self.touch_key(session, one, key)

    def _owners_of(self, changed: Any) -> Iterator[tuple[Stated, Key]]:
        found = self._owners.get(getattr(type(changed), "__tablename__", ""))
        if found is None:
            return
        one, names = found
        keys = [tuple(getattr(changed, name) for name in names)]
        state: Any = changed._sa_instance_state
        before = [state.attrs[name].history.deleted for name in names]
        if any(before):
            keys.append(tuple(old[0] if old else new for old, new in zip(before, keys[0], strict=True)))
        for key in keys:
            if None not in key:
                yield one, key

    def touch_key(self, session: Session, one: Stated, key: Key) -> None:
        """Have the state of a row told that nothing changed."""
        session.info[_TOUCHED][1][one.kind, spelled_key(key)] = key

    def _tell(self, session: Session, one: Stated, keys: Mapping[str, Key], now: datetime) -> list[Told]:
        """The rows of states are locked first, so that a state is read when no other transaction can change it."""
        connection = session.connection()
        made = [
            {"kind": one.kind, "key": key, "version": 0, "code": "", "gone": False, "first_at": now} for key in keys
        ]
        connection.execute(_MADE[connection.dialect.name], made)  # those that are missing, whoever else makes them too
        versions = {row[0]: row[1] for row in connection.execute(_HELD, {"kind": one.kind, "keys": list(keys)})}
        states = states_of(session, one, keys)
        found, moved = [], []
        for text in keys:
            version, state = versions[text] + 1, states.get(text)
            told = Told(one.kind, text, version, self.code(one.kind, text, version, state))
            to = {"to_version": version, "to_code": told.code, "is_gone": state is None}
            moved.append({"of_kind": one.kind, "of_key": text, **to})
            found.append(told)
        connection.execute(_MOVED, moved)
        return found


NOTHING_STATED = RowStates()


def spelled_key(key: Key) -> str:
    """Return a primary key as text: its parts, a space between them."""
    return " ".join(str(part) for part in key)


def named(one: Stated, key: str) -> str:
    """Return the id by which a fault names a row."""
    return key if one.fault != "row" else f"{one.kind} {key}"


def states_of(session: Session, one: Stated, keys: Mapping[str, Key]) -> dict[str, Any]:
    """Return the state of each of the rows that exists, as it is in the database."""
    connection, found = session.connection(), dict[str, Any]()
    wanted = {"keys": [key[0] if len(one.key) == 1 else key for key in keys.values()]}
    for row in connection.execute(one.rows, wanted):
        found[spelled_key(tuple(row[: len(one.key)]))] = one.state_of(row[len(one.key) :])
    for part, query in zip(one.parts, one.part_rows, strict=True):
        width = len(part.key)
        for row in connection.execute(query, wanted):
            owner = found.get(spelled_key(tuple(row[:width])))
            if owner is not None:
                owner.setdefault(part.name, []).append([_plain(cell) for cell in row[width:]])
    for state in found.values():
        for part in one.parts:
            state[part.name] = sorted(state.get(part.name, ()), key=json.dumps)
    return found


def pages_of(session: Session, one: Stated) -> Iterator[dict[str, Key]]:
    """Yield the keys of all rows of a table, at most PAGE at a time."""
    after: Key | None = None
    while True:
        query = select(*one.key).order_by(*one.key).limit(PAGE)
        if after is not None:
            query = query.where(tuple_(*one.key) > tuple_(*_bound(one, after)))
        keys = [tuple(row) for row in session.execute(query)]
        if keys:
            yield {spelled_key(key): key for key in keys}
        if len(keys) < PAGE:
            return
        after = keys[-1]


def chunks(told: Sequence[Told]) -> Iterable[list[list[Any]]]:
    """Cut what is to be told into what one leaf holds."""
    for start in range(0, len(told), MOST_IN_A_LEAF):
        yield [one.as_list() for one in told[start : start + MOST_IN_A_LEAF]]


def _bound(one: Stated, key: Key) -> list[Any]:
    return [literal(value, column.type) for value, column in zip(key, one.key, strict=True)]


def _among(columns: tuple[Column[Any], ...]) -> ColumnElement[bool]:
    return (columns[0] if len(columns) == 1 else tuple_(*columns)).in_(_keys_asked())


def _plain(value: Any) -> Any:
    """Return a cell as JSON holds it, one spelling for one value."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value


@event.listens_for(Session, "before_flush")
def _compare_first(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    found = session.info.get(_TOUCHED)
    if found is not None:
        changed = [*session.new, *session.deleted, *(one for one in session.dirty if session.is_modified(one))]
        found[0].compare(session, changed)


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: UOWTransaction) -> None:
    found = session.info.get(_TOUCHED)
    if found is None:
        return
    states: RowStates = found[0]
    for changed in [*session.new, *session.deleted, *(one for one in session.dirty if session.is_modified(one))]:
        states.touch(session, changed)


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk_changes(executing: ORMExecuteState) -> None:
    """A change that names no row cannot be told to the trail: a defect in our code."""
    found = executing.session.info.get(_TOUCHED)
    table = getattr(executing.statement, "table", None)
    if found is None or table is None or executing.is_select:
        return
    if found[0].owner(table.name) is not None:
        raise RuntimeError(f"rows of {table.name} are changed one by one, so that the audit trail knows of each")
