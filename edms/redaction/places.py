"""Rules for words: addresses, days and places of birth, names behind their label, mail addresses."""

from edms.redaction.tokens import Token, Tokens
from edms.redaction.types import Finding, Kind

_STREETS = frozenset(("jl", "jln", "jalan", "gang", "gg", "perum", "perumahan"))
# Words that mean other things too: without a number, RT or quarter behind them they are no address.
_WHOLE_WORDS = frozenset(("jalan", "gang", "perum", "perumahan"))
_QUARTERS = frozenset(("kel", "kelurahan", "kec", "kecamatan", "desa", "dusun", "dukuh", "kab", "kabupaten", "kota",
                       "kp", "kampung", "provinsi", "prov"))  # fmt: skip
_IN_ADDRESS = frozenset(("no", "nomor", "rt", "rw", "blok", "raya", *_QUARTERS, *_STREETS))
_NO_STREET = frozenset(("dan", "tol", "nasional", "provinsi", "kabupaten", "kota", "umum", "khusus", "desa", "daerah",
                        "lingkungan", "arteri", "kolektor", "lokal", "bebas"))  # fmt: skip
# What stands behind an address in a letterhead.
_NO_ADDRESS = frozenset(("telp", "telepon", "telpon", "tlp", "tel", "fax", "faks", "faksimile", "faksimili", "email",
                         "e", "mail", "surel", "laman", "website", "situs", "hp", "wa", "kode"))  # fmt: skip
_MOST_ADDRESS, _MOST_NAME, _MOST_BIRTH, _MOST_MAIL = 45, 8, 16, 24
_MONTHS = frozenset(
    ("januari", "februari", "pebruari", "maret", "april", "mei", "juni", "juli", "agustus", "september", "oktober",
     "november", "nopember", "desember", "jan", "feb", "mar", "apr", "jun", "jul", "agt", "agu", "sep", "sept", "okt",
     "nov", "nop", "des")
)  # fmt: skip
_OF_PERSONS = frozenset(
    ("lengkap", "pemohon", "pegawai", "ibu", "ayah", "bapak", "orang", "tua", "kandung", "istri", "isteri", "suami",
     "anak", "pasien", "siswa", "mahasiswa", "pelapor", "pengadu", "saksi", "korban", "terlapor", "penerima", "pemilik",
     "wajib", "pajak", "ahli", "waris", "wali", "kepala", "keluarga", "penduduk", "nasabah", "pewaris", "pembeli",
     "penjual", "penggugat", "tergugat", "terdakwa", "tersangka", "pihak", "penanggung", "jawab", "panggilan")
)  # fmt: skip
_LABEL_ENDS = (":", "=")
_OFFICE_MAIL = ("go.id", "mil.id", ".go", ".mil")
_DIED = frozenset(("meninggal", "wafat", "gugur", "mangkat"))


def mail_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return the mail address around the `@` at `index`. One of an office (go.id) is told and not proposed."""
    sign = tokens.at(index)
    if sign.text != "@" or sign.gap != "":
        return []
    first, last = index - 1, index + 1
    for _look in range(_MOST_MAIL):
        if tokens.at(first).gap != "" or not _of_mail(tokens.at(first - 1), "._-+%"):
            break
        first -= 1
    for _look in range(_MOST_MAIL):
        behind, further = tokens.at(last + 1), tokens.at(last + 2)
        if behind.gap != "" or not _of_mail(behind, ".-") or (behind.text in ".-" and not _goes_on(further)):
            break
        last += 1
    begin, end = tokens.at(first), tokens.at(last)
    domain = tokens.text[sign.end : end.end].casefold()
    if end.gap != "" or "." not in domain or not (begin.is_word or begin.is_number) or not end.is_word:
        return []
    office = domain.endswith(_OFFICE_MAIL)
    return [Finding(Kind.MAIL, begin.start, end.end, 0.95, "office" if office else "structure", not office)]


def address_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return the address that begins at `index`: with a street, with RT and RW, or behind its label."""
    one = tokens.at(index)
    if one.lower == "alamat":
        return _labelled_address(tokens, index)
    if one.lower == "rt" and _neighbourhood(tokens, index):
        last, _told = _address_end(tokens, index)
        return [Finding(Kind.ADDRESS, one.start, tokens.at(last).end, 0.9, "neighbourhood")]
    if one.lower not in _STREETS or not one.text[0].isupper():
        return []
    name = index + 1 + (tokens.at(index + 1).text == ".")
    first = tokens.at(name)
    if first.gap == "\n" or not (first.text[0].isupper() or first.is_number) or first.lower in _NO_STREET:
        return []
    last, told = _address_end(tokens, name)
    if not told and one.lower in _WHOLE_WORDS:
        return []
    return [
        Finding(Kind.ADDRESS, one.start, tokens.at(last).end, 0.85 if told else 0.6, "numbered" if told else "street")
    ]


def _labelled_address(tokens: Tokens, index: int) -> list[Finding]:
    colon = next((step for step in range(1, 5) if tokens.at(index + step).text in _LABEL_ENDS), 0)
    begin = index + colon + 1
    if not colon or tokens.at(begin).gap == "\n" or tokens.at(begin).text == "\0":
        return []
    last = begin
    for _look in range(_MOST_ADDRESS):
        behind = tokens.at(last + 1)
        more = behind.gap != "\n" or _starts_more_address(behind)
        if behind.text == "\0" or behind.lower in _NO_ADDRESS or not more:
            break
        last += 1
    return [Finding(Kind.ADDRESS, tokens.at(begin).start, tokens.at(last).end, 0.9, "behind_its_label")]


