"""Timestamps by an authority of others, over HTTP (RFC 3161 section 3.4)."""

import urllib.error
import urllib.request

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

_TYPE = "application/timestamp-query"
_MOST_BYTES = 1024 * 1024


class HttpTimestamps:
    """An RFC 3161 authority at `url`. Fails closed: without an answer in time there is no seal."""

    development = False

    def __init__(self, url: str, timeout_seconds: float = 15.0) -> None:
        self.name = url
        self._stamper = _HttpStamper(url, timeout_seconds)

    def pyhanko(self) -> TimeStamper:
        return self._stamper


class _HttpStamper(TimeStamper):
    """Asks over HTTP with the standard library; pyHanko compares nonce and status, we the imprint."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self._url = url
        self._timeout = timeout_seconds

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        question = urllib.request.Request(  # noqa: S310 - the address is the administrator's own setting
            self._url, data=req.dump(), headers={"Content-Type": _TYPE}, method="POST"
        )
        try:
            with urllib.request.urlopen(question, timeout=self._timeout) as answer:  # noqa: S310
                response = tsp.TimeStampResp.load(answer.read(_MOST_BYTES))
        except (urllib.error.URLError, TimeoutError, OSError, ValueError) as error:
            raise TimestampRequestError(f"the timestamp authority does not answer ({type(error).__name__})") from error
        self._same_imprint(req, response)
        return response

    @staticmethod
    def _same_imprint(req: tsp.TimeStampReq, response: tsp.TimeStampResp) -> None:
        """An answer about other bytes than those asked for is no answer."""
        token = response["time_stamp_token"]
        if token.native is None:
            return
        told = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]
        if told.dump() != req["message_imprint"].dump():
            raise TimestampRequestError("the timestamp authority answered about something else")
