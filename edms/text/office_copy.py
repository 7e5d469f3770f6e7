"""Printing office documents to PDF/A-2b inside the sandbox, with LibreOffice as a library in this very process.

Started so, it needs no other process and no program. What it writes lies in the call's own folder, in memory, with a
profile of its own that forbids macros and the updating of links (ADR 0069).
"""

import ctypes
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pikepdf

from edms.text.archival import embedded_fonts, faults
from edms.text.office_fonts import missing_fonts, named_fonts

EXTENSIONS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
}
PARAMETERS = {
    "SelectPdfVersion": {"type": "long", "value": "2"},
    "ExportFormFields": {"type": "boolean", "value": "false"},
    "ExportNotes": {"type": "boolean", "value": "false"},
    "IsSkipEmptyPages": {"type": "boolean", "value": "false"},
    "ConvertOOoTargetToPDFTarget": {"type": "boolean", "value": "false"},
}
_FILTERS = {"xlsx": "calc", "ods": "calc", "xls": "calc", "pptx": "impress", "odp": "impress", "ppt": "impress"}
_MOST_FONTS = 50
_RESTART = 81  # EXITHELPER_NORMAL_RESTART: it has laid out its profile and wants to be started again
# Path, name and value: no macros, no links of documents that nobody vouches for, nothing updated, no lock files.
_PROFILE = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),  # never
    ("Office.Calc/Content/Update", "Link", "1"),  # never, counted differently
    ("Office.Common/Misc", "UseLocking", "false"),
    ("Office.Recovery/AutoSave", "Enabled", "false"),
)


def prepare(_descriptors: list[int], program: str, folder: str) -> tuple[dict[str, Any], list[bytes]]:
    """Have LibreOffice lay out its profile, without any document, and return it as a zip. For the sandbox."""
    user = Path(folder) / "profile" / "user"
    user.mkdir(parents=True, mode=0o700)
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop>'
        "</item>"
        for path, name, value in _PROFILE
    )
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema">{items}</oor:items>\n'
    )
    code = _run(program, folder, ["--terminate_after_init"])
    packed = shutil.make_archive(f"{folder}/packed", "zip", folder, "profile")
    return {"prepared": code in (0, _RESTART)}, [Path(packed).read_bytes()]


def archival_copy(
    descriptors: list[int], media_type: str, program: str, folder: str
) -> tuple[dict[str, Any], list[bytes]]:
    """Return what the copy is (pages, fonts, faults against PDF/A-2b) and the PDF itself. For the sandbox.

    The second descriptor is what `prepare` gave. `program`: the folder of LibreOffice's libraries. `folder`: empty,
    ours alone.
    """
    work = Path(folder)
    with os.fdopen(os.dup(descriptors[1]), "rb") as packed, zipfile.ZipFile(packed) as profile:
        profile.extractall(work)
    source, target = work / f"in.{EXTENSIONS[media_type]}", work / "in.pdf"
    _copy(descriptors[0], source)
    kind = _FILTERS.get(EXTENSIONS[media_type], "writer")
    wanted = f"pdf:{kind}_pdf_Export:{json.dumps(PARAMETERS)}"
    code = _run(program, folder, ["--convert-to", wanted, "--outdir", folder, str(source)])
    if not target.exists():
        problem = {"code": "not_printable", "message": f"LibreOffice cannot open or print it (code {code})"}
        return {"problem": problem}, []
    with pikepdf.open(target) as opened:
        pages, used = len(opened.pages), embedded_fonts(opened)
        tool = str(opened.docinfo.get("/Producer", "LibreOffice"))
    made = target.read_bytes()
    told = {"pages": pages, "fonts": sorted(used)[:_MOST_FONTS], "faults": faults(made), "tool": tool}
    return {**told, "fonts_missing": missing_fonts(named_fonts(source))[:_MOST_FONTS]}, [made]


def _run(program: str, folder: str, arguments: list[str]) -> int:
    """Run LibreOffice in this process and return its code; it may be done once in a process."""
    os.environ.update(HOME=folder, TMPDIR=folder, SAL_USE_VCLPLUGIN="svp", LANG="C.UTF-8")
    os.chdir(folder)
    profile = (Path(folder) / "profile").as_uri()
    own = [f"{program}/soffice.bin", "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"]
    words = [*own, f"-env:UserInstallation={profile}", *arguments]
    vector = (ctypes.c_char_p * (len(words) + 1))(*(word.encode() for word in words), None)
    ctypes.CDLL(f"{program}/libuno_sal.so.3").sal_detail_initialize(len(words), vector)
    # Distributions link LibreOffice into one library, its makers do not.
    merged = f"{program}/libmergedlo.so"
    return int(ctypes.CDLL(merged if Path(merged).exists() else f"{program}/libsofficeapp.so").soffice_main())


def _copy(descriptor: int, target: Path) -> None:
    with os.fdopen(os.dup(descriptor), "rb") as stream, target.open("wb") as out:
        while piece := stream.read(1024 * 1024):
            out.write(piece)
