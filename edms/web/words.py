"""What the archive says, in the reader's language: reasons, errors, values of records, events.

Rooms below the faces speak English, in sentences that stand in their code; here their Indonesian is found. A sentence
with a changing part is a template: `there is no class %(code)s in the file plan`.
"""

import re

from flask import Flask, Request

from edms.web.formats import size
from edms.web.identity import archive
from edms.web.language import gettext, message
from edms.web.limits import form_limit
from edms.web.patterns import in_words
from edms.web.words_access import ACCESS_ERRORS
from edms.web.words_account import ACCOUNT_ERRORS
from edms.web.words_batches import BATCH_ERRORS
from edms.web.words_digitisation import DIGITISATION_ERRORS
from edms.web.words_disposal import DISPOSAL_ERRORS
from edms.web.words_filing import FILING_ERRORS
from edms.web.words_handing_out import HANDING_OUT_ERRORS, HANDING_OUT_EVENTS, HANDING_OUT_VALUES
from edms.web.words_judgements import MAILING_ERRORS
from edms.web.words_people import LIST_ERRORS, PEOPLE_ERRORS
from edms.web.words_photographs import PHOTOGRAPH_ERRORS
from edms.web.words_proceedings import PROCEEDING_ERRORS
from edms.web.words_provider import BINDING_ERRORS
from edms.web.words_redaction import REDACTION_ERRORS, REDACTION_EVENTS, REDACTION_VALUES
from edms.web.words_retention import RETENTION_ERRORS, RETENTION_EVENTS
from edms.web.words_rules import RULES_ERRORS, RULES_EVENTS
from edms.web.words_search import NOTICES
from edms.web.words_searches import SEARCHES_ERRORS, SEARCHES_EVENTS
from edms.web.words_signing import (
    SIGNATURES,
    SIGNING_ERRORS,
    certification_name,
    change_name,
    finding_name,
    revocation_name,
)
from edms.web.words_tokens import PROVISIONING_ERRORS, TOKEN_ERRORS

ERRORS = (
    message("you may not do this"),
    message("there is no such office"),
    message("there is no office %(code)s"),
    message("the same file is being received by somebody else"),
    message("try again in a moment"),
    message("no file plan has been applied yet"),
    message("apply one: edms retention apply DIR"),
    message("there is no class %(code)s in the file plan"),
    message("choose a code from the file plan"),
    message("class %(code)s (%(title)s) has no retention schedule, so nothing can be filed under it"),
    message("choose a class below it, or have the schedule extended"),
    message("%(value)s is not a KIP category"),
    message("one of %(known)s"),
    message("an open record cannot be excluded information"),
    message("raise its level or change its KIP category"),
    message("a %(level)s record cannot be public information"),
    message("its KIP category must be dikecualikan"),
    message("the record stands as it was declared"),
    message("what is declared is evidence and cannot be edited"),
    message("there is nothing to take back"),
    message("describe the record again"),
    message("%(who)s has described this document since you opened it"),
    message("look at what it says now, then save again"),
    message("a class is needed"),
    message("the class has no security level of its own"),
    message("choose a level"),
    message("this level is above your clearance"),
    message("give the document to somebody who may see it"),
    message("this day has not come yet"),
    message("look at the date on the document"),
    message("another document of this year bears this number: %(title)s"),
    message("save again if it is right"),
    message("a release needs its reason"),
    message("say in a few words why the file is to be kept as it is"),
    message("the record is not in quarantine"),
    message("nobody releases a file that they handed in themselves"),
    message("ask another records officer"),
    message("say what you found or did"),
    message("a return needs its reason"),
    message("say in a few words what the sender is to do"),
    message("there is no evidence yet: the record is not declared"),
    message("the query is longer than %(count)s characters"),
    message("use fewer words (search.max_query_characters)"),
    message("only the first %(count)s results can be listed"),
    message("narrow the search"),
    message("the piece does not begin where the upload ends"),
    message("another piece was faster"),
    message("the upload is being finished"),
    message("ask again in a moment"),
    message("the same upload was begun a moment ago"),
    message("the upload was finished a moment ago"),
    message("ask again"),
    message("the upload is finished already"),
    message("the piece did not arrive as it was sent"),
    message("send it again"),
    message("the file did not arrive as it was sent"),
    message("send it again from its beginning"),
    message("more bytes came than the upload was to have"),
    message("fewer bytes came than the upload was to have"),
    message("you have too many unfinished uploads"),
    message("finish or discard some of them"),
    message("the upload came in too many small pieces"),
    message("begin it again, with larger ones"),
    message("a checksum must be one of %(known)s"),
    message("the checksum is not a digest in base64"),
    message("the file is larger than the limit of %(count)s bytes"),
    message("divide it, or raise [capture] max_file_bytes"),
    *ACCESS_ERRORS,
    *SIGNING_ERRORS,
    *ACCOUNT_ERRORS,
    *BINDING_ERRORS,
    *DIGITISATION_ERRORS,
    *PROCEEDING_ERRORS,
    *DISPOSAL_ERRORS,
    *RETENTION_ERRORS,
    *MAILING_ERRORS,
    *HANDING_OUT_ERRORS,
    *SEARCHES_ERRORS,
    *RULES_ERRORS,
    *BATCH_ERRORS,
    *FILING_ERRORS,
    *PHOTOGRAPH_ERRORS,
    *REDACTION_ERRORS,
    *TOKEN_ERRORS,
    *PROVISIONING_ERRORS,
    *PEOPLE_ERRORS,
    *LIST_ERRORS,
    message("nothing was changed; try again"),
)

