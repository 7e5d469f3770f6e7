"""Signed notes against the note that Go's sumdb/note publishes, and against tampering."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edms.audit.note import (
    Checkpoint,
    key_id,
    key_name,
    open_checkpoint,
    open_note,
    sign_checkpoint,
    sign_note,
    verifier_key,
)
from edms.core.errors import IntegrityFault

# The example of golang.org/x/mod/sumdb/note: secret key, verifier key, text and note.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT + "\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of C2SP's signed-note.
C2SP_VERIFIER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SEED = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
CHECKPOINT = Checkpoint("edms/arsip-kota", 8, bytes(range(32)))


def raw(verifier: str) -> bytes:
    return base64.b64decode(verifier.split("+", 2)[2])[1:]


def test_the_note_of_go_is_made_byte_for_byte() -> None:
    assert sign_note(GO_TEXT, "PeterNeumann", GO_SEED) == GO_NOTE


@pytest.mark.parametrize(("verifier", "note"), [(GO_VERIFIER, GO_NOTE), (C2SP_VERIFIER, C2SP_NOTE)])
def test_published_notes_open_with_their_published_keys(verifier: str, note: str) -> None:
    name = verifier.split("+")[0]
    assert open_note(note, raw(verifier), name) == note[: note.rindex("\n\n") + 1]
    assert verifier_key(name, raw(verifier)) == verifier


def test_a_text_with_empty_lines_is_cut_at_the_last() -> None:
    text = "one\n\ntwo\n\nthree\n"
    assert open_note(sign_note(text, "edms/x", SEED), PUBLIC, "edms/x") == text


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    assert open_checkpoint(sign_checkpoint(CHECKPOINT, SEED), PUBLIC) == CHECKPOINT


@given(st.data())
def test_no_character_of_a_checkpoint_can_be_another(data: st.DataObject) -> None:
    note = sign_checkpoint(CHECKPOINT, SEED)
    place = data.draw(st.integers(0, len(note) - 1))
    char = data.draw(st.characters(exclude_characters=note[place]))
    with pytest.raises(IntegrityFault):
        open_checkpoint(note[:place] + char + note[place + 1 :], PUBLIC)


@given(st.text(max_size=300))
def test_any_text_is_opened_or_refused_in_words(text: str) -> None:
    with pytest.raises(IntegrityFault):
        open_checkpoint(text, PUBLIC)


def test_half_a_character_is_no_text() -> None:
    """JSON can carry one half of a surrogate pair, which has no bytes that could have been signed."""
    note = sign_checkpoint(CHECKPOINT, SEED)
    for broken in ("\ud800" + note, note.replace("\n\n", "\udfff\n\n", 1)):
        with pytest.raises(IntegrityFault, match="characters"):
            open_checkpoint(broken, PUBLIC)
    with pytest.raises(ValueError, match="half character"):
        sign_note("\ud800\n", "log.example", SEED)


def test_other_signatures_are_ignored_but_ours_must_hold() -> None:
    note = sign_checkpoint(CHECKPOINT, SEED)
    text = note[: note.rindex("\n\n") + 1]
    witness = sign_note(text, "witness.example/1", GO_SEED).removeprefix(text + "\n")
    assert open_checkpoint(note + witness, PUBLIC) == CHECKPOINT
    stranger = Ed25519PrivateKey.from_private_bytes(GO_SEED).public_key().public_bytes_raw()
    with pytest.raises(IntegrityFault, match="not signed by the expected key"):
        open_checkpoint(note + witness, stranger)
    forged = key_id(CHECKPOINT.origin, PUBLIC) + bytes(64)
    line = f"\u2014 {CHECKPOINT.origin} {base64.b64encode(forged).decode()}\n"
    with pytest.raises(IntegrityFault, match="altered"):
        open_checkpoint(note + line, PUBLIC)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\tbed", "non\u00a0breaking", "line\nfeed"])
def test_a_name_that_readers_refuse_is_not_signed_with(name: str) -> None:
    with pytest.raises(ValueError, match="key name"):
        sign_note("text\n", name, SEED)
    assert open_note(sign_note("text\n", key_name(name), SEED), PUBLIC, key_name(name)) == "text\n"


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "carriage\r\n"])
def test_a_text_that_readers_refuse_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        sign_note(text, "edms/x", SEED)


def test_an_endless_note_is_not_even_looked_at() -> None:
    with pytest.raises(IntegrityFault, match="too long"):
        open_checkpoint("x" * 10_000_000, PUBLIC)
