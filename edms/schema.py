"""All tables in one place, for migrations and tests: importing this module loads every model."""

from edms.access import credentials_model, provider_model
from edms.access import model as access_model
from edms.audit import model as audit_model
from edms.capture import batch_model, intake_model
from edms.capture import model as capture_model
from edms.core.database import Base
from edms.jobs import model as jobs_model
from edms.operation import model as operation_model
from edms.records import (
    alerts_model,
    assignment_model,
    copies_model,
    digitisation_model,
    disposal_model,
    draft_model,
    evidence_model,
    filing_model,
    grants_model,
    holds_model,
    loans_model,
    nightly_model,
    proceedings_model,
    proposal_model,
    questions_model,
    range_model,
    redaction_model,
    removals_model,
    report_model,
    reviews_model,
    signatures_model,
)
from edms.records import model as records_model
from edms.screening import model as screening_model
from edms.vault import model as vault_model

MODELS = (
    access_model,
    alerts_model,
    assignment_model,
    audit_model,
    batch_model,
    capture_model,
    credentials_model,
    copies_model,
    digitisation_model,
    draft_model,
    disposal_model,
    evidence_model,
    filing_model,
    grants_model,
    intake_model,
    jobs_model,
    holds_model,
    loans_model,
    operation_model,
    nightly_model,
    proceedings_model,
    proposal_model,
    provider_model,
    questions_model,
    range_model,
    records_model,
    redaction_model,
    removals_model,
    report_model,
    screening_model,
    reviews_model,
    signatures_model,
    vault_model,
)
metadata = Base.metadata
