"""Reading an official letter (naskah dinas): its head says number, date, nature, subject, to whom and from whom.

Pure: text in, proposals with their reasons out. Line by line, as people read the head of a letter, with room for what
OCR does to labels. What is not found is not proposed; nothing is made up. Forms: R11, R14, R15, R18.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from edms.proposals.dates import dates_in
from edms.proposals.kinds import heading_in, kind_of_subject
from edms.proposals.letter_number import LetterNumber, read_number
from edms.proposals.types import Field, Proposal, Source

HEAD_LINES = 60
"""How far down the first page a head can reach."""
_BLOCK_LINES = 18
"""How far below the first label the others can stand."""

_LABELS = {
    "nomor": "number", "nomer": "number", "no": "number",
    "sifat": "nature", "derajat": "nature", "klasifikasi": "nature",
    "lampiran": "attachments", "lamp": "attachments",
    "hal": "subject", "perihal": "subject", "subject": "subject",
    "kepada": "recipient", "kepada yth": "recipient", "yth": "recipient", "to": "recipient",
    "dari": "sender", "from": "sender",
    "tanggal": "date", "tgl": "date", "date": "date",
}  # fmt: skip
_LABELLED = re.compile(r"^([A-Za-z0-9|][A-Za-z0-9| ]{1,11}?)\s?\.?\s?[:;]\s?(.*)$")
_ADDRESSED = re.compile(r"^(?:kepada\s?)?yth\b\s?\.?\s?[:;]?\s?(.*)$", re.IGNORECASE)
_NUMBER_LINE = re.compile(r"^nomor\s(?![:;])\s?(.+)$", re.IGNORECASE)
_PLACE = re.compile(r"^(?:di|tempat)\b", re.IGNORECASE)
_LEVELS = {
    "sangat rahasia": "top_secret", "rahasia": "secret", "terbatas": "restricted", "biasa": "open", "terbuka": "open",
}  # fmt: skip
_URGENCIES = ("sangat segera", "amat segera", "segera", "penting", "kilat")
_UNIT = re.compile(
    r"^(?:DINAS|BADAN|SEKRETARIAT|KANTOR|INSPEKTORAT|BAGIAN|KECAMATAN|KELURAHAN|UPTD?|RUMAH SAKIT|RSUD|PUSKESMAS|SATUAN"
    r"|BIRO|DIREKTORAT|PERUSAHAAN|PERUMDA|SEKOLAH|SMA|SMP|SD|KEMENTERIAN|LEMBAGA|DEWAN|UNIVERSITAS|YAYASAN)\b"
)
_GOVERNMENT = re.compile(r"^(?:PEMERINTAH|PROVINSI|KABUPATEN|KOTA)\b")
_ADDRESS = re.compile(r"\b(?:jalan|jln?|telepon|telp|faks?|fax|kode pos|laman|website|email|surel)\b|@", re.IGNORECASE)
_SIGNATORY = re.compile(
    r"^(?:a\.n\.\s?)?((?:pj\.?\s|plt\.?\s|plh\.?\s)?(?:wali ?kota|bupati|gubernur|sekretaris|kepala|camat|lurah"
    r"|inspektur|direktur|ketua|pejabat)\b[^,]{0,80}),$",
    re.IGNORECASE,
)
_ENACTOR = re.compile(
    r"^(?:WALI ?KOTA|BUPATI|GUBERNUR|MENTERI|PRESIDEN|SEKRETARIS DAERAH|KEPALA|DIREKTUR|KETUA|CAMAT|LURAH)\b"
    r"[^,]{0,80},$"
)
_HEAD_OF_REGION = re.compile(r"(?:pj\.?\s|plt\.?\s)?(?:wali ?kota|bupati|gubernur)\b(?!.*\bdinas\b)", re.IGNORECASE)
_MAIL_ADDRESS = re.compile(r"\s*<[^<>]*@[^<>]*>")
_DATED_PLACE = re.compile(r"^[A-Z][A-Za-z .]{2,50},\s?$")
_FINISHED = re.compile(r"[.:,;]$")


@dataclass(frozen=True)
class _Line:
    label: str
    value: str
    place: int


def read_letter(pages: Sequence[str]) -> list[Proposal]:
    """Return what a document's text says of itself, at most one proposal for each field.

    `pages` in order; the head is looked for on the first, a date of signing also on the last.
    """
    lines = head_lines(pages[0]) if pages else []
    labelled = list(_labelled(lines))
    number = _number(lines, labelled)
    proposals = [
        *_number_proposals(number),
        *_date(pages, lines, labelled),
        *_nature(labelled),
        *_subject(lines, labelled),
        *_recipient(lines, labelled),
        *_sender(lines, labelled),
        *_kind(lines, labelled),
    ]
    best: dict[Field, Proposal] = {}
    for proposal in proposals:
        held = best.get(proposal.field)
        if held is None or proposal.precedence > held.precedence:
            best[proposal.field] = proposal
    return list(best.values())


def head_lines(text: str) -> list[str]:
    """Return the lines of a first page that can be its head: without empty ones, spaces made single."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line][:HEAD_LINES]


