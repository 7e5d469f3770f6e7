"""What can be written into the search box, in words: the panel below the results (docs/search-language.md)."""

from edms.web.language import gettext, message

NOTICES = {
    "any-word": message("read as a sentence: the more of its words, the higher"),
    "not-all-words": message("no record has all the words; these have some of them"),
    "open-quote": message("a closing quotation mark is missing"),
    "bad-range": message("this is not a range: %(detail)s"),
    "unknown-field": message("there is no field “%(detail)s”, so it was searched as a word"),
    "short-prefix": message("too short a beginning before the star: %(detail)s"),
    "near": message("no record has this word; words near it were searched (%(detail)s)"),
    "expanded": message("also searched: %(detail)s"),
    "unknown-feature": message("it cannot be asked whether a record has “%(detail)s”"),
    "not-nearly": message("only a word of four letters or more takes a ~: %(detail)s"),
    "too-many-near": message("only the first %(detail)s words with * or ~ were taken so"),
    "open-parenthesis": message("a closing parenthesis is missing"),
    "too-deep": message("more than %(detail)s parentheses inside each other were not followed"),
    "prefix-cut": message("very many words begin with “%(detail)s”; the rarest were left out"),
    "index-damaged": message("the index is damaged and is about to be mended; nothing can be found for the moment"),
    "index-mending": message("the index is being rebuilt, %(detail)s%% of the records are found"),
    "place-unknown": message("this place in the list is not known any more, so here is its beginning"),
    "too-many-words": message("only the first %(detail)s words were used"),
    "too-long": message("only the first %(detail)s characters were used"),
}

HELP = (
    ("anggaran dinas kesehatan", message("all of these words, in any form of them: memusnahkan also finds pemusnahan")),
    ('"surat keputusan"', message("these words, one after another")),
    ("pembangunan -jalan", message("not this word")),
    ("nota OR memo", message("one or the other; ATAU means the same")),
    ("(nota OR memo) anggaran", message("parentheses keep together what belongs together")),
    ("keseha*", message("every word that begins so")),
    ("kesehatan~", message("words nearly so: mistyped, or misread when the paper was scanned")),
    ("005/1234/2023", message("a letter number, whole or in part")),
    ("17 Agustus 2014", message("a day, however it is written")),
    ("perihal: nomor: dari: kepada: judul: isi:", message("only in this field")),
    ("kelas:900.1 kantor:dinkes jenis:surat tingkat:terbatas", message("records with this value")),
    ("tahun:2014..2016 tanggal:17-08-2014..", message("from a day or year to another; either end may be left open")),
    ("ada:tandatangan ada:lampiran ada:ocr", message("records that have a signature, attachments, recognised text")),
    ("ada:penahanan ada:redaksi", message("records on hold, records of which there is a redacted document")),
    ("Kapan pasar dibangun?", message("a question or a long sentence finds what is most like it")),
)


KINDS = {
    "field": message("field"),
    "feature": message("has"),
    "class_code": message("class"),
    "office": message("office"),
    "sender": message("sender"),
    "recipient": message("recipient"),
    "level": message("level"),
    "record_type": message("type"),
    "state": message("state"),
    "language": message("language"),
    "year": message("year"),
}


def completion_kind(kind: str) -> str:
    """What is offered for the word at the end of the box, in words."""
    return gettext(KINDS[kind])


def search_help() -> list[tuple[str, str]]:
    """Return what is written and what it means, in the reader's language."""
    return [(written, gettext(means)) for written, means in HELP]
