"""Names within an exchange package: all of them are made here, none comes from a user (R85). Pure.

The name that a file came with stands in METS and PREMIS; as a path it would be a way out of the folder, or two files
that one file system takes for one.
"""

import re
from unicodedata import category

ROOT_METS = "METS.xml"
DESCRIPTIVE = "metadata/descriptive/dc.xml"
DESCRIPTION = "metadata/descriptive/record.json"
PREMIS = "metadata/preservation/premis.xml"
HISTORY = "metadata/preservation/history.json"
EVIDENCE = "metadata/other/evidence/"
DOCUMENTATION = "documentation/README.txt"
SCHEMAS = "schemas/README.txt"

_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})$")
_KNOWN = {"application/pdf": "pdf", "text/plain": "txt", "application/json": "json", "image/jpeg": "jpg",
          "image/png": "png", "image/tiff": "tif", "message/rfc822": "eml"}  # fmt: skip
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[a-z0-9_]{1,30}")


def data_path(representation: str, role: str, position: int, original_name: str, media_type: str) -> str:
    """Return where a file lies within the package of its record: plain ASCII whatever it was called."""
    for part in (representation, role):
        if not _NAME.fullmatch(part):
            raise ValueError(f"{part!r} names no folder of a package")
    found = _EXTENSION.search(original_name)
    extension = _KNOWN.get(media_type) or (found.group(1).lower() if found else "bin")
    return f"representations/{representation}/data/{position:04d}-{role.replace('_', '-')}.{extension}"


def xml_text(text: object) -> str:
    """Return text as XML can hold it: what no XML document may contain becomes U+FFFD (XML 1.0, production 2)."""
    return _NOT_XML.sub("\ufffd", str(text))


def line_text(text: object) -> str:
    """Return text as one line, for the tags of a bag: a line break there would begin another tag."""
    return "".join(
        " " if category(letter) in ("Cc", "Cf", "Zl", "Zp", "Cs") else letter for letter in str(text)
    ).strip()
