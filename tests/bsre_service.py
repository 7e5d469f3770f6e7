"""A signing service of our own on loopback: it enforces the shape of R59 to the letter, and really signs.

`mode` names what it does wrong; "good" nothing. What it was sent is kept, so that tests can look for it elsewhere.
"""

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pikepdf
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import SimpleSigner
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore
from werkzeug.formparser import parse_form_data

from edms.core.clock import FixedClock
from edms.signing.seals import ClockedSealer
from edms.signing.verification import TrustMaterial

USER, PASSWORD = "arsip-kota", "sandi layanan"
NIK, PASSPHRASE, NAME = "3374010101700001", "frasa sandi pejabat 7!", "Kepala Dinas Kesehatan"
OTHER_NIK = "3374010101700002"
_FIELDS = {"nik", "passphrase", "tampilan", "image", "linkQR", "page", "xAxis", "yAxis", "width", "height", "reason",
           "location", "jenis_response"}  # fmt: skip


class Authority:
    """A root of its own that issues personal certificates."""

    def __init__(self, clock: FixedClock, name: str = "Otoritas Uji") -> None:
        self.clock = clock
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.root = self._made(self.name, self.key.public_key(), ca=True)

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    @property
    def trust(self) -> TrustMaterial:
        return TrustMaterial.from_pem(self.pem)

    def signer(self, name: str, nik: str) -> SimpleSigner:
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if nik:
            parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, nik))
        made = self._made(x509.Name(parts), key.public_key(), ca=False)
        store = SimpleCertificateStore()
        store.register(asn1_x509.Certificate.load(self.root.public_bytes(serialization.Encoding.DER)))
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))
        return SimpleSigner(
            signing_cert=certificate, signing_key=asn1_keys.PrivateKeyInfo.load(der), cert_registry=store
        )

    def _made(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        start = self.clock.now().replace(microsecond=0) - timedelta(days=365)
        others = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
                                "decipher_only"), False)  # fmt: skip
        usage = x509.KeyUsage(
            digital_signature=not ca, content_commitment=not ca, key_cert_sign=ca, crl_sign=ca, **others
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=366 * 50))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )


@dataclass
class Service:
    """The running service."""

    address: str
    authority: Authority
    clock: FixedClock
    mode: str = "good"
    kind: str = "base64"
    name: str = NAME
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)

    def signed(self, document: bytes, fields: dict[str, str], picture: bytes) -> bytes:
        signer = self.authority.signer(self.name, OTHER_NIK if self.mode == "somebody else" else NIK)
        if self.mode == "another name":
            signer = self.authority.signer("Orang Lain", "")
        if self.mode == "untrusted":
            signer = Authority(self.clock, "Otoritas Lain").signer(self.name, NIK)
        if self.mode == "altered":
            document = _altered(document)
        if self.mode == "other document":
            document = _rewritten(document)
        made = self._added(document, signer, fields, picture)
        return self._added(made, signer, fields, picture) if self.mode == "two" else made

    def _added(self, document: bytes, signer: SimpleSigner, fields: dict[str, str], picture: bytes) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
        x, y, width, height = (int(fields[name]) for name in ("xAxis", "yAxis", "width", "height"))
        if self.mode == "moved":
            y += 200
        number = len(list(writer.prev.embedded_signatures)) + 1
        name = f"sig{number}"
        metadata = signers.PdfSignatureMetadata(
            field_name=name, subfilter=SigSeedSubFilter.PADES, reason=fields["reason"], location=fields["location"]
        )
        clock = FixedClock(self.clock.now() - timedelta(days=3)) if self.mode == "yesterday" else self.clock
        sealer = ClockedSealer(
            clock,
            metadata,
            signer=signer,
            stamp_style=StaticStampStyle(
                background=PdfImage(Image.open(io.BytesIO(picture))), border_width=0, background_opacity=1.0
            ),
            new_field_spec=SigFieldSpec(name, on_page=int(fields["page"]) - 1, box=(x, y, x + width, y + height)),
        )
        out = io.BytesIO()
        sealer.sign_pdf(writer, output=out)
        return out.getvalue()


