"""Holding the answer of a signer against what was asked: nobody's word is taken for what a signed file is (R59).

The file must be the document that was sent, byte for byte, with one incremental update that adds one signature and
nothing else; by the person expected, under the roots configured, at about this time, at the place asked for.
"""

import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, SuspiciousModification

from edms.signing.appearance import exchanged_looks
from edms.signing.errors import SigningFault
from edms.signing.personal import AnswerRefused, Placement, Signatory
from edms.signing.verification import WHOLE, SignatureVerdict, TrustMaterial, verify_pdf

_HARMLESS = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
_POINTS_OF_TOLERANCE = 2.0
_NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")


@dataclass(frozen=True)
class Added:
    """The signature that was added: its field, its certificate (DER), the time in it, and whether that was stamped."""

    field_name: str
    certificate: bytes
    signed_at: datetime
    stamped: bool


def check_answer(
    document: bytes,
    answer: bytes,
    signatory: Signatory,
    placement: Placement,
    trust: TrustMaterial,
    now: datetime,
    tolerance: timedelta,
) -> Added:
    """Return what was added. Raises AnswerRefused, in one sentence, when `answer` is anything else than asked for."""
    if len(answer) <= len(document) or not answer.startswith(document):
        raise _refused("it is not the document that was sent with something added")
    try:
        before, after = (PdfFileReader(io.BytesIO(content), strict=False) for content in (document, answer))
        old = [signature.field_name for signature in before.embedded_signatures]
        if not old:
            raise _refused("the document bore no seal to begin with")
        signatures = list(after.embedded_signatures)
        if [signature.field_name for signature in signatures][:-1] != old:
            raise _refused("it does not hold exactly one signature more")
        added = signatures[-1]
        _only_a_signature(before, after)
        _in_place(after, added, placement)
        verdicts = verify_pdf(io.BytesIO(answer), trust)
    except AnswerRefused:
        raise
    except SigningFault as fault:
        raise _refused(fault.message) from None
    except Exception as error:  # noqa: BLE001 - a damaged file makes pyHanko raise errors of many kinds
        raise _refused(f"it cannot be read ({type(error).__name__})") from None
    _good(verdicts, added)
    certificate = added.signer_cert
    _by(certificate, signatory)
    stamp = verdicts[-1].timestamp
    moment = stamp.time if stamp is not None else added.self_reported_timestamp
    if moment is None or abs(moment - now) > tolerance:
        raise _refused("the time in the signature is not now")
    return Added(str(added.field_name), certificate.dump(), moment, stamp is not None)


def _refused(why: str) -> AnswerRefused:
    return AnswerRefused(
        f"the signing service answered with something that is not this signature: {why}; nothing was signed",
        "tell the administrator",
    )


def _only_a_signature(before: Any, after: Any) -> None:
    base = before.xrefs.total_revisions - 1
    difference = DEFAULT_DIFF_POLICY.review_file(after, base)
    if isinstance(difference, SuspiciousModification) or difference.modification_level not in _HARMLESS:
        raise _refused("it changes the document")
    if sorted(set(exchanged_looks(after, base))):
        raise _refused("it changes what the document shows")


def _in_place(reader: Any, added: Any, placement: Placement) -> None:
    """The field stands where it was asked for: over the text of a decree it would hide what was agreed to."""
    field = added.sig_field
    widgets = [field] if "/Rect" in field else [kid.get_object() for kid in field.get("/Kids", ())]
    page = reader.find_page_for_modification(placement.page - 1)[0].reference
    for widget in widgets:
        told = [float(number) for number in widget["/Rect"]]
        rectangle = (*map(min, told[:2], told[2:]), *map(max, told[:2], told[2:]))
        near = all(abs(is_ - asked) <= _POINTS_OF_TOLERANCE
                   for is_, asked in zip(rectangle, placement.box, strict=True))  # fmt: skip
        on_page = "/P" in widget and isinstance(widget.raw_get("/P"), generic.IndirectObject)
        if not near or (on_page and widget.raw_get("/P").reference != page):
            raise _refused("its visible field is not where it was asked for")
    if len(widgets) != 1:
        raise _refused("its field shows in more than one place")


def _good(verdicts: list[SignatureVerdict], added: Any) -> None:
    if not verdicts or verdicts[-1].field_name != str(added.field_name):
        raise _refused("what was added is no signature of a person")
    new = verdicts[-1]
    for right, why in (
        (new.intact and new.valid, "its signature is not valid"),
        (new.coverage == WHOLE, "its signature does not cover the whole document"),
        (new.trusted, "its certificate does not lead to a root that is trusted here"),
        (new.timestamp is None or (new.timestamp.valid and new.timestamp.trusted), "its timestamp is not good"),
        (all(one.unaltered for one in verdicts), "an earlier signature would no longer be good"),
    ):
        if not right:
            raise _refused(why)


def _by(certificate: x509.Certificate, signatory: Signatory) -> None:
    """The certificate is the one on file; else its subject bears the person's NIK, or the name when it bears none."""
    if signatory.certificate:
        if certificate.dump() != signatory.certificate:
            raise _refused("somebody else's certificate signed")
        return
    told = [(kind, str(value)) for part in certificate.subject.chosen for kind, value in _attributes(part)]
    numbers = {number for _kind, value in told for number in _NIK.findall(value)}
    if numbers and numbers != {signatory.identity}:
        raise _refused("somebody else's certificate signed")
    names = {_plain(value) for kind, value in told if kind == "common_name"}
    if not numbers and names != {_plain(signatory.name)}:
        raise _refused("the certificate is in another name")


def _attributes(part: Any) -> list[tuple[str, Any]]:
    return [(attribute["type"].native, attribute["value"].native) for attribute in part]


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
