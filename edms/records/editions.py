"""Editions as people browse them: each list that ever was in force, its tree with rules and levels, two compared."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.draft_model import RuleDraft, RuleSource
from edms.records.model import ComponentRole, Record, RuleBookEdition
from edms.records.rules import edition_in_force, kept_books
from edms.records.visible import decided_record, visible_to
from edms.retention.compare import Difference, compare_editions, period_text
from edms.retention.rulebook import RuleBook
from edms.retention.types import ClassNode, Edition, EditionKind, Rule

__all__ = ["Difference", "EditionKind"]


@dataclass(frozen=True)
class EditionLine:
    """One edition: `standing` today's state (in_force, later, closed, draft, example left out), and where it stands."""

    edition: Edition
    standing: str
    classes: int
    rules: int
    current: bool
    sources: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True)
class ClassLine:
    """One class of a tree, with the rule that is in force for it and the level it proposes."""

    node: ClassNode
    below: int
    rule: Rule | None
    inherited: bool
    level: str | None


@dataclass(frozen=True)
class EditionPage:
    """An edition, a window into its tree (`lines` below `above`), and its rows where it is a schedule."""

    line: EditionLine
    above: tuple[ClassNode, ...]
    lines: tuple[ClassLine, ...]
    rules: tuple[Rule, ...]


def list_editions(actor: Actor | None, archive: Archive) -> list[EditionLine]:
    """Return every edition of every book that was applied, those of the book in force first, by kind and time."""
    with archive.door.read(actor, Action.FILE_PLAN_BROWSE) as operation:
        operation.decide()
        books = _books(operation)
        today = archive.clock.today()
        lines = [_line(operation, book, name, today, current) for name, (book, current) in books.items()]
        return sorted(lines, key=lambda one: (one.edition.kind, not one.current, one.edition.effective_from))


def edition_page(actor: Actor | None, archive: Archive, edition: str, under: str = "") -> EditionPage:
    """Return an edition and its classes below `under` (empty: the tops). Raises NotFound."""
    with archive.door.read(actor, Action.FILE_PLAN_BROWSE) as operation:
        operation.decide()
        book, current = _book_of(operation, edition)
        today = archive.clock.today()
        nodes = book.nodes_of(edition)
        by_code = {node.code: node for node in nodes}
        if under and under not in by_code:
            raise NotFound()
        lines = [_class(book, nodes, node, today) for node in nodes if _parent(node, by_code) == under]
        rules = tuple(rule for rule in book.rules() if rule.edition == edition)
        line = _line(operation, book, edition, today, current)
        return EditionPage(line, tuple(_path(by_code, under)), tuple(lines), rules)


def compared(
    actor: Actor | None, archive: Archive, one: str, two: str, draft_id: UUID | None = None
) -> list[Difference]:
    """Return where two editions of one kind differ; the second may be of a draft, for those who may see drafts.

    Raises NotFound for an edition that is not there, Refused for two kinds.
    """
    action = Action.FILE_PLAN_BROWSE if draft_id is None else Action.RETENTION_DRAFT
    with archive.door.read(actor, action) as operation:
        operation.decide()
        first, _current = _book_of(operation, one)
        if draft_id is None:
            second, _current = _book_of(operation, two)
        else:
            draft = operation.session.get(RuleDraft, draft_id)
            second = RuleBook.from_text(draft.content) if draft is not None else first
            if draft is None or two not in second.editions:
                raise NotFound()
        if first.editions[one].kind is not second.editions[two].kind:
            raise Refused("editions of two kinds say nothing of each other", "choose two of one kind")
        return compare_editions(first, one, second, two)


def name_source(actor: Actor | None, archive: Archive, edition: str, record_id: UUID) -> UUID:
    """Keep that a record of this archive is the document an edition was read from (R4).

    Raises Refused when the edition names the hash of another document, or the record is named already.
    """
    with archive.door.write(actor, Action.RECORD_REASSIGN) as operation:
        record = decided_record(operation, record_id)
        book, _current = _book_of(operation, edition)
        original = record.component(ComponentRole.ORIGINAL)
        if original is None:
            raise NotFound()
        digest = original.blob.sha256
        wanted = book.editions[edition].source_sha256
        if wanted and wanted != digest:
            raise Refused("the edition names the hash of another document", "look which one it was read from")
        query = select(RuleSource).where(RuleSource.edition == edition, RuleSource.record_id == record_id)
        if operation.session.scalars(query).first() is not None:
            raise Refused("the record is named as its source already")
        source = RuleSource(
            id=new_id(archive.clock), edition=edition, record_id=record_id, sha256=digest,
            named_by=operation.actor.id, named_at=operation.now,
        )  # fmt: skip
        operation.session.add(source)
        operation.about("record", record_id, "retention.source_named")
        operation.note(edition=edition, sha256=digest)
        return source.id


def _books(operation: Operation) -> dict[str, tuple[RuleBook, bool]]:
    """Each edition by the newest book that has it, and whether that is the one in force."""
    session = operation.session
    current = edition_in_force(session)
    kept = kept_books(session)
    order = session.scalars(select(RuleBookEdition.id).order_by(RuleBookEdition.applied_at.desc()))
    ids = [current.id, *(one for one in order if one != current.id)] if current else list(order)
    found: dict[str, tuple[RuleBook, bool]] = {}
    for book_id in ids:
        book = kept[book_id].book
        for name in book.editions if book else ():
            assert book is not None
            found.setdefault(name, (book, current is not None and book_id == current.id))
    return found


def _book_of(operation: Operation, edition: str) -> tuple[RuleBook, bool]:
    found = _books(operation).get(edition)
    if found is None:
        raise NotFound()
    return found


def _line(operation: Operation, book: RuleBook, name: str, today: date, current: bool) -> EditionLine:
    edition = book.editions[name]
    rows = operation.session.execute(
        select(Record.id, Record.title)
        .join(RuleSource, RuleSource.record_id == Record.id)
        .where(RuleSource.edition == name, visible_to(operation.viewing))
        .order_by(RuleSource.named_at)
    )
    rules = sum(rule.edition == name for rule in book.rules())
    sources = tuple((row[0], row[1]) for row in rows)
    return EditionLine(edition, _standing(edition, today, current), len(book.nodes_of(name)), rules, current, sources)


def _standing(edition: Edition, today: date, current: bool) -> str:
    if edition.state == "DRAFT":
        return "draft"
    if current and edition.in_force(today):
        return "in_force"
    return "later" if current and edition.effective_from > today else "closed"


def _class(book: RuleBook, nodes: list[ClassNode], node: ClassNode, today: date) -> ClassLine:
    rule = book.rule_for(node.code, today)
    below = sum(other.parent == node.code for other in nodes)
    inherited = rule is not None and node.code not in rule.class_codes
    return ClassLine(node, below, rule, inherited, book.default_security(node.code, today))


def _parent(node: ClassNode, known: dict[str, ClassNode]) -> str:
    """The parent within this edition; of a class that supplements another edition it is a top here."""
    return node.parent if node.parent in known and node.parent else ""


def _path(known: dict[str, ClassNode], code: str) -> list[ClassNode]:
    found: list[ClassNode] = []
    while code:
        found.insert(0, known[code])
        code = _parent(known[code], known)
    return found


def period_words(rule: Rule) -> tuple[str, str]:
    """Return active and inactive period of a rule in signs that need no language."""
    return period_text(rule.active), period_text(rule.inactive)
