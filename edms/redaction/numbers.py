"""Rules for numbers: each looks at one token and a few around it, and says what begins there."""

from edms.redaction.identities import is_family_card, is_of_a_body, is_officer, nik_of
from edms.redaction.tokens import Figures, Token, Tokens, figures_at, misread
from edms.redaction.types import Finding, Kind

_SIXTEEN = frozenset(((16,), (4, 4, 4, 4), (6, 6, 4), (2, 2, 2, 6, 4), (6, 2, 2, 2, 4), (2, 2, 2, 2, 2, 2, 4)))
_OFFICER = frozenset(((18,), (8, 6, 1, 3), (8, 6, 4), (8, 10)))
_TAX = (2, 3, 3, 1, 3, 3)
_NEAR, _LINES = 6, 2
_NIK_WORDS = frozenset(("nik", "ktp", "kependudukan", "penduduk"))
_CARD_WORDS = frozenset(("kk", "nkk"))
_PHONE_WORDS = frozenset(
    ("telp", "telepon", "telpon", "tlp", "phone", "hp", "wa", "whatsapp", "fax", "faks", "faksimile", "faksimili",
     "hubungi", "handphone", "ponsel", "seluler", "tel")
)  # fmt: skip
_BANKS = frozenset(
    ("bri", "bca", "bni", "btn", "bsi", "bpd", "mandiri", "danamon", "cimb", "permata", "muamalat", "bukopin", "ocbc")
)
_ACCOUNT_WORDS = frozenset(("rekening", "rek", "norek", "account", *_BANKS))
# Codes of a budget are called kode rekening, and what an account is charged with is an amount.
_BUDGET_WORDS = frozenset(("kode", "rp", "idr", "belanja", "anggaran", "pagu"))
_PLATE_WORDS = frozenset(("polisi", "nopol", "plat", "pelat", "kendaraan", "tnkb", "mobil", "motor", "truk"))
_PLATES = frozenset(
    ("A", "B", "D", "E", "F", "G", "H", "K", "L", "M", "N", "P", "R", "S", "T", "W", "Z", "AA", "AB", "AD",
     "AE", "AG", "BA", "BB", "BD", "BE", "BG", "BH", "BK", "BL", "BM", "BN", "BP", "DA", "DB", "DC", "DD", "DE",
     "DG", "DH", "DK", "DL", "DM", "DN", "DP", "DR", "DS", "DT", "DW", "EA", "EB", "ED", "KB", "KH", "KT", "KU",
     "PA", "PB", "PG", "PS", "PT")
)  # fmt: skip
_NO_PLATE = frozenset(
    ("DAN", "RT", "RW", "KM", "HAL", "NO", "PNS", "TNI", "RI", "TH", "HA", "KG", "PP", "UU", "PM", "SM", "II",
     "III", "IV", "VI", "VII", "IX", "XI", "XII", "BAB", "ATAU")
)  # fmt: skip
_MOBILE, _WITH_COUNTRY, _LANDLINE, _NATIONAL = (10, 13), (10, 14), (9, 12), (9, 13)


def number_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return what the figures that begin at `index` are; [] for most."""
    if not tokens.at(index).is_number or _glued_before(tokens, index):
        return []
    runs = [run for run in figures_at(tokens, index, 8, " .-") if not _glued_behind(tokens, run)]
    if not runs:
        return []
    near = tokens.words_before(index, _NEAR, lines=_LINES)
    for run in reversed(runs):
        found = _identity(run, near) or _account(run, near) or _phone(run, near)
        if found is not None:
            return [found]
    return []


def sign_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return a telephone number that begins with a sign: +62…, or an area in brackets."""
    sign = tokens.at(index)
    if sign.text == "+":
        runs = figures_at(tokens, index + 1, 6, " .-")
        fitting = [run for run in runs if _is_national(run) and not _glued_behind(tokens, run)]
        return [Finding(Kind.PHONE, sign.start, fitting[-1].end, 0.95, "country_code")] if fitting else []
    area, close = tokens.at(index + 1), tokens.at(index + 2)
    if sign.text != "(" or not area.is_number or close.text != ")" or not _is_area(area.text):
        return []
    runs = figures_at(tokens, index + 3, 3, " .-")
    fitting = [run for run in runs if 5 <= len(run.digits) <= 9 and not _glued_behind(tokens, run)]
    return [Finding(Kind.PHONE, sign.start, fitting[-1].end, 0.8, "area_in_brackets")] if fitting else []


