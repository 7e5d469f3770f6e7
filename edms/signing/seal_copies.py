"""Parts of a seal as files of their own, so that the commands in a bundle's README need no program of ours."""

from asn1crypto import cms, pem

from edms.audit.bundle_format import CERTIFICATES, SEAL_STAMP, SEAL_VALUE

_STAMP = "signature_time_stamp_token"


def seal_copies(seal: bytes) -> list[tuple[str, bytes]]:
    """Return entries of a bundle: certificates as PEM, the timestamp token (DER), the value that was stamped.

    Nothing for a seal that cannot be taken apart, which a checker will say by itself.
    """
    try:
        data = cms.ContentInfo.load(seal)["content"]
        signer = data["signer_infos"][0]
        token = next(one["values"][0] for one in signer["unsigned_attrs"] if one["type"].native == _STAMP)
        parts = [("seal", data), ("timestamp", token["content"])]
        certificates = [
            (f"{CERTIFICATES}{kind}-{number}.pem", pem.armor("CERTIFICATE", choice.chosen.dump()))
            for kind, signed in parts
            for number, choice in enumerate(signed["certificates"], 1)
            if choice.name == "certificate"
        ]
        return [(SEAL_STAMP, token.dump()), (SEAL_VALUE, bytes(signer["signature"].native)), *certificates]
    except (ValueError, TypeError, KeyError, StopIteration, AttributeError):
        return []
