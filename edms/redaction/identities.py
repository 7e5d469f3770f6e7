"""Numbers that a state gave to a person: their structure tells most of them from every other number.

NIK and the number of the family card: six digits of region, six of a date, four running (PP 40/2019 art. 3; a woman's
day of birth has 40 added). NIP: born, appointed, sex, running (Perka BKN 22/2007). NPWP: fifteen digits, sixteen since
PMK 112/PMK.03/2022. Which digits a province has: Kepmendagri 100.1.1-6117/2022.
"""

from calendar import monthrange

PROVINCES = frozenset(
    str(number)
    for first, last in ((11, 19), (21, 21), (31, 36), (51, 53), (61, 65), (71, 76), (81, 82), (91, 96))
    for number in range(first, last + 1)
)
_WOMAN = 40
_YOUNGEST_OFFICER, _OLDEST_OFFICER = 15, 60
_BODIES = ("00", "01", "02", "03")
"""Tax numbers of treasurers and of bodies begin so; they name no person."""


def is_region(digits: str) -> bool:
    """Whether six digits can be province, regency and district."""
    return digits[:2] in PROVINCES and digits[2:4] not in ("00",) and digits[4:6] != "00"


def is_day(day: int, month: int, year: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _day_of_two(day: int, month: int, year: int) -> bool:
    """Whether a day with a year of two digits is one in either century."""
    return is_day(day, month, 2000 + year) or (year > 0 and is_day(day, month, 1900 + year))


def nik_of(digits: str) -> str:
    """Return `man`, `woman` or "": whether sixteen digits have the structure of a NIK."""
    if len(digits) != 16 or not digits.isdecimal() or not is_region(digits) or digits[12:] == "0000":
        return ""
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    if _day_of_two(day, month, year):
        return "man"
    return "woman" if day > _WOMAN and _day_of_two(day - _WOMAN, month, year) else ""


def is_family_card(digits: str) -> bool:
    """Whether sixteen digits have the structure of a family card's number: nobody's sex is in its date."""
    return nik_of(digits) == "man"


def is_officer(digits: str) -> bool:
    """Whether eighteen digits have the structure of a NIP."""
    if len(digits) != 18 or digits[14] not in "12" or digits[15:] == "000":
        return False
    born, appointed = int(digits[:4]), int(digits[8:12])
    # Appointments by agreement (PPPK) have 21 in place of the month.
    month = int(digits[12:14])
    return (
        1920 <= born <= 2015
        and is_day(int(digits[6:8]), int(digits[4:6]), born)
        and _YOUNGEST_OFFICER <= appointed - born <= _OLDEST_OFFICER
        and (1 <= month <= 12 or month == 21)
    )


def is_of_a_body(digits: str) -> bool:
    """Whether a tax number is one of a treasurer or a body."""
    return digits[:2] in _BODIES if len(digits) == 15 else digits[0] == "0" and digits[1:3] in _BODIES
