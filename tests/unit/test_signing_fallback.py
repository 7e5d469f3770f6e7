"""Several timestamp authorities in order, each held to its own roots and policy; what each did wrong is named."""

import http.server
import importlib.util
import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from edms.core.clock import FixedClock
from edms.signing.authority import AuthorityMaterial, create_authority
from edms.signing.errors import SignerUnavailable
from edms.signing.fallback import FallbackTimestamps
from edms.signing.local import DevelopmentTimestamps, LocalSigner
from edms.signing.protocols import TimestampAuthority
from edms.signing.remote import HttpTimestamps
from edms.signing.seals import seal_detached, seal_pdf
from edms.signing.timestamp_token import seal_timestamp
from edms.signing.verification import TrustMaterial

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
REPLY = "application/timestamp-reply"
POLICY = "1.2.3.4"
FOLDER = Path(__file__).parent.parent / "vectors" / "evidence_record"


def naive() -> Any:
    """The authority of the vectors' script: it stamps whatever it is told to, with whatever certificate."""
    specification = importlib.util.spec_from_file_location("naive_authority", FOLDER / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    return script


SCRIPT = naive()
Answer = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def material() -> AuthorityMaterial:
    return create_authority("Kota Contoh", "ID", FixedClock(NOW), 5)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Start an HTTP server on loopback that gives these answers; returns its address."""
    running: list[tuple[http.server.HTTPServer, threading.Thread]] = []

    def start(answer: Answer) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", REPLY)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def stamping(authority: Any, years: float = 0, **changed: Any) -> Answer:
    """Answer as RFC 3161 asks, by the naive authority; `changed` goes to its token."""

    def answer(question: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(question)
        imprint = asked["message_imprint"]
        name = imprint["hash_algorithm"]["algorithm"].native
        told = {"nonce": asked["nonce"].native, **changed}
        token = authority.token(name, imprint["hashed_message"].native, years, **told)
        return SCRIPT.sequence(SCRIPT.sequence(SCRIPT.integer(0)), token)  # type: ignore[no-any-return]

    return answer


def client(url: str, authority: Any, **changed: Any) -> HttpTimestamps:
    return HttpTimestamps(url, TrustMaterial((), (authority.root,)), FixedClock(NOW), 5.0, **changed)


def sealed(material: AuthorityMaterial, timestamps: TimestampAuthority) -> bytes:
    return seal_detached(b"manifest", LocalSigner(material, FixedClock(NOW)), timestamps)


@pytest.fixture(scope="module")
def good() -> Any:
    return SCRIPT.Authority(101, 20)


def test_a_good_answer_under_the_policy_that_was_asked_for(
    serve: Callable[[Answer], str], material: AuthorityMaterial, good: Any
) -> None:
    asked: list[tsp.TimeStampReq] = []

    def answer(question: bytes) -> bytes:
        asked.append(tsp.TimeStampReq.load(question))
        return stamping(good)(question)

    token = seal_timestamp(sealed(material, client(serve(answer), good, policy=POLICY)))
    assert token.authority.endswith("Timestamps 101")
    assert (token.policy, token.time) == (POLICY, NOW)
    assert asked[0]["req_policy"].native == POLICY
    assert asked[0]["nonce"].native == token.nonce


WRONG: dict[str, tuple[Callable[[], Any], dict[str, Any], dict[str, Any], str]] = {
    "policy": (lambda: SCRIPT.Authority(101, 20), {}, {"policy": "1.2.3.5"}, "under policy 1.2.3.4, not 1.2.3.5"),
    "nonce": (lambda: SCRIPT.Authority(101, 20), {"nonce": 5}, {}, "nonce differs"),
    "no nonce": (lambda: SCRIPT.Authority(101, 20), {"nonce": 0}, {}, "nonce differs"),
    "expired certificate": (lambda: SCRIPT.Authority(101, -0.00001), {}, {}, "not valid at the time that it tells"),
    "no purpose": (lambda: SCRIPT.Authority(101, 20, purpose=[ExtendedKeyUsageOID.SERVER_AUTH]), {}, {},
                   "not for timestamps alone"),
    "purpose not critical": (lambda: SCRIPT.Authority(101, 20, critical=False), {}, {}, "in a critical way"),
    "another certificate named": (lambda: SCRIPT.Authority(101, 20), {"bound": b"\1" * 32}, {}, "ESSCertID"),
    "clock behind": (lambda: SCRIPT.Authority(101, 20), {"years": -0.0001}, {"tolerance": timedelta(seconds=60)},
                     "says 2026-11-24 02"),
    "clock ahead": (lambda: SCRIPT.Authority(101, 20), {"years": 0.0001}, {"tolerance": timedelta(seconds=60)},
                    "says 2026-11-24 03:5"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_an_answer_is_named(
    serve: Callable[[Answer], str], material: AuthorityMaterial, name: str
) -> None:
    make, answered, asked, told = WRONG[name]
    authority = make()
    with pytest.raises(SignerUnavailable, match=told):
        sealed(material, client(serve(stamping(authority, **answered)), authority, **asked))


def test_an_authority_is_not_believed_under_the_roots_of_another(
    serve: Callable[[Answer], str], material: AuthorityMaterial, good: Any
) -> None:
    other = SCRIPT.Authority(201, 20)
    with pytest.raises(SignerUnavailable, match="not by an authority under a trusted root"):
        sealed(material, client(serve(stamping(good)), other))


def rubbish(_question: bytes) -> bytes:
    return b"\x30\x03\x02\x01\x00"


@pytest.mark.parametrize("first", ["nobody", "rubbish", "slow", "wrong policy", "forged"])
def test_the_second_is_asked_when_the_first_fails(
    serve: Callable[[Answer], str], material: AuthorityMaterial, good: Any, first: str
) -> None:
    over = threading.Event()
    other = SCRIPT.Authority(201, 20)
    clients = {
        "nobody": lambda: client("http://127.0.0.1:9/", other),
        "rubbish": lambda: client(serve(rubbish), other),
        "slow": lambda: HttpTimestamps(
            serve(lambda _question: b"\0" * over.wait(10)), TrustMaterial(), FixedClock(NOW), 0.3
        ),
        "wrong policy": lambda: client(serve(stamping(other)), other, policy="1.2.3.9"),
        "forged": lambda: client(serve(stamping(good)), other),
    }
    timestamps = FallbackTimestamps([clients[first](), client(serve(stamping(good)), good)])
    assert seal_timestamp(sealed(material, timestamps)).authority.endswith("Timestamps 101")
    assert not timestamps.development
    over.set()


def test_the_first_alone_is_asked_when_it_answers(
    serve: Callable[[Answer], str], material: AuthorityMaterial, good: Any
) -> None:
    asked: list[bytes] = []
    second = serve(lambda question: asked.append(question) or b"")  # type: ignore[func-returns-value]
    sealed(material, FallbackTimestamps([client(serve(stamping(good)), good), client(second, good)]))
    assert asked == []


def test_no_seal_when_none_answers_and_each_is_named(
    serve: Callable[[Answer], str], material: AuthorityMaterial, good: Any
) -> None:
    second = serve(rubbish)
    timestamps = FallbackTimestamps([client("http://127.0.0.1:9/", good), client(second, good)])
    with pytest.raises(SignerUnavailable) as refused:
        sealed(material, timestamps)
    assert "http://127.0.0.1:9/: the timestamp authority does not answer" in str(refused.value)
    assert f"{second}: the timestamp authority's answer is not a timestamp" in str(refused.value)


def test_the_built_in_one_stamps_last_where_it_may_and_is_marked(material: AuthorityMaterial, good: Any) -> None:
    built_in = DevelopmentTimestamps(material, FixedClock(NOW))
    timestamps = FallbackTimestamps([client("http://127.0.0.1:9/", good), built_in])
    assert seal_timestamp(sealed(material, timestamps)).development
    assert not timestamps.development
    assert FallbackTimestamps([built_in]).development


def test_a_larger_timestamp_fits_into_a_pdf_the_next_time(
    serve: Callable[[Answer], str], material: AuthorityMaterial, good: Any
) -> None:
    """A PDF keeps a place for its seal, measured by an answer that came from an authority with smaller ones."""
    down = [False]

    def first(question: bytes) -> bytes:
        return rubbish(question) if down[0] else stamping(good)(question)

    built_in = DevelopmentTimestamps(create_authority("K" * 60, "ID", FixedClock(NOW), 5), FixedClock(NOW))
    timestamps = FallbackTimestamps([client(serve(first), good), built_in])
    signer = LocalSigner(material, FixedClock(NOW))
    seal_pdf(io.BytesIO(pdf("satu")), signer, timestamps, "Salinan arsip")
    down[0] = True
    with pytest.raises(SignerUnavailable, match="fits next time"):
        seal_pdf(io.BytesIO(pdf("dua")), signer, timestamps, "Salinan arsip")
    assert seal_pdf(io.BytesIO(pdf("dua")), signer, timestamps, "Salinan arsip").startswith(b"%PDF")