def _altered(document: bytes) -> bytes:
    """Add an update that puts other words on the first page, before anything is signed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
    page, _resources = writer.find_page_for_modification(0)
    page.get_object()["/MediaBox"] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 420)))
    writer.update_container(page.get_object())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _rewritten(document: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as opened:
        opened.save(out)
    return out.getvalue()


class _Handler(BaseHTTPRequestHandler):
    service: Service

    def log_message(self, *_arguments: object) -> None:
        return

    def do_POST(self) -> None:
        service = self.service
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service.asked.append(self.path)
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}" or service.mode == "401":
            return self._json(401, {"error": "Unauthorized"})
        environment = {
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers["Content-Type"],
            "REQUEST_METHOD": "POST",
        }
        _stream, form, files = parse_form_data(environment)
        if self.path == "/api/sign/verify":
            found = files["signed_file"].read() if set(files) == {"signed_file"} else b""
            return self._json(200, {"nama_dokumen": "document.pdf", "jumlah_signature": found.count(b"/ByteRange")})
        return self._sign(form.to_dict(), {name: part.read() for name, part in files.items()})

    def do_GET(self) -> None:
        self.service.asked.append(self.path)
        found = self.service.kept.get(self.path.removeprefix("/api/sign/download/"))
        if found is None:
            return self._json(404, {"error": "not found"})
        return self._answer(200, "application/pdf", found)

    def _sign(self, fields: dict[str, str], files: dict[str, bytes]) -> None:
        service = self.service
        wrong = self._wrong(fields, files)
        if wrong:
            service.complaints.append(wrong)
            return self._json(400, {"status_code": 1000, "error": f"{wrong}; {fields.get('passphrase')}"})
        if fields["passphrase"] != PASSPHRASE:
            return self._json(400, {"status_code": 2031, "error": f"Passphrase anda salah: {fields['passphrase']}"})
        if service.mode == "500":
            return self._json(500, {"error": f"failed with {fields['passphrase']}"})
        if service.mode == "slow":
            time.sleep(1.5)
        if service.mode == "unsigned":
            return self._answer(200, "application/pdf", files["file"])
        if service.mode == "garbage":
            return self._answer(200, "application/json", b"[" * 5000)
        if service.mode == "page":
            return self._answer(200, "text/html", b"<h1>Maintenance</h1>")
        return self._hand_out(service.signed(files["file"], fields, files["imageTTD"]))

    def _hand_out(self, signed: bytes) -> None:
        service = self.service
        if service.mode == "half":
            self.send_response(200)
            self.send_header("Content-Type", "application/pdf")
            self.send_header("Content-Length", str(len(signed)))
            self.end_headers()
            self.wfile.write(signed[: len(signed) // 2])
            return None
        if service.kind == "bytes":
            return self._answer(200, "application/pdf", signed)
        if service.kind == "download":
            service.kept["doc-1"] = signed
            return self._json(200, {"message": "Proses berhasil"}, {"id_dokumen": "doc-1"})
        return self._json(200, {"base64_signed_file": base64.b64encode(signed).decode()})

    @staticmethod
    def _wrong(fields: dict[str, str], files: dict[str, bytes]) -> str:
        """Say what is not of the shape, or nothing."""
        if set(fields) != _FIELDS or set(files) != {"file", "imageTTD"}:
            return f"fields {sorted(set(fields) ^ _FIELDS)}"
        if not files["file"].startswith(b"%PDF-") or not files["imageTTD"].startswith(b"\x89PNG"):
            return "files"
        if not (fields["nik"].isdigit() and len(fields["nik"]) == 16):
            return "nik"
        if (fields["tampilan"], fields["image"], fields["jenis_response"]) != ("visible", "true", "BASE64"):
            return "tampilan"
        numbers = [fields[name] for name in ("page", "xAxis", "yAxis", "width", "height")]
        return "" if all(number.isdigit() for number in numbers) and fields["linkQR"] else "place"

    def _json(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        self._answer(status, "application/json", json.dumps(value).encode(), headers)

    def _answer(self, status: int, kind: str, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            return


def running(clock: FixedClock) -> Iterator[Service]:
    """Run a service on a port of its own until the generator is closed."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    service = Service(f"http://127.0.0.1:{server.server_port}", Authority(clock), clock)
    handler.service = service
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