REASONS = (message("malware was found in it: %(name)s"),)

PROBLEMS = {
    "empty": message("The file is empty. Scan or save it again."),
    "encrypted": message("The file is protected by a password. Bring it without one."),
    "damaged": message("The file is damaged and cannot be opened. Scan or save it again."),
    "no_picture": message("A page of a photographed document is no picture."),
    "decompression_bomb": message("The file unpacks to far more than is allowed."),
    "archive_depth": message("The file holds packages within packages, deeper than is allowed."),
    "xml_entities": message("The file holds XML entities, which are not let in."),
    "too_many_pages": message("The file has more pages than is allowed."),
    "time_limit": message("Reading the file takes longer than is allowed."),
    "memory_limit": message("Reading the file needs more memory than is allowed."),
    "output_limit": message("Reading the file yields more than is allowed."),
    "crash": message("The program that reads such files ended unexpectedly."),
    "processing_failed": message("A step failed again and again. The administrator finds the cause in the log."),
    "legacy_format": message("Files of this old format cannot be read here. Save it in a newer format, or release it."),
    "original_missing": message("The stored file is missing. Tell the administrator."),
}

FLAGS = {
    "polyglot": message("at once a file of another kind"),
    "executable": message("a program"),
    "launch": message("starts a program when opened"),
    "remote_template": message("loads a template from elsewhere when opened"),
    "type_mismatch": message("its name says another kind of file"),
    "macros": message("macros"),
    "javascript": message("JavaScript"),
    "open_action": message("does something by itself when opened"),
    "active_content": message("active content"),
    "embedded_files": message("other files lie in it"),
    "embedded_objects": message("objects of other programs"),
    "external_links": message("refers to files or pages elsewhere"),
    "unread_attachment": message("a file in it could not be read"),
    "encrypted_attachment": message("a file in it is protected by a password"),
    "bad_text_layer": message("its text was no words and was recognised anew"),
    "too_large_to_scan": message("not wholly scanned for malware"),
}

