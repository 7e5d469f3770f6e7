"""What only a token can do wrong: keys that leave it, a wrong PIN, a token that is taken out."""

from pathlib import Path

import pkcs11
import pytest
from key_services import PIN, SoftHsm
from pkcs11 import Attribute, ObjectClass

from edms.core.errors import ConfigurationError, IntegrityFault, KeyUnavailable
from edms.vault.pkcs11_provider import Pkcs11KeyProvider

DATA = b"edms.blob-key.v1|some id|original"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def create(folder: Path, softhsm: SoftHsm, wrapping: str = "auto") -> Pkcs11KeyProvider:
    return Pkcs11KeyProvider.create(folder, softhsm.module, softhsm.new_token(), lambda: PIN, wrapping)


@pytest.mark.parametrize("wrapping", ["aes-gcm", "aes-key-wrap"])
def test_the_key_was_made_in_the_token_and_cannot_leave_it(folder: Path, softhsm: SoftHsm, wrapping: str) -> None:
    keys = create(folder, softhsm, wrapping)
    (kek,) = keys._find().values()
    assert kek[Attribute.LOCAL]
    assert kek[Attribute.SENSITIVE]
    assert kek[Attribute.ALWAYS_SENSITIVE]
    assert kek[Attribute.NEVER_EXTRACTABLE]
    assert (kek[Attribute.ENCRYPT], kek[Attribute.WRAP]) == (wrapping == "aes-gcm", wrapping == "aes-key-wrap")
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        kek[Attribute.VALUE]
    if wrapping == "aes-key-wrap":
        with pytest.raises(pkcs11.exceptions.PKCS11Error):
            kek.wrap_key(kek)


def test_what_the_token_offers_decides_and_old_keys_keep_their_way(folder: Path, softhsm: SoftHsm) -> None:
    keys = create(folder, softhsm, "aes-key-wrap")
    old = keys.wrap(b"o" * 32, DATA)
    assert old.wrapped[:1] == b"\x02"
    auto = Pkcs11KeyProvider.open(folder, softhsm.module, lambda: PIN)
    auto.new_epoch(1, None)  # type: ignore[arg-type]
    new = auto.wrap(b"n" * 32, DATA)
    assert new.wrapped[:1] == b"\x01"
    for wrapped, key in ((old, b"o" * 32), (new, b"n" * 32)):
        assert auto.unwrap(wrapped.key_id, wrapped.epoch, wrapped.wrapped, DATA) == key
    with pytest.raises(IntegrityFault):
        auto.unwrap(new.key_id, new.epoch, b"\x02" + new.wrapped[1:], DATA)


def test_nothing_is_left_in_the_session_by_key_wrap(folder: Path, softhsm: SoftHsm) -> None:
    keys = create(folder, softhsm, "aes-key-wrap")
    wrapped = keys.wrap(b"o" * 32, DATA)
    keys.unwrap(wrapped.key_id, wrapped.epoch, wrapped.wrapped, DATA)
    assert len(list(keys._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))) == 1


def test_a_wrong_pin_is_said_and_never_shown(folder: Path, softhsm: SoftHsm) -> None:
    create(folder, softhsm)
    pkcs11.lib(softhsm.module).reinitialize()  # signed out, as another process would be
    with pytest.raises(KeyUnavailable, match="PIN") as caught:
        Pkcs11KeyProvider.open(folder, softhsm.module, lambda: b"000000")
    assert "000000" not in str(caught.value)


def test_a_token_that_is_taken_out_and_put_back(folder: Path, softhsm: SoftHsm) -> None:
    keys = create(folder, softhsm)
    wrapped = keys.wrap(b"k" * 32, DATA)
    elsewhere = softhsm.tokens.with_name("taken-out")
    softhsm.tokens.rename(elsewhere)
    try:
        for _again in range(2):
            with pytest.raises(KeyUnavailable, match="token"):
                keys.wrap(b"k" * 32, DATA)
            with pytest.raises(KeyUnavailable, match="token"):
                keys.unwrap(wrapped.key_id, wrapped.epoch, wrapped.wrapped, DATA)
    finally:
        elsewhere.rename(softhsm.tokens)
    assert keys.unwrap(wrapped.key_id, wrapped.epoch, wrapped.wrapped, DATA) == b"k" * 32
    assert keys.wrap(b"k" * 32, DATA).epoch == 1


def test_another_token_has_not_the_key(folder: Path, softhsm: SoftHsm, tmp_path: Path) -> None:
    create(folder, softhsm)
    other = create(tmp_path / "other", softhsm)
    file = folder / "provider.json"
    text = file.read_text()
    file.write_text(text.replace(text.split('"name": "')[1].split('"')[0], other._token))
    with pytest.raises(KeyUnavailable, match="has no key"):
        Pkcs11KeyProvider.open(folder, softhsm.module, lambda: PIN)


def test_an_absent_module_is_said(folder: Path, softhsm: SoftHsm) -> None:
    create(folder, softhsm)
    with pytest.raises(KeyUnavailable, match="token"):
        Pkcs11KeyProvider.open(folder, "/nowhere/module.so", lambda: PIN)


def test_the_folder_of_another_provider_is_refused(folder: Path, softhsm: SoftHsm) -> None:
    create(folder, softhsm)
    (folder / "provider.json").write_text(
        '{"format": "edms-provider", "version": 1, "provider": "transit", "key_id": "00", "name": "x"}'
    )
    with pytest.raises(ConfigurationError, match="held by transit"):
        Pkcs11KeyProvider.open(folder, softhsm.module, lambda: PIN)
    with pytest.raises(ConfigurationError, match="never overwritten"):
        create(folder, softhsm)
