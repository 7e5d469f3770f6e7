"""Writes the vectors of certificates of removed content, by a second, naive implementation of docs/formats/removal.md.

    python tests/vectors/removal/make_vectors.py        writes accept/*.json and reject/*.json again, the same bytes

Each vector has `certificate` (the file's text), `keys` (PEM) and `receiver` (PEM of the institution's certificates, or
null); a rejected one has `kind`, the kind of a fault that must be among those that are named. Where a vector's name
begins with `trail-`, the trail itself, rightly signed, tells of a removal that nothing should have removed; where it
begins with `receipt-`, the institution, or somebody in its name, signed what does not fit; in the others somebody
altered the certificate afterwards.
"""

import base64
import copy
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from naive_trail import (  # noqa: E402 - a script finds its neighbour by its own place
    canonical,
    key_of,
    pem_of,
    proven,
    sha,
)
from writing import write  # noqa: E402

SEED = bytes(range(32))
RECEIVER, STRANGER = bytes(range(100, 132)), bytes(range(200, 232))
HANDOVER = "01900000-0000-7000-8000-00000000e001"
INSTITUTION = "Lembaga Kearsipan Daerah"
BEGIN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PEOPLE = {"propose_disposal": "p-juru", "assess_disposal": "p-ketua", "approve_disposal": "p-arsiparis",
          "decide_disposal": "p-kepala", "execute_disposal": "p-pelaksana", "order_removal": "p-atasan",
          "remove_content": "p-penghapus"}  # fmt: skip
DUTY = {"open": "propose_disposal", "assess": "assess_disposal", "approve": "approve_disposal",
        "decide": "decide_disposal", "order_removal": "order_removal", "remove": "remove_content"}  # fmt: skip
EVENT = {"open": "opened", "assess": "assessed", "approve": "approved", "decide": "decided", "package": "packaged",
         "send": "sent", "receive": "received", "close": "closed", "order_removal": "removal_ordered",
         "remove": "content_removed"}  # fmt: skip
COURSE = ("open", "assess", "approve", "decide", "package", "send", "receive", "close", "order_removal", "remove")
Told = dict[str, Any]
Change = Callable[[Told], None]


def certificates(seed: bytes, name: str = INSTITUTION) -> tuple[x509.Certificate, x509.Certificate]:
    """Root and signer of an institution; Ed25519 gives the same bytes every time."""
    above, below = key_of(seed), key_of(hashlib.sha256(seed).digest())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Induk {name}")])
    made = []
    for number, (who, public, authority) in enumerate(
        ((issuer, above.public_key(), True),
         (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), below.public_key(), False)), 1):  # fmt: skip
        use = x509.KeyUsage(digital_signature=not authority, content_commitment=not authority, key_encipherment=False,
                            data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority,
                            encipher_only=False, decipher_only=False)  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(who).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(number).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        builder = builder.not_valid_after(datetime(2120, 1, 1, tzinfo=UTC)).add_extension(use, critical=True)
        basic = x509.BasicConstraints(ca=authority, path_length=None)
        made.append(builder.add_extension(basic, critical=True).sign(above, None))
    return made[0], made[1]


def certificates_pem(seed: bytes) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates(seed))


def signed(content: bytes, seed: bytes) -> bytes:
    """A detached CMS signature (RFC 5652) by Ed25519 with SHA-512 (RFC 8419)."""
    signer = asn1_x509.Certificate.load(certificates(seed)[1].public_bytes(Encoding.DER))
    digest = algos.DigestAlgorithm({"algorithm": "sha512"})
    attributes = cms.CMSAttributes([
        cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
        cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": BEGIN})]}),
        cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha512(content).digest()]}),
    ])  # fmt: skip
    value = key_of(hashlib.sha256(seed).digest()).sign(attributes.dump())
    info = cms.SignerInfo({
        "version": "v1", "digest_algorithm": digest, "signed_attrs": attributes,
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber({
            "issuer": signer.issuer, "serial_number": signer.serial_number})}),
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "ed25519"}), "signature": value,
    })  # fmt: skip
    data = cms.SignedData({
        "version": "v1", "digest_algorithms": [digest], "encap_content_info": {"content_type": "data"},
        "certificates": [signer], "signer_infos": [info],
    })  # fmt: skip
    made: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    return made


