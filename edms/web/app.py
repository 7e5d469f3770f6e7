"""The web face: a Flask application on an open archive. It parses, calls one operation, renders."""

import os
from typing import IO, Any

from flask import Flask, Request, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from edms.core.errors import EdmsError, LimitExceeded, NotFound, NotSignedIn, StorageFault
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.web import formats, identity, language
from edms.web.views import capture, files, home, record, retention, search, session

MEBIBYTE = 1024 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class UploadRequest(Request):
    """Keeps parts of a form upload in memory files: plaintext is never spooled to the disk (invariant 7)."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return os.fdopen(os.memfd_create("upload", os.MFD_CLOEXEC), "w+b")


class ArchiveFlask(Flask):
    request_class = UploadRequest


def create_app(archive: Archive) -> Flask:
    """Return the application. Its cookie key comes from the key ring, never from the configuration."""
    app = ArchiveFlask(__name__)
    app.config.update(
        SECRET_KEY=archive.keys.secret("session"),
        MAX_CONTENT_LENGTH=archive.settings.capture.max_file_bytes + MEBIBYTE,
        MAX_FORM_MEMORY_SIZE=MEBIBYTE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=archive.settings.server.public_url.startswith("https://"),
        SESSION_COOKIE_NAME="edms_form",
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["archive"] = archive
    CSRFProtect(app)
    language.install(app)
    formats.install(app)
    identity.install(app)
    for part in (session, home, search, record, capture, files, retention):
        app.register_blueprint(part.pages)
    app.register_error_handler(EdmsError, _explain)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(_harden)
    app.add_url_rule("/healthz", "healthz", lambda: ("ok\n", 200, {"Content-Type": "text/plain"}))
    return app


def _harden(response: Any) -> Any:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _status(error: EdmsError) -> int:
    for kind, status in (
        (NotFound, 404),
        (NotPermitted, 403),
        (NotSignedIn, 401),
        (LimitExceeded, 413),
        (StorageFault, 507),
    ):
        if isinstance(error, kind):
            return status
    return 400 if error.exit_code == 2 else 500


def _explain(error: EdmsError) -> Any:
    status = _status(error)
    if status == 401:
        return identity.ask_to_sign_in()
    return _error_page(status, error.message, error.mend)


def _form_expired(error: CSRFError) -> Any:
    return _error_page(
        400, language.gettext("This form has expired."), language.gettext("Go back, reload the page and try again.")
    )


def _http_error(error: HTTPException) -> Any:
    if error.code is not None and error.code < 400:
        return error
    messages = {
        404: language.gettext("not found"),
        405: language.gettext("this page cannot be used like that"),
        413: language.gettext("the file is larger than the limit"),
    }
    return _error_page(error.code or 500, messages.get(error.code or 500, error.name), "")


def _error_page(status: int, message: str, mend: str) -> Any:
    if request.accept_mimetypes.best == "application/json" or request.path.startswith("/capture/files"):
        return {"error": message, "mend": mend}, status
    return render_template("error.html", status=status, message=message, mend=mend), status
