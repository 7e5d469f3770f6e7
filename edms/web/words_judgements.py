"""What is said of reviews of what is kept, and of lists that come by mail."""

from edms.records.reviews_model import ReviewKind
from edms.web.language import gettext, message

MAILING_ERRORS = (
    message("a mailing has a title of 1 to 200 characters"),
    message("a report is mailed weekly or monthly, as csv, xlsx, pdf or without the list itself"),
    message("a mailing has 1 to %(count)s recipients"),
    message("lists may not be attached here"),
    message("leave out the form, or set [mail] attachments"),
    message("this is no address: %(address)s"),
    message("mail may not go to %(address)s"),
    message("see [mail] domains"),
    message("there is no such person to send to: %(user)s"),
)


def kind_names() -> dict[str, str]:
    """The kinds of review by their names, in the reader's language."""
    return {
        ReviewKind.TERJAGA_RELEASE.value: gettext("Release the mark “arsip terjaga”"),
        ReviewKind.VITAL_RELEASE.value: gettext("Release the mark “vital record”"),
        ReviewKind.VITAL_KEPT.value: gettext("Keep as a vital record until its next review"),
        ReviewKind.LEGACY_DATE.value: gettext("Verify the date of an old document"),
        ReviewKind.MAXIMUM.value: gettext("Limit the time for which personal data is kept"),
        ReviewKind.ERASURE.value: gettext("Destroy personal data at somebody's request"),
    }