class Trail:
    """Events at their places, a minute apart; `later` moves the clock."""

    def __init__(self) -> None:
        self.leaves: list[Told] = []
        self.later = timedelta()

    def now(self) -> datetime:
        return BEGIN + self.later + timedelta(minutes=len(self.leaves))

    def tell(self, action: str, person: str, subject: tuple[str, str], details: Told) -> int:
        index = len(self.leaves)
        self.leaves.append({
            "action": action, "actor": {"id": person, "kind": "person", "name": f"Nama {person}"},
            "at": self.now().strftime("%Y-%m-%dT%H:%M:%S.000000Z"), "details": details, "index": index,
            "outcome": "done", "subject": {"kind": subject[0], "id": subject[1]}, "version": 1,
        })  # fmt: skip
        return index


def record_of(number: int) -> str:
    return f"01900000-0000-7000-8000-0000000000{number:02d}"


def originals_of(number: int, files: int) -> list[str]:
    return [sha(f"naskah {number}.{place}".encode()) for place in range(files)]


def components_of(number: int, files: int = 1) -> list[Told]:
    found = [{"role": "original", "position": place, "media_type": "application/pdf", "size": 1000 + number,
              "sha256": digest} for place, digest in enumerate(originals_of(number, files))]  # fmt: skip
    return [*found,
            {"role": "access_copy", "position": 0, "media_type": "application/pdf", "size": 2000,
             "sha256": sha(f"salinan {number}".encode())},
            {"role": "thumbnail", "position": 0, "media_type": "image/webp", "size": 90,
             "sha256": sha(f"gambar {number}".encode())}]  # fmt: skip


def receipt_of(records: int, files: int, returned: Sequence[int], at: datetime) -> Told:
    lines = []
    for one in range(1, records + 1):
        held = {f"representations/original/data/original-{place}.pdf": digest
                for place, digest in enumerate(originals_of(one, files), 1)}  # fmt: skip
        held["representations/access/data/access_copy.pdf"] = sha(f"salinan {one}".encode())
        back = one in returned
        lines.append({
            "record": record_of(one), "verdict": "returned" if back else "accepted", "files": held,
            "mets_sha256": sha(f"mets {one}".encode()), "reference": "" if back else f"AS/{one}",
            "reason": "bukan arsip statis" if back else "",
        })  # fmt: skip
    return {
        "version": 1, "kind": "edms.handover.receipt", "package": "penyerahan-1", "manifest_sha256": sha(b"paket"),
        "receiver": INSTITUTION, "reference": "042/2026", "received_at": at.isoformat(), "records": lines,
    }  # fmt: skip


def _nothing(_told: Any) -> None:
    return None


