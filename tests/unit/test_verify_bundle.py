"""The off-line checker: a real bundle holds, every change to it is named, and nothing in a bundle can trip it."""

import base64
import io
import json
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edms.audit import tree
from edms.audit.bundle_format import BundleComponent, BundleParts, component_entry, safe_name, write_bundle
from edms.audit.events import AuditEvent, leaf_bytes
from edms.audit.note import Checkpoint, sign_checkpoint
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.clock import FixedClock
from edms.core.errors import Refused
from edms.signing.authority import create_authority
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.seal_copies import seal_copies
from edms.signing.seals import seal_detached
from edms.verify import package
from edms.verify.__main__ import main
from edms.verify.bundle import check_bundle
from edms.verify.report import GIVEN, SELF_ASSERTED, BundleReport
from edms.verify.trust import Trusted, log_key_pem, trusted_from_pem

MOMENT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
RECORD = "01900000-0000-7000-8000-000000000001"
CONTENTS = {("original", "Surat 005.pdf"): b"%PDF-1.7 the letter", ("text", "text.txt"): b"isi surat " * 5000}
Entries = dict[str, bytes]


@dataclass(frozen=True)
class Office:
    """An archive that makes bundles: its keys and the trail it has."""

    seed: bytes
    keys: str
    seal: Callable[[bytes], bytes]

    def parts(self, **changed: Any) -> BundleParts:
        """Return the parts of a bundle for a record that was declared as leaf 5 of 8."""
        manifest = canonical_json({**manifest_of(CONTENTS), **changed})
        seal = self.seal(manifest)
        declared = {"manifest_sha256": sha256_hex(manifest), "seal_sha256": sha256_hex(seal)}
        leaves = [leaf_bytes(event(number, declared if number == 5 else {}), number, MOMENT) for number in range(8)]
        return self.around(manifest, seal, leaves, 5)

    def around(self, manifest: bytes, seal: bytes, leaves: list[bytes], index: int) -> BundleParts:
        stored: dict[tuple[int, int], bytes] = {}
        growing = tree.Frontier()
        for leaf in leaves:
            stored |= {(level, place): value for level, place, value in growing.add(tree.leaf_hash(leaf))}
        return BundleParts(
            manifest=manifest,
            seal=seal,
            leaf=leaves[index],
            index=index,
            size=len(leaves),
            proof=tree.inclusion_path(lambda level, place: stored[level, place], index, len(leaves)),
            checkpoint=sign_checkpoint(Checkpoint("edms/arsip-kota", len(leaves), growing.root()), self.seed),
            keys=self.keys,
            components=[component(role, name, content) for (role, name), content in CONTENTS.items()],
            copies=seal_copies(seal),
        )


def event(number: int, details: dict[str, Any]) -> AuditEvent:
    action = "record.declared" if details else "record.viewed"
    subject = RECORD if details else f"other-{number}"
    return AuditEvent(action, "system", "system:worker", "worker", "record", subject, details=details)


def manifest_of(contents: dict[tuple[str, str], bytes]) -> dict[str, Any]:
    parts = [
        {"name": name, "role": role, "media_type": "x/y", "size": len(content), "sha256": sha256_hex(content)}
        for (role, name), content in contents.items()
    ]
    return {"version": 1, "archive": "Arsip Kota", "record": RECORD, "title": "Undangan rapat", "components": parts}


def component(role: str, name: str, content: bytes) -> BundleComponent:
    return BundleComponent(role, name, len(content), lambda: io.BytesIO(content))


def office(seed: bytes) -> Office:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    clock = FixedClock(MOMENT)
    material = create_authority("Kota Contoh", "ID", clock, 5)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    signer, timestamps = LocalSigner(material, clock), DevelopmentTimestamps(material, clock)
    return Office(
        seed, material.public_pem() + log_key_pem(public), lambda data: seal_detached(data, signer, timestamps)
    )


@pytest.fixture(scope="module")
def ours() -> Office:
    return office(bytes(range(32)))


@pytest.fixture(scope="module")
def trusted(ours: Office) -> Trusted:
    return trusted_from_pem(ours.keys.encode())


