"""From judged reviews to the facts that `decide` is asked with."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.records.reviews_model import RetentionReview, ReviewKind
from edms.retention.dates import add_period
from edms.retention.types import Period


@dataclass(frozen=True)
class Judged:
    """What reviews say of one record. `maximum`: months and the law; a class's counts where the record has none."""

    document_date: date | None = None
    terjaga_released: bool = False
    vital_released: bool = False
    maximum: tuple[int, str] | None = None
    erasure: bool = False

    def facts(self, document_date: date | None) -> dict[str, Any]:
        """The arguments of `RetentionFacts` that this decides. A maximum counts from the document's date."""
        start = self.document_date or document_date
        told: dict[str, Any] = {
            "document_date": start,
            "terjaga_released": self.terjaga_released,
            "vital_released": self.vital_released,
            "erasure_accepted": self.erasure,
        }
        if self.maximum is not None and start is not None:
            told |= {"maximum_on": add_period(start, Period(months=self.maximum[0])), "maximum_basis": self.maximum[1]}
        return told


NOTHING_JUDGED = Judged()


class JudgedReviews:
    """The reviews of a part of the records, and the maxima of classes, read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of_classes = self._last(RetentionReview.class_code.is_not(None))

    def of(self, record_ids: Collection[UUID], classes: dict[UUID, str | None]) -> dict[UUID, Judged]:
        """Return what is judged of each of these records that something is judged of. `classes`: their codes."""
        found: dict[UUID, dict[str, RetentionReview]] = {}
        for (subject, kind), row in self._last(RetentionReview.record_id.in_(record_ids)).items():
            assert isinstance(subject, UUID)
            found.setdefault(subject, {})[kind] = row
        wanted = found.keys() | (classes.keys() if self._of_classes else set())
        return {one: self._judged(found.get(one, {}), classes.get(one)) for one in wanted}

    def _judged(self, rows: dict[str, RetentionReview], class_code: str | None) -> Judged:
        dated, erased = rows.get(ReviewKind.LEGACY_DATE), rows.get(ReviewKind.ERASURE)
        released, kept = rows.get(ReviewKind.VITAL_RELEASE), rows.get(ReviewKind.VITAL_KEPT)
        return Judged(
            dated.day if dated else None,
            ReviewKind.TERJAGA_RELEASE in rows,
            released is not None and (kept is None or _when(kept) < _when(released)),
            self._maximum(rows.get(ReviewKind.MAXIMUM), class_code),
            erased is not None,
        )

    def _maximum(self, own: RetentionReview | None, class_code: str | None) -> tuple[int, str] | None:
        code = class_code or ""
        while own is None and code:
            own = self._of_classes.get((code, ReviewKind.MAXIMUM.value))
            code = code.rpartition(".")[0]
        return (own.months, own.told) if own is not None and own.months is not None else None

    def _last(self, wanted: Any) -> dict[tuple[UUID | str | None, str], RetentionReview]:
        query = select(RetentionReview).where(wanted, RetentionReview.accepted.is_(True))
        rows = self._session.scalars(query.order_by(RetentionReview.judged_at, RetentionReview.id))
        return {(row.record_id or row.class_code, row.kind): row for row in rows}


def _when(row: RetentionReview) -> Any:
    return row.judged_at, row.id
