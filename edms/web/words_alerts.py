"""What was found, in words: the lines that stand with an alert. A line that is no sentence of ours stays as it is."""

from flask import Flask

from edms.web.language import message
from edms.web.patterns import in_words
from edms.web.words import error_text
from edms.web.words_people import opening_cause

DETAILS = (
    message("%(name)s gave a way into the account %(user)s: %(cause)s"),
    message("taken by %(user)s"),
    message("nobody answers for the service account %(user)s, which stands still"),
    message("the paper original was to be back on %(day)s"),
    message("%(count)s records were due %(days)s days ago, and nothing is begun"),
    message("the vital record is to be reviewed again"),
    message("it has no job, so nobody works on it"),
    message("its row belongs to no record"),
    message("its original is missing"),
    message("the audit trail received it, and there is no row of it"),
    message("the audit trail tells of it, and there is no row of it"),
    message("the audit trail knows nothing of it"),
    message("the audit trail knows it as given, and no row says so"),
    message("it was destroyed with record %(record)s, and its bytes are there"),
    message("the %(role)s of record %(record)s is missing"),
    message("the %(role)s of record %(record)s cannot be read: %(reason)s"),
    message("the %(role)s of record %(record)s: %(reason)s"),
    message("it was declared, and its row says that it was not"),
    message("its row says declared, and the audit trail knows nothing of it"),
    message("its row says signed, and the audit trail knows nothing of it"),
    message("its %(name)s is not the one that the audit trail names"),
    message("its %(name)s is not what was sealed"),
    message("its manifest is not the one that the audit trail names"),
    message("its seal is not the one that the audit trail names"),
    message("manifest or seal cannot be read: %(reason)s"),
    message("the record is declared but has no manifest or no seal"),
    message("the manifest is not what was sealed"),
    message("the seal cannot be read: %(reason)s"),
    message("the seal is not by a certificate this archive trusts"),
    message("the seal's signature is not valid"),
    message("the seal's timestamp is missing or not valid"),
    message("the seal's timestamp is not by an authority this archive believes"),
    message("it was given, and the signed document is missing"),
    message("signed document %(number)s belongs to no signature"),
    message("the signed document is not the one that was signed"),
    message("the signed document cannot be read: %(reason)s"),
    message("the signed document does not hold it"),
    message("it is not valid over the signed document"),
    message("it is not by a certificate this archive believes"),
    message("its evidence record cannot be made: %(reason)s"),
    message("its evidence record does not hold: %(reason)s"),
    message("it is not the one that the audit trail tells of"),
    message("its seal's timestamp ended on %(day)s, before it was covered"),
    message("authenticated copy %(number)s has no mark that it belongs to"),
    message("its authenticated copy is missing"),
    message("its authenticated copy is not the one that was made"),
    message("its list is not the one whose hash its berita acara names"),
    message("its %(paper)s is not the one that was drawn up"),
    message("the scan is not the one that was measured"),
    message("what is in it is not what its list names"),
    message("redacted document %(number)s belongs to no redaction"),
    message("the copy that it was made of is none of the record's"),
    message("the redacted document is missing"),
    message("the redacted document is not the one that was made"),
    message("nothing tells what stood here, so what follows was not checked"),
    message("the checkpoint is of another archive"),
    message("the checkpoint is of another size or another archive"),
    message("the leaf is dated before the one in front of it"),
    message("the leaf lies before the first"),
    message("the leaf was altered: it is not what was hashed when it was appended"),
    message("the leaf is missing"),
    message("leaves %(first)s to %(last)s are missing"),
    message("the line is not by the witness that its row names"),
    message("the node belongs to no leaf: leaves were cut off"),
    message("the node is missing"),
    message("the node was altered: it is not the hash of its leaf"),
    message("the node was altered: it is not the hash of its children"),
    message("the trail up to here is not the one of the checkpoint kept outside"),
    message("the trail up to here is not the one that was signed: something from leaf %(leaf)s on was altered"),
    message("the trail was cut: it has %(end)s leaves, and %(size)s were signed"),
    message("a table of the index is missing"),
    message("the table is missing"),
    message("the file is missing"),
    message("documents stand there that belong to no record"),
    message("the index holds a record that should not be there"),
    message("the index holds version %(found)s, not %(wanted)s"),
    message("the record is not in the index"),
    message("the record is said to stand where another one does"),
    message("the record is said to stand where it does not"),
    message("which generation serves is not known any more"),
    message("%(count)s records are said to stand in a segment that there is not"),
    message("the row was put in around the system"),
    message("the row was altered around the system"),
    message("what is kept of its end was altered"),
    message("the row was removed around the system"),
    message("the row was removed around the system, and its line with it"),
    message("the row was put back to an older state"),
    message("its line is not what the audit trail was told"),
    message("the audit trail was never told of its state"),
    message("no row of this kind is ever told to the audit trail"),
    message("the row was altered around the system, and then changed through it before a verification"),
    message("it was removed with the content of record %(record)s, and its bytes are there"),
    message("its %(name)s is not what the trail was told"),
    message("the trail tells that its content was removed, and there is no row of it"),
    message("it and the list of its hand-over do not agree"),
    message("its content was removed, and nobody ordered it"),
    message("it names another receipt or package than its hand-over"),
    message("its state and the row on its content do not agree"),
    message("it names a hand-over that the record was not in"),
    message("what was removed of it is not what was ordered to go"),
    message("a hand-over says that its content was removed, and there is no row of it"),
    message("its content is missing, and nothing tells that it was removed after a hand-over"),
    message("its content was handed over and removed, and its %(role)s is here"),
    message("a row says that its content was removed, and the trail does not"),
    message("content was to be kept until %(day)s, and may be removed"),
)
_BETWEEN = "; "


def detail_text(detail: str) -> str:
    """Return what was found, in the reader's language, sentence by sentence."""
    return _BETWEEN.join(in_words(DETAILS, part, _part) or part for part in detail.split(_BETWEEN))


def is_told(detail: str) -> bool:
    """Whether all of it is in sentences of ours, and so in the reader's language."""
    return all(in_words(DETAILS, part, _part) for part in detail.split(_BETWEEN))


def _part(name: str, part: str) -> str:
    return {"cause": opening_cause, "reason": error_text}.get(name, str)(part)


def install(app: Flask) -> None:
    """Register the filter and the test."""
    app.jinja_env.filters.update(detail_text=detail_text)
    app.jinja_env.tests.update(told_in_words=is_told)
