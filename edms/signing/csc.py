"""The signer `csc`: a remote signing service by the API of the Cloud Signature Consortium, version 2.

Three calls (credentials/info, credentials/authorize, signatures/signHash). The service sees hashes, never what is
sealed. The bearer token and the PIN stand in the requests alone; every refusal is told by the service's error code.
"""

import asyncio
import json
import re
from types import TracebackType
from typing import Any

from asn1crypto import algos
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCCredentialInfo,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)

from edms.core.coroutines import finish
from edms.core.errors import ConfigurationError
from edms.core.exchange import safe_for_secrets
from edms.signing.errors import SignerUnavailable
from edms.signing.outside import LATER, HeldSecret, SignerCertificates
from edms.signing.web import ExchangeFault, exchange

MOST_BYTES = 1024 * 1024
_OK, _REFUSED = 200, 401


class CscKey:
    """Signs with the credential `credential` of the service at `url` (https, or on this machine)."""

    provider = "remote signing service (CSC)"

    def __init__(
        self, url: str, credential: str, token: HeldSecret, pin: HeldSecret | None, seconds: float = 30.0
    ) -> None:
        try:
            safe = safe_for_secrets(url)
        except ValueError:
            safe = False
        if not safe or not credential:
            raise ConfigurationError("the signer csc needs [signing] csc_url (https://…) and csc_credential")
        self._url, self._credential, self._seconds = url.rstrip("/"), credential, seconds
        self._token, self._pin = token, pin
        self._info: CSCCredentialInfo | None = None

    def open(self, certificates: SignerCertificates) -> CSCSigner:
        service = CSCServiceSessionInfo(self._url, self._credential, self._token.use().decode("latin-1"), "v2")
        session: Any = _Session(self._seconds, self._token)
        if self._info is None:
            try:
                info = finish(fetch_certs_in_csc_credential(session, service))
            except SignerUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - told by its kind alone
                raise SignerUnavailable(
                    f"the signing service does not know itself ({type(error).__name__})", LATER
                ) from None
            if info.signing_cert.dump() != certificates.own.dump():
                raise SignerUnavailable(
                    "the signing service signs with another certificate than signing.certificates names",
                    "save its certificate and those above it in that file",
                )
            self._info = info
        return _Signer(session, _Authorization(service, self._info, session, self._pin))

    def lost(self) -> None:
        self._info = None


class _Authorization(CSCAuthorizationManager):
    """Asks for signature activation data for these hashes and no other, each time."""

    def __init__(self, service: Any, info: CSCCredentialInfo, session: "_Session", pin: HeldSecret | None) -> None:
        super().__init__(service, info)
        self._session, self._pin = session, pin

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        asked: dict[str, Any] = {
            "credentialID": self.csc_session_info.credential_id,
            "numSignatures": len(hash_b64s),
            "hashes": hash_b64s,
            "hashAlgorithmOID": algos.DigestAlgorithmId("sha256").dotted,
        }
        if self._pin is not None:
            asked["authData"] = [{"id": "PIN", "value": self._pin.use().decode()}]
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        try:
            async with self._session.post(url, headers=self.auth_headers, json=asked) as answer:
                return self.parse_csc_auth_response(await answer.json())
        except _PinRefused:
            if self._pin is None:
                raise SignerUnavailable("the signing service asks for a PIN", "see [signing] csc_pin") from None
            raise self._pin.refuse() from None


class _Signer(CSCSigner):
    """Names the fields of signHash as version 2 of the API does."""

    async def format_csc_signing_req(self, tbs_hashes: list[str], digest_algorithm: str) -> dict[str, Any]:
        asked: dict[str, Any] = await super().format_csc_signing_req(tbs_hashes, digest_algorithm)
        asked["hashes"], asked["hashAlgorithmOID"] = asked.pop("hash"), asked.pop("hashAlgo")
        return asked


class _PinRefused(Exception):
    """The service says that the PIN is wrong."""


class _Session:
    """What pyHanko takes for an HTTP session: bounded, no redirects, no proxies, and no secret in an error."""

    def __init__(self, seconds: float, token: HeldSecret) -> None:
        self.seconds, self.token = seconds, token

    def post(self, url: str, *, headers: dict[str, str], json: Any, **_library: Any) -> "_Asked":
        return _Asked(self, url, headers, json)


class _Asked:
    def __init__(self, session: _Session, url: str, headers: dict[str, str], body: Any) -> None:
        self._session, self._url, self._headers, self._body = session, url, headers, json.dumps(body).encode()

    async def __aenter__(self) -> "_Asked":
        headers = {**self._headers, "Content-Type": "application/json", "Accept": "application/json"}
        try:
            answer = await asyncio.to_thread(
                exchange, self._url, headers, self._session.seconds, MOST_BYTES, self._body
            )
        except ExchangeFault as fault:
            raise SignerUnavailable(f"the signing service {fault}", LATER) from None
        if answer.status == _REFUSED:
            raise self._session.token.refuse()
        code = _error_code(answer.content)
        if code == "invalid_pin":
            raise _PinRefused
        if answer.status != _OK:
            raise SignerUnavailable(f"the signing service refused with status {answer.status} {code}".strip(), LATER)
        self._content = answer.content
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def json(self) -> Any:
        """Return what was answered. Raises ValueError, which pyHanko takes for a bad answer."""
        return json.loads(self._content)


def _error_code(content: bytes) -> str:
    """Return the code of an error answer, which is one of a published list and holds no secret; else nothing."""
    try:
        code = json.loads(content).get("error", "")
    except (ValueError, AttributeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""
