"""A bundle checked as somebody asks at a command line: keys, witnesses and kept checkpoints as files and text."""

from collections.abc import Sequence
from pathlib import Path

from edms.audit.cosignature import WitnessKey, witness_key_from
from edms.core.errors import Refused
from edms.verify.bundle import check_bundle
from edms.verify.certificate import Outside, check_told, is_certificate, read_certificate
from edms.verify.destruction import DESTRUCTION
from edms.verify.removal import REMOVAL
from edms.verify.report import BundleReport
from edms.verify.trust import Trusted, trusted_from_pem

_MOST_KEY_BYTES = 1024 * 1024


def check_asked(
    bundle: Path,
    key: Path | None = None,
    timestamp_key: Path | None = None,
    witnesses: Sequence[str] = (),
    kept: Sequence[Path] = (),
    receiver_key: Path | None = None,
) -> BundleReport:
    """Check the bundle against what the asker trusts and keeps. Raises Refused for what cannot be read as that.

    `key` and `timestamp_key`: PEM files. `witnesses`: keys, each as NAME+ID+KEY, that must have cosigned. `kept`:
    files with a checkpoint of the trail, or with the answer of `edms audit prove --from SIZE`.

    A certificate is checked as one, of destruction or of removed content; `receiver_key`: PEM of the certificates under
    which the institution signs that received it.
    """
    trusted, kept_texts = _trusted(key, timestamp_key), [_text(file) for file in kept]
    known = [_witness(text) for text in witnesses]
    receiver = trusted_from_pem(_read(receiver_key)) if receiver_key else None
    if is_certificate(bundle):
        told = read_certificate(bundle)
        kind = REMOVAL if told.get("format") == REMOVAL.format else DESTRUCTION
        return check_told(told, kind, bundle.name, Outside(trusted, kept_texts, known, receiver))
    if receiver is not None:
        raise Refused("--receiver-key goes with a certificate of removed content")
    return check_bundle(bundle, trusted, witnesses=known, kept=kept_texts)


def _trusted(key: Path | None, timestamp_key: Path | None) -> Trusted | None:
    if key is None:
        if timestamp_key is not None:
            raise Refused("--timestamp-key goes with --key")
        return None
    return trusted_from_pem(_read(key), _read(timestamp_key) if timestamp_key else b"")


def _witness(text: str) -> WitnessKey:
    try:
        return witness_key_from(text)
    except ValueError as problem:
        raise Refused(f"--witness: {problem}") from None


def _text(file: Path) -> str:
    try:
        return _read(file).decode()
    except UnicodeDecodeError:
        raise Refused(f"{file} is not text") from None


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_KEY_BYTES)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from None
