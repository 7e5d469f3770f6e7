"""The months as Indonesian offices name them: Indonesian and English, whole and shortened, old and new spelling."""

_NAMES = (
    "januari january jan djanuari",
    "februari february feb pebruari peb",
    "maret march mar mrt",
    "april apr",
    "mei may",
    "juni june jun djuni",
    "juli july jul djuli",
    "agustus august agu ags agt agust aug agustos",
    "september sep sept",
    "oktober october okt oct",
    "november nov nopember nop",
    "desember december des dec",
)
MONTH_NUMBERS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}
"""The number of each month, 1 to 12, by its names in small letters."""