def misread_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return a NIK behind its label in which recognition took figures for letters."""
    if tokens.at(index).lower not in ("nik", "ktp"):
        return []
    begin = index + 1
    while begin < index + 4 and tokens.at(begin).text in (":", ".", "=", ";"):
        begin += 1
    text, end = tokens.at(begin).text, begin
    while len(text) < 17 and end < begin + 16 and tokens.at(end + 1).gap == "":
        end += 1
        text += tokens.at(end).text
    if text.isdecimal() or not nik_of(misread(text)):
        return []
    return [Finding(Kind.NIK, tokens.at(begin).start, tokens.at(end).end, 0.7, "misread_behind_label")]


def plate_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return the plate of a vehicle: the letters of an area, up to four figures, up to three letters."""
    area, number, letters = (tokens.at(index + step) for step in range(3))
    if area.text not in _PLATES or not number.is_number or len(number.text) > 4 or number.text[0] == "0":
        return []
    if not (letters.is_word and letters.text.isascii() and letters.text.isupper() and len(letters.text) <= 3):
        return []
    behind = tokens.at(index + 3)
    if "\n" in (number.gap, letters.gap) or number.gap != letters.gap or _joined(area, tokens, index):
        return []
    if behind.gap == "" and (behind.is_number or behind.is_word or behind.text in "/_"):
        return []
    told = _PLATE_WORDS & set(tokens.words_before(index, _NEAR, lines=_LINES))
    if not told and (len(number.text) < 3 or letters.text in _NO_PLATE or _is_year(number.text)):
        return []
    reason = "near_its_word" if told else "structure"
    return [Finding(Kind.PLATE, area.start, letters.end, 0.9 if told else 0.6, reason)]


def passport_at(tokens: Tokens, index: int) -> list[Finding]:
    """Return the number of a passport, near that word only: a letter or two and six or seven figures."""
    letters, number = tokens.at(index), tokens.at(index + 1)
    if not (letters.is_word and len(letters.text) <= 2 and letters.text.isupper() and number.is_number):
        return []
    if number.gap == "\n" or len(number.text) not in (6, 7):
        return []
    if not {"paspor", "passport"} & set(tokens.words_before(index, _NEAR, lines=_LINES)):
        return []
    return [Finding(Kind.PASSPORT, letters.start, number.end, 0.9, "near_its_word")]


def _identity(run: Figures, near: list[str]) -> Finding | None:
    count = len(run.digits)
    if count == 18 and run.groups in _OFFICER and is_officer(run.digits):
        return Finding(Kind.OFFICER, run.start, run.end, 0.95, "structure", proposed=False)
    if count == 15 and (run.groups == _TAX or (run.groups == (15,) and "npwp" in near)):
        return _tax(run)
    if count == 16 and run.groups in _SIXTEEN:
        return _of_sixteen(run, near)
    return None


def _of_sixteen(run: Figures, near: list[str]) -> Finding | None:
    word = next((word for word in near if word in _NIK_WORDS | _CARD_WORDS | _ACCOUNT_WORDS | {"npwp", "keluarga"}), "")
    if word == "npwp":
        return _tax(run)
    if word in _ACCOUNT_WORDS:
        return None
    if word in _CARD_WORDS or (word == "keluarga" and "kartu" in near):
        good = is_family_card(run.digits)
        return Finding(Kind.FAMILY_CARD, run.start, run.end, 0.95 if good else 0.6, "near_its_word")
    if nik_of(run.digits):
        told = word in _NIK_WORDS
        return Finding(Kind.NIK, run.start, run.end, 0.99 if told else 0.9, "near_its_word" if told else "structure")
    if word in _NIK_WORDS:
        return Finding(Kind.NIK, run.start, run.end, 0.6, "only_near_its_word")
    return None