class Making:
    """One hand-over on its way through the trail. See `made` for what may be other than it should be."""

    def __init__(self, **wanted: Any) -> None:
        self.wanted = wanted
        self.by: dict[str, str] = {**PEOPLE, **wanted.get("people", {})}
        self.records: int = wanted.get("records", 2)
        self.files: int = wanted.get("files", 1)
        self.returned: Sequence[int] = wanted.get("returned", ())
        self.trail = Trail()
        self.steps: list[Told] = []
        self.received: dict[int, int] = {}
        self.removed: dict[int, tuple[int, int]] = {}
        self.kept: dict[int, list[Told]] = {one: [] for one in range(1, self.records + 1)}
        self.receipt = b""
        self.reasons: dict[int, str] = {}

    def accepted(self) -> list[int]:
        return [one for one in range(1, self.records + 1) if one not in self.returned]

    def come_in(self) -> None:
        for one in range(1, self.records + 1):
            originals = originals_of(one, self.files)
            digest = originals[0] if self.files == 1 else sha("".join(f"{told}\n" for told in originals).encode())
            told = {"sha256": self.wanted.get("original", digest)}
            self.received[one] = self.trail.tell("record:capture", "p-juru", ("record", record_of(one)), told)
            if self.wanted.get("refused") == "come_in":
                self.trail.leaves[-1]["outcome"] = "refused"

    def step(self, act: str, details: Told, number: str = "") -> None:
        self.wanted.get("events", lambda _act, _details: None)(act, details)
        duty = DUTY.get(act, "execute_disposal")
        leaf = self.trail.tell(f"handover.{EVENT[act]}", self.by[duty], ("proceeding", HANDOVER), details)
        told = self.trail.leaves[leaf]
        if self.wanted.get("refused") == act:
            told["outcome"] = "refused"
        self.steps.append({"act": act, "duty": duty, "person": self.by[duty], "name": told["actor"]["name"],
                           "at": told["at"], "number": number, "leaf": leaf})  # fmt: skip

    def keep(self, record: int, order: int, person: str) -> None:
        reasons = ["held"]
        leaf = self.trail.tell("handover.content_kept", person, ("proceeding", HANDOVER),
                               {"record": record_of(record), "item": f"item-{record}", "reasons": reasons})  # fmt: skip
        self.kept[record].append({"order": order, "reasons": reasons, "leaf": leaf})

    def remove(self, record: int, order: int, number: str) -> None:
        line = json.loads(self.receipt)["records"][record - 1]
        details = {
            "handover": HANDOVER, "item": f"item-{record}", "order": number, "receiver": INSTITUTION,
            "reference": line["reference"], "receipt_sha256": sha(self.receipt), "mets_sha256": line["mets_sha256"],
            "components": [{"role": one["role"], "sha256": one["sha256"]} for one in components_of(record, self.files)],
        }  # fmt: skip
        self.wanted.get("gone", _nothing)(details)
        person = self.wanted.get("remover", self.by["remove_content"])
        leaf = self.trail.tell("record.content_removed", person, ("record", record_of(record)), details)
        self.removed[record] = (leaf, order)

    def hand_over(self, course: Sequence[str]) -> None:
        """Every step up to the close, in the order of `course`."""
        keys = sha(certificates_pem(RECEIVER).encode())
        count, back = self.records, len(self.returned)
        for act in course:
            if act == "receive":
                receipt = receipt_of(self.records, self.files, self.returned, self.trail.now())
                self.wanted.get("receipt", _nothing)(receipt)
                self.receipt = canonical(receipt)
            details: Told = {
                "approve": {"receiver_keys_sha256": keys}, "decide": {"number": "188/9", "list_sha256": sha(b"daftar")},
                "package": {"manifest_sha256": sha(b"paket"), "records": count},
                "send": {"manifest_sha256": sha(b"paket")},
                "receive": {"receipt_sha256": sha(self.receipt), "records": count, "returned": back},
            }.get(act, {})  # fmt: skip
            self.step(act, details, "188/9" if act == "decide" else "")

    def removal(self, number: str, by_order: Sequence[int], meanwhile: Sequence[int], wait: timedelta) -> None:
        """One order: `by_order` is kept when it is given, `meanwhile` while it is carried out."""
        self.trail.later += wait
        left = [one for one in self.accepted() if one not in self.removed]
        order, digest = len(self.steps), sha(self.receipt)
        for one in by_order:
            self.keep(one, order, self.by["order_removal"])
        go = [one for one in left if one not in by_order and one not in meanwhile]
        if self.wanted.get("early"):
            for one in go:
                self.remove(one, order, number)
        details = {"number": number, "keep_days": 90, "records": len(left) - len(by_order), "kept": len(by_order),
                   "reason": "selesai", "receipt_sha256": digest}  # fmt: skip
        self.step("order_removal", details, number)
        for one in meanwhile:
            self.keep(one, order, self.by["remove_content"])
        if not self.wanted.get("early") and not self.wanted.get("late"):
            self.trail.later -= self.wanted.get("back", timedelta())
            for one in go:
                self.remove(one, order, number)
            self.trail.later += self.wanted.get("back", timedelta())
        details = {"number": number, "order": order, "removed": len(go), "kept": len(left) - len(go),
                   "receipt_sha256": digest}  # fmt: skip
        self.step("remove", details)
        if self.wanted.get("late"):
            for one in go:
                self.remove(one, order, number)

    def certificate(self) -> Told:
        records = [self._record(one) for one in self.accepted()]
        named = {step["leaf"] for step in self.steps} | {told["leaf"] for one in records for told in one["kept"]}
        named |= {one[name] for one in records for name in ("received_leaf", "removed_leaf") if name in one}
        seed = self.wanted.get("signer", RECEIVER)
        told = json.loads(self.receipt)
        return {
            "format": "edms-removal-certificate", "version": 1, "archive": "Arsip", "organisation": "Pemerintah Kota",
            "handover": {"id": HANDOVER, "office": "Dinas Kesehatan", "number": "188/9", "list_sha256": sha(b"daftar"),
                         "receiver": INSTITUTION, "manifest_sha256": sha(b"paket")},
            "receipt": {"receiver": told["receiver"], "reference": told["reference"], "sha256": sha(self.receipt),
                        "content": base64.b64encode(self.receipt).decode(),
                        "signature": base64.b64encode(signed(self.receipt, seed)).decode(),
                        "keys": certificates_pem(self.wanted.get("keys", RECEIVER))},
            "steps": self.steps, "records": records,
            **proven(self.trail.leaves, named, SEED),
        }  # fmt: skip

    def _record(self, one: int) -> Told:
        told: Told = {"record": record_of(one), "reference": f"AS/{one}", "kept": self.kept[one], "state": "kept"}
        if one not in self.removed:
            return told
        leaf, order = self.removed[one]
        gone = self.trail.leaves[leaf]
        return told | {
            "state": "removed", "order": order, "title": f"Naskah {one}", "redacted": False, "class": "000.2.5",
            "document_date": "2010-03-04", "components": components_of(one, self.files), "removed_at": gone["at"],
            "by": gone["actor"]["name"], "method": "penghapusan kunci", "received_leaf": self.received[one],
            "removed_leaf": leaf,
        }  # fmt: skip


