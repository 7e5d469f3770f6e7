"""Timestamps by an authority of others: a real one (openssl ts, over HTTP on loopback), and every way to misbehave."""

import http.server
import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import pdf
from asn1crypto import tsp
from judges import asked

from edms.core.clock import Clock, FixedClock, SystemClock
from edms.core.errors import ConfigurationError
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.errors import SignerUnavailable
from edms.signing.local import LocalSigner
from edms.signing.remote import HttpTimestamps
from edms.signing.seals import seal_detached, seal_pdf
from edms.signing.verification import TrustMaterial, verify_detached, verify_pdf

CONFIGURATION = """
[tsa]
default_tsa = theirs
[theirs]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
REPLY = "application/timestamp-reply"


@dataclass
class Authority:
    """An authority of others: its folder, its root, and what it does with a question (status, type, body)."""

    folder: Path
    root: bytes
    url: str = ""
    answer: Callable[[bytes], tuple[int, str, bytes]] | None = None
    drip: bool = False
    elsewhere: str = ""
    asked_times: int = 0

    def honest(self, question: bytes) -> bytes:
        """What openssl answers."""
        (self.folder / "question").write_bytes(question)
        told = asked(
            "openssl", "ts", "-reply", "-config", self.folder / "ts.conf", "-queryfile", self.folder / "question",
            "-out", self.folder / "answer",
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        return (self.folder / "answer").read_bytes()


def _handler(authority: Authority, over: threading.Event) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            authority.asked_times += 1
            question = self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, body = (authority.answer or (lambda asked: (200, REPLY, authority.honest(asked))))(question)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if authority.elsewhere:
                self.send_header("Location", authority.elsewhere)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for at in range(0, len(body), 1 if authority.drip else len(body)):
                    self.wfile.write(body[at : at + 1] if authority.drip else body)
                    if authority.drip and over.wait(0.05):
                        return
            except OSError:
                return

        do_GET = do_POST  # noqa: N815 - the name is the server's

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture(scope="module")
def material() -> AuthorityMaterial:
    return create_authority("Pemerintah Kota Cendana", "ID", SystemClock(), 5)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    """A running authority, with certificates of its own."""
    theirs = create_authority("Otoritas Waktu", "ID", SystemClock(), 1)
    (tmp_path / "tsa.pem").write_text(theirs.timestamp.certificate)
    (tmp_path / "tsa.key").write_text(theirs.timestamp.private_key)
    (tmp_path / "root.pem").write_text(theirs.root.certificate)
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "ts.conf").write_text(CONFIGURATION.format(folder=tmp_path))
    found = Authority(tmp_path, theirs.root.certificate.encode())
    over = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(found, over))
    found.url = f"http://127.0.0.1:{server.server_port}/tsa?lang=id"
    running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    running.start()
    yield found
    over.set()
    server.shutdown()
    server.server_close()
    running.join()


def client(authority: Authority, clock: Clock | None = None, seconds: float = 120.0) -> HttpTimestamps:
    trust = TrustMaterial((), TrustMaterial.from_pem(authority.root).roots)
    return HttpTimestamps(authority.url, trust, clock or SystemClock(), seconds)


def sealed(material: AuthorityMaterial, timestamps: HttpTimestamps) -> bytes:
    return seal_detached(b"manifest", LocalSigner(material, SystemClock()), timestamps)


def test_a_real_authority_stamps_both_kinds_of_seal(authority: Authority, material: AuthorityMaterial) -> None:
    ours = material.public_pem().encode()
    seal = sealed(material, client(authority))
    verdict = verify_detached(b"manifest", seal, TrustMaterial.from_pem(ours, authority.root))
    assert verdict.good
    assert verdict.timestamp is not None
    assert not verdict.timestamp.development or "Otoritas Waktu" in verdict.timestamp.authority
    unknown = verify_detached(b"manifest", seal, TrustMaterial.from_pem(ours)).timestamp
    assert unknown is not None
    assert (unknown.valid, unknown.trusted) == (True, False)
    signer = LocalSigner(material, SystemClock())
    document = seal_pdf(io.BytesIO(pdf("Surat")), signer, client(authority), "Salinan arsip")
    assert [one.good for one in verify_pdf(io.BytesIO(document), TrustMaterial.from_pem(ours, authority.root))] == [
        True
    ]


def _altered(
    authority: Authority, change: Callable[[tsp.TimeStampReq], None]
) -> Callable[[bytes], tuple[int, str, bytes]]:
    """The authority answers another question than the one that it was asked."""

    def answer(question: bytes) -> tuple[int, str, bytes]:
        request = tsp.TimeStampReq.load(question)
        change(request)
        return 200, REPLY, authority.honest(request.dump(force=True))

    return answer


def _other_nonce(request: tsp.TimeStampReq) -> None:
    request["nonce"] = 4711


def _no_nonce(request: tsp.TimeStampReq) -> None:
    request["nonce"] = None


def _other_digest(request: tsp.TimeStampReq) -> None:
    request["message_imprint"]["hashed_message"] = b"\x11" * 32


def _other_algorithm(request: tsp.TimeStampReq) -> None:
    request["message_imprint"] = {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": b"\x11" * 64}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_other_nonce, "nonce differs"),
        (_no_nonce, "nonce differs"),
        (_other_digest, "something else"),
        (_other_algorithm, "something else"),
    ],
    ids=["nonce", "no-nonce", "digest", "algorithm"],
)
def test_an_answer_to_another_question_is_none(
    authority: Authority, material: AuthorityMaterial, change: Callable[[tsp.TimeStampReq], None], told: str
) -> None:
    authority.answer = _altered(authority, change)
    with pytest.raises(SignerUnavailable, match=told):
        sealed(material, client(authority))


def test_a_flipped_byte_anywhere_in_the_answer(authority: Authority, material: AuthorityMaterial) -> None:
    """What is not signed by the authority (its own root, which it sends along) may differ; no seal may be wrong."""
    trust = TrustMaterial.from_pem(material.public_pem().encode(), authority.root)

    def flipped(place: int) -> Callable[[bytes], tuple[int, str, bytes]]:
        def answer(question: bytes) -> tuple[int, str, bytes]:
            reply = bytearray(authority.honest(question))
            reply[place % len(reply)] ^= 0x01
            return 200, REPLY, bytes(reply)

        return answer

    refused = 0
    for place in range(0, 1500, 97):
        authority.answer = flipped(place)
        try:
            seal = sealed(material, client(authority))
        except SignerUnavailable:
            refused += 1
            continue
        assert verify_detached(b"manifest", seal, trust).good, place
    assert refused > 5


def _status(**told: object) -> bytes:
    """A response of a status alone, as RFC 3161 has it for refusals."""
    body: bytes = tsp.PKIStatusInfo(told).dump()
    return bytes([0x30, len(body)]) + body


BAD_ANSWERS = {
    "html": (200, "text/html; charset=utf-8", b"<html>sign in to the network</html>", "answered with text/html"),
    "html as reply": (200, REPLY, b"<html>sign in</html>", "not a timestamp"),
    "empty": (200, REPLY, b"", "not a timestamp"),
    "cut": (200, REPLY, b"\x30\x82\x10\x00\x30\x03\x02\x01\x00", "not a timestamp"),
    "rubbish": (200, REPLY, bytes(range(256)), "not a timestamp"),
    "no token": (200, REPLY, _status(status="granted"), "not a timestamp"),
    "refusal": (200, REPLY, _status(status="rejection", status_string=["closed today"]),
                "refused.*closed today"),
    "oversized": (200, REPLY, b"\x30" * (1024 * 1024 + 1), "more than"),
    "error": (503, "text/plain", b"busy", "status 503"),
    "forbidden": (403, "text/html", b"no", "status 403"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_anything_else_is_refused_with_what_it_was(
    authority: Authority, material: AuthorityMaterial, name: str
) -> None:
    status, kind, body, told = BAD_ANSWERS[name]
    authority.answer = lambda _question: (status, kind, body)
    with pytest.raises(SignerUnavailable, match=told):
        sealed(material, client(authority))
    with pytest.raises(SignerUnavailable, match=told):
        seal_pdf(io.BytesIO(pdf("x")), LocalSigner(material, SystemClock()), client(authority), "Salinan arsip")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(authority: Authority, material: AuthorityMaterial, status: int) -> None:
    """The address is the administrator's; an answer must not lead the archive to ask another machine."""
    authority.elsewhere = authority.url
    authority.answer = lambda _question: (status, REPLY, b"")
    with pytest.raises(SignerUnavailable, match=f"status {status}"):
        sealed(material, client(authority))
    assert authority.asked_times == 1


