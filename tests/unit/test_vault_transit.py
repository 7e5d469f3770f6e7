"""What only a key server can do wrong: away, sealed, saying no, answering nonsense, not the one it claims to be."""

import json
import secrets
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from key_services import TOKEN, Bao

from edms.core.errors import ConfigurationError, KeyUnavailable
from edms.vault.transit_client import KeyServer, TransitClient
from edms.vault.transit_provider import TransitKeyProvider

DATA = b"edms.blob-key.v1|some id|original"


@pytest.fixture
def keys(bao: Bao, tmp_path: Path, transit_key: Callable[[], str]) -> TransitKeyProvider:
    return TransitKeyProvider.create(tmp_path / "keys", bao.client(), "transit", transit_key())


def again(bao: Bao, tmp_path: Path, client: TransitClient) -> TransitKeyProvider:
    return TransitKeyProvider.open(tmp_path / "keys", client, "transit")


def test_the_stored_form_is_the_servers_own_without_its_prefix(keys: TransitKeyProvider, bao: Bao) -> None:
    """Another tool opens it: the envelope is 0x01 || what follows `vault:vN:`, decoded."""
    import base64

    wrapped = keys.wrap(b"k" * 32, DATA)
    assert len(wrapped.wrapped) == 61
    context = f"edms.wrap.v1|{keys.key_id}|1|".encode() + DATA
    told: Any = bao.ask(
        "POST",
        f"transit/decrypt/{keys._name}",
        {
            "ciphertext": "vault:v1:" + base64.b64encode(wrapped.wrapped[1:]).decode(),
            "associated_data": base64.b64encode(context).decode(),
        },
    )
    assert base64.b64decode(told["data"]["plaintext"]) == b"k" * 32


def test_a_version_made_by_the_servers_administrator_is_taken_up(keys: TransitKeyProvider, bao: Bao) -> None:
    bao.ask("POST", f"transit/keys/{keys._name}/rotate", {})
    assert keys.wrap(b"k" * 32, DATA).epoch == 1
    keys.refresh()
    assert keys.wrap(b"k" * 32, DATA).epoch == 2


def test_destroyed_versions_are_gone_from_the_server(keys: TransitKeyProvider, bao: Bao) -> None:
    keys.new_epoch(1, None)  # type: ignore[arg-type]
    keys.destroy_before(2)
    told: Any = bao.ask("GET", f"transit/keys/{keys._name}")
    assert list(told["data"]["keys"]) == ["2"]
    refused: Any = bao.ask("POST", f"transit/keys/{keys._name}/config", {"min_decryption_version": 1})
    assert refused.get("errors"), "not even its administrator can allow them again"


def test_without_a_valid_token_nothing_and_the_token_is_not_shown(
    keys: TransitKeyProvider, bao: Bao, tmp_path: Path
) -> None:
    with pytest.raises(KeyUnavailable, match="does not let us in") as caught:
        again(bao, tmp_path, bao.client(b"a-wrong-token"))
    assert "a-wrong-token" not in str(caught.value)


def test_a_token_renewed_in_its_file_is_read_again(keys: TransitKeyProvider, bao: Bao, tmp_path: Path) -> None:
    tokens = [TOKEN, b"expired"]
    client = TransitClient(KeyServer(bao.url), lambda: tokens[-1], lambda: tokens.pop() and tokens[-1])
    assert again(bao, tmp_path, client).epoch == 1


def test_a_narrow_policy_is_enough(keys: TransitKeyProvider, bao: Bao, tmp_path: Path) -> None:
    """The policy that docs/formats/key-ring.md recommends: use the key, look at it; not make or change keys."""
    rules = {f"transit/{act}/{keys._name}": "update" for act in ("encrypt", "decrypt")}
    rules[f"transit/keys/{keys._name}"] = "read"
    text = "\n".join(f'path "{path}" {{ capabilities = ["{may}"] }}' for path, may in rules.items())
    name = f"narrow-{secrets.token_hex(4)}"
    bao.ask("POST", f"sys/policies/acl/{name}", {"policy": text})
    made: Any = bao.ask("POST", "auth/token/create", {"policies": [name], "ttl": "10m"})
    narrow = again(bao, tmp_path, bao.client(made["auth"]["client_token"].encode()))
    wrapped = narrow.wrap(b"k" * 32, DATA)
    assert narrow.unwrap(wrapped.key_id, 1, wrapped.wrapped, DATA) == b"k" * 32
    with pytest.raises(KeyUnavailable):
        narrow.new_epoch(1, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [{"type": "aes128-gcm96"}, {"type": "aes256-gcm96", "exportable": True}])