def made(**wanted: Any) -> Told:
    """A certificate whose trail tells of exactly this, signed.

    `people` by duty, `records`, `files` of each, `returned`, `course` up to the close, `receipt` and `events` and
    `gone` change what is written down before it is, `original` came in, `signer` signed and `keys` are told to be the
    receiver's, `early` and `late`: records go before the order or after the end, `remover` took part, `refused` is an
    act whose event tells that it was refused, `back` how far the clock went back for removing them, `wait` the time
    before the order, `kept` by the order, `meanwhile` kept while it was carried out, `second` order: the records that
    it keeps.
    """
    making = Making(**wanted)
    if not wanted.get("unreceived"):
        making.come_in()
    making.hand_over(wanted.get("course", COURSE[:8]))
    if wanted.get("unreceived"):
        making.come_in()
    making.removal("045/2026", wanted.get("kept", ()), wanted.get("meanwhile", ()), wanted.get("wait", DAYS_90))
    if "second" in wanted:
        making.removal("046/2026", wanted["second"], (), timedelta(days=30))
    return making.certificate()


DAYS_90 = timedelta(days=90)


def vector(told: Any, kind: str | None = None, keys: str | None = None, receiver: bytes | None = None) -> Told:
    text = told if isinstance(told, str) else canonical(told).decode()
    shown = {"certificate": text, "keys": pem_of(SEED) if keys is None else keys,
             "receiver": None if receiver is None else certificates_pem(receiver)}  # fmt: skip
    return shown if kind is None else {**shown, "kind": kind}