VALUES = HANDING_OUT_VALUES | {
    "berkala": message("published regularly"),
    "serta_merta": message("published at once"),
    "setiap_saat": message("available at any time"),
    "dikecualikan": message("excluded"),
    "asli": message("original"),
    "salinan": message("copy"),
    "tembusan": message("carbon copy"),
    "kertas": message("paper"),
    "elektronik": message("electronic"),
    "original": message("original"),
    "access_copy": message("access copy (PDF/A)"),
    "later_copy": message("access copy made later (PDF/A)"),
    "text": message("text"),
    "manifest": message("manifest"),
    "seal": message("seal"),
    "attachment": message("attachment"),
    "signed": message("signed by officials (PDF)"),
    "authenticated": message("authenticated copy (PDF)"),
    **REDACTION_VALUES,
}

EVENTS = (
    HANDING_OUT_EVENTS
    | SEARCHES_EVENTS
    | RETENTION_EVENTS
    | RULES_EVENTS
    | {
        **REDACTION_EVENTS,
        "record:capture": message("received"),
        "record:view": message("looked at"),
        "record.previewed": message("pages looked at"),
        "record.thumbnail": message("first page looked at, small"),
        "record:download": message("downloaded"),
        "record:export": message("evidence exported"),
        "record:classify": message("described"),
        "record.description_undone": message("description taken back"),
        "record.examined": message("examined and read"),
        "record.access_copy_made": message("access copy made"),
        "record.classification_seen": message("classification taken up"),
        "record.sealed": message("sealed"),
        "record.declared": message("declared as a record"),
        "record.quarantined": message("put into quarantine"),
        "record.quarantine_released": message("released from quarantine"),
        "record.retried": message("tried again"),
        "record.returned": message("returned to the sender"),
        "record.kept_as_it_is": message("kept without text"),
        "record.malware_found": message("malware found by newer signatures"),
        "record.step_failed": message("a step failed"),
        "record.duplicate": message("received again"),
        "record.held": message("put on hold"),
        "record.released": message("hold released"),
        "record.event_recorded": message("retention event noted"),
        "signature.requested": message("signatures asked for"),
        "signature.shown": message("shown to a signer"),
        "signature.signed": message("signed by an official"),
        "signature.declined": message("signature declined"),
        "signature.withdrawn": message("request for signatures withdrawn"),
        "signature.superseded": message("signed document superseded"),
        "signature.failed": message("signing failed"),
        "record.event_verified": message("retention event verified"),
    }
)

BECAUSE = {
    "number_line": message("read beside “Nomor”"),
    "date_line": message("read beside “Tanggal”"),
    "place_and_date": message("read in the line of place and date"),
    "date_beside_number": message("read beside the number"),
    "enacted_on": message("read where the document was enacted"),
    "nature_line": message("read beside “Sifat”"),
    "attachments_line": message("read beside “Lampiran”"),
    "subject_line": message("read beside “Hal”"),
    "below_tentang": message("read below “Tentang”"),
    "below_heading": message("read below the heading"),
    "first_line": message("the first line"),
    "addressed_to": message("read in the address"),
    "recipient_line": message("read beside “Kepada”"),
    "sender_line": message("read beside “Dari”"),
    "letterhead": message("read in the letterhead"),
    "signatory": message("read above the signature"),
    "enactor": message("read as who decrees"),
    "heading": message("read in the heading"),
    "code_in_number": message("the code in the letter's number"),
    "prefix_of_number": message("said by the first letters of the number"),
    "filed_alike": message("your office filed documents with these words there"),
}

LEVELS = {
    "open": message("Open"),
    "restricted": message("Restricted"),
    "secret": message("Secret"),
    "top_secret": message("Top secret"),
}


def error_text(sentence: str) -> str:
    """Return an English sentence from below in the reader's language, or as it is when it has no translation."""
    return in_words((*ERRORS, *SIGNATURES, *REASONS), sentence, _part) or sentence


def _part(name: str, part: str) -> str:
    return error_text(part) if name == "reason" else part


