"""Two languages: Indonesian and English. Sources are English; the Indonesian catalogue is a plain .po file.

The catalogue is compiled in memory when the application starts, so that no generated file is kept or shipped.
"""

import io
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, request

from edms.web import cookies

LANGUAGES = ("id", "en")
_FOLDER = Path(__file__).parent / "translations"


@lru_cache
def catalogue(language: str) -> NullTranslations:
    """Return the translations of `language`; English needs none."""
    source = _FOLDER / f"{language}.po"
    if not source.exists():
        return NullTranslations()
    with source.open("rb") as stream:
        messages = read_po(stream, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def current_language() -> str:
    """The language of this request: what the signed-in person chose, else what the browser asks for."""
    chosen = g.get("language") or request.args.get("lang")
    if chosen in LANGUAGES:
        return str(chosen)
    asked = cookies.held(cookies.LANGUAGE)
    if asked in LANGUAGES:
        return str(asked)
    default = str(g.get("default_language", "id"))
    return request.accept_languages.best_match([default, *LANGUAGES]) or default


def message(text: str) -> str:
    """Mark `text` for the catalogue; it is translated where it is shown."""
    return text


def gettext(message: str) -> str:
    """Translate `message` into the language of this request."""
    return str(catalogue(current_language()).gettext(message))


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a message that depends on a number."""
    return str(catalogue(current_language()).ngettext(one, many, count))


def install(app: Flask) -> None:
    """Give the templates `_()` and `ngettext()`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["current_language"] = current_language
