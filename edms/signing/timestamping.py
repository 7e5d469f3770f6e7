"""Asking a timestamp authority for a token over a hash, and not believing the answer."""

from collections.abc import Iterable
from datetime import datetime

from edms.core.coroutines import finish
from edms.core.errors import EdmsError
from edms.signing.errors import SignerUnavailable, SigningFault
from edms.signing.protocols import TimestampAuthority
from edms.signing.timestamp_token import Token, problems, read_token

_LATER = "nothing is lost; try again when the authority answers"


def request_token(
    authority: TimestampAuthority, algorithm: str, imprint: bytes, roots: Iterable[bytes], moment: datetime
) -> tuple[bytes, Token]:
    """Return a token over `imprint`, DER and read, that is good at `moment` under `roots`. Raises SignerUnavailable."""
    try:
        answer = finish(authority.pyhanko().async_timestamp(imprint, algorithm))
        data = bytes(answer.dump())
        token = read_token(data)
    except SigningFault as fault:
        raise SignerUnavailable(f"{authority.name}: {fault.message}", _LATER) from None
    except EdmsError:
        raise
    except Exception as error:
        told = str(error) if isinstance(error, OSError) else type(error).__name__
        raise SignerUnavailable(f"no timestamp could be had: {told}", _LATER) from error
    found = problems(token, algorithm, imprint, roots, max(moment, token.time))
    if found:
        raise SignerUnavailable(f"the timestamp by {authority.name} is not good: {'; '.join(found)}", _LATER)
    return data, token
