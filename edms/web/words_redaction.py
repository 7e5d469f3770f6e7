"""What is said of redactions: why something is not covered or not given out, what was found, and the events."""

from flask import Flask

from edms.web.language import gettext, message

REDACTION_ERRORS = (
    message("this record cannot be redacted"),
    message("declared records with pages can be"),
    message("the redaction is not at a stage where this can be done"),
    message("the redaction was changed meanwhile"),
    message("look at it again"),
    message("at most %(count)s pages in one redaction"),
    message("at most %(count)s areas in one redaction"),
    message("at most %(count)s terms in one redaction"),
    message("make two of it"),
    message("only what is for publication is approved"),
    message("whoever had a hand in a redaction does not approve it"),
    message("a term is longer than %(count)s characters"),
    message("take a part of it that stands for it"),
    message("say it in %(least)s to %(most)s characters"),
    message("another redaction of this record is being made"),
    message("wait until it is made"),
    message("nothing is marked yet"),
    message("mark areas or take over proposals"),
    message("it could still be read in what was made: %(terms)s"),
    message("cover it by hand on its page"),
    message("there is a newer copy of its pages"),
    message("look at the areas, and save them again"),
    message("the area is not on the page"),
    message("give left before right and top before bottom, from 0 to 100"),
    message("nobody has looked at the pages yet"),
    message("look at each page covered, then say so"),
    message("what was made is not given out: %(codes)s"),
    message("tell who runs the archive"),
    message("it cannot be redacted: %(reason)s"),
    message("the covered pages cannot be recognised: %(reason)s"),
)
KINDS = {
    "nik": message("NIK"),
    "family_card": message("family card number"),
    "tax_number": message("tax number (NPWP)"),
    "officer": message("civil servant number (NIP)"),
    "phone": message("telephone"),
    "mail": message("mail address"),
    "account": message("bank account"),
    "passport": message("passport"),
    "plate": message("vehicle plate"),
    "address": message("address"),
    "birth": message("place and day of birth"),
    "name": message("name"),
    "term": message("term"),
    "hand": message("by hand"),
}
WHY = {
    "structure": message("has its structure"),
    "near_its_word": message("stands near its word"),
    "only_near_its_word": message("stands near its word; its structure is wrong"),
    "behind_its_label": message("stands behind its label"),
    "misread_behind_label": message("behind its label, with letters for figures"),
    "mobile": message("begins like a mobile number"),
    "landline": message("begins with an area code"),
    "area_in_brackets": message("begins with an area code"),
    "country_code": message("begins with the country code"),
    "of_a_body": message("of a treasurer or a body, not of a person"),
    "office": message("of an office"),
    "numbered": message("a street with its number or quarter"),
    "street": message("a street"),
    "neighbourhood": message("RT and RW"),
    "in_a_sentence": message("behind “lahir di”"),
}
PURPOSES = {"publication": message("for publication"), "grant": message("for a grant")}
STATES = {
    "draft": message("Draft"), "making": message("Being made"), "made": message("Made"),
    "approved": message("Approved"), "withdrawn": message("Withdrawn"),
}  # fmt: skip
REDACTION_VALUES = {"redacted": message("redacted document (PDF)")}
REDACTION_EVENTS = {
    "redaction.opened": message("redaction begun"),
    "redaction.shown": message("redaction looked at"),
    "redaction.proposed": message("personal data looked for"),
    "redaction.terms_found": message("terms looked for"),
    "redaction.previewed": message("pages of a redaction looked at"),
    "redaction.saved": message("areas of a redaction saved"),
    "redaction.handed_over": message("redaction handed over to be made"),
    "redaction.pages_made": message("pages of a redaction made"),
    "redaction.not_made": message("redaction could not be made"),
    "redaction.made": message("redacted document made"),
    "redaction.approved": message("redacted document approved"),
    "redaction.withdrawn": message("redaction withdrawn"),
}


def kind_name(kind: str) -> str:
    """What a finding or an area is, in words."""
    return gettext(KINDS[kind])


def why_found(reason: str) -> str:
    """Why something was found, in words."""
    return gettext(WHY[reason])


def purpose_name(purpose: str) -> str:
    return gettext(PURPOSES[purpose])


def stage_name(state: str) -> str:
    """Where a redaction stands, in words."""
    return gettext(STATES[state])


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(
        redacted_kind=kind_name, redacted_why=why_found, redaction_purpose=purpose_name, redaction_stage=stage_name
    )