def accepted() -> dict[str, Told]:
    twice = (*COURSE[:5], "package", *COURSE[5:8])
    return {
        "two-records": vector(made()),
        "by-the-receivers-own-keys": vector(made(), receiver=RECEIVER),
        "one-returned": vector(made(records=3, returned=(2,))),
        "one-kept-by-the-order": vector(made(records=3, kept=(2,))),
        "one-kept-while-it-was-carried-out": vector(made(records=3, meanwhile=(3,))),
        "two-orders": vector(made(records=4, kept=(2,), meanwhile=(3,), second=(3,))),
        "packed-twice": vector(made(course=twice)),
        "originals-of-several-files": vector(made(files=3)),
        "removed-by-a-colleague": vector(made(remover="p-penghapus-2")),
        "ordered-late-on-the-first-day": vector(made(wait=timedelta(days=89, hours=1))),
        "other-spelling-of-the-file": vector(json.dumps(made(), indent=1)),
    }  # fmt: skip


def _other(act: str, **told: Any) -> Callable[[str, Told], None]:
    def change(at: str, details: Told) -> None:
        if at == act:
            details.update(told)

    return change


def _without(act: str, name: str) -> Callable[[str, Told], None]:
    def change(at: str, details: Told) -> None:
        if at == act:
            del details[name]

    return change


def _in_line(**told: Any) -> Change:
    return lambda receipt: receipt["records"][0].update(told)


def _unlawful() -> dict[str, Told]:
    duties = list(PEOPLE)
    told = {
        f"trail-{one}-and-{other}-by-one-person": vector(made(people={other: PEOPLE[one]}), "separation")
        for place, one in enumerate(duties) for other in duties[place + 1 :]
    }  # fmt: skip
    told["trail-removed-by-who-ordered-it"] = vector(made(remover="p-atasan"), "separation")
    told["trail-removed-by-who-decided-the-hand-over"] = vector(made(remover="p-kepala"), "separation")
    for act in COURSE[:8]:
        if act != "receive":  # without it there is no receipt to tell of
            told[f"trail-without-{act}"] = vector(made(course=[one for one in COURSE[:8] if one != act]), "step")
    swapped = (*COURSE[:2], "decide", "approve", *COURSE[4:8])
    told["trail-decided-before-approved"] = vector(made(course=swapped), "step")
    told["trail-removed-before-the-order"] = vector(made(early=True), "record")
    told["trail-removed-after-the-end"] = vector(made(late=True), "record")
    told["trail-removed-by-a-clock-set-back"] = vector(made(back=timedelta(days=1)), "record")
    told["trail-ordered-by-a-clock-set-back"] = vector(made(wait=-timedelta(hours=1)), "step")
    told["trail-the-order-was-refused"] = vector(made(refused="order_removal"), "audit")
    told["trail-it-was-not-let-in"] = vector(made(refused="come_in"), "record")
    told["trail-ordered-a-day-too-early"] = vector(made(wait=timedelta(days=88)), "time")
    told["trail-ordered-at-once"] = vector(made(wait=timedelta()), "time")
    told["trail-keeping-time-of-no-day"] = vector(made(events=_other("order_removal", keep_days=0)), "time")
    told["trail-keeping-time-not-told"] = vector(made(events=_without("order_removal", "keep_days")), "time")
    told["trail-another-content-came-in"] = vector(made(original="0" * 64), "record")
    told["trail-came-in-after-the-packing"] = vector(made(unreceived=True), "record")
    untold = _without("approve", "receiver_keys_sha256")
    told["trail-keys-not-told-before-the-sending"] = vector(made(events=untold), "receipt")
    told["trail-keys-of-somebody-else"] = vector(made(signer=STRANGER, keys=STRANGER), "receipt")
    for act, name, kind in (("decide", "list_sha256", "step"), ("decide", "number", "step"),
                            ("package", "manifest_sha256", "receipt"), ("send", "manifest_sha256", "receipt"),
                            ("receive", "receipt_sha256", "receipt"), ("order_removal", "receipt_sha256", "receipt"),
                            ("remove", "receipt_sha256", "receipt"), ("order_removal", "number", "step"),
                            ("remove", "number", "step")):  # fmt: skip
        named = f"trail-{act}-names-another-{name.replace('_', '-')}"
        told[named] = vector(made(events=_other(act, **{name: "0" * 64})), kind)
    for act, name, kind in (("package", "records", "receipt"), ("receive", "records", "receipt"),
                            ("receive", "returned", "receipt"), ("remove", "order", "step"),
                            ("order_removal", "records", "certificate"), ("order_removal", "kept", "certificate"),
                            ("remove", "removed", "certificate"), ("remove", "kept", "certificate")):  # fmt: skip
        told[f"trail-{act}-counts-other-{name}"] = vector(made(events=_other(act, **{name: 7})), kind)
    for name in ("handover", "order", "receiver", "reference", "receipt_sha256", "mets_sha256"):
        told[f"trail-removed-for-another-{name.replace('_', '-')}"] = vector(
            made(gone=lambda details, name=name: details.update({name: "x"})), "record"
        )
    told["trail-removed-another-component"] = vector(
        made(gone=lambda details: details["components"][0].update(sha256="0" * 64)), "record"
    )
    return told


