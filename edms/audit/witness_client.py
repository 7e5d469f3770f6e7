"""Handing a checkpoint to a witness over HTTP (C2SP tlog-witness), with the standard library."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass

from edms.audit.cosignature import WitnessKey, witness_key_from
from edms.audit.witness import Submission
from edms.core.errors import ConfigurationError, IntegrityFault

TIMEOUT_SECONDS = 15.0
_MOST_BYTES = 64 * 1024
_SIZE = re.compile(r"(0|[1-9][0-9]{0,15})\n", re.ASCII)


@dataclass(frozen=True)
class Witness:
    """Another archive that cosigns our checkpoints: where it is asked, and its key."""

    url: str
    key: WitnessKey


def witness_from(text: str) -> Witness:
    """Read a witness as the configuration names it: "URL KEY". Raises ValueError."""
    url, _space, key = text.strip().partition(" ")
    if not url.startswith(("https://", "http://")):
        raise ValueError("a witness is named by its address and its key, with a space between")
    return Witness(url, witness_key_from(key.strip()))


def witnesses_from(told: Iterable[str]) -> tuple[Witness, ...]:
    """Read the witnesses of `[audit] witnesses`. Raises ConfigurationError."""
    try:
        return tuple(witness_from(text) for text in told)
    except ValueError as error:
        raise ConfigurationError(f"audit.witnesses: {error}", 'write each as "URL KEY"') from None


@dataclass(frozen=True)
class WitnessAnswer:
    """Status and text of an answer; `latest` is the size that the witness has, told with a 409."""

    status: int
    text: str

    @property
    def latest(self) -> int | None:
        found = _SIZE.fullmatch(self.text)
        return int(found[1]) if found else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def submit(url: str, submission: Submission, timeout_seconds: float = TIMEOUT_SECONDS) -> WitnessAnswer:
    """POST to `URL/add-checkpoint`. Raises IntegrityFault when there is no answer in time."""
    question = urllib.request.Request(  # noqa: S310 - the address is the administrator's own setting
        f"{url.rstrip('/')}/add-checkpoint", data=submission.to_bytes(), headers={"Content-Type": "text/plain"},
        method="POST",
    )  # fmt: skip
    try:
        with _OPENER.open(question, timeout=timeout_seconds) as answer:
            return WitnessAnswer(answer.status, answer.read(_MOST_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return WitnessAnswer(refusal.code, refusal.read(_MOST_BYTES).decode("utf-8", "replace"))
    except (urllib.error.URLError, TimeoutError, OSError, ValueError) as error:
        raise IntegrityFault(f"it does not answer ({type(error).__name__})") from None
