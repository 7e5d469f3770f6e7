"""The contract of KeyProvider (edms/vault/keys.py), run against every implementation."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edms.core.clock import FixedClock
from edms.core.errors import IntegrityFault, KeyUnavailable
from edms.vault.file_provider import FileKeyProvider
from edms.vault.keys import KeyProvider

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
DATA = b"edms.blob-key.v1|some id|original"


def _file(folder: Path, passphrase: bytes | None) -> Callable[[], KeyProvider]:
    FileKeyProvider.create(folder / "keys", CLOCK, passphrase)
    return lambda: FileKeyProvider.open(folder / "keys", passphrase)


PROVIDERS: dict[str, Callable[[Path], Callable[[], KeyProvider]]] = {
    "file": lambda folder: _file(folder, None),
    "file-passphrase": lambda folder: _file(folder, b"kata sandi"),
}


@pytest.fixture(params=sorted(PROVIDERS), scope="module")
def again(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], KeyProvider]:
    """Open the same provider anew, as another process would."""
    return PROVIDERS[request.param](tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="module")
def keys(again: Callable[[], KeyProvider]) -> KeyProvider:
    return again()


def test_a_wrapped_key_comes_back_in_another_process(keys: KeyProvider, again: Callable[[], KeyProvider]) -> None:
    data_key = os.urandom(32)
    wrapped = keys.wrap(data_key, DATA)
    assert (wrapped.key_id, wrapped.epoch) == (keys.key_id, keys.epoch)
    assert again().unwrap(wrapped.key_id, wrapped.epoch, wrapped.wrapped, DATA) == data_key


def test_the_identity_is_plain_and_stays(keys: KeyProvider, again: Callable[[], KeyProvider]) -> None:
    assert re.fullmatch("[0-9a-z-]{1,64}", keys.key_id)
    assert keys.epoch >= 1
    assert (again().key_id, again().epoch) == (keys.key_id, keys.epoch)


def test_two_wrappings_differ_and_show_nothing(keys: KeyProvider) -> None:
    data_key = os.urandom(32)
    first, second = keys.wrap(data_key, DATA).wrapped, keys.wrap(data_key, DATA).wrapped
    assert first != second
    assert data_key not in first + second


@pytest.mark.parametrize("position", [0, 1, 12, 13, 40, -1])
def test_an_altered_wrapping_is_refused(keys: KeyProvider, position: int) -> None:
    wrapped = bytearray(keys.wrap(os.urandom(32), DATA).wrapped)
    wrapped[position] ^= 0x80
    with pytest.raises(IntegrityFault):
        keys.unwrap(keys.key_id, keys.epoch, bytes(wrapped), DATA)


@pytest.mark.parametrize("change", [lambda w: w[:-1], lambda w: w + b"\0", lambda w: b"", lambda w: w[:5]])
def test_a_cut_or_extended_wrapping_is_refused(keys: KeyProvider, change: Callable[[bytes], bytes]) -> None:
    wrapped = change(keys.wrap(os.urandom(32), DATA).wrapped)
    with pytest.raises(IntegrityFault):
        keys.unwrap(keys.key_id, keys.epoch, wrapped, DATA)


def test_other_associated_data_is_refused(keys: KeyProvider) -> None:
    wrapped = keys.wrap(os.urandom(32), DATA).wrapped
    with pytest.raises(IntegrityFault):
        keys.unwrap(keys.key_id, keys.epoch, wrapped, DATA + b"2")


def test_another_key_or_epoch_is_not_to_be_had(keys: KeyProvider) -> None:
    wrapped = keys.wrap(os.urandom(32), DATA).wrapped
    with pytest.raises(KeyUnavailable):
        keys.unwrap("0000", keys.epoch, wrapped, DATA)
    with pytest.raises(KeyUnavailable):
        keys.unwrap(keys.key_id, keys.epoch + 1, wrapped, DATA)