def _labelled(lines: Sequence[str]) -> Iterator[_Line]:
    """Yield `label : value` lines of the head's block; values go on in the next line where they are unfinished."""
    first: int | None = None
    for place, line in enumerate(lines):
        match = _LABELLED.match(line)
        label = _label(match[1]) if match else None
        if match is None or label is None or (first is not None and place - first > _BLOCK_LINES):
            continue
        first = place if first is None else first
        value = match[2].strip()
        if label == "subject":
            value = " ".join([value, *_continued(lines, place)]).strip()
        yield _Line(label, value, place)


def _continued(lines: Sequence[str], place: int) -> Iterator[str]:
    """The further lines of a subject: up to two, ended by a label, an address or the text itself."""
    for line in lines[place + 1 : place + 3]:
        labelled = _LABELLED.match(line)
        known = _label(labelled[1] if labelled else line) is not None
        long_or_ended = len(line) > 60 or _FINISHED.search(line)
        if known or _ADDRESSED.match(line) or _PLACE.match(line) or long_or_ended or dates_in(line):
            return
        yield line


@lru_cache(maxsize=4096)
def _label(text: str) -> str | None:
    """Return what a label means; one letter of a longer label may have been misread."""
    word = " ".join(text.lower().replace("|", "l").split())
    if word in _LABELS:
        return _LABELS[word]
    if len(word) < 5:
        return None
    return next((meaning for label, meaning in _LABELS.items() if _one_letter_off(word, label)), None)


def _one_letter_off(word: str, label: str) -> bool:
    return len(word) == len(label) and sum(a != b for a, b in zip(word, label, strict=True)) == 1


def _number(lines: Sequence[str], labelled: Sequence[_Line]) -> tuple[LetterNumber, str, int] | None:
    for one in labelled:
        if one.label == "number" and (number := read_number(one.value)):
            return number, lines[one.place], 92
    for line in lines:
        match = _NUMBER_LINE.match(line)
        if match and (number := read_number(match[1].split(", tanggal")[0])):
            return number, line, 88
    return None


def _number_proposals(found: tuple[LetterNumber, str, int] | None) -> Iterator[Proposal]:
    if found is None:
        return
    number, quote, precedence = found
    yield _proposal(Field.NUMBER, number.text, "number_line", precedence, quote)
    if number.code:
        yield Proposal(Field.CLASS, number.code, Source.NUMBER, "code_in_number", 75, quote, 1)
    if number.level:
        yield Proposal(Field.LEVEL, number.level, Source.NUMBER, "prefix_of_number", 70, quote, 1)


def _date(pages: Sequence[str], lines: Sequence[str], labelled: Sequence[_Line]) -> Iterator[Proposal]:
    for one in labelled:
        if one.label == "date" and (found := dates_in(one.value)):
            yield _proposal(Field.DOCUMENT_DATE, found[0].day.isoformat(), "date_line", 92, lines[one.place])
    for place, line in enumerate(lines):
        found = dates_in(line)
        if found and _DATED_PLACE.match(line[: found[0].start].strip() + " ") and found[0].end >= len(line) - 1:
            yield _proposal(Field.DOCUMENT_DATE, found[0].day.isoformat(), "place_and_date", 94, line)
        joined = f"{line} {lines[place + 1]}" if place + 1 < len(lines) else line
        match = _NUMBER_LINE.match(joined)
        if match and (after := dates_in(joined)):
            yield _proposal(Field.DOCUMENT_DATE, after[0].day.isoformat(), "date_beside_number", 90, joined)
    for page in sorted({0, len(pages) - 1} & set(range(len(pages)))):
        yield from _enacted(pages[page], page + 1)


def _enacted(text: str, page: int) -> Iterator[Proposal]:
    """`Ditetapkan di … pada tanggal …`: the date of decrees and regulations, at their end."""
    for match in re.finditer(r"\b(?:ditetapkan|dikeluarkan|dibuat)\s+di\b", text, re.IGNORECASE):
        nearby = text[match.start() : match.start() + 220]
        found = dates_in(nearby)
        if found:
            quote = " ".join(nearby[: found[0].end].split())
            yield Proposal(Field.DOCUMENT_DATE, found[0].day.isoformat(), Source.LETTER, "enacted_on", 93, quote, page)
            return


def _nature(labelled: Sequence[_Line]) -> Iterator[Proposal]:
    for one in labelled:
        if one.label == "attachments" and one.value.strip(" -.,") and len(one.value) <= 120:
            yield _proposal(Field.ATTACHMENTS, one.value, "attachments_line", 90, one.value)
        if one.label != "nature":
            continue
        said = one.value.lower()
        level = next((level for words, level in _LEVELS.items() if re.search(rf"\b{words}\b", said)), None)
        urgency = next((words for words in _URGENCIES if re.search(rf"\b{words}\b", said)), None)
        if level:
            yield _proposal(Field.LEVEL, level, "nature_line", 85, one.value)
        if urgency:
            yield _proposal(Field.URGENCY, urgency, "nature_line", 90, one.value)