def _tax(run: Figures) -> Finding:
    body = is_of_a_body(run.digits)
    return Finding(
        Kind.TAX_NUMBER, run.start, run.end, 0.5 if body else 0.95, "of_a_body" if body else "structure", not body
    )


def _account(run: Figures, near: list[str]) -> Finding | None:
    told = _ACCOUNT_WORDS & set(near)
    if not told or _BUDGET_WORDS & set(near[:4]) or not 9 <= len(run.digits) <= 16:
        return None
    if "." in run.signs and (all(size == 3 for size in run.groups[1:]) or len(run.groups) > 5):
        return None
    # White space alone joins groups only where each could be one of a number on a card.
    if " " in run.signs and min(run.groups) < 2:
        return None
    return Finding(Kind.ACCOUNT, run.start, run.end, 0.85, "near_its_word")


def _phone(run: Figures, near: list[str]) -> Finding | None:
    digits, told = run.digits, bool(_PHONE_WORDS & set(near))
    if min(run.groups) < 2 or len(set(run.signs)) > 2:
        return None
    if digits.startswith("08") and _within(digits, _MOBILE) and run.groups[0] >= 3 and min(run.groups) >= 3:
        return Finding(Kind.PHONE, run.start, run.end, 0.97 if told else 0.9, "mobile")
    if digits.startswith("62") and told and _is_national(run):
        return Finding(Kind.PHONE, run.start, run.end, 0.9, "country_code")
    if not _within(digits, _LANDLINE) or not _is_area(digits[: run.groups[0]] if len(run.groups) > 1 else digits[:4]):
        return None
    dashed = len(run.groups) in (2, 3) and run.signs[0] == "-" and run.groups[1] >= 3
    if told or (dashed and sum(run.groups[1:]) >= 6):
        return Finding(Kind.PHONE, run.start, run.end, 0.9 if told else 0.6, "near_its_word" if told else "landline")
    return None


def _is_national(run: Figures) -> bool:
    return run.digits.startswith("62") and run.digits[2:3] > "1" and _within(run.digits, _WITH_COUNTRY)


def _is_area(digits: str) -> bool:
    return 3 <= len(digits) <= 4 and digits[0] == "0" and digits[1] > "1"


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in ("19", "20", "13", "14")


def _within(digits: str, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= len(digits) <= bounds[1]


def _joined(token: Token, tokens: Tokens, index: int) -> bool:
    before = tokens.at(index - 1)
    return token.gap == "" and (before.is_word or before.is_number or before.text in "/-_.")


def _glued_before(tokens: Tokens, index: int) -> bool:
    """Whether the figures go on from something before: a letter's number, a code, an amount."""
    if tokens.at(index).gap != "":
        return False
    before, further = tokens.at(index - 1), tokens.at(index - 2)
    if before.is_word or before.is_number:
        return True
    if before.text == "/" and further.is_number and tokens.at(index).text.startswith("08"):
        return False  # two telephone numbers
    if before.text in "/-_.," and tokens.at(index - 1).gap == "":
        return further.is_number or (further.is_word and before.text in "/-_")
    return before.text == "+"


def _glued_behind(tokens: Tokens, run: Figures) -> bool:
    behind, further = tokens.at(run.last + 1), tokens.at(run.last + 2)
    if behind.gap != "":
        return False
    if behind.is_word or behind.is_number:
        return True
    if behind.text not in "/-_.," or further.gap != "":
        return False
    return (further.is_number and not (behind.text in "/," and further.text[0] == "0")) or (
        further.is_word and behind.text in "/-_"
    )
