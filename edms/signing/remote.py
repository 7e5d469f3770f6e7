"""Timestamps by an authority of others, over HTTP (RFC 3161 section 3.4). Its answers are not believed but checked."""

import asyncio
import http.client
from datetime import timedelta

from asn1crypto import cms, core, tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError
from edms.core.exchange import parsed_address
from edms.signing.errors import SigningFault
from edms.signing.timestamp_token import problems, read_token
from edms.signing.trust import TrustMaterial
from edms.signing.web import ExchangeFault, exchange

_QUESTION, _ANSWER = "application/timestamp-query", "application/timestamp-reply"
_MOST_BYTES = 1024 * 1024
_MOST_DIFFERENCE = timedelta(minutes=10)


class _Answer(core.Sequence):  # type: ignore[misc]
    """TimeStampResp with its token optional, as RFC 3161 has it and asn1crypto has not: refusals carry none."""

    _fields = [  # noqa: RUF012 - asn1crypto fills this list in
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class HttpTimestamps:
    """An RFC 3161 authority at `url` (http or https). Fails closed: without a right answer in time there is no seal.

    `trust` names the roots that its certificate must lead to; `policy` is the OID that it must stamp under, empty for
    any; `tolerance` is how far its clock and ours may lie apart, beside the accuracy that it tells. No redirect is
    followed and no proxy is used: the address is the one that the administrator wrote. Raises ConfigurationError for
    an address of another kind.
    """

    development = False

    def __init__(
        self,
        url: str,
        trust: TrustMaterial,
        clock: Clock,
        timeout_seconds: float = 15.0,
        *,
        policy: str = "",
        tolerance: timedelta = _MOST_DIFFERENCE,
    ) -> None:
        self.name = url
        self._stamper = _HttpStamper(url, trust, clock, timeout_seconds, policy, tolerance)

    def pyhanko(self) -> TimeStamper:
        return self._stamper


class _HttpStamper(TimeStamper):
    """Asks over HTTP with the standard library, in `timeout_seconds` for all of it."""

    def __init__(
        self,
        url: str,
        trust: TrustMaterial,
        clock: Clock,
        timeout_seconds: float,
        policy: str,
        tolerance: timedelta,
    ) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        try:
            parsed_address(url)
        except ValueError:
            raise ConfigurationError("signing.timestamp_url must be an http or https address") from None
        self._url = url
        self._trust = trust
        self._clock = clock
        self._timeout = timeout_seconds
        self._policy = policy
        self._tolerance = tolerance

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        if self._policy:
            req["req_policy"] = self._policy
        answer = await asyncio.to_thread(self._exchange, req.dump())
        try:
            status = _Answer.load(answer, strict=True)["status"]
            granted = status["status"].native == "granted"
            reason = ": " + "; ".join(status["status_string"].native or ()) if not granted else ""
        except (ValueError, TypeError, KeyError) as error:
            raise TimestampRequestError("the timestamp authority's answer is not a timestamp") from error
        if not granted:
            raise TimestampRequestError(f"the timestamp authority refused{reason[:200]}")
        response = tsp.TimeStampResp.load(answer)
        await asyncio.to_thread(self._check, req, response)
        return response

    def _check(self, req: tsp.TimeStampReq, response: tsp.TimeStampResp) -> None:
        """An answer about other bytes, to another question, by somebody else or from another year is no answer."""
        try:
            token = read_token(response["time_stamp_token"].dump())
            imprint = req["message_imprint"]
            asked = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        except (SigningFault, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampRequestError("the timestamp authority's answer is not a timestamp") from error
        if (token.algorithm, token.imprint) != asked:
            raise TimestampRequestError("the timestamp authority answered about something else")
        if token.nonce != req["nonce"].native:
            raise TimestampRequestError("the timestamp authority answered another question (the nonce differs)")
        if self._policy and token.policy != self._policy:
            raise TimestampRequestError(f"the timestamp is under policy {token.policy}, not {self._policy}")
        now = self._clock.now()
        if abs(token.time - now) > self._tolerance + timedelta(seconds=token.accuracy_seconds):
            raise TimestampRequestError(
                f"the timestamp authority says {token.time:%Y-%m-%d %H:%M:%S}, we {now:%Y-%m-%d %H:%M:%S}"
            )
        found = problems(token, *asked, self._trust.timestamps, max(now, token.time))
        if found:
            raise TimestampRequestError(
                f"the timestamp is not good: {'; '.join(found)} (signing.timestamp_roots names the roots)"
            )

    def _exchange(self, question: bytes) -> bytes:
        headers = {"Content-Type": _QUESTION, "Accept": _ANSWER}
        try:
            answer = exchange(self._url, headers, self._timeout, _MOST_BYTES, question)
        except ExchangeFault as fault:
            raise TimestampRequestError(f"the timestamp authority {fault}") from None
        if answer.status != http.client.OK:
            raise TimestampRequestError(f"the timestamp authority answered with status {answer.status}")
        if answer.kind != _ANSWER:
            raise TimestampRequestError(f"the timestamp authority answered with {answer.kind[:80] or 'no type'}")
        return answer.content
