"""The web face: a Flask application on an open archive. It parses, calls one operation, renders."""

import io
import logging
from typing import IO, Any, cast

from flask import Flask, Request, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from edms.core.errors import EdmsError
from edms.operation.proof import ProofNeeded
from edms.records.archive import Archive
from edms.web import (
    bearer,
    charts,
    cookies,
    formats,
    guard,
    identity,
    language,
    problems,
    words,
    words_access,
    words_alerts,
    words_disposal,
    words_filing,
    words_people,
    words_redaction,
    words_rules,
    words_tokens,
)
from edms.web.limits import SMALL_FORM_BYTES, drain, request_limit
from edms.web.statuses import status_of
from edms.web.streams import DigestStream
from edms.web.views import (
    access,
    account,
    account_codes,
    account_passkeys,
    account_tokens,
    alerts,
    batches,
    capture,
    confirmations,
    digitisations,
    disposals,
    events,
    files,
    filing,
    filing_many,
    holds,
    home,
    inbox,
    judgements,
    lanes,
    loans,
    people,
    people_accounts,
    people_lists,
    people_programs,
    photographs,
    proceedings,
    proof,
    quarantine,
    reading,
    record,
    redactions,
    report_mailings,
    reports,
    retention,
    retention_lists,
    rules,
    scim,
    search,
    searches,
    separators,
    session,
    session_passkeys,
    session_provider,
    signatures,
    trail,
    uploads,
    verification,
)

log = logging.getLogger("edms.web")
_YEAR_SECONDS = 31_536_000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
        "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # says in old words what frame-ancestors says
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
}


class UploadRequest(Request):
    """Keeps parts of a form upload in memory: plaintext is never spooled to the disk (invariant 7)."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint in ("verification.compare", "verification.compare_copy"):
            return cast(IO[bytes], DigestStream())
        return io.BytesIO()


PARTS = (
    session, account, account_codes, account_passkeys, account_tokens, session_passkeys, session_provider,
    proof, home, search, searches, record, reading, access, redactions, batches, separators, digitisations, disposals,
    capture, uploads, photographs, inbox, filing, filing_many, quarantine, files, retention, events, holds,
    judgements, report_mailings,
    retention_lists, rules, reports, trail, alerts,
    lanes, loans, people, people_lists, people_accounts, people_programs, confirmations, proceedings, scim,
    signatures, verification,
)  # fmt: skip
"""The views, in the order in which they are registered."""


class ArchiveFlask(Flask):
    request_class = UploadRequest


def create_app(archive: Archive) -> Flask:
    """Return the application. Its cookie key comes from the key ring, never from the configuration."""
    app = ArchiveFlask(__name__)
    app.config.update(
        SECRET_KEY=archive.keys.secret("session"),
        MAX_FORM_MEMORY_SIZE=SMALL_FORM_BYTES,
        **cookies.form_settings(archive.settings.server),
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["archive"] = archive
    language.install(app)
    formats.install(app)
    charts.install(app)
    spoken_modules = (
        words, words_access, words_alerts, words_disposal, words_filing, words_people, words_redaction, words_rules,
        words_tokens,
    )  # fmt: skip
    for spoken in spoken_modules:
        spoken.install(app)
    guard.install(app, archive.settings.server)
    app.before_request(_limit)
    bearer.install(app)
    identity.install(app)
    protection = bearer.FormProtection(
        app
    )  # after the actor is known: it reads the form, which is parsed for nobody who is not signed in
    for part in PARTS:
        app.register_blueprint(part.pages)
    protection.exempt("edms.web.views.trail.add_checkpoint")  # asked by programs, and no cookie counts there
    protection.exempt("edms.web.views.session_provider.end")  # asked by the provider, and no cookie counts there
    protection.exempt("edms.web.views.verification.compare_copy")  # as the one below
    protection.exempt("edms.web.views.verification.compare")  # asks and changes nothing; the page sets no cookie
    app.register_error_handler(EdmsError, _explain)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _defect)
    app.after_request(_harden)
    app.add_url_rule("/healthz", "healthz", lambda: ("ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}))
    return app


def _limit() -> None:
    request.max_content_length = request_limit(request, identity.archive().settings)


def _harden(response: Any) -> Any:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if guard.is_secure(identity.archive().settings.server):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_SECONDS}; includeSubDomains")
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    if response.status_code in (413, 503, 507) and identity.actor() is not None:
        drain(request)
    return response


def _explain(error: EdmsError) -> Any:
    if isinstance(error, ProofNeeded):
        return identity.ask_for_proof()
    status = status_of(error)
    if status == 401:
        return identity.ask_to_sign_in()
    if status == 413 and request.method == "GET":
        status = 400
    if status >= 500:
        # What is wrong with disks, keys and blobs is for the log: the person at the page can mend nothing there.
        log.error("%s %s: %s", request.method, request.path, error)
    if status == 404 or status >= 500:
        return _error_page(status, *words.status_text(status))
    return _error_page(status, words.error_text(error.message), words.error_text(error.mend))


def _form_expired(_error: CSRFError) -> Any:
    return _error_page(
        400, language.gettext("This form has expired."), language.gettext("Go back, reload the page and try again.")
    )


def _http_error(error: HTTPException) -> Any:
    if error.code is not None and error.code < 400:
        return error
    code = error.code or 500
    message, mend = words.status_text(code)
    if isinstance(error, RequestEntityTooLarge):
        message, mend = words.too_large_text(request)
    answer = make_response(_error_page(code, message, mend))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _defect(error: Exception) -> Any:
    """A defect of ours: the whole story to the log, two plain sentences to the person."""
    log.exception("%s %s", request.method, request.path, exc_info=error)
    return _error_page(500, *words.status_text(500))


def _error_page(status: int, message: str, mend: str) -> Any:
    if identity.asked_by_program():
        return problems.told(status, message, mend)
    return render_template("error.html", status=status, message=message, mend=mend), status
