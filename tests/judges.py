"""Programs of others that judge what we make. Absent, a test says so loudly; under EDMS_REQUIRE_JUDGES=1 it fails."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = {"openssl": "openssl", "strings": "binutils", "chromium": "chromium", "node": "nodejs",
            "soffice": "libreoffice-writer-nogui", "tesseract": "tesseract-ocr",
            **dict.fromkeys(("pdfsig", "pdftotext", "pdfinfo", "pdfimages", "pdfdetach"), "poppler-utils")}  # fmt: skip

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def judge(program: str) -> str:
    """Return the path of a judge."""
    found = shutil.which(program)
    if found is None:
        message = f"THE JUDGE {program} IS ABSENT: install the package {PACKAGES[program]}"
        if os.environ.get("EDMS_REQUIRE_JUDGES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


def browser_program() -> str:
    """Return the path of Chromium: the build without a window of its own where there is one, for it takes a quarter."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or judge("chromium")


def asked(program: str, *arguments: str | Path, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a judge and return what it said; a time limit keeps a hanging one from holding the tests up."""
    return subprocess.run(
        [judge(program), *map(str, arguments)], input=content, capture_output=True, timeout=120, check=False
    )


def validators() -> Path:
    """Return the Python of the validators of exchange packages, which hold libraries at versions of their own."""
    python = Path(__file__).parent.parent / ".venv" / "judges" / "bin" / "python"
    if not python.is_file():
        message = "THE VALIDATORS OF PACKAGES ARE ABSENT: run tools/prepare.sh test where packages can be fetched"
        if os.environ.get("EDMS_REQUIRE_JUDGES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return python
