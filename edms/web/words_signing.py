"""What is said of signatures: what is wrong with one, why a personal one is not given, and what a document holds that
is not to be seen."""

from edms.web.language import gettext, message

SIGNATURES = (
    message("what fields show was exchanged after signing: %(fields)s"),
    message("form fields were filled in after signing"),
    message("the document was changed after signing"),
    message("the signature does not cover the whole document"),
    message("what was changed after signing cannot be followed"),
    message("the digest %(digest)s is broken: another document could have the same signature"),
    message("the digest %(digest)s is not permitted with %(signature)s (RFC 8419)"),
    message("cannot be checked: %(reason)s"),
    message("the signature cannot be checked: %(reason)s"),
    message("this is not a CMS signature"),
    message("the signatures of this PDF cannot be read: it is locked with a password"),
    message("the signatures of this PDF cannot be read: %(reason)s"),
    message("the certificate of its signer, or one above it, was revoked on %(day)s"),
    message("the certificate of its timestamp was revoked on %(day)s"),
    message("the certificate is under a trusted root, and is somebody else's"),
    message("the archive timestamp is not over what is in the seal, or not by a trusted authority"),
    message("a signature of this kind is not judged here: %(kind)s"),
    message("the file that it is over did not come with it"),
    message("a file is not the one that was signed: %(name)s"),
    message("a file in the container is not signed: %(name)s"),
    message("the container holds two files of one name"),
    message("the container holds more than a checker may unpack"),
    message("the container holds more signatures than a checker may judge"),
    message("the signatures of this container cannot be read: %(reason)s"),
    message("a manifest of the container cannot be read: %(reason)s"),
)

SIGNING_ERRORS = (
    message("the passphrase is wrong; nothing was signed"),
    message("try again"),
    message("try again later; nothing was kept"),
    message("tell the administrator"),
    message("the signing service does not answer (%(reason)s); nothing was signed"),
    message("the signing service does not let this archive in; nothing was signed"),
    message("the signing service refused (status %(status)s); nothing was signed"),
    message("the signing service answered with something that is no signed document; nothing was signed"),
    message("the signing service answered with something that is not this signature: %(reason)s; nothing was signed"),
    message("the signed document shows something else than was shown; nothing was signed"),
    message("nothing was signed: %(reason)s"),
    message("too many wrong passphrases"),
    message("wait %(minutes)s minutes"),
    message("what was shown is not what would be signed now"),
    message("look at it again, then sign"),
    message("the document may not be signed, for it can look otherwise than it is shown: %(codes)s"),
    message("capture it anew without them, for example printed to PDF"),
    message("the document cannot be shown whole: %(reason)s"),
    message("what cannot be shown is not signed"),
    message("the request for signatures is closed"),
    message("reload the page to see how it ended"),
    message("it is not this signer's turn"),
    message("signatures are given in the order of the request"),
    message("you have no certificate to sign with"),
    message("see the page about your certificate"),
    message("personal signatures are off in this archive"),
    message("the administrator sets [signing] personal"),
    message("the address of the public verification page is not set"),
    message("the administrator sets [server] public_url"),
    message("only a declared record can be signed"),
    message("a request has 1 to %(count)s signers, each of them once"),
    message("a request has a reason of 1 to %(count)s characters and a place of at most %(place)s"),
    message("signatures on this record are being asked for already"),
    message("wait for them, or withdraw that request"),
    message("%(name)s cannot sign this record"),
    message("choose from the list: officials who may see it and can sign"),
    message("the record has no PDF access copy, so there is nothing to sign"),
    message("capture it as PDF"),
    message("the PDF permits no further signature"),
    message("capture it without its protection"),
    message("the document was signed meanwhile"),
    message("reload the page"),
    message("there is no room on that page for so many signatures"),
    message("choose another page or fewer signers"),
    message("the place of the signature is not on the document"),
    message("choose a page that it has"),
    message("say in a few words why"),
    message("only a document that all have signed can be superseded"),
    message("an open request is withdrawn"),
    message("the password is wrong"),
    message("it is the one you sign in with"),
    message("you have a certificate already"),
    message("revoke it to have another"),
    message("nobody has enrolled you as a signer"),
    message("ask the administrator"),
    message("a passphrase has at least %(count)s characters"),
    message("a few words in a row are easy to keep"),
    message("the passphrase must be another one"),
    message("the two are not the same"),
    message("the certificate was changed meanwhile"),
    message("the certificates of this service are not made here"),
    message("the service itself issues and changes them"),
)

FINDINGS = {
    "scripts": message("scripts that can change what it shows"),
    "launches": message("actions that start other programs"),
    "forms_of_another_kind": message("a form of another kind (XFA) that other programs draw otherwise"),
    "media": message("sound, film or three-dimensional pictures"),
    "outside_content": message("content that is fetched from elsewhere"),
    "layers": message("layers that can be hidden or shown"),
    "print_differs": message("something that is printed and not shown"),
    "appearances_left_open": message("form fields whose look each program makes up for itself"),
    "alternate_pictures": message("pictures that are printed otherwise than they are shown"),
    "too_complex": message("more parts than can be checked"),
    "attachments": message("files attached to it, which are not shown here"),
    "links": message("links that lead elsewhere"),
    "form_fields": message("form fields that can be filled in later"),
}


def finding_name(code: str) -> str:
    """What a document holds that is not to be seen on its pages, in words."""
    return gettext(FINDINGS[code]) if code in FINDINGS else code


CHANGES = {
    "signature": message("further signatures"),
    "timestamp": message("timestamps"),
    "validation_data": message("certificates and revocation data"),
    "form": message("form fields filled in"),
    "annotation": message("notes or stamps on the pages"),
    "content": message("the content of pages"),
    "other": message("things that no rule permits"),
}

CERTIFICATIONS = {
    "no_changes": message("Its author certified it and permits no change."),
    "forms": message("Its author certified it and permits forms to be filled in and signed."),
    "annotations": message("Its author certified it and permits notes, forms and signatures."),
}

REVOCATIONS = {
    "good": message("not revoked at that time"),
    "revoked": message("certificate revoked"),
    "unknown": message("revocation unknown"),
}


def change_name(kind: str) -> str:
    """Name a kind of change after a signature."""
    return gettext(CHANGES.get(kind, CHANGES["other"]))


def certification_name(kind: str) -> str:
    return gettext(CERTIFICATIONS[kind]) if kind in CERTIFICATIONS else ""


def revocation_name(state: str) -> str:
    return gettext(REVOCATIONS.get(state, REVOCATIONS["unknown"]))
