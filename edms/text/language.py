"""In which language a page is written: "id", "en", "other", or "" where there is too little to tell.

Told by the small words that no sentence does without. The libraries for it were measured and not taken: py3langid 0.4
loads its model in 2 to 6 seconds and holds 77 MB in each process that reads, lingua's models are larger still; this
holds nothing. How often it is right is in docs/text-quality.md, measured.
"""

import re
from collections import Counter

LOOKED_AT = 6000
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS = 12
_LEAST_SHARE = 0.06
_INDONESIAN = """
yang dan di dari untuk dengan pada dalam ini itu adalah atau oleh sebagai tidak akan telah dapat juga bahwa karena ke
tersebut serta para antara secara kepada ada atas maka agar tentang bagi hal nomor tahun tanggal pasal ayat dimaksud
saudara kami kita mereka lebih sudah belum masih harus saat setelah sebelum
"""
_ENGLISH = """
the of and to in is that for it as was with be by on not he his are this or at from but have an they which you were her
all she there would their we him been has when who will more no if out so said what its about into than them can only
other may shall must these
"""
_SMALL_WORDS = {"id": frozenset(_INDONESIAN.split()), "en": frozenset(_ENGLISH.split())}


def language_of(text: str) -> str:
    """Return the language of a page by its first 6,000 characters."""
    words = [word.lower() for word in _WORD.findall(text[:LOOKED_AT])]
    if len(words) < _FEWEST_WORDS:
        return ""
    found = {language: sum(word in small for word in words) for language, small in _SMALL_WORDS.items()}
    best = max(found, key=lambda language: found[language])
    return best if found[best] >= len(words) * _LEAST_SHARE else "other"


def most_common(languages: Counter[str]) -> str:
    """Return the language of a document from the characters that each language has in it; "" when nothing is known."""
    known = [(count, language) for language, count in languages.items() if language]
    return max(known)[1] if known else ""