def _receipts() -> dict[str, Told]:
    """The institution, or somebody in its name, signed these."""
    early, late = (BEGIN + timedelta(days=days) for days in (-1, 2))
    changes: dict[str, Change] = {
        "of-another-package": lambda told: told.update(manifest_sha256=sha(b"lain")),
        "dated-before-the-sending": lambda told: told.update(received_at=early.isoformat()),
        "dated-after-it-was-taken": lambda told: told.update(received_at=late.isoformat()),
        "of-another-kind": lambda told: told.update(kind="edms.handover.letter"),
        "without-a-receiver": lambda told: told.update(receiver=""),
        "with-a-record-more": lambda told: told["records"].append({**told["records"][0], "record": record_of(9)}),
    }  # fmt: skip
    found = {f"receipt-{name}": vector(made(receipt=change), "receipt") for name, change in changes.items()}
    found["receipt-that-returns-what-was-removed"] = vector(
        made(receipt=_in_line(verdict="returned", reason="bukan arsip statis")), "record"
    )
    found["receipt-of-another-file"] = vector(
        made(receipt=_in_line(files={"representations/original/data/original-1.pdf": "0" * 64})), "record"
    )
    found["receipt-signed-by-somebody-else"] = vector(made(signer=STRANGER), "receipt")
    found["receipt-not-by-the-receivers-own-keys"] = vector(made(), "receipt", receiver=STRANGER)
    return found


