"""What can be written into the search box, in words: the panel below the results (docs/search-language.md)."""

from edms.web.language import gettext, message

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
    ("Kapan pasar dibangun?", message("a question or a long sentence finds what is most like it")),
)


def search_help() -> list[tuple[str, str]]:
    """Return what is written and what it means, in the reader's language."""
    return [(written, gettext(means)) for written, means in HELP]