@pytest.fixture(scope="module")
def genuine(ours: Office) -> bytes:
    return written(ours.parts())


def written(parts: BundleParts) -> bytes:
    out = io.BytesIO()
    write_bundle(out, parts)
    return out.getvalue()


def entries_of(bundle: bytes) -> Entries:
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(entries: Entries) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name, content in entries.items():
            bundle.writestr(name, content)
    return out.getvalue()


def checked(folder: Path, bundle: bytes, trusted: Trusted | None) -> BundleReport:
    file = folder / "bundle.zip"
    file.write_bytes(bundle)
    return check_bundle(file, trusted)


def named(report: BundleReport) -> list[tuple[str, str]]:
    return [(fault.kind, fault.id) for fault in report.faults]


def test_a_genuine_bundle_holds(tmp_path: Path, genuine: bytes, trusted: Trusted) -> None:
    report = checked(tmp_path, genuine, trusted)
    assert report.faults == []
    assert report.trust == GIVEN
    assert report.checked == {"components": 2, "seals": 1, "checkpoints": 1, "audit proofs": 1}
    told = " / ".join(report.notes)
    assert "development authority" in told
    assert "leaf 5 of 8 in the audit trail of edms/arsip-kota" in told
    assert "2026-11-24T03:00:00+00:00" in told


def test_without_keys_from_outside_it_says_so(tmp_path: Path, genuine: bytes) -> None:
    report = checked(tmp_path, genuine, None)
    assert report.ok
    assert report.trust == SELF_ASSERTED
    assert "self-asserted" in report.notes[0]


def test_a_forgery_holds_by_its_own_keys_and_by_no_others(tmp_path: Path, trusted: Trusted) -> None:
    forged = written(office(bytes(32)).parts(title="Forged"))
    assert checked(tmp_path, forged, None).trust == SELF_ASSERTED
    assert named(checked(tmp_path, forged, trusted)) == [
        ("seal", "seal.p7s"),
        ("timestamp", "seal.p7s"),
        ("checkpoint", "audit/checkpoint.txt"),
    ]


def test_what_the_keys_do_not_cover_is_not_called_good(tmp_path: Path, genuine: bytes, trusted: Trusted) -> None:
    assert named(checked(tmp_path, genuine, replace(trusted, logs=()))) == [("keys", "audit/checkpoint.txt")]
    without_roots = replace(trusted, seals=type(trusted.seals)())
    assert named(checked(tmp_path, genuine, without_roots)) == [("keys", "seal.p7s")]


