"""What an error says, as whole sentences for a page."""

from edms.core.errors import EdmsError
from edms.web.words import error_text


def error_sentence(fault: EdmsError) -> str:
    """Return what is wrong, and what to do, in the reader's language."""
    told, mend = error_text(fault.message), error_text(fault.mend)
    return f"{told[:1].upper()}{told[1:]}." + (f" {mend[:1].upper()}{mend[1:]}." if mend else "")
