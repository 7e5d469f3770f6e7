"""A certificate authority of others, on loopback: root and intermediate, a real OCSP responder, a list over HTTP.

The responder is `openssl ocsp`. The authority can be told to revoke, to be silent, and to answer something else.
"""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from judges import asked, judge

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
YEAR = timedelta(days=365)
TELLS = "ocsp-and-list"


def named(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Otoritas Luar"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class Outside:
    """The authority. `tells`: where its certificates say that they can be asked about ("ocsp", "list", both, "")."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    ocsp_url: str = ""
    list_url: str = ""
    silent: bool = False
    answer: bytes | None = None
    asked_for: list[str] = field(default_factory=list)
    revoked: dict[int, datetime] = field(default_factory=dict)
    issued: list[x509.Certificate] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._authority("Akar", self.root_key, named("Akar"), self.root_key)

    def open(self) -> None:
        """Make the intermediate, once it is known where its own revocation can be asked about."""
        self.issuer = self._authority("Penerbit", self.key, self.root.subject, self.root_key)
        self.responder_key = ec.generate_private_key(ec.SECP256R1())
        built = self._built(named("Penjawab"), self.responder_key, self.issuer.subject, YEAR)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        built = built.add_extension(x509.OCSPNoCheck(), critical=False)
        self.responder = built.sign(self.key, hashes.SHA256())
        (self.folder / "issuer.pem").write_text(pem(self.issuer))
        (self.folder / "responder.pem").write_text(pem(self.responder))
        (self.folder / "responder.key").write_bytes(key_pem(self.responder_key))
        self.write()

    def told(self, question: bytes) -> bytes:
        """What the responder of OpenSSL answers."""
        with self.turn:
            (self.folder / "question").write_bytes(question)
            told = asked(
                "openssl", "ocsp", "-index", self.folder / "index.txt", "-CA", self.folder / "issuer.pem", "-rsigner",
                self.folder / "responder.pem", "-rkey", self.folder / "responder.key", "-reqin",
                self.folder / "question", "-respout", self.folder / "answer", "-nmin", "60",
            )  # fmt: skip
            assert told.returncode == 0, told.stderr
            return (self.folder / "answer").read_bytes()

    def certificate(
        self, common: str, key: Key, tells: str = TELLS, *, stamps: bool = False, lasts: timedelta = YEAR
    ) -> x509.Certificate:
        """Issue an end certificate for a seal, or with `stamps` for timestamps."""
        built = self._built(named(common), key, self.issuer.subject, lasts)
        built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        built = built.add_extension(_usage(authority=False), critical=True)
        built = built.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if stamps:
            built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        made = self._telling(built, tells).sign(self.key, hashes.SHA256())
        self.issued.append(made)
        self.write()
        return made

    def chain_pem(self, certificate: x509.Certificate) -> str:
        return pem(certificate) + pem(self.issuer) + pem(self.root)

    def revoke(self, certificate: x509.Certificate, at: datetime) -> None:
        self.revoked[certificate.serial_number] = at
        self.write()

    def revocation_list(self, moment: datetime | None = None) -> bytes:
        """The list of the intermediate, PEM."""
        return self._list(self.issuer, self.key, moment).public_bytes(serialization.Encoding.PEM)

    def write(self) -> None:
        """Write what the OCSP responder reads."""
        lines = []
        for one in self.issued:
            at = self.revoked.get(one.serial_number)
            state = ("V", "") if at is None else ("R", f"{at:%y%m%d%H%M%SZ}")
            serial = f"{one.serial_number:X}"
            serial = serial if len(serial) % 2 == 0 else "0" + serial
            ends = f"{one.not_valid_after_utc:%y%m%d%H%M%SZ}"
            lines.append("\t".join((state[0], ends, state[1], serial, "unknown", "/CN=" + serial)))
        (self.folder / "index.txt").write_text("".join(line + "\n" for line in lines))

    def _list(
        self, issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey, moment: datetime | None = None
    ) -> x509.CertificateRevocationList:
        at = moment or datetime.now(UTC).replace(microsecond=0)
        built = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        built = built.last_update(at - timedelta(minutes=1)).next_update(at + timedelta(days=7))
        built = built.add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        built = built.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        for serial, when in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            built = built.add_revoked_certificate(entry.build())
        return built.sign(key, hashes.SHA256())

    def list_at(self, path: str) -> bytes:
        if self.answer is not None:
            return self.answer
        found = self._list(self.root, self.root_key) if path == "/akar" else self._list(self.issuer, self.key)
        return found.public_bytes(serialization.Encoding.DER)

    def _authority(
        self, common: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, signing: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        built = self._built(named(common), key, issuer, 10 * YEAR)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        built = built.add_extension(_usage(authority=True), critical=True)
        if issuer != named(common):
            built = built.add_extension(_point(f"{self.list_url}/akar"), critical=False)
        return built.sign(signing, hashes.SHA256())

    def _built(self, name: x509.Name, key: Key, issuer: x509.Name, lasts: timedelta) -> x509.CertificateBuilder:
        start = self.now - timedelta(hours=1)
        built = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        built = built.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + lasts)
        return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)

    def _telling(self, built: x509.CertificateBuilder, tells: str) -> x509.CertificateBuilder:
        if "ocsp" in tells:
            told = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(self.ocsp_url)
            )
            built = built.add_extension(x509.AuthorityInformationAccess([told]), critical=False)
        return built.add_extension(_point(f"{self.list_url}/penerbit"), critical=False) if "list" in tells else built


def _point(url: str) -> x509.CRLDistributionPoints:
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    signs = not authority
    return x509.KeyUsage(signs, signs, False, False, False, authority, authority, False, False)


def _handler(outside: Outside) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.give("application/pkix-crl", lambda: outside.list_at(self.path))

        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"]))
            self.give("application/ocsp-response", lambda: outside.told(question))

        def give(self, kind: str, made: Callable[[], bytes]) -> None:
            outside.asked_for.append(self.path)
            if outside.silent:
                self.send_error(503)
                return
            content = made()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server on loopback; give its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    running.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        running.join()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    """A running authority of others."""
    judge("openssl")
    folder = tmp_path / "outside"
    folder.mkdir()
    found = Outside(folder)
    with serving(_handler(found)) as url:
        found.list_url, found.ocsp_url = url, url + "/ocsp"
        found.open()
        yield found
