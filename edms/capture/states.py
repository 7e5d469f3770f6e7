"""The steps of capture, in order. Each is one row state and one transaction, so a killed worker's step is redone.

`EXAMINE` covers screening, identification and text: they share one pass of one sandboxed process over the file, since
starting three would cost three times and the file would be read three times. A batch goes from there another way: its
pages are looked at, a person reviews the cut, its parts are made. The last two are no capture: they make the redacted
document of a record that has long been declared.
"""

from enum import StrEnum

from edms.records.redaction_work import DRAW, JOIN

JOB_KIND = "capture"
RANGE_KIND = "pages"
"""The subject of such a job is a range of pages (edms.records.range_model), not a record."""


class Step(StrEnum):
    EXAMINE = "examine"
    ACCESS_COPY = "access_copy"
    CLASSIFY = "classify"
    SEAL = "seal"
    READ_BATCH = "read_batch"
    REVIEW = "review"
    DIVIDE = "divide"
    SPREAD = "spread"
    RECOGNISE = "recognise"
    REDACT_PAGES = DRAW
    REDACT_JOIN = JOIN


WAITING_FOR_A_PERSON = frozenset((Step.CLASSIFY, Step.REVIEW))


FIRST_STEP = Step.EXAMINE.value
