"""What the console hands to outsiders, checked by outsiders; and the off-line checker with all else out of reach."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pymerkle
import pytest
from archive_fixtures import pdf
from click.testing import CliRunner
from judges import asked

from edms.access.actors import Actor
from edms.audit import tree
from edms.audit.note import open_checkpoint
from edms.capture.accept import Accepted
from edms.cli.main import edms
from edms.core.canonical import canonical_json
from edms.records.archive import Archive
from edms.records.evidence import export_bundle
from edms.verify.trust import trusted_from_pem

Console = Callable[..., str]


@pytest.fixture
def console(embedded: Archive, capture: Callable[..., Accepted], tmp_path: Path) -> Console:
    """Run `edms` on an archive with one declared record; returns what it prints."""
    capture(embedded, pdf("Surat pertama"))
    (tmp_path / "config.toml").write_text("")

    def run(*arguments: str | Path) -> str:
        told = CliRunner().invoke(edms, ["--config", str(tmp_path / "config.toml"), *map(str, arguments)])
        assert told.exit_code == 0, (told.output, told.exception)
        return told.stdout

    return run


def test_openssl_reads_the_public_keys_and_there_are_no_private_ones(console: Console, tmp_path: Path) -> None:
    told = console("keys", "public")
    assert "PRIVATE" not in told
    assert told.count("BEGIN CERTIFICATE") == 3
    assert told.count("BEGIN PUBLIC KEY") == 1
    root, key = told.index("-----BEGIN CERTIFICATE"), told.index("-----BEGIN PUBLIC KEY")
    (tmp_path / "trail.pem").write_text(told[key:])
    shown = asked("openssl", "pkey", "-pubin", "-in", tmp_path / "trail.pem", "-noout", "-text").stdout
    assert b"ED25519" in shown
    (tmp_path / "archive.pem").write_text(told[root:key])
    subject = asked("openssl", "x509", "-in", tmp_path / "archive.pem", "-noout", "-subject", "-issuer").stdout.decode()
    assert subject.count("Local pilot authority") == 2


def test_a_checkpoint_is_signed_by_the_published_key(console: Console, tmp_path: Path) -> None:
    note = console("audit", "checkpoint")
    (key,) = trusted_from_pem(console("keys", "public").encode()).logs
    assert open_checkpoint(note, key).size > 10
    assert json.loads(console("audit", "checkpoint", "--json"))["checkpoint"].splitlines()[0] == note.splitlines()[0]
    body, _empty, signature = note.rpartition("\n\n")
    (tmp_path / "signed").write_text(body + "\n")
    (tmp_path / "signature").write_bytes(base64.b64decode(signature.split(" ")[2])[-64:])
    public = console("keys", "public")
    (tmp_path / "trail.pem").write_text(public[public.index("-----BEGIN PUBLIC KEY") :])
    arguments = ("pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "trail.pem", "-rawin")
    checked = ("-in", tmp_path / "signed", "-sigfile", tmp_path / "signature")
    assert asked("openssl", *arguments, *checked).returncode == 0
    (tmp_path / "signed").write_text(body + "\n\n")
    assert asked("openssl", *arguments, *checked).returncode != 0


def test_pymerkle_agrees_on_every_leaf_and_on_the_growth(console: Console) -> None:
    """It builds the tree of its own from the leaves that the console printed."""
    (key,) = trusted_from_pem(console("keys", "public").encode()).logs
    old = open_checkpoint(console("audit", "checkpoint"), key)
    proofs: list[dict[str, Any]] = []
    for index in range(old.size):
        proofs.append(json.loads(console("audit", "prove", "--index", str(index), "--as", "auditor")))
    judge = pymerkle.InmemoryTree(algorithm="sha256")
    judge.append_entries([canonical_json(told["leaf"]) for told in proofs])
    assert judge.get_root(old.size) == old.root
    for index, told in enumerate(proofs):
        signed = open_checkpoint(told["checkpoint"], key)
        leaf = tree.leaf_hash(canonical_json(told["leaf"]))
        path = [bytes.fromhex(step) for step in told["proof"]]
        assert (signed.size, told["index"]) == (told["size"], index)
        assert tree.included(leaf, index, signed.size, path, signed.root)
        assert not tree.included(leaf, index + 1, signed.size, path, signed.root)
        if signed.size <= old.size:
            assert [leaf, *path] == judge.prove_inclusion(index + 1, signed.size).path
    told = json.loads(console("audit", "prove", "--from", str(old.size), "--as", "auditor"))
    new = open_checkpoint(told["checkpoint"], key)
    path = [bytes.fromhex(step) for step in told["proof"]]
    assert new.size >= old.size
    assert tree.consistent(old.size, new.size, old.root, new.root, path)
    wrong = hashlib.sha256(old.root).digest()
    assert not tree.consistent(old.size, new.size, wrong, new.root, path)


@pytest.mark.parametrize("asked_for", [[], ["--index", "1", "--from", "1"], ["--index", "-1"], ["--index", "999999"]])
def test_what_cannot_be_proved(console: Console, tmp_path: Path, asked_for: list[str]) -> None:
    told = CliRunner().invoke(
        edms, ["--config", str(tmp_path / "config.toml"), "audit", "prove", "--as", "auditor", *asked_for]
    )
    assert told.exit_code != 0


BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")
        if top[0] in ("sqlalchemy", "sqlcipher3", "psycopg", "flask", "whoosh", "click", "pydantic", "alembic") or (
            top[0] == "edms" and len(top) > 1 and top[1] not in ("verify", "audit", "signing", "core")
        ) or name in ("edms.core.database", "edms.core.config", "edms.core.settings", "edms.audit.trail"):
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
from edms.verify.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_checker_needs_neither_archive_nor_configuration(
    console: Console, embedded: Archive, person: Callable[[Archive, str], Actor], tmp_path: Path
) -> None:
    """From an empty folder, with the database, the faces, the configuration and bootstrap out of its reach."""
    record = json.loads(console("search", "surat", "--as", "auditor", "--json"))["hits"][0]["record"]
    away = tmp_path / "away"
    away.mkdir()
    export_bundle(person(embedded, "auditor"), embedded, UUID(record), away / "evidence.zip")
    (away / "archive.pem").write_text(console("keys", "public"))

    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", BLOCKED, *arguments],
            cwd=away,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    told = check("evidence.zip", "--key", "archive.pem", "--json")
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)
    assert (answer["ok"], answer["trust"]) == (True, "given")
    content = bytearray((away / "evidence.zip").read_bytes())
    content[content.index(b"%PDF") + 20] ^= 1
    (away / "altered.zip").write_bytes(content)
    assert check("altered.zip", "--key", "archive.pem").returncode == 1
    assert check("missing.zip").returncode == 2
    assert sorted(path.name for path in away.iterdir()) == ["altered.zip", "archive.pem", "evidence.zip"]
