"""The catalogue is whole: every sentence of the pages is in it, translated, with equal placeholders, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import edms.web
from edms.access.separation import APART, why_apart
from edms.capture.states import Step
from edms.digitisation.judge import SENTENCES
from edms.disposal.people import WHO
from edms.records.events_many import NOTHING
from edms.web.words import ERRORS, SIGNATURES, error_text
from edms.web.words_lanes import STEPS

FACE = Path(edms.web.__file__).parent
ROOMS = FACE.parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "message": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
FIGURE = re.compile(r"\{\w+\}")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%(?![(\s])\w?")

# What these rooms say can come to a page, by an operation that a view calls.
SPEAKING = (
    "capture/accept.py", "capture/quarantine.py", "capture/uploads.py", "vault/staging.py",
    "records/alerts.py", "records/classification.py", "records/searching.py",
    "records/operations.py", "operation/door.py",
    "records/signatures.py", "records/signatures_sign.py", "records/signatures_shown.py",
    "records/signatures_states.py", "records/signatures_identities.py", "operation/attempts.py",
    "web/views/signatures.py", "web/views/account_passkeys.py",
    "capture/batches.py", "capture/batch_places.py", "capture/separators.py",
    "capture/photographs.py",
    "records/filing_many.py", "records/digitisations.py", "records/digitisation_items.py",
    "records/digitisation_check.py", "records/digitisation_signing.py", "capture/digitisation_close.py",
    "records/grants.py", "records/questions.py", "records/saved_searches.py", "records/search_export.py",
    "disposal/batches.py", "disposal/certificate.py", "disposal/closing.py", "disposal/course.py",
    "disposal/destruction.py", "disposal/execution.py", "disposal/papers.py", "disposal/people.py",
    "records/redactions.py", "records/redaction_make.py", "records/redaction_work.py",
    "text/redactor.py",
    "web/views/redactions.py",
    "digitisation/standard.py", "records/account.py", "records/account_codes.py",
    "records/account_passkeys.py", "operation/passkeys.py",
    "access/passwords.py",
    "records/marked.py", "records/loans.py", "records/provider_bindings.py",
    "operation/directory_links.py", "records/directory_sign_in.py", "records/directory_sync.py",
    "records/drafts.py", "records/editions.py", "records/rule_forecast.py", "web/views/rules.py",
    "records/proceedings.py", "records/reviewing.py", "exchange/transferring.py", "exchange/handing_over.py",
    "exchange/sending.py", "exchange/drawing.py", "core/handover_receipt.py",
    "exchange/certificate.py", "exchange/removing.py", "exchange/removal_guards.py", "records/removals.py",
    "records/tokens.py", "records/service_accounts.py", "records/holds.py", "records/hold_binding.py",
    "records/events.py", "records/events_many.py", "records/reviews.py", "web/views/events.py",
    "records/report_mailings.py",
    "records/account_confirmations.py",
    "records/people.py", "records/people_plan.py", "records/people_files.py", "records/people_lists.py",
    "records/positions.py", "records/readmission.py", "records/provisioning.py",
    "web/views/people.py", "web/views/people_accounts.py", "web/views/people_lists.py",
)  # fmt: skip
# Said by operations that have no page yet; each stands on the console only.
NOT_ON_A_PAGE = {
    "the folder is closed already", "voiding an event needs a reason", "the event is voided already",
    "… cannot be written: …", "… of … people would be let in no more, which is over … %",
    "look at the directory; if it is right, set [ldap] most_deactivated_percent for this run",
    "sign in first", "nobody has this place in the order",
    "there is no official …", "only officials sign; see: edms person list", "a position has 1 to 200 characters",
    "a certified service knows a person by a NIK of 16 digits; the pilot authority by none",
    "… has no certificate to revoke",
    "the edition names the hash of another document", "look which one it was read from",
    "the record is named as its source already",
    "a certificate is revoked from now or from before, not from a day to come",
}  # fmt: skip


@pytest.fixture(scope="module")
def used() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(FACE, METHODS, keywords=KEYWORDS, options_map={"**.html": {"silent": "false"}})
    return {message for _file, _line, message, _comments, _context in found}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (FACE / "translations" / "id.po").open("rb") as stream:
        return read_po(stream, locale="id", abort_invalid=True)


def entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def first(message: str | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


def test_every_sentence_is_translated_and_no_other(used: set[str | tuple[str, ...]], catalogue: Catalog) -> None:
    assert len(used) > 150
    wanted = {first(message) for message in used}
    known = {first(message.id) for message in entries(catalogue)}
    assert sorted(wanted - known) == [], "not in id.po"
    assert sorted(known - wanted) == [], "in id.po, and used nowhere"


def test_nothing_is_fuzzy_empty_or_left_over(catalogue: Catalog) -> None:
    wrong = [message.id for message in entries(catalogue) if message.fuzzy or not message.string]
    wrong += [
        message.id for message in entries(catalogue) if isinstance(message.string, tuple) and not all(message.string)
    ]
    assert wrong == []
    assert catalogue.obsolete == {}


def test_placeholders_are_the_same(catalogue: Catalog) -> None:
    for message in entries(catalogue):
        for told in message.string if isinstance(message.string, tuple) else (message.string,):
            assert sorted(PLACEHOLDER.findall(told)) == sorted(PLACEHOLDER.findall(first(message.id))), message.id


def test_it_is_indonesian(catalogue: Catalog) -> None:
    """A sentence left in English would pass the other tests."""
    same = {first(message.id) for message in entries(catalogue) if message.string == message.id}
    assert same <= {"JavaScript"}, "a name"


def shown(text: ast.expr) -> str:
    """Return the sentence that a string stands for, a changing part as `…`."""
    if isinstance(text, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in text.values)
    return str(text.value) if isinstance(text, ast.Constant) else ""


def sentences(path: Path) -> Iterator[str]:
    """What the code of a room says when it refuses; a changing part is shown as `…`."""
    kinds = (
        "operation.apart", "UserNameTaken",
        "Refused", "LimitExceeded", "NotPermitted", "NotSignedIn", "UploadBusy", "OffsetConflict", "ChecksumMismatch",
        "Changed", "Problem", "BadPaper", "Unmarkable", "NotMatched", "IndexBehind",
    )  # fmt: skip
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in kinds:
            continue
        told = node.args[1:] if ast.unparse(node.func) == "Problem" else node.args  # first the field it is about
        said = (shown(argument) for argument in told if isinstance(argument, ast.Constant | ast.JoinedStr))
        yield from filter(None, said)


@pytest.mark.parametrize("room", SPEAKING)
def test_what_the_rooms_below_say_has_its_words(room: str) -> None:
    said = set(sentences(ROOMS / room))
    assert said
    templates = {re.sub(r"%\(\w+\)s", "…", template) for template in ERRORS}
    assert said - templates - NOT_ON_A_PAGE == set()


def test_every_template_is_said_somewhere() -> None:
    said = {sentence for room in (*SPEAKING, "core/typed.py", "records/filing.py", "records/undo.py",
                                       "records/evidence.py", "records/contents.py", "vault/vault.py")
            for sentence in sentences(ROOMS / room)}  # fmt: skip
    for signing in ("signing/personal.py", "signing/personal_pilot.py", "signing/personal_check.py", "signing/bsre.py",
                    "records/signatures_sign.py", "text/photographs.py"):  # fmt: skip
        tree = ast.parse((ROOMS / signing).read_text("utf-8"))
        said |= {shown(node) for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)}
    said |= {f"page …: {re.sub(FIGURE, '…', sentence)}" for sentence in SENTENCES.values()}
    said |= {why_apart(duty) for duty in APART} | set(WHO.values())
    said |= {"scan them again, or say which paper they are", NOTHING}
    assert {re.sub(r"%\(\w+\)s", "…", template) for template in ERRORS} - said == set()


def test_what_is_wrong_with_a_signature_has_its_words() -> None:
    """The problems of a verdict; faults of certificate files come to the console only."""
    nodes = [
        node
        for name in ("verification", "received", "containers")
        for node in ast.walk(ast.parse((ROOMS / "signing" / f"{name}.py").read_text("utf-8")))
    ]
    said = {shown(node) for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr)}
    templates = {re.sub(r"%\(\w+\)s", "…", template) for template in SIGNATURES}
    assert templates - said == set()
    told = {
        shown(call.args[-1])
        for call in nodes
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("problems.append", "_problem")
        and isinstance(call.args[-1], ast.Constant | ast.JoinedStr)
    }
    assert len(told) >= 6
    assert told - templates == set()


def test_a_sentence_without_words_is_shown_as_it_stands() -> None:
    assert error_text("nobody has ever said this") == "nobody has ever said this"


def test_each_step_of_capture_has_words() -> None:
    """What has none would be shown as it stands in the code."""
    assert set(STEPS) == {step.value for step in Step}
