"""Several timestamp authorities, asked in order: the first good answer counts, and every failure is named."""

from collections.abc import Sequence

from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from edms.core.errors import EdmsError
from edms.signing.protocols import TimestampAuthority


class FallbackTimestamps:
    """Asks each authority until one answers well. Fails closed, with every reason, when none does.

    `development` is True only when all are; each timestamp is marked by its own authority.
    """

    def __init__(self, authorities: Sequence[TimestampAuthority]) -> None:
        self.name = ", ".join(authority.name for authority in authorities)
        self.development = all(authority.development for authority in authorities)
        self._stamper = _FallbackStamper(authorities)

    def pyhanko(self) -> TimeStamper:
        return self._stamper


# Two answers by one authority differ by a few bytes: serial number, nonce, and the DER of an ECDSA signature.
_SLACK_BYTES = 256


class _FallbackStamper(TimeStamper):
    def __init__(self, authorities: Sequence[TimestampAuthority]) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self._authorities = tuple(authorities)

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        failures = []
        for authority in self._authorities:
            question = tsp.TimeStampReq.load(req.dump())  # a client may add its policy to the question
            try:
                return await authority.pyhanko().async_request_tsa_response(question)
            except (OSError, EdmsError) as error:
                failures.append(f"{authority.name}: {error}")
        raise TimestampRequestError(f"no timestamp authority answered well: {'; '.join(failures)}")

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Ask; and say so when the answer is too large for the place that a PDF keeps for it.

        The place is measured by an earlier answer, with a quarter of the whole seal to spare (pyHanko); that answer may
        have come from another authority. The next seal, which the capture step makes by itself, has the larger place.
        """
        token = await super().async_timestamp(message_digest, md_algorithm)
        measured = self._dummy_response_cache.get(md_algorithm)
        if measured is not None and len(token.dump()) > len(measured.dump()) + _SLACK_BYTES:
            self._register_dummy(md_algorithm, token)  # type: ignore[no-untyped-call]
            raise TimestampRequestError(
                "another timestamp authority answered, with a larger timestamp; it fits next time"
            )
        return token
