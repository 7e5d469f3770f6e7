"""Kinds of faults in words: what each is called, what it means, what to do. At length: docs/verification.md."""

from dataclasses import dataclass

from edms.web.language import gettext, message


@dataclass(frozen=True)
class FaultWords:
    """A kind of fault in the words of the person who looks after the archive."""

    name: str
    meaning: str
    mend: str


_RESTORE_FILE = message("Ask the administrator to bring the file of this name back from a backup, then verify again.")
_WHO_CAN_WRITE = message("Find out who can write to the database; have the row restored from a backup.")
_ATTACK = message(
    "Treat it as an attack: have the disk kept as it is, and the trail compared with checkpoints kept elsewhere."
)
_REINDEX = message("Ask the administrator to run edms reindex. No record is lost by this.")

FAULTS = {
    "blob": FaultWords(
        message("Stored content"),
        message("A stored file is missing or damaged, or does not open with its key."),
        _RESTORE_FILE,
    ),
    "record": FaultWords(
        message("Record"),
        message("What the database says of a record is not what was sealed or recorded, or nobody works on it."),
        _WHO_CAN_WRITE,
    ),
    "row": FaultWords(
        message("Row of the database"),
        message("People, offices, holds, folders, keys or alerts were changed around the system."),
        message("Look first whether it gave somebody rights; find out who can write to the database."),
    ),
    "seal": FaultWords(
        message("Seal that cannot be read"),
        message("The manifest or the seal of a record is missing or cannot be read."),
        message("Ask the administrator to bring manifest and seal back from a backup, then verify again."),
    ),
    "signature": FaultWords(
        message("Seal that does not hold"),
        message("The seal is not over this manifest, or is not by a certificate or authority that is trusted."),
        message("Ask the administrator to bring manifest and seal back from a backup, then verify again."),
    ),
    "emergency": FaultWords(
        message("Access in an emergency"),
        message("Somebody opened a record of another office without asking."),
        message("Have the head of the office, or a records officer, look into it on the page Access."),
    ),
    "account-opened": FaultWords(
        message("Way into an account, given by an administrator"),
        message("An administrator gave a way into somebody's account, which reaches nothing until it is confirmed."),
        message("Speak with the person, then confirm it on the page Accounts to be confirmed, or ask why it was done."),
    ),
    "directory": FaultWords(
        message("Directory of people"),
        message("People and offices could not be brought to what the directory of the city says."),
        message("Ask the administrator what edms doctor and edms people sync-ldap --dry-run say."),
    ),
    "retention-overdue": FaultWords(
        message("Due for long, and nothing is begun"),
        message("Records of an office were due for disposal, and the time to begin with it is over."),
        message("Look at them on the page Retention, and begin what is due."),
    ),
    "loan-overdue": FaultWords(
        message("Paper original that is not back"),
        message("The paper of a record was lent, and the day on which it was to be back is over."),
        message("Ask the borrower for it, or give it more time; the record says who has it."),
    ),
    "removal-due": FaultWords(
        message("Content that need not be kept any more"),
        message("An archival institution has it, and the time for which it was to be kept here is over."),
        message("Have the head who had no part in the hand-over order its removal on the page of the hand-over."),
    ),
    "removal": FaultWords(
        message("Content removed after a hand-over"),
        message("Rows, stored content and the trail do not tell one story of what was removed, or who has it."),
        message("Ask the administrator to bring back what was altered from a backup, then verify again."),
    ),
    "vital-review": FaultWords(
        message("Vital record to be reviewed"),
        message("The day on which a vital record was to be looked at again has come."),
        message("Review it: whether it is vital still, and how it is protected."),
    ),
    "redaction": FaultWords(
        message("Redacted document"),
        message("A redacted document and the row that says who made it do not tell one story."),
        message("Ask the administrator to bring back what was altered from a backup, then verify again."),
    ),
    "digitisation": FaultWords(
        message("Digitisation"),
        message("List, berita acara, marks and authenticated copies of a digitisation do not tell one story."),
        message("Ask the administrator to bring back what was altered from a backup, then verify again."),
    ),
    "account": FaultWords(
        message("Service account that nobody answers for"),
        message("The person who answers for a program has left, so the program stands still."),
        message("Have the administrator name another holder, or deactivate the account."),
    ),
    "audit": FaultWords(
        message("Audit trail"),
        message("An entry of the audit trail was altered, removed or put in."),
        _ATTACK,
    ),
    "checkpoint": FaultWords(
        message("Signed state of the trail"),
        message("A signed state of the audit trail does not fit the trail, or is gone."),
        _ATTACK,
    ),
    "cosignature": FaultWords(
        message("Witness of the trail"),
        message("What a witness signed of the audit trail does not hold."),
        _ATTACK,
    ),
    "timestamp": FaultWords(
        message("Timestamp"),
        message("The timestamp of a signed state of the trail does not hold."),
        message("Ask the administrator to restore it from a backup."),
    ),
    "evidence": FaultWords(
        message("Renewed evidence"),
        message("A renewal that keeps seals provable for longer does not hold."),
        message("Ask the administrator to restore its rows, or to cover the records anew: edms evidence renew."),
    ),
    "index-file": FaultWords(
        message("File of the search index"), message("A file of the search index is missing or damaged."), _REINDEX
    ),
    "index-missing": FaultWords(
        message("Record that search does not find"), message("A record is not in the search index."), _REINDEX
    ),
    "index-stale": FaultWords(
        message("Record that search knows of old"),
        message("The search index holds an earlier state of a record."),
        _REINDEX,
    ),
    "index-extra": FaultWords(
        message("Entry of search without a record"),
        message("The search index holds what should not be there."),
        _REINDEX,
    ),
}  # fmt: skip


def fault_words(kind: str) -> FaultWords:
    """Return the words for a kind of fault in the reader's language; a kind without words is shown by its name."""
    found = FAULTS.get(kind)
    if found is None:
        return FaultWords(kind, gettext("Something is not as it was stored."), gettext("Tell the administrator."))
    return FaultWords(gettext(found.name), gettext(found.meaning), gettext(found.mend))
