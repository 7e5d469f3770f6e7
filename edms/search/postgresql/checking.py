"""Whether what the tables hold is what was written: every byte authenticated, every row at its place."""

from collections.abc import Iterable, Iterator

from edms.search.codec import Numbers
from edms.search.comparing import differences
from edms.search.errors import IndexDamaged
from edms.search.postgresql.layout import BLOCK, BODY, FORMS, HEAD, LIST, PLACES
from edms.search.postgresql.segments import StoredSegment
from edms.search.postgresql.server import Server, Session, Vanished
from edms.search.protocol import Fault
from edms.search.snapshot import TEXT_FIELDS, tie_of

_AT_A_TIME = 2000


def document_versions(server: Server) -> Iterator[tuple[str, int]]:
    """Yield (record id, version) of every document."""
    try:
        with server.reading() as session:
            for (generation,) in session.rows("SELECT number FROM {generation} WHERE state = 'serving'"):
                query = (
                    "SELECT record, version FROM {document} WHERE segment IS NOT NULL AND record > %s ORDER BY record"
                    " LIMIT %s"
                )
                last = ""
                while rows := session.rows(query, [last, _AT_A_TIME], generation):
                    yield from rows
                    last = rows[-1][0]
    except Vanished:
        return


def verify(server: Server, index_key: bytes, expected: Iterable[tuple[str, int]] | None) -> Iterator[Fault]:
    """Yield what is wrong with the rows, and else what differs from the expected (record id, version)."""
    faults = list(_row_faults(server, index_key))
    yield from faults
    if expected is None or faults:
        return
    yield from differences(dict(document_versions(server)), expected)


def _row_faults(server: Server, index_key: bytes) -> Iterator[Fault]:
    try:
        with server.reading() as session:
            if not session.has_control():
                if session.tables():
                    yield Fault("index-file", "generation", "the table is missing")
                return
            session.connection.execute("SET LOCAL statement_timeout = 0")
            serving = session.rows("SELECT number FROM {generation} WHERE state = 'serving'")
            if not serving and any(name.startswith("segment_") for name in session.tables()):
                yield Fault("index-file", "generation", "which generation serves is not known any more")
            for (generation,) in serving:
                rows = session.rows("SELECT number, pieces FROM {segment} ORDER BY number", (), generation)
                places: dict[int, Numbers] = {}
                for number, pieces in rows:
                    try:
                        places[number] = _whole_segment(session, generation, number, pieces, index_key)
                    except IndexDamaged as damage:
                        yield Fault("index-file", f"{generation}/{number}", damage.message)
                if len(places) == len(rows):
                    yield from _misplaced(session, generation, places, index_key)
    except Vanished:
        yield Fault("index-file", "tables", "a table of the index is missing")


def _whole_segment(session: Session, generation: int, number: int, pieces: int, index_key: bytes) -> Numbers:
    """Read every piece of a segment; return which of its documents live."""
    segment = StoredSegment(session, generation, number, index_key)
    counts = {HEAD: 1, BODY: segment.documents, LIST: segment.told["lists"], PLACES: segment.told["lists"]}
    counts.update({BLOCK: len(segment.arrays["first ends"]), FORMS: len(TEXT_FIELDS)})
    read = 0
    for kind, count in counts.items():
        found = 0
        for first in range(0, max(count, 1), _AT_A_TIME):
            found += sum(1 for _ in segment.pieces(kind, first, first + _AT_A_TIME))
        if found != count:
            raise IndexDamaged(f"pieces of segment {generation}/{number} of the index are missing")
        read += found
    (stored,) = session.rows("SELECT count(*) FROM {piece} WHERE segment = %s", [number], generation)[0]
    if not read == stored == pieces:
        raise IndexDamaged(f"segment {generation}/{number} of the index has pieces that are not its own")
    return segment.alive()


def _misplaced(session: Session, generation: int, alive: dict[int, Numbers], index_key: bytes) -> Iterator[Fault]:
    """Yield the records that do not stand where they are said to stand, and the documents that nobody stands for."""
    for number, mask in alive.items():
        segment = StoredSegment(session, generation, number, index_key)
        query = "SELECT record, version, number FROM {document} WHERE segment = %s"
        for record, version, at in session.rows(query, [number], generation):
            if at is None or at >= len(mask) or not mask[at]:
                yield Fault("index-file", record, "the record is said to stand where it does not")
                continue
            mask[at] = False
            told = segment.arrays
            if int(told["tie"][at]) != tie_of(record) or int(told["version"][at]) != version:
                yield Fault("index-file", record, "the record is said to stand where another one does")
        if mask.any():
            yield Fault("index-file", f"{generation}/{number}", "documents stand there that belong to no record")
    (lost,) = session.rows(
        "SELECT count(*) FROM {document} WHERE segment IS NOT NULL AND segment NOT IN (SELECT number FROM {segment})",
        (),
        generation,
    )[0]
    if lost:
        yield Fault("index-file", "document", f"{lost} records are said to stand in a segment that there is not")
