"""The published vectors of evidence records: what must be taken, and what must be refused; and what others say."""

import importlib.util
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edms.signing.errors import SigningFault
from edms.signing.evidence_check import EvidenceChecker
from edms.signing.evidence_record import digest, read_evidence_record

FOLDER = Path(__file__).parent.parent / "vectors" / "evidence_record"
JUDGE = Path(__file__).parent.parent / "java" / "EvidenceJudge.java"
JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcprov", "bcpkix", "bcutil")]


def named(folder: str) -> list[tuple[str, dict[str, Any]]]:
    found = sorted((FOLDER / folder).glob("*.json"))
    assert found, "the vectors are gone"
    return [(file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in found]


def cases(folder: str) -> list[Any]:
    return [pytest.param(case, id=name) for name, case in named(folder)]


def found_wrong(case: dict[str, Any]) -> tuple[str, ...]:
    """Let our own code judge a vector."""
    documents = [bytes.fromhex(document) for document in case["documents"]]
    checker = EvidenceChecker(map(bytes.fromhex, case["roots"]), datetime.fromisoformat(case["at"]))
    try:
        record = read_evidence_record(bytes.fromhex(case["record"]))
    except SigningFault as fault:
        return (fault.message,)
    return checker.check(record, lambda name: [digest(name, document) for document in documents]).problems


@pytest.mark.parametrize("case", cases("accept"))
def test_a_good_vector_is_taken(case: dict[str, Any]) -> None:
    assert found_wrong(case) == ()
    assert read_evidence_record(bytes.fromhex(case["record"])).encoded().hex() == case["record"]


@pytest.mark.parametrize("case", cases("reject"))
def test_a_bad_vector_is_refused(case: dict[str, Any]) -> None:
    assert found_wrong(case) != ()


def test_each_bad_vector_is_refused_for_its_own_reason() -> None:
    """A vector that is refused for something else than its name says would prove nothing."""
    wanted = {
        "document-missing": "covers documents that are not there",
        "document-altered": "does not cover 1 of 4 documents",
        "tree-renewal-over-less": "chain 2 does not cover 4 of 4",
        "chain-not-renewed-in-time": "before it was renewed",
        "chain-never-renewed": "before it was renewed",
        "chain-renewal-of-another": "does not cover the one before it",
        "chain-times-backwards": "not in the order of their times",
        "chain-other-algorithm": "use different hash algorithms",
        "chain-from-the-future": "of a time to come",
        "chain-retired-algorithm": "sha1, which carries no proof since",
        "timestamp-of-another-root": "about something else",
        "timestamp-untrusted": "not by an authority under a trusted root",
        "timestamp-purpose-not-critical": "in a critical way",
        "timestamp-other-purpose": "not for timestamps alone",
        "timestamp-two-purposes": "not for timestamps alone",
        "timestamp-bound-to-another": "ESSCertID",
        "timestamp-signature-bit": "signature is not valid",
        "timestamp-before-its-certificate": "was not valid at the time that it tells",
        "spelling-long-length": "not in DER",
        "spelling-encryption-info": "parts beside",
        "spelling-more-algorithms-named": "does not name the hash algorithms",
    }
    told = {name: " / ".join(found_wrong(case)) for name, case in named("reject")}
    assert {name: told[name] for name, reason in wanted.items() if reason not in told[name]} == {}


def test_the_vectors_are_what_their_script_makes() -> None:
    specification = importlib.util.spec_from_file_location("make_evidence_vectors", FOLDER / "make_vectors.py")
    assert specification
    assert specification.loader
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    for folder, made in (("accept", script.accepted()), ("reject", script.rejected())):
        assert dict(named(folder)) == made


def test_bouncy_castle_takes_what_is_good_and_refuses_what_covers_other_documents(tmp_path: Path) -> None:
    """An implementation of others, in another language, follows the same trees and renewals."""
    if not all(jar.exists() for jar in JARS):
        pytest.skip("BOUNCY CASTLE IS ABSENT (Debian: libbcpkix-java and a JDK): no outside judge of evidence records")
    wrong = [(name, case) for name, case in named("reject") if name in JUDGED_WRONG]
    assert len(wrong) == len(JUDGED_WRONG)
    judged = [*((name, case) for name, case in named("accept") if name != JUDGED_TOO_HARD), *wrong]
    told = judge(tmp_path, judged)
    assert {name: verdict for (name, _case), verdict in zip(judged, told, strict=True) if verdict != "ok"}.keys() == {
        name for name, _case in wrong
    }


# Bouncy Castle wants every timestamp of a chain in the newest one's first list, RFC 4998 section 5.3 only the one
# before. Ours have them all.
JUDGED_TOO_HARD = "renewed-twice"
# What Bouncy Castle checks too; it does not look at what certificates are for, nor at what is spelled in other ways.
JUDGED_WRONG = (
    "document-altered",
    "document-missing",
    "tree-renewal-over-less",
    "tree-renewal-of-documents-alone",
    "chain-renewal-of-another",
    "timestamp-of-another-root",
    "spelling-cut",
    "spelling-no-chain",
)


def judge(folder: Path, judged: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return Bouncy Castle's word on each case."""
    for number, (_name, case) in enumerate(judged):
        place = folder / str(number)
        (place / "documents").mkdir(parents=True)
        (place / "record.ers").write_bytes(bytes.fromhex(case["record"]))
        (place / "tsa.der").write_bytes(bytes.fromhex(case["signer"]))
        at = datetime.fromisoformat(case["at"]).astimezone(UTC)
        (place / "at.txt").write_text(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        for index, document in enumerate(case["documents"]):
            (place / "documents" / str(index)).write_bytes(bytes.fromhex(document))
    path = ":".join(map(str, JARS))
    done = subprocess.run(
        ["java", "-cp", path, str(JUDGE), *(str(folder / str(number)) for number in range(len(judged)))],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.splitlines()
