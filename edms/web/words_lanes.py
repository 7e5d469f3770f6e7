"""The steps of capture in words."""

from edms.web.language import gettext, message

STEPS = {
    "examine": message("screen and read"),
    "access_copy": message("make the access copy"),
    "classify": message("take up the description"),
    "seal": message("seal"),
    "read_batch": message("look at the pages of a batch"),
    "review": message("take up the review"),
    "divide": message("divide a batch"),
    "spread": message("spread over ranges of pages"),
    "recognise": message("recognise"),
    "redact_pages": message("cover pages"),
    "redact_join": message("join and seal the redacted document"),
}


def step_text(step: str) -> str:
    """Return what a step does, in the reader's language."""
    return gettext(STEPS[step]) if step in STEPS else step