ORIGINAL, TEXT = "components/original/Surat 005.pdf", "components/text/text.txt"
MATRIX: list[tuple[str, Callable[[Entries], Entries | None], list[tuple[str, str]]]] = [
    ("original", lambda e: e | {ORIGINAL: b"%PDF-1.7 the Letter"}, [("component", ORIGINAL)]),
    ("component missing", lambda e: {n: c for n, c in e.items() if n != TEXT}, [("component", TEXT)]),
    ("component more", lambda e: e | {"components/text/more": b""}, [("component", "components/text/more")]),
    ("entry more", lambda e: e | {"virus.exe": b"MZ"}, [("bundle", "virus.exe")]),
    ("manifest missing", lambda e: {n: c for n, c in e.items() if n != "manifest.json"}, [("bundle", "manifest.json")]),
    (
        "seal missing",
        lambda e: {n: c for n, c in e.items() if n != "seal.p7s"},
        [("bundle", "seal.p7s"), ("audit", "audit/leaf.json")],
    ),
    (
        "title",
        lambda e: e | {"manifest.json": e["manifest.json"].replace(b"Undangan", b"Undongan")},
        [("seal", "seal.p7s"), ("audit", "audit/leaf.json")],
    ),
    (
        "manifest spelling",
        lambda e: e | {"manifest.json": e["manifest.json"] + b"\n"},
        [("manifest", "manifest.json"), ("seal", "seal.p7s"), ("audit", "audit/leaf.json")],
    ),
    (
        "manifest no json",
        lambda e: e | {"manifest.json": b"[" * 100_000},
        [("manifest", "manifest.json"), ("seal", "seal.p7s"), ("audit", "audit/leaf.json")],
    ),
    ("seal no cms", lambda e: e | {"seal.p7s": b"0\x80nonsense"}, [("seal", "seal.p7s"), ("audit", "audit/leaf.json")]),
    ("seal empty", lambda e: e | {"seal.p7s": b""}, [("seal", "seal.p7s"), ("audit", "audit/leaf.json")]),
    (
        "seal huge",
        lambda e: e | {"seal.p7s": bytes(2**22 + 1)},
        [("bundle", "seal.p7s"), ("audit", "audit/leaf.json")],
    ),
    (
        "leaf",
        lambda e: e | {"audit/leaf.json": e["audit/leaf.json"].replace(b'"done"', b'"gone"')},
        [("audit", "audit/proof.json")],
    ),
    (
        "leaf no json",
        lambda e: e | {"audit/leaf.json": b"{" * 50_000},
        [("audit", "audit/proof.json"), ("audit", "audit/leaf.json")],
    ),
    (
        "proof step",
        lambda e: e | {"audit/proof.json": proof(e, proof=["00" * 32] * 3)},
        [("audit", "audit/proof.json")],
    ),
    ("proof size", lambda e: e | {"audit/proof.json": proof(e, size=9)}, [("audit", "audit/proof.json")]),
    (
        "proof index",
        lambda e: e | {"audit/proof.json": proof(e, index=4)},
        [("audit", "audit/proof.json"), ("audit", "audit/leaf.json")],
    ),
    ("proof true", lambda e: e | {"audit/proof.json": proof(e, index=True)}, [("audit", "audit/proof.json")]),
    ("proof text", lambda e: e | {"audit/proof.json": proof(e, proof="00")}, [("audit", "audit/proof.json")]),
    ("proof upper", lambda e: e | {"audit/proof.json": proof(e, proof=["AB" * 32])}, [("audit", "audit/proof.json")]),
    (
        "proof long",
        lambda e: e | {"audit/proof.json": proof(e, proof=["00" * 32] * 99)},
        [("audit", "audit/proof.json")],
    ),
    ("proof list", lambda e: e | {"audit/proof.json": b"[]"}, [("audit", "audit/proof.json")]),
    (
        "checkpoint",
        lambda e: e | {"audit/checkpoint.txt": e["audit/checkpoint.txt"].replace(b"\n8\n", b"\n9\n")},
        [("checkpoint", "audit/checkpoint.txt")],
    ),
    ("checkpoint binary", lambda e: e | {"audit/checkpoint.txt": b"\xff"}, [("checkpoint", "audit/checkpoint.txt")]),
]


def proof(entries: Entries, **changed: Any) -> bytes:
    return json.dumps({**json.loads(entries["audit/proof.json"]), **changed}).encode()


@pytest.mark.parametrize(("alter", "expected"), [case[1:] for case in MATRIX], ids=[case[0] for case in MATRIX])
def test_one_change_is_named(
    tmp_path: Path,
    genuine: bytes,
    trusted: Trusted,
    alter: Callable[[Entries], Entries],
    expected: list[tuple[str, str]],
) -> None:
    assert named(checked(tmp_path, zipped(alter(entries_of(genuine))), trusted)) == expected


def test_a_seal_of_another_record_does_not_pass(tmp_path: Path, ours: Office, trusted: Trusted) -> None:
    mine, other = entries_of(written(ours.parts())), entries_of(written(ours.parts(title="Another")))
    swapped = zipped(mine | {"seal.p7s": other["seal.p7s"]})
    found = named(checked(tmp_path, swapped, trusted))
    assert [one for one in found if one[0] != "bundle"] == [("seal", "seal.p7s"), ("audit", "audit/leaf.json")]
    assert ("bundle", "timestamps/seal.tst") in found