def _subject(lines: Sequence[str], labelled: Sequence[_Line]) -> Iterator[Proposal]:
    for one in labelled:
        if one.label == "subject" and len(one.value) >= 4:
            yield _proposal(Field.TITLE, one.value[:500], "subject_line", 92, one.value)
    for place, line in enumerate(lines):
        if line.upper() == "TENTANG":
            title = list(_capitals(lines[place + 1 : place + 7]))
            if title:
                yield _proposal(Field.TITLE, _sentence_case(" ".join(title)), "below_tentang", 88, " ".join(title))
            return
    heading = heading_in(lines)
    if heading is not None:
        title = list(_capitals(lines[heading[0] + 1 : heading[0] + 4]))
        if title:
            yield _proposal(Field.TITLE, _sentence_case(" ".join(title)), "below_heading", 70, " ".join(title))
        return
    if labelled and labelled[0].place in (1, 2) and _is_a_title(lines[0]):
        yield _proposal(Field.TITLE, lines[0], "first_line", 60, lines[0])


def _is_a_title(line: str) -> bool:
    return 2 <= len(line.split()) <= 15 and not (_GOVERNMENT.match(line) or _UNIT.match(line) or _FINISHED.search(line))


def _capitals(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a title: in capitals, until the number, the authority (it ends in a comma) or the text."""
    for line in lines:
        if line != line.upper() or line.endswith(",") or _NUMBER_LINE.match(line) or not any(map(str.isalpha, line)):
            return
        yield line


def _sentence_case(text: str) -> str:
    """Return a title of capitals as a title of words: small words small, the others with a capital."""
    small = {"dan", "di", "ke", "dari", "untuk", "pada", "dengan", "yang", "atas", "dalam", "tentang", "bagi", "atau"}
    words = [word.lower() if word.lower() in small else word.capitalize() for word in text.split()]
    return " ".join(words)[:500]


def _recipient(lines: Sequence[str], labelled: Sequence[_Line]) -> Iterator[Proposal]:
    for place, line in enumerate(lines):
        match = _ADDRESSED.match(line)
        if match:
            value = match[1].strip() or (lines[place + 1] if place + 1 < len(lines) else "")
            value = value.strip(" :;,")
            if value and not _PLACE.match(value):
                yield _proposal(Field.RECIPIENT, value[:300], "addressed_to", 90, line)
            break
    for one in labelled:
        value = _MAIL_ADDRESS.sub("", one.value).strip(" :;,")
        if one.label == "recipient" and value:
            yield _proposal(Field.RECIPIENT, value[:300], "recipient_line", 85, lines[one.place])


def _sender(lines: Sequence[str], labelled: Sequence[_Line]) -> Iterator[Proposal]:
    for one in labelled:
        if one.label == "sender" and one.value:
            name = _MAIL_ADDRESS.sub("", one.value) or one.value
            yield _proposal(Field.SENDER, name[:300], "sender_line", 90, lines[one.place])
    yield from _enactor(lines)
    for place, line in enumerate(lines[:6]):
        if _GOVERNMENT.match(line) and line == line.upper():
            below = lines[place + 1] if place + 1 < len(lines) else ""
            unit = below if _UNIT.match(below) and below == below.upper() and not _ADDRESS.search(below) else line
            yield _proposal(Field.SENDER, _sentence_case(unit), "letterhead", 75, unit)
            break
        if _UNIT.match(line) and line == line.upper() and not _ADDRESS.search(line):
            yield _proposal(Field.SENDER, _sentence_case(line), "letterhead", 72, line)
            break
    for line in reversed(lines):
        match = _SIGNATORY.match(line)
        if match:
            # A letter of the head of the region is written on the paper of his secretariat.
            precedence = 78 if _HEAD_OF_REGION.match(match[1]) else 65
            yield _proposal(Field.SENDER, match[1].strip(), "signatory", precedence, line)
            return


def _enactor(lines: Sequence[str]) -> Iterator[Proposal]:
    """Who decrees: the line in capitals with a comma that stands before the considerations."""
    for line in lines[:20]:
        if _ENACTOR.match(line):
            yield _proposal(Field.SENDER, _sentence_case(line.rstrip(",")), "enactor", 82, line)
            return


def _kind(lines: Sequence[str], labelled: Sequence[_Line]) -> Iterator[Proposal]:
    heading = heading_in(lines[:20])
    if heading is not None:
        yield _proposal(Field.RECORD_TYPE, heading[1], "heading", 88, lines[heading[0]])
    for one in labelled:
        kind = kind_of_subject(one.value) if one.label == "subject" else None
        if kind is not None:
            yield _proposal(Field.RECORD_TYPE, kind, "subject_line", 80, one.value)
    if heading is None and labelled and labelled[0].place in (1, 2) and (kind := kind_of_subject(lines[0])):
        yield _proposal(Field.RECORD_TYPE, kind, "first_line", 75, lines[0])


def _proposal(field: Field, value: str, because: str, precedence: int, quote: str) -> Proposal:
    return Proposal(field, value, Source.LETTER, because, precedence, quote[:200], 1)