def _altered() -> dict[str, Told]:
    changes: dict[str, tuple[str, Change]] = {
        "another-person": ("step", lambda told: told["steps"][8].update(person="p-lain")),
        "another-name": ("step", lambda told: told["steps"][8].update(name="Lain")),
        "another-duty": ("step", lambda told: told["steps"][8].update(duty="remove_content")),
        "another-time": ("step", lambda told: told["steps"][8].update(at="2026-01-01T00:00:00.000000Z")),
        "another-number": ("step", lambda told: told["steps"][8].update(number="1/2030")),
        "a-step-twice": ("step", lambda told: told["steps"].append(told["steps"][-1])),
        "a-step-less": ("step", lambda told: told["steps"].pop(2)),
        "no-end": ("step", lambda told: told["steps"].pop()),
        "an-act-of-no-hand-over": ("step", lambda told: told["steps"][4].update(act="cancel")),
        "another-record": ("record", lambda told: told["records"][0].update(record=record_of(2))),
        "another-component": ("record", lambda told: told["records"][0]["components"][1].update(sha256="0" * 64)),
        "no-original": ("record", lambda told: told["records"][0]["components"].pop(0)),
        "another-reference": ("record", lambda told: told["records"][0].update(reference="AS/9")),
        "another-remover": ("record", lambda told: told["records"][0].update(by="Lain")),
        "by-no-order": ("record", lambda told: told["records"][0].update(order=3)),
        "neither-removed-nor-kept": ("record", lambda told: told["records"][0].update(state="lost")),
        "kept-after-all": ("kept", lambda told: told["records"][0].update(state="kept")),
        "kept-without-a-reason": ("kept", lambda told: told["records"][1].update(kept=[])),
        "kept-for-another-reason": ("kept", lambda told: told["records"][1]["kept"][0].update(reasons=["vital"])),
        "kept-by-another-event": ("audit", lambda told: told["records"][1]["kept"][0].update(leaf=0)),
        "a-record-less": ("record", lambda told: told["records"].pop()),
        "a-record-twice": ("record", lambda told: told["records"].append(told["records"][0])),
        "another-receipt": ("receipt", lambda told: told["receipt"].update(
            content=base64.b64encode(base64.b64decode(told["receipt"]["content"]) + b" ").decode())),
        "no-receipt": ("receipt", lambda told: told["receipt"].update(content="")),
        "receipt-no-base64": ("receipt", lambda told: told["receipt"].update(content="?")),
        "no-signature": ("receipt", lambda told: told["receipt"].update(signature="")),
        "signature-cut": ("receipt", lambda told: told["receipt"].update(signature=told["receipt"]["signature"][:400])),
        "no-certificates": ("receipt", lambda told: told["receipt"].update(keys="")),
        "too-many-certificates": ("receipt", lambda told: told["receipt"].update(keys=told["receipt"]["keys"] * 40)),
        "another-accession": ("receipt", lambda told: told["receipt"].update(reference="1")),
        "another-digest-of-the-receipt": ("receipt", lambda told: told["receipt"].update(sha256="0" * 64)),
        "another-list": ("step", lambda told: told["handover"].update(list_sha256="0" * 64)),
        "another-decision": ("step", lambda told: told["handover"].update(number="1/2030")),
        "another-receiver": ("record", lambda told: told["handover"].update(receiver="Lain")),
        "another-hand-over": ("audit", lambda told: told["handover"].update(id=record_of(1))),
        "leaf-altered": ("audit", lambda told: told["leaves"][4].update(leaf=told["leaves"][4]["leaf"] + " ")),
        "proof-of-another": ("audit", lambda told: told["leaves"][4].update(proof=told["leaves"][5]["proof"])),
        "no-leaves": ("audit", lambda told: told.update(leaves=[])),
        "checkpoint-altered": ("checkpoint", lambda told: told.update(
            checkpoint=told["checkpoint"].replace(f"\n{told['size']}\n", f"\n{told['size'] + 1}\n"))),
        "no-checkpoint": ("checkpoint", lambda told: told.update(checkpoint="")),
        "another-version": ("certificate", lambda told: told.update(version=2)),
        "without-records": ("certificate", lambda told: told.pop("records")),
        "records-no-list": ("certificate", lambda told: told.update(records=7)),
        "receipt-no-object": ("receipt", lambda told: told.update(receipt=[])),
        "a-place-without-end": ("certificate", lambda told: told["steps"][0].update(leaf=[0])),
    }  # fmt: skip
    found = {}
    for name, (kind, change) in changes.items():
        told = copy.deepcopy(made(kept=(2,)))
        change(told)
        found[name] = vector(told, kind)
    second = made(records=3, kept=(2, 3), second=(3,))
    second["records"][2]["kept"][1]["leaf"] = second["records"][2]["kept"][0]["leaf"]
    found["kept-twice-by-one-event"] = vector(second, "kept")
    swapped = made(course=(*COURSE[:5], "package", *COURSE[5:8]))
    swapped["steps"][4:6] = reversed(swapped["steps"][4:6])
    found["two-steps-swapped"] = vector(swapped, "step")
    hidden = made(records=3, kept=(2, 3), second=(3,))
    hidden["steps"] = hidden["steps"][:10]
    found["the-second-order-left-out"] = vector(hidden, "record")
    return found


def rejected() -> dict[str, Told]:
    whole = canonical(made()).decode()
    return {
        **_unlawful(),
        **_receipts(),
        **_altered(),
        "keys-of-somebody-else": vector(made(), "checkpoint", pem_of(bytes(32))),
        "cut": vector(whole[:-1], "refused"),
        "empty": vector("", "refused"),
        "no-json": vector("%PDF-1.7", "refused"),
        "another-format": vector({**made(), "format": "edms-bundle"}, "refused"),
        "a-list": vector("[]", "refused"),
        "deep": vector("[" * 5_000, "refused"),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
