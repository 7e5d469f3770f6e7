"""The key ring and the key file: secrets come back, damage and absence are told apart, permissions are judged."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edms.core.clock import FixedClock
from edms.core.errors import ConfigurationError, EdmsError, IntegrityFault, KeyUnavailable
from edms.vault.file_provider import FileKeyProvider, is_locked, permission_findings
from edms.vault.keyring import KeyRing

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "storage" / "keys"


@pytest.fixture
def ring(folder: Path) -> KeyRing:
    ring = KeyRing.create(folder, CLOCK)
    ring.add_random("database")
    ring.add("authority", b'{"long": "' + b"x" * 10_000 + b'"}')
    return ring


def test_secrets_come_back_from_another_process(ring: KeyRing, folder: Path) -> None:
    again = KeyRing.open(folder)
    assert again.names() == ["authority", "database"]
    for name in again.names():
        assert again.secret(name) == ring.secret(name)
    assert len(again.secret("database")) == 32
    assert again.keys.key_id == ring.keys.key_id


def test_no_secret_lies_readable(ring: KeyRing, folder: Path) -> None:
    ring.add("session", b"a secret that anyone would recognise")
    for path in folder.rglob("*.json"):
        assert b"recognise" not in path.read_bytes()


def test_the_passphrase_opens_and_nothing_else_does(folder: Path) -> None:
    KeyRing.create(folder, CLOCK, b"kata sandi yang panjang").add("database", b"k" * 32)
    assert is_locked(folder)
    assert KeyRing.open(folder, b"kata sandi yang panjang").secret("database") == b"k" * 32
    with pytest.raises(KeyUnavailable, match="locked"):
        KeyRing.open(folder)
    with pytest.raises(KeyUnavailable, match="passphrase is wrong"):
        KeyRing.open(folder, b"kata sandi yang pendek")


def test_the_key_does_not_lie_in_a_locked_file(folder: Path) -> None:
    provider = FileKeyProvider.create(folder, CLOCK, b"x")
    wrapped = provider.wrap(b"k" * 32, b"")
    stored = json.loads((folder / "kek.json").read_text())
    assert stored["kdf"]["name"] == "argon2id"
    stored["kdf"] = {"name": "none"}
    (folder / "kek.json").write_text(json.dumps(stored))
    with pytest.raises(IntegrityFault):
        FileKeyProvider.open(folder).unwrap(wrapped.key_id, 1, wrapped.wrapped, b"")


def test_an_existing_ring_or_secret_is_never_overwritten(ring: KeyRing, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    with pytest.raises(ConfigurationError, match="never overwritten"):
        KeyRing.create(folder, CLOCK)
    with pytest.raises(ConfigurationError, match="never overwritten"):
        ring.add("database", b"other")
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before


def test_a_missing_key_file_says_what_and_what_to_do(folder: Path) -> None:
    assert not KeyRing.exists(folder)
    with pytest.raises(KeyUnavailable, match=r"kek\.json.*backup") as caught:
        KeyRing.open(folder)
    assert caught.value.exit_code == 1


def test_a_missing_secret_says_which(ring: KeyRing) -> None:
    with pytest.raises(KeyUnavailable, match=r"no|missing.*index\.json"):
        ring.secret("index")


@pytest.mark.parametrize("name", ["", "../kek", "a/b", "A", "1a", "a.json", "a" * 49])
def test_a_name_is_a_plain_word(ring: KeyRing, name: str) -> None:
    with pytest.raises(ValueError, match="secret's name"):
        ring.secret(name)
    with pytest.raises(ValueError, match="secret's name"):
        ring.add(name, b"x")


def test_exchanged_secret_files_are_found(ring: KeyRing, folder: Path) -> None:
    (folder / "secrets" / "database.json").rename(folder / "secrets" / "index.json")
    with pytest.raises(IntegrityFault):
        ring.secret("index")


def change(path: Path, **values: Any) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | values))


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"value": "AAAA"}, IntegrityFault),
        ({"value": "not base64!"}, IntegrityFault),
        ({"wrapped_key": "AAAA"}, IntegrityFault),
        ({"key_id": "0000"}, KeyUnavailable),
        ({"epoch": 2}, KeyUnavailable),
        ({"surprise": 1}, IntegrityFault),
        ({"format": "edms-kek"}, IntegrityFault),
        ({"version": 2}, ConfigurationError),
    ],
    ids=str,
)
def test_an_altered_secret_file_is_refused(
    ring: KeyRing, folder: Path, values: dict[str, Any], fault: type[EdmsError]
) -> None:
    change(folder / "secrets" / "database.json", **values)
    with pytest.raises(fault):
        ring.secret("database")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"current": 2}, IntegrityFault),
        ({"epochs": []}, IntegrityFault),
        ({"epochs": [{"epoch": 1, "created_at": "2026-05-01T00:00:00Z", "key": "AAAA"}]}, IntegrityFault),
        ({"kdf": {"name": "md5"}}, IntegrityFault),
        ({"kdf": {"name": "argon2id", "salt": "AAAA", "memory_kib": 2**30}}, IntegrityFault),
        ({"version": 9}, ConfigurationError),
    ],
    ids=str,
)
def test_an_altered_key_file_is_refused_and_never_shown(
    ring: KeyRing, folder: Path, values: dict[str, Any], fault: type[EdmsError]
) -> None:
    key = json.loads((folder / "kek.json").read_text())["epochs"][0]["key"]
    change(folder / "kek.json", **values)
    with pytest.raises(fault) as caught:
        KeyRing.open(folder)
    assert key not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_a_key_file_that_is_no_json_is_damaged(ring: KeyRing, folder: Path, content: bytes) -> None:
    (folder / "kek.json").write_bytes(content)
    with pytest.raises(IntegrityFault, match="damaged"):
        KeyRing.open(folder)


def test_permissions_are_right_from_the_start(ring: KeyRing, folder: Path) -> None:
    assert permission_findings(folder) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "kek.json").stat().st_mode & 0o777 == 0o600


def test_wrong_permissions_are_found(ring: KeyRing, folder: Path, tmp_path: Path) -> None:
    (folder / "kek.json").chmod(0o640)
    (folder / "secrets").chmod(0o755)
    (folder / "secrets" / "linked.json").symlink_to(tmp_path)
    findings = permission_findings(folder)
    assert len(findings) == 3
    assert any("chmod 0600" in finding and "kek.json" in finding for finding in findings)
    assert any("chmod 0700" in finding for finding in findings)
    assert any("symbolic link" in finding for finding in findings)
    assert permission_findings(folder / "nowhere") != []


def test_the_umask_does_not_matter(folder: Path) -> None:
    before = os.umask(0)
    try:
        KeyRing.create(folder, CLOCK).add("database", b"x")
    finally:
        os.umask(before)
    assert permission_findings(folder) == []
