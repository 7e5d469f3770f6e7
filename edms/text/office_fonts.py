"""Which fonts an office document asks for, and which of them are not installed here. Runs inside the sandbox."""

import ctypes
import re
import zipfile
from pathlib import Path

_PARTS = re.compile(
    r"(word/(document|styles)|xl/styles|ppt/(slides|slideMasters|theme)/[^/]+|(word|xl)/theme/[^/]+|styles|content)\.xml"
)
# The attribute of WordprocessingML, of DrawingML, of OpenDocument and the element of SpreadsheetML (ISO/IEC 29500-1,
# 17.3.2.26, 21.1.2.3.7, 18.8.22 and 20.1.4.1; OpenDocument 1.3 part 3, 20.187).
_NAMES = re.compile(
    rb'<w:rFonts\b[^>]*\bw:ascii="([^"<]{1,80})"|<a:latin\b[^>]*\btypeface="([^"<]{1,80})"'
    rb'|\bfo:font-family="([^"<]{1,80})"|<style:font-face\b[^>]*\bsvg:font-family="([^"<]{1,80})"'
    rb'|<font>(?:(?!</font>).){0,500}<name val="([^"<]{1,80})"', re.DOTALL
)  # fmt: skip
_RTF_NAMES = re.compile(rb"\{\\f\d+\\f(?:nil|roman|swiss|modern|script|decor|tech)[^;{}]{0,80}? ([^;{}\\]{1,80});\}")
_MOST_PART, _MOST_NAMES = 16 * 1024 * 1024, 200


def named_fonts(path: Path) -> set[str]:
    """The families that a document names, used or not; none for the old binary formats, which are not read for it."""
    with path.open("rb") as stream:
        start = stream.read(_MOST_PART)
    if start.startswith(b"{\\rtf"):
        return {match[1].decode("latin-1").strip() for match in _RTF_NAMES.finditer(start)}
    found: set[str] = set()
    try:
        with zipfile.ZipFile(path) as package:
            for info in package.infolist():
                if _PARTS.fullmatch(info.filename) and len(found) < _MOST_NAMES:
                    with package.open(info) as part:
                        found |= _in_xml(part.read(_MOST_PART))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return found
    return found


def _in_xml(content: bytes) -> set[str]:
    told = {next(name for name in match.groups() if name is not None) for match in _NAMES.finditer(content)}
    plain = {name.decode("utf-8", "replace").replace("&apos;", "'").split(";")[0].strip("'\" ") for name in told}
    return {name for name in plain if name and not name.startswith("+")}  # +mn-lt stands for one of the theme


def missing_fonts(names: set[str]) -> list[str]:
    """Those of the families for which fontconfig gives another, in order; none where there is no fontconfig."""
    try:
        config = ctypes.CDLL("libfontconfig.so.1")
    except OSError:
        return []
    for name in ("FcNameParse", "FcFontMatch"):
        getattr(config, name).restype = ctypes.c_void_p
    return sorted(name for name in names if not _installed(config, name))


def _installed(config: ctypes.CDLL, name: str) -> bool:
    wanted = ctypes.c_void_p(config.FcNameParse(re.sub(r"([\\:,=-])", r"\\\1", name).encode()))
    if not wanted:
        return True
    config.FcConfigSubstitute(None, wanted, 0)
    config.FcDefaultSubstitute(wanted)
    found = ctypes.c_void_p(config.FcFontMatch(None, wanted, ctypes.byref(ctypes.c_int())))
    config.FcPatternDestroy(wanted)
    if not found:
        return False
    families, family, place = [], ctypes.c_char_p(), 0
    while config.FcPatternGetString(found, b"family", place, ctypes.byref(family)) == 0:
        families.append((family.value or b"").decode("utf-8", "replace").casefold())
        place += 1
    config.FcPatternDestroy(found)
    return name.casefold() in families
