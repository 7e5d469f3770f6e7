"""What a file's name claims. Nothing is concluded from it; it is only held against what the content is."""

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml."
_ODF = "application/vnd.oasis.opendocument."
# By the last part of the name: how the media types begin that it may be. Names that are not here claim nothing.
_CLAIMS: dict[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "docx": (_WORD,),
    "xlsx": (_SHEET,),
    "pptx": (_SLIDES,),
    "odt": (_ODF,),
    "ods": (_ODF,),
    "odp": (_ODF,),
    "doc": ("application/msword", "application/rtf", "text/rtf", "text/html", "application/x-ole"),
    "xls": ("application/vnd.ms-excel", "text/", "application/x-ole"),
    "ppt": ("application/vnd.ms-powerpoint", "application/x-ole"),
    "msg": ("application/vnd.ms-outlook", "application/x-ole"),
    "rtf": ("application/rtf", "text/rtf"),
    "jpg": ("image/",),
    "jpeg": ("image/",),
    "png": ("image/",),
    "gif": ("image/",),
    "tif": ("image/",),
    "tiff": ("image/",),
    "heic": ("image/",),
    "zip": ("application/zip",),
    "txt": ("text/", "message/", "application/json", "application/xml"),
    "csv": ("text/",),
    "html": ("text/", "application/xhtml+xml", "application/xml"),
    "htm": ("text/", "application/xhtml+xml", "application/xml"),
    "eml": ("message/", "text/", "multipart/", "application/x-mimearchive"),
}
_SAYS_NOTHING = ("application/octet-stream", "application/x-empty")
_PROGRAMS = frozenset(
    (
        *("exe", "com", "scr", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "msi"),
        *("lnk", "jar", "cpl", "reg", "apk"),
    )
)


def extension(name: str) -> str:
    """Return the last part of a name in small letters, "" when it has none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def contradicts(name: str, media_type: str) -> bool:
    """True when the name claims a kind that the content is not. What nobody could identify contradicts nothing."""
    claim = _CLAIMS.get(extension(name))
    return claim is not None and media_type not in _SAYS_NOTHING and not media_type.startswith(claim)


def is_program_name(name: str) -> bool:
    """True for names that a desktop starts as a program when they are clicked."""
    return extension(name) in _PROGRAMS
