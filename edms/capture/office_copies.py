"""The access copy of an office document: PDF/A-2b, bound to the original it was printed from, never in its place."""

from typing import Any

from edms.capture.results import Unfit
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component
from edms.text.office_copy import PARAMETERS
from edms.text.office_printer import PRINTABLE, NotPrintable, OfficeUnavailable, Printed

DONE, UNAVAILABLE = "done", "unavailable"


def printed(archive: Archive, original: Component, *, last: bool = True) -> tuple[Printed | None, dict[str, Any]]:
    """Print an office document; and the facts of the original that say how it went: `office_copy`, `office_reason`.

    Whatever hinders it, the record goes on: what was handed in is its original, and its text was read without this.
    Only when the printer died and this is not the `last` attempt, Unfit is raised, and it is tried again.
    """
    if original.media_type not in PRINTABLE:
        return None, {}
    try:
        with open_component(archive, original) as stream:
            return archive.printer.archival_copy(stream, original.media_type), {"office_copy": DONE}
    except OfficeUnavailable as fault:
        return None, {"office_copy": UNAVAILABLE, "office_reason": fault.message}
    except NotPrintable as fault:
        if fault.again and not last:
            raise Unfit(fault.code, fault.message, again=True) from fault
        return None, {"office_copy": fault.code, "office_reason": fault.message}


def will_print(archive: Archive, media_type: str) -> bool:
    """Whether the step that makes copies is going to print a document of this type."""
    return media_type in PRINTABLE and archive.printer.status().available


def provenance(original: Component, made: Printed) -> dict[str, Any]:
    """What is kept with the copy: from which bytes it was made, by what, how, and with which fonts."""
    return {
        "kind": "PDF printed from the office document" if made.faults else "PDF/A-2b printed from the office document",
        "made_from": original.blob.sha256,
        "tool": made.tool,
        "parameters": {name: told["value"] for name, told in PARAMETERS.items()},
        "pages": made.pages,
        "fonts": list(made.fonts),
        "fonts_missing": list(made.fonts_missing),
        **({"pdfa_faults": list(made.faults)} if made.faults else {}),
    }