@pytest.mark.parametrize(
    ("action", "subject", "problem"),
    [("record.viewed", RECORD, "not the declaration"), ("record.declared", "another", "something else")],
)
def test_a_leaf_that_tells_something_else_is_no_evidence(
    tmp_path: Path, ours: Office, trusted: Trusted, action: str, subject: str, problem: str
) -> None:
    manifest = canonical_json(manifest_of(CONTENTS))
    told = AuditEvent(action, "person", "p", "n", "record", subject, details={"manifest_sha256": sha256_hex(manifest)})
    report = checked(
        tmp_path, written(ours.around(manifest, ours.seal(manifest), [leaf_bytes(told, 0, MOMENT)], 0)), trusted
    )
    assert named(report) == [("audit", "audit/leaf.json")]
    assert problem in report.faults[0].detail


@pytest.mark.parametrize("components", [None, [], "x", [1], {"a": 1}])
def test_a_sealed_manifest_without_components_is_no_evidence(
    tmp_path: Path, ours: Office, trusted: Trusted, components: Any
) -> None:
    report = checked(tmp_path, written(replace(ours.parts(components=components), components=[])), trusted)
    assert named(report) == [("manifest", "manifest.json")]


def test_an_unknown_version_is_not_called_good(tmp_path: Path, ours: Office, trusted: Trusted) -> None:
    assert named(checked(tmp_path, written(ours.parts(version=2)), trusted)) == [("manifest", "manifest.json")]


def hostile(change: Callable[[zipfile.ZipInfo], None], content: bytes = b"x", name: str = "components/x/y") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        entry = zipfile.ZipInfo(name)
        change(entry)
        bundle.writestr(entry, content)
    return out.getvalue()


def no_change(_entry: zipfile.ZipInfo) -> None:
    return


def many(count: int) -> bytes:
    return zipped({f"components/x/{number}": b"" for number in range(count)})