def test_a_key_that_could_leave_or_is_of_another_kind_is_refused(
    bao: Bao, tmp_path: Path, transit_key: Callable[[], str], body: dict[str, Any]
) -> None:
    name = transit_key()
    bao.ask("POST", f"transit/keys/{name}", body)
    with pytest.raises((ConfigurationError, KeyUnavailable)):
        TransitKeyProvider.create(tmp_path / "keys", bao.client(), "transit", name)


def test_a_deleted_key_is_unavailable_and_is_not_made_anew(keys: TransitKeyProvider, bao: Bao) -> None:
    wrapped = keys.wrap(b"k" * 32, DATA)
    bao.ask("POST", f"transit/keys/{keys._name}/config", {"deletion_allowed": True})
    bao.ask("DELETE", f"transit/keys/{keys._name}")
    with pytest.raises(KeyUnavailable):
        keys.unwrap(wrapped.key_id, 1, wrapped.wrapped, DATA)
    with pytest.raises(KeyUnavailable):
        keys.refresh()


@pytest.mark.parametrize("url", ["http://kunci.kota.go.id:8200", "ftp://x", "https://u:p@x", "x", ""])
def test_addresses_that_would_show_the_token_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        KeyServer(url)


def test_a_server_that_is_away_is_unavailable(keys: TransitKeyProvider, bao: Bao, tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="does not answer"):
        again(bao, tmp_path, bao.client(url="http://127.0.0.1:1"))


class Odd(BaseHTTPRequestHandler):
    """Answers what the test says, and counts how often it was asked."""

    answers: tuple[tuple[int, bytes], ...] = ()
    asked = 0

    def _answer(self) -> None:
        status, body = self.answers[min(type(self).asked, len(self.answers) - 1)]
        type(self).asked += 1
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/v1/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def odd() -> Iterator[Callable[..., tuple[str, type[Odd]]]]:
    running: list[ThreadingHTTPServer] = []

    def start(*answers: tuple[int, bytes], tls: ssl.SSLContext | None = None) -> tuple[str, type[Odd]]:
        kind = type("Handler", (Odd,), {"answers": answers, "asked": 0})
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        running.append(server)
        return f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}", kind

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


KEY = {
    "type": "aes256-gcm96",
    "exportable": False,
    "allow_plaintext_backup": False,
    "latest_version": 1,
    "min_decryption_version": 1,
    "min_available_version": 0,
}
GOOD = (200, json.dumps({"data": KEY}).encode())


@pytest.mark.parametrize(
    "answer",
    [
        (302, b""),
        (200, b"not json"),
        (200, b"[]"),
        (200, b'{"data": null}'),
        (200, b'{"data": {"type": 7}}'),
        (418, b""),
    ],
    ids=["redirect", "no-json", "list", "null", "no-key", "teapot"],
)
def test_nonsense_is_unavailable(odd: Callable[..., tuple[str, type[Odd]]], answer: tuple[int, bytes]) -> None:
    url, _handler = odd(answer)
    with pytest.raises(KeyUnavailable):
        TransitKeyProvider(_client(url), "transit", "x", "00").refresh()


def test_trouble_is_tried_again_a_bounded_number_of_times(odd: Callable[..., tuple[str, type[Odd]]]) -> None:
    url, handler = odd((503, b'{"errors": ["Vault is sealed"]}'), GOOD)
    TransitKeyProvider(_client(url), "transit", "x", "00").refresh()
    assert handler.asked == 2
    url, handler = odd((503, b'{"errors": ["Vault is sealed"]}'))
    with pytest.raises(KeyUnavailable, match="sealed"):
        TransitKeyProvider(_client(url), "transit", "x", "00").refresh()
    assert handler.asked == 3


def test_making_a_version_is_never_tried_twice(odd: Callable[..., tuple[str, type[Odd]]]) -> None:
    url, handler = odd(GOOD, (503, b""))
    with pytest.raises(KeyUnavailable):
        TransitKeyProvider(_client(url), "transit", "x", "00").new_epoch(1, None)  # type: ignore[arg-type]
    assert handler.asked == 2


def test_a_certificate_must_be_of_the_named_authority(
    odd: Callable[..., tuple[str, type[Odd]]], tmp_path: Path
) -> None:
    subject = ["-subj", "/CN=kunci", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(tmp_path / "key.pem")]
    command = ["openssl", "req", "-x509", *key, *subject, "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    url, _handler = odd(GOOD, tls=tls)
    TransitKeyProvider(_client(url, tmp_path / "cert.pem"), "transit", "x", "00").refresh()
    with pytest.raises(KeyUnavailable, match="certificate"):
        TransitKeyProvider(_client(url), "transit", "x", "00").refresh()


def _client(url: str, ca_file: Path | None = None) -> TransitClient:
    return TransitClient(KeyServer(url, ca_file, timeout_seconds=60, attempts=3), lambda: TOKEN, lambda: None)
