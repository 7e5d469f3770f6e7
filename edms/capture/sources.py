"""Who looks after a watched folder or a mailbox: one worker at a time, on whatever machine, under a lease."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from edms.access.policy import Action
from edms.capture.arrivals import INTAKE
from edms.capture.intake_model import IntakeSource
from edms.core.errors import EdmsError
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive

log = logging.getLogger("edms.capture")


@dataclass
class Round:
    """One look at a source: how many things wait there, and what was wrong with the source itself."""

    source: str
    lease: UUID
    waiting: int = 0
    problem: str = ""


@contextmanager
def round_at(
    archive: Archive, source: str, owner: str, every_seconds: float, *, now: bool = False
) -> Iterator[Round | None]:
    """Hold the source for one round; None when it is not due (unless `now`) or somebody else is at it.

    The lease is renewed while the round lasts. Should it be lost nothing is taken in twice: an arrival is unique.
    """
    held = _claim(archive, source, owner, now=now)
    if held is None:
        yield None
        return
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(archive, held, done), name="source", daemon=True)
    keeper.start()
    try:
        yield held
    except EdmsError as error:
        held.problem = str(error)
        raise
    finally:
        done.set()
        keeper.join()
        _leave(archive, held, timedelta(seconds=every_seconds))


def _claim(archive: Archive, source: str, owner: str, *, now: bool) -> Round | None:
    """Take the lease, also from ourselves: whoever has the name `owner` knows that its former bearer is dead."""
    for _attempt in range(2):
        try:
            with _writing(archive) as operation:
                row = operation.session.scalars(
                    select(IntakeSource).where(IntakeSource.source == source).with_for_update(skip_locked=True)
                ).one_or_none()
                if row is None:
                    row = IntakeSource(source=source, next_at=operation.now, waiting=0)
                    operation.session.add(row)
                taken = row.leased_until is not None and row.leased_until > operation.now and row.lease_owner != owner
                if taken or not (now or row.next_at <= operation.now):
                    return None
                row.lease, row.lease_owner = new_id(archive.clock), owner
                row.leased_until = operation.now + timedelta(seconds=archive.settings.worker.lease_seconds)
                return Round(source, row.lease)
        except IntegrityError:  # somebody else is just taking it
            continue
    return None


def _keep(archive: Archive, held: Round, done: threading.Event) -> None:
    seconds = archive.settings.worker.lease_seconds
    while not done.wait(seconds / 3):
        until = archive.clock.now() + timedelta(seconds=seconds)
        try:
            with _writing(archive) as operation:
                operation.session.execute(
                    update(IntakeSource)
                    .where(IntakeSource.source == held.source, IntakeSource.lease == held.lease)
                    .values(leased_until=until)
                )
        except Exception:
            log.exception("the lease on %s could not be renewed", held.source)


def _leave(archive: Archive, held: Round, pause: timedelta) -> None:
    with _writing(archive) as operation:
        operation.session.execute(
            update(IntakeSource)
            .where(IntakeSource.source == held.source, IntakeSource.lease == held.lease)
            .values(
                lease=None,
                lease_owner=None,
                leased_until=None,
                next_at=operation.now + pause,
                looked_at=operation.now,
                waiting=held.waiting,
                problem=held.problem[:2000] or None,
            )
        )


@contextmanager
def _writing(archive: Archive) -> Iterator[Operation]:
    with archive.door.write(INTAKE, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        yield operation


def due_sources(archive: Archive, names: list[str], now: datetime) -> set[str]:
    """Return which of the sources are due or have never been looked at: one read, for workers that ask often."""
    with archive.database.reader() as session:
        resting = session.scalars(
            select(IntakeSource.source).where(
                IntakeSource.source.in_(names), or_(IntakeSource.next_at > now, IntakeSource.leased_until > now)
            )
        )
        return set(names).difference(resting)
