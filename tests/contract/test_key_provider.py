"""The contract of KeyProvider (edms/vault/keys.py), run against every implementation."""

import os
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from key_services import PIN, Bao, SoftHsm

from edms.core.clock import FixedClock
from edms.core.errors import IntegrityFault, KeyUnavailable
from edms.vault.file_provider import FileKeyProvider
from edms.vault.keyring import KeyRing
from edms.vault.keys import KeyProvider, Wrapping
from edms.vault.pkcs11_provider import Pkcs11KeyProvider
from edms.vault.transit_provider import TransitKeyProvider

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
DATA = b"edms.blob-key.v1|some id|original"
Open = Callable[[], KeyProvider]


def _file(folder: Path, passphrase: bytes | None) -> Open:
    FileKeyProvider.create(folder, CLOCK, passphrase)
    return lambda: FileKeyProvider.open(folder, passphrase)


def _pkcs11(folder: Path, softhsm: SoftHsm, wrapping: str) -> Open:
    Pkcs11KeyProvider.create(folder, softhsm.module, softhsm.new_token(), lambda: PIN, wrapping)
    return lambda: Pkcs11KeyProvider.open(folder, softhsm.module, lambda: PIN, wrapping)


def _transit(folder: Path, bao: Bao) -> Open:
    TransitKeyProvider.create(folder, bao.client(), "transit", f"edms-{secrets.token_hex(4)}")
    return lambda: TransitKeyProvider.open(folder, bao.client(), "transit")


PROVIDERS: dict[str, Callable[[Path, pytest.FixtureRequest], Open]] = {
    "file": lambda folder, _request: _file(folder, None),
    "file-passphrase": lambda folder, _request: _file(folder, b"kata sandi"),
    "pkcs11-gcm": lambda folder, request: _pkcs11(folder, request.getfixturevalue("softhsm"), "aes-gcm"),
    "pkcs11-key-wrap": lambda folder, request: _pkcs11(folder, request.getfixturevalue("softhsm"), "aes-key-wrap"),
    "transit": lambda folder, request: _transit(folder, request.getfixturevalue("bao")),
}


@pytest.fixture(params=sorted(PROVIDERS), scope="module")
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def again(provider: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Open the same provider anew, as another process would."""
    return PROVIDERS[provider](tmp_path_factory.mktemp("provider") / "keys", request)


@pytest.fixture(scope="module")
def keys(again: Open) -> KeyProvider:
    return again()


@pytest.fixture
def fresh(provider: str, request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """A provider of the test's own, whose epochs it may change."""
    return PROVIDERS[provider](tmp_path / "keys", request)


def test_a_wrapped_key_comes_back_in_another_process(keys: KeyProvider, again: Open) -> None:
    data_key = os.urandom(32)
    wrapped = keys.wrap(data_key, DATA)
    assert (wrapped.key_id, wrapped.epoch) == (keys.key_id, keys.epoch)
    assert again().unwrap(wrapped.key_id, wrapped.epoch, wrapped.wrapped, DATA) == data_key


def test_the_identity_is_plain_and_stays(keys: KeyProvider, again: Open) -> None:
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


def test_a_new_epoch_wraps_and_the_old_one_still_opens(fresh: Open) -> None:
    keys = fresh()
    old = keys.wrap(b"o" * 32, DATA)
    epoch = keys.new_epoch(keys.epoch, CLOCK.now())
    assert (epoch, keys.epoch, keys.epochs()) == (old.epoch + 1, old.epoch + 1, (old.epoch, old.epoch + 1))
    new = keys.wrap(b"n" * 32, DATA)
    assert new.epoch == epoch
    for provider in (keys, fresh()):
        assert provider.unwrap(old.key_id, old.epoch, old.wrapped, DATA) == b"o" * 32
        assert provider.unwrap(new.key_id, new.epoch, new.wrapped, DATA) == b"n" * 32
    with pytest.raises(IntegrityFault):
        keys.unwrap(old.key_id, new.epoch, old.wrapped, DATA)


def test_an_interrupted_new_epoch_can_be_repeated(fresh: Open) -> None:
    keys = fresh()
    before = keys.epoch
    assert keys.new_epoch(before, CLOCK.now()) == fresh().new_epoch(before, CLOCK.now()) == before + 1


def test_another_process_finds_the_new_epoch(fresh: Open) -> None:
    running, rotating = fresh(), fresh()
    rotating.new_epoch(rotating.epoch, CLOCK.now())
    assert running.epoch == rotating.epoch - 1, "it has not looked"
    new = rotating.wrap(b"n" * 32, DATA)
    assert running.unwrap(new.key_id, new.epoch, new.wrapped, DATA) == b"n" * 32
    running.refresh()
    assert running.epoch == rotating.epoch


def test_rewrapping_keeps_the_key_and_its_place(fresh: Open) -> None:
    keys = fresh()
    made = [(bytes([number]) * 32, DATA + bytes([48 + number])) for number in range(5)]
    old = [Wrapping(keys.wrap(key, data), data) for key, data in made]
    keys.new_epoch(keys.epoch, CLOCK.now())
    new = keys.rewrap(old)
    assert {one.epoch for one in new} == {keys.epoch}
    for (key, data), one in zip(made, new, strict=True):
        assert keys.unwrap(one.key_id, one.epoch, one.wrapped, data) == key
    with pytest.raises(IntegrityFault):
        keys.rewrap([Wrapping(old[0].key, DATA)])


def test_a_destroyed_epoch_opens_nothing_anywhere(fresh: Open) -> None:
    keys, running = fresh(), fresh()
    old = keys.wrap(b"o" * 32, DATA)
    with pytest.raises(ValueError, match="current"):
        keys.destroy_before(keys.epoch + 1)
    epoch = keys.new_epoch(keys.epoch, CLOCK.now())
    new = keys.rewrap([Wrapping(old, DATA)])[0]
    for _again in range(2):
        keys.destroy_before(epoch)
    running.refresh()
    for provider in (keys, running, fresh()):
        assert provider.epochs() == (epoch,)
        assert provider.unwrap(new.key_id, new.epoch, new.wrapped, DATA) == b"o" * 32
        with pytest.raises(KeyUnavailable):
            provider.unwrap(old.key_id, old.epoch, old.wrapped, DATA)


def test_named_secrets_work_and_follow_the_epoch(fresh: Open, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ring = KeyRing(folder, fresh())
    ring.add("database", b"k" * 32)
    ring.add("authority", b"long" * 5000)
    epoch = ring.keys.new_epoch(ring.keys.epoch, CLOCK.now())
    assert ring.rewrap() == 2
    assert ring.rewrap() == 0
    assert ring.epochs() == {epoch: 2}
    ring.keys.destroy_before(epoch)
    again = KeyRing(folder, fresh())
    assert (again.secret("database"), again.secret("authority")) == (b"k" * 32, b"long" * 5000)
    for path in folder.rglob("*"):
        assert path.is_dir() or b"longlong" not in path.read_bytes()


def test_no_representation_shows_a_secret(keys: KeyProvider) -> None:
    kept = [value for value in vars(keys).values() if isinstance(value, str | bytes)]
    shown = repr(keys) + str(keys) + repr(kept) + repr(getattr(keys, "_lock", ""))
    for secret in (PIN.decode(), "kata sandi", "root-of-the-test-server"):
        assert secret not in shown