def _address_end(tokens: Tokens, index: int) -> tuple[int, bool]:
    """Return the last token of an address and whether a house, RT or quarter was named in it."""
    last, told = index, False
    for _look in range(_MOST_ADDRESS):
        behind = tokens.at(last + 1)
        if behind.lower in _NO_ADDRESS or (behind.gap == "\n" and not _starts_more_address(behind)):
            break
        if behind.is_number or behind.lower in _IN_ADDRESS:
            told |= behind.is_number or behind.lower in ("rt", "rw", "no", *_QUARTERS)
        elif not _in_address(tokens, last):
            break
        last += 1
    while last > index and not (tokens.at(last).is_word or tokens.at(last).is_number):
        last -= 1
    return last, told


def _in_address(tokens: Tokens, index: int) -> bool:
    """Whether the address goes on behind this token: a sign or a name, and no end of a sentence."""
    behind = tokens.at(index + 1)
    if behind.text == ".":
        return not _ends_sentence(tokens, index)
    return behind.text in ",/-" or (behind.is_word and behind.text[0].isupper())


def _ends_sentence(tokens: Tokens, index: int) -> bool:
    """Whether a full stop behind this token ends a sentence: no short form (No., RT., Jend.) stands before it."""
    one, further = tokens.at(index), tokens.at(index + 2)
    return one.lower not in _IN_ADDRESS and (one.is_number or len(one.text) > 4) and further.gap != ""


def _starts_more_address(token: Token) -> bool:
    return token.lower in ("rt", "rw", "kel", "kelurahan", "kec", "kecamatan", "desa", "blok")


def _neighbourhood(tokens: Tokens, index: int) -> bool:
    """Whether RT at `index` has its number, and RW with a number follows it."""
    seen = [tokens.at(index + step) for step in range(1, 9)]
    numbers = [step for step, one in enumerate(seen) if one.is_number and len(one.text) <= 3]
    return bool(numbers) and any(one.lower == "rw" and step >= numbers[0] - 3 for step, one in enumerate(seen))


def birth_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return place and day of birth behind their label or behind *lahir di*."""
    one = tokens.at(index)
    if one.lower not in ("lahir", "ttl"):
        return []
    begin, reason = index + 1, "in_a_sentence"
    for step in range(1, 5):
        if tokens.at(index + step).text in _LABEL_ENDS:
            begin, reason = index + step + 1, "behind_its_label"
    if tokens.at(begin).lower in ("di", "pada"):
        begin += 1
    elif reason == "in_a_sentence":
        return []
    last = _date_end(tokens, begin)
    if last < 0:
        return []
    return [Finding(Kind.BIRTH, tokens.at(begin).start, tokens.at(last).end, 0.95, reason)]


def _date_end(tokens: Tokens, index: int) -> int:
    """Return the last token of the first date within a few tokens of `index`, on this line or the next; else -1."""
    lines = 0
    for at in range(index, index + _MOST_BIRTH):
        day, second, third = (tokens.at(at + step) for step in range(3))
        lines += day.gap == "\n" and at > index
        if lines > 1 or day.text == "\0" or day.lower in _DIED:
            break
        if not day.is_number or len(day.text) > 2:
            continue
        if second.lower in _MONTHS and third.is_number and len(third.text) == 4:
            return at + 2
        if second.text in "-/." and third.is_number and len(third.text) <= 2 and tokens.at(at + 3).text == second.text:
            year = tokens.at(at + 4)
            return at + 4 if year.is_number and len(year.text) in (2, 4) else -1
    return -1


def name_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return the name behind *Nama:* or *Nama lengkap:* …, to the end of the line. Names of works are not looked at."""
    if tokens.at(index).lower != "nama":
        return []
    begin = index + 1
    while begin < index + 6 and tokens.at(begin).gap != "\n":
        one = tokens.at(begin)
        if one.text in _LABEL_ENDS:
            break
        if one.lower not in _OF_PERSONS and one.text not in "/()":
            return []
        begin += 1
    if tokens.at(begin).text not in _LABEL_ENDS or not tokens.at(begin + 1).is_word:
        return []
    begin += 1
    last = begin
    for _look in range(3 * _MOST_NAME):
        behind = tokens.at(last + 1)
        if behind.gap == "\n" or not (behind.is_word or behind.text in ".,'’`-"):
            break
        last += 1
    words = sum(tokens.at(at).is_word for at in range(begin, last + 1))
    if tokens.at(begin).gap == "\n" or words > 2 * _MOST_NAME:
        return []
    return [Finding(Kind.NAME, tokens.at(begin).start, tokens.at(last).end, 0.8, "behind_its_label")]


def _of_mail(token: Token, signs: str) -> bool:
    return token.is_number or (token.is_word and token.text.isascii()) or token.text in signs


def _goes_on(token: Token) -> bool:
    return token.gap == "" and (token.is_number or (token.is_word and token.text.isascii()))
