"""What stands with an alert is said in the reader's language: every sentence that a finding can hold has its words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g
from test_translations import shown

import edms
from edms.operation.states import AlteredRow
from edms.web import language
from edms.web.words_alerts import DETAILS, detail_text, is_told

PACKAGE = Path(edms.__file__).parent
ROOMS = ("reconcile", "audit", "records", "search", "operation")
FINDINGS = ("Fault", "ReadFault", "Matter", "Overdue", "_Opened", "_Emergency", "self._name")
BY_PARTS = {
    AlteredRow("row", "people 1").detail, "leaves … to … are missing", "the leaf is missing",
    "the node was altered: it is not the hash of its children",
    "nobody answers for the service account …, which stands still",
}  # fmt: skip
"""Sentences that the code puts together elsewhere than where it names the finding."""
ONLY_OUTSIDE = {"the node …"}
"""Sentences whose wholes are told above."""


def said() -> Iterator[str]:
    for path in (path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in FINDINGS and node.args:
                yield shown(node.args[-1])


def test_every_sentence_of_a_finding_has_its_words_and_no_other() -> None:
    found = set(filter(None, said())) | BY_PARTS
    templates = {re.sub(r"%\(\w+\)s", "…", template) for template in DETAILS}
    assert len(found) > 60
    assert found - templates - ONLY_OUTSIDE == set()
    assert templates - found == set(), "words for what is never said"


@pytest.fixture
def indonesian() -> Iterator[None]:
    app = Flask("tests")
    language.install(app)
    with app.test_request_context():
        g.language = "id"
        yield


@pytest.mark.usefixtures("indonesian")
def test_details_are_told_sentence_by_sentence_with_their_parts() -> None:
    told = "'admin' gave a way into the account 'head-dinkes': password; its original is missing"
    assert detail_text(told) == (
        "'admin' membukakan jalan masuk ke akun 'head-dinkes': kata sandi baru diberikan; berkas aslinya hilang"
    )
    assert is_told(told)


@pytest.mark.usefixtures("indonesian")
def test_what_is_no_sentence_of_ours_stays_and_is_said_to_be_english() -> None:
    told = "its original is missing; errno 5"
    assert detail_text(told) == "berkas aslinya hilang; errno 5"
    assert not is_told(told)
