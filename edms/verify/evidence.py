"""Checking the evidence record in a bundle: it must lead from the bundle's documents to the time of checking."""

from datetime import datetime

from edms.audit.bundle_format import COMPONENTS, EVIDENCE, MANIFEST, SEAL
from edms.signing.evidence_check import EvidenceChecker, EvidenceVerdict
from edms.signing.evidence_record import read_evidence_record
from edms.signing.timestamp_token import seal_timestamp
from edms.verify.package import Package
from edms.verify.trust import Trusted

MOST_SEAL_BYTES = 4 * 1024 * 1024


def evidence_verdict(package: Package, trusted: Trusted, moment: datetime) -> tuple[EvidenceVerdict, list[str]]:
    """Return the verdict on the evidence record of a bundle and what is wrong with it. Raises IntegrityFault."""
    record = read_evidence_record(package.read(EVIDENCE))
    documents = [name for name in package.names if name in (MANIFEST, SEAL) or name.startswith(COMPONENTS)]
    hashed: dict[str, list[bytes]] = {}

    def digests(algorithm: str) -> list[bytes]:
        if algorithm not in hashed:
            hashed[algorithm] = [package.hash(name, algorithm)[1] for name in documents]
        return hashed[algorithm]

    verdict = EvidenceChecker(trusted.seals.timestamps, moment).check(record, digests)
    problems = list(verdict.problems)
    ends = seal_timestamp(package.read(SEAL, MOST_SEAL_BYTES)).until
    if verdict.since is not None and ends < verdict.since:
        problems.append(f"the seal's timestamp ended on {ends:%Y-%m-%d}, before it was covered")
    return verdict, problems