def test_an_answer_a_byte_at_a_time_is_cut_off(authority: Authority, material: AuthorityMaterial) -> None:
    """Each byte comes in time, all of them would take minutes: the limit is on the whole."""
    authority.drip = True
    started = time.monotonic()
    with pytest.raises(SignerUnavailable, match=r"does not answer|not a timestamp"):
        sealed(material, client(authority, seconds=0.5))
    assert time.monotonic() - started < 30


def test_nobody_there(authority: Authority, material: AuthorityMaterial) -> None:
    authority.url = "http://127.0.0.1:9/"
    with pytest.raises(SignerUnavailable, match="does not answer"):
        sealed(material, client(authority, seconds=2))


def test_an_authority_nobody_named_is_not_believed(authority: Authority, material: AuthorityMaterial) -> None:
    authority.root = material.root.certificate.encode()
    with pytest.raises(SignerUnavailable, match="timestamp_roots"):
        sealed(material, client(authority))


@pytest.mark.parametrize("days", [-400, 200])
def test_clocks_that_disagree_make_no_seal(authority: Authority, material: AuthorityMaterial, days: int) -> None:
    """A seal whose own time and timestamp are months apart would be disputed for ever."""
    wrong = FixedClock(SystemClock().now() + timedelta(days=days))
    with pytest.raises(SignerUnavailable, match="timestamp authority says"):
        sealed(material, client(authority, wrong))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://"])
def test_only_web_addresses(url: str) -> None:
    with pytest.raises(ConfigurationError, match="http or https"):
        HttpTimestamps(url, TrustMaterial(), SystemClock())
