"""What is said of copies that were handed out."""

from edms.web.language import message

HANDING_OUT_EVENTS = {
    "record.copy_issued": message("copy handed out"),
}
HANDING_OUT_VALUES = {
    "pages": message("pages"),
    "evidence": message("evidence bundle"),
    "view": message("looked at with a mark"),
    "download": message("downloaded with a mark"),
    "as_stored": message("as stored, without a mark"),
}
HANDING_OUT_ERRORS = (
    message("this copy cannot be marked, and so it is not handed out"),
    message("whoever may have the original can download that"),
)