def problem_text(code: str | None, told: str | None) -> str:
    """Return why a file is in quarantine; `told` is the English of the part that found it."""
    if code in PROBLEMS:
        return gettext(PROBLEMS[code])
    if code is not None and code.startswith("flag_"):
        return gettext("Set aside because of what it is: %(what)s.") % {"what": flag_text(code.removeprefix("flag_"))}
    return error_text(told or "")


def flag_text(flag: str) -> str:
    """What screening found, in words."""
    return gettext(FLAGS[flag]) if flag in FLAGS else flag


def notice_text(code: str, detail: str) -> str:
    """Return in words what the search made of a question that it could not take as it stands."""
    return gettext(NOTICES[code]) % {"detail": detail} if code in NOTICES else f"{code} {detail}"


def value_name(value: str | None) -> str:
    """A value of a record in words; one in the city's own words (a type of document) is shown as it stands."""
    if value in VALUES:
        return gettext(VALUES[value])
    return (value or "").replace("_", " ")


def event_name(action: str) -> str:
    """An audit event in words; one without words is shown as it stands in the trail."""
    return gettext(EVENTS[action]) if action in EVENTS else action


def because_text(code: str) -> str:
    """Why something is proposed, in words."""
    return gettext(BECAUSE[code]) if code in BECAUSE else code


def level_name(level: str | None) -> str:
    """The security level in words."""
    return gettext(LEVELS[level]) if level in LEVELS else gettext("Unclassified")


def status_text(status: int) -> tuple[str, str]:
    """Return what happened and what to do, for an HTTP status."""
    told = {
        403: (gettext("You may not do this."), gettext("It is not part of your role. Ask the records officer.")),
        404: (
            gettext("There is no such page or record, or it is not for you to see."),
            gettext("Check the address, or search for it."),
        ),
        405: (gettext("This page cannot be used like that."), gettext("Go back and use the buttons of the page.")),
        429: (gettext("Too many attempts."), gettext("Wait a while, then try again.")),
        503: (
            gettext("The database was cut off before it answered: this may have been done, and may not."),
            gettext("Look whether it is there. Files that are sent again are recognised and kept once."),
        ),
        507: (
            gettext("The archive cannot store anything at the moment. What you sent was not taken in."),
            gettext("Keep the files and tell the administrator; nothing that was confirmed before is lost."),
        ),
    }
    if status in told:
        return told[status]
    if status < 500:
        return gettext("The request could not be understood."), gettext("Go back, reload the page and try again.")
    return (
        gettext("Something went wrong on our side."),
        gettext("Try again. If it happens again, tell the administrator when it was and what you did."),
    )


def too_large_text(request: Request) -> tuple[str, str]:
    """Return what to do about a request over the limit: a single file, or a form with several."""
    settings = archive().settings
    if request.mimetype == "multipart/form-data":
        return (
            gettext("The files are larger than %(size)s together.") % {"size": size(form_limit(settings))},
            gettext("None of them was taken in. Go back and send fewer at once."),
        )
    return (
        gettext("The file is larger than the limit of %(size)s.") % {"size": size(settings.capture.max_file_bytes)},
        gettext("Scan it in parts or at a lower resolution, or ask the administrator to raise the limit."),
    )


def common_name(distinguished_name: str) -> str:
    """The name of a signer without the rest of its distinguished name."""
    found = re.search(r"Common Name: ([^,]+)", distinguished_name)
    return found.group(1).strip() if found else distinguished_name


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(
        change_name=change_name,
        certification_name=certification_name,
        revocation_name=revocation_name,
        level_name=level_name,
        finding_name=finding_name,
        event_name=event_name,
        value_name=value_name,
        because=because_text,
        common_name=common_name,
        sentence=error_text,
        flag_text=flag_text,
    )
    app.jinja_env.tests.update(flag_name=lambda flag: flag in FLAGS)
    app.jinja_env.globals.update(problem_text=problem_text, notice_text=notice_text)