def twice(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            bundle.writestr(name, b"")
    return out.getvalue()


def flagged(bundle: bytes, flag: int) -> bytes:
    place = bundle.index(b"PK\1\2") + 8
    return bundle[:place] + bytes([bundle[place] | flag]) + bundle[place + 1 :]


def commented(bundle: bytes) -> bytes:
    return bundle[:-2] + b"\4\0more"


def claiming(bundle: bytes, entries: int) -> bytes:
    return bundle[:-14] + entries.to_bytes(2, "little") * 2 + bundle[-10:]


def symbolic(entry: zipfile.ZipInfo) -> None:
    entry.external_attr = 0o120777 << 16


def bzipped(entry: zipfile.ZipInfo) -> None:
    entry.compress_type = zipfile.ZIP_BZIP2


def deflated(entry: zipfile.ZipInfo) -> None:
    entry.compress_type = zipfile.ZIP_DEFLATED


GOOD = zipped({"components/x/y": b"x"})
HOSTILE = {
    "empty file": b"",
    "no zip": b"%PDF-1.7" * 100,
    "cut": GOOD[:-1],
    "appended": GOOD + b"\0",
    "in front": b"#!/bin/sh\n" + GOOD,
    "comment": commented(GOOD),
    "two disks": GOOD[:-18] + b"\1\0" + GOOD[-16:],
    "directory lies": claiming(GOOD, 2),
    "encrypted": flagged(GOOD, 1),
    "bomb": hostile(deflated, bytes(20_000_000)),
    "bzip2": hostile(bzipped),
    "link": hostile(symbolic),
    "folder": hostile(no_change, b"", "components/x/"),
    "up": hostile(no_change, name="components/../../etc/passwd"),
    "absolute": hostile(no_change, name="/etc/passwd"),
    "drive": hostile(no_change, name="C:/windows"),
    "backslash": hostile(no_change, name="components\\..\\x"),
    "zero": hostile(no_change, name="components/x/y").replace(b"components/x/y", b"components/x\0y"),
    "direction": hostile(no_change, name="components/x/\u202egnp.exe"),
    "long name": hostile(no_change, name="components/x/" + "n" * 300),
    "many": many(package.MOST_ENTRIES + 1),
    "twice": twice("components/x/y", "components/x/y"),
    "twice by case": twice("components/x/y", "components/X/y"),
}


@pytest.mark.parametrize("bundle", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_zip_is_refused_before_anything_in_it_is_read(
    tmp_path: Path, trusted: Trusted, bundle: bytes
) -> None:
    report = checked(tmp_path, bundle, trusted)
    assert named(report) == [("bundle", "bundle.zip")]
    assert report.checked == {}


@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_byte_is_reported_or_without_meaning(
    tmp_path: Path, genuine: bytes, trusted: Trusted, place: float, mask: int
) -> None:
    at = int(place * len(genuine))
    report = checked(tmp_path, genuine[:at] + bytes([genuine[at] ^ mask]) + genuine[at + 1 :], trusted)
    if report.ok:
        altered = genuine[:at] + bytes([genuine[at] ^ mask]) + genuine[at + 1 :]
        assert entries_of(altered) == entries_of(genuine), "content differs and nobody noticed"


@given(st.data())
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_of_any_entry_is_found(
    tmp_path: Path, genuine: bytes, trusted: Trusted, data: st.DataObject
) -> None:
    entries = entries_of(genuine)
    name = data.draw(st.sampled_from([name for name in entries if name not in ("README.txt", "keys/archive.pem")]))
    content = bytearray(entries[name])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    if name != "audit/proof.json" or _says_something_else(bytes(content), entries[name]):
        assert not checked(tmp_path, zipped(entries | {name: bytes(content)}), trusted).ok


def _says_something_else(proof: bytes, other: bytes) -> bool:
    """White space in a proof has no meaning."""
    try:
        return bool(json.loads(proof) != json.loads(other))
    except ValueError:
        return True


class Pipe(io.RawIOBase):
    """A stream that cannot be rewound."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.content += data
        return len(data)


def test_the_same_parts_give_the_same_bytes(ours: Office) -> None:
    parts = ours.parts()
    assert written(parts) == written(parts)


def test_a_bundle_through_a_pipe_holds_too(tmp_path: Path, ours: Office, trusted: Trusted) -> None:
    pipe = Pipe()
    write_bundle(cast(BinaryIO, pipe), ours.parts())
    assert checked(tmp_path, bytes(pipe.content), trusted).faults == []


def test_two_components_at_one_place_are_refused(ours: Office) -> None:
    both = [component("original", "a/b", b""), component("original", "A_b", b"")]
    with pytest.raises(ValueError, match="two components"):
        written(replace(ours.parts(), components=both))


@given(st.text(max_size=300))
def test_a_component_stays_in_its_folder_whatever_its_name(name: str) -> None:
    safe = safe_name(name)
    assert component_entry("original", name) == f"components/original/{safe}"
    assert safe_name(safe) == safe
    assert safe.strip(". ")
    assert len(safe.encode()) <= 180
    assert not set(safe) & set("/\\:\0\n")


@pytest.mark.parametrize(
    "name", ["..", ".", "", " ", "../../etc/passwd", "a\\b", "C:x", "x\u202ey", "x" * 500 + ".pdf"]
)
def test_a_record_with_an_odd_file_name_has_a_bundle(tmp_path: Path, ours: Office, trusted: Trusted, name: str) -> None:
    contents = {("original", name): b"content"}
    parts = ours.parts(components=manifest_of(contents)["components"])
    bundle = written(replace(parts, components=[component("original", name, b"content")]))
    assert checked(tmp_path, bundle, trusted).faults == []


def test_every_limit_leaves_room_for_a_component_that_packs_well(
    tmp_path: Path, ours: Office, trusted: Trusted
) -> None:
    blank = bytes(30_000_000)
    parts = ours.parts(components=manifest_of({("original", "blank.tif"): blank})["components"])
    bundle = written(replace(parts, components=[component("original", "blank.tif", blank)]))
    assert checked(tmp_path, bundle, trusted).ok


class TestTrust:
    def test_it_takes_certificates_and_key_together_or_alone(self, ours: Office) -> None:
        split = ours.keys.index("-----BEGIN PUBLIC")
        assert trusted_from_pem(ours.keys[split:].encode()).seals.roots == ()
        assert trusted_from_pem(ours.keys[:split].encode()).logs == ()

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"nothing",
            b"-----BEGIN",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            b"-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n",
            bytes(range(256)),
        ],
    )
    def test_anything_else_is_refused_in_words(self, text: bytes) -> None:
        with pytest.raises(Refused, match="edms keys public"):
            trusted_from_pem(text)

    def test_a_private_key_is_refused(self) -> None:
        armored = base64.b64encode(b"\x30\x00").decode()
        with pytest.raises(Refused, match="private key"):
            trusted_from_pem(f"-----BEGIN PRIVATE KEY-----\n{armored}\n-----END PRIVATE KEY-----\n".encode())


class TestCommand:
    @pytest.fixture
    def files(self, tmp_path: Path, genuine: bytes, ours: Office) -> tuple[str, str]:
        (tmp_path / "b.zip").write_bytes(genuine)
        (tmp_path / "k.pem").write_text(ours.keys)
        return str(tmp_path / "b.zip"), str(tmp_path / "k.pem")

    def test_it_exits_0_when_all_holds(self, files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([files[0], "--key", files[1]]) == 0
        assert capsys.readouterr().out.splitlines()[-1].startswith("ok: 2 components")
        assert main([files[0]]) == 0
        assert "ok, by the bundle's own keys" in capsys.readouterr().out

    def test_it_exits_1_on_a_fault_and_names_it(
        self, files: tuple[str, str], genuine: bytes, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path(files[0]).write_bytes(zipped(entries_of(genuine) | {TEXT: b"other"}))
        assert main([files[0], "--key", files[1], "--json"]) == 1
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] is False
        assert told["checked"] == 5
        assert [(fault["kind"], fault["id"]) for fault in told["faults"]] == [("component", TEXT)]

    @pytest.mark.parametrize("arguments", [["/nowhere.zip"], ["{0}", "--key", "/nowhere.pem"], ["{0}", "--key", "{0}"]])
    def test_it_exits_2_when_it_cannot_begin(
        self, files: tuple[str, str], arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([argument.format(*files) for argument in arguments]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.splitlines()) == 1

    def test_it_needs_no_database_no_web_and_no_configuration(
        self, files: tuple[str, str], repository_root: Path
    ) -> None:
        script = (
            "import sys; from edms.verify.__main__ import main; code = main(sys.argv[1:]); "
            "bad = [m for m in ('sqlalchemy', 'sqlcipher3', 'psycopg', 'flask', 'pydantic', 'edms.bootstrap', "
            "'edms.core.database', 'edms.core.config') if m in sys.modules]; sys.exit(str(bad) if bad else code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, files[0], "--key", files[1]],
            cwd=repository_root,
            env={"PYTHONPATH": str(repository_root), "EDMS_CONFIG": "/nowhere.toml"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


OTHERS = [
    ("seal timestamp", lambda e: e | {"timestamps/seal.tst": b"0"}, [("bundle", "timestamps/seal.tst")]),
    ("seal value", lambda e: e | {"timestamps/seal.bin": b""}, [("bundle", "timestamps/seal.bin")]),
    (
        "certificate",
        lambda e: e | {"certificates/seal-1.pem": e["certificates/seal-1.pem"].replace(b"M", b"N", 1)},
        [("bundle", "certificates/seal-1.pem")],
    ),
    ("certificate of nobody", lambda e: e | {"certificates/x.pem": b"x"}, [("bundle", "certificates/x.pem")]),
    ("certificate elsewhere", lambda e: e | {"certificates/a/b.pem": b"x"}, [("bundle", "certificates/a/b.pem")]),
]


@pytest.mark.parametrize(("alter", "expected"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_a_copy_for_the_hand_is_what_is_in_the_seal(
    tmp_path: Path,
    genuine: bytes,
    trusted: Trusted,
    alter: Callable[[Entries], Entries],
    expected: list[tuple[str, str]],
) -> None:
    assert set(expected) <= set(named(checked(tmp_path, zipped(alter(entries_of(genuine))), trusted)))
