"""Every page for every kind of person: default deny, and no page without an expected verdict.

A new route fails here until somebody has written down who may use it.
"""

from uuid import uuid4

import pytest
from token_people import pushing_token, token_of
from web_site import PEOPLE, City, plain

from edms.access.token_scopes import PERSONAL_SCOPES, TokenScope
from edms.web.bearer import ROUTES

EVERYBODY = ("nobody", *PEOPLE, "guest")
TO_SIGN_IN = "to sign-in"

# Status by person; who is not named gets the status under "else". Nobody is sent to the sign-in page unless named.
_CLERKS = {"clerk-dinkes": 200, "clerk-bappeda": 200, "records": 200, "else": 404}
_UPLOADERS = {**_CLERKS, "nobody": 401}
_WITHOUT_VERSION = {"nobody": 401, "else": 412}  # tests/web/test_uploads.py asks as a client does
_READERS = {"admin": 403, "else": 200}
_OFFICERS = {"admin": 403, "guest": 403, "else": 200}
_RESTRICTED = {"clerk-dinkes": 200, "official-dinkes": 200, "head-dinkes": 200, "records": 200, "else": 404}
_AUDITORS = {"auditor": 200, "records": 200, "else": 403}
_NOT_THERE = {"admin": 403, "else": 404}
_WATCHERS = {"auditor": 200, "records": 200, "admin": 200, "else": 403}
_NO_SUCH_BATCH = _NO_SUCH_PHOTOGRAPH = {"else": 404}
_NO_SUCH_BATCH = {"else": 404}
_NO_SUCH = _NO_SUCH_BATCH
_NO_SUCH_DRAFT = {"records": 404, "else": 403}
_SCANNING = _CLERKS
_RECORDS_OFFICER = {"records": 200, "else": 403}
_MENDERS = {"clerk-dinkes": 400, "records": 400, "else": 404}
_ASKERS = {"clerk-dinkes": 200, "official-dinkes": 200, "head-dinkes": 200, "records": 200, "else": 404}
_SIGNERS = {"auditor": 403, "admin": 403, "guest": 403, "else": 200}
_ADMINISTRATORS = {"admin": 200, "else": 403}
_OFFICIALS = {"official-dinkes": 200, "official-bappeda": 200, "head-dinkes": 200, "else": 403}


def _as(status: int, verdicts: dict[str, int]) -> dict[str, int]:
    """The same people, allowed with another status."""
    return {name: status if found == 200 else found for name, found in verdicts.items()}


# (method, rule): the path asked for, with the record of that kind; and the verdicts.
EXPECTED: dict[tuple[str, str], tuple[str, dict[str, int]]] = {
    ("GET", "/static/<path:filename>"): ("/static/app.css", {"nobody": 200, "else": 200}),
    ("GET", "/healthz"): ("/healthz", {"nobody": 200, "else": 200}),
    ("GET", "/sign-in"): ("/sign-in", {"nobody": 200, "else": 302}),
    ("POST", "/sign-in"): ("/sign-in", {"nobody": 401, "else": 401}),
    ("POST", "/language"): ("/language", {"nobody": 302, "else": 302}),
    ("GET", "/"): ("/", {"else": 200}),
    ("GET", "/account"): ("/account", {"else": 200}),
    ("GET", "/account/password"): ("/account/password", {"else": 200}),
    ("POST", "/account/password"): ("/account/password", {"else": 400}),
    ("POST", "/account/sessions/<session_id>/end"): ("/account/sessions/ff/end", _NO_SUCH),
    ("POST", "/account/sessions/end-others"): ("/account/sessions/end-others", {"else": 302}),
    ("GET", "/account/second-factor"): ("/account/second-factor", {"else": 200}),
    ("POST", "/account/codes"): ("/account/codes", {"else": 200}),
    ("POST", "/account/codes/confirm"): ("/account/codes/confirm", {"else": 400}),
    ("POST", "/account/recovery-codes"): ("/account/recovery-codes", {"else": 400}),
    ("POST", "/account/codes/give-up"): ("/account/codes/give-up", {"else": 302}),
    ("POST", "/account/passkeys/options"): ("/account/passkeys/options", {"else": 200}),
    ("POST", "/account/passkeys"): ("/account/passkeys", {"else": 400}),
    ("POST", "/account/passkeys/<uuid:passkey_id>/rename"): (f"/account/passkeys/{uuid4()}/rename", _NO_SUCH),
    ("POST", "/account/passkeys/<uuid:passkey_id>/remove"): (f"/account/passkeys/{uuid4()}/remove", _NO_SUCH),
    ("GET", "/account/tokens"): ("/account/tokens", {"else": 200}),
    ("GET", "/account/tokens/new"): ("/account/tokens/new", {"else": 200}),
    ("POST", "/account/tokens"): ("/account/tokens", {"else": 400}),
    ("POST", "/account/tokens/<uuid:token_id>/revoke"): (f"/account/tokens/{uuid4()}/revoke", _NO_SUCH),
    ("POST", "/sign-in/passkey/options"): ("/sign-in/passkey/options", {"nobody": 200, "else": 200}),
    ("POST", "/sign-in/passkey"): ("/sign-in/passkey", {"nobody": 302, "else": 302}),
    ("POST", "/sign-in/provider"): ("/sign-in/provider", {"nobody": 404, "else": 404}),  # with one: test_provider.py
    ("GET", "/sign-in/provider/answer"): ("/sign-in/provider/answer", {"nobody": 404, "else": 404}),
    ("POST", "/sign-in/provider/logout"): ("/sign-in/provider/logout", {"nobody": 404, "else": 404}),
    ("POST", "/prove/provider"): ("/prove/provider", {"else": 404}),
    ("POST", "/account/provider/give-up"): ("/account/provider/give-up", {"else": 404}),
    ("GET", "/prove"): ("/prove", {"else": 200}),
    ("POST", "/prove"): ("/prove", {"else": 401}),
    ("POST", "/prove/passkey/options"): ("/prove/passkey/options", {"else": 200}),
    ("POST", "/prove/passkey"): ("/prove/passkey", {"else": 302}),
    ("GET", "/sign-in/code"): ("/sign-in/code", {"else": 302}),
    ("POST", "/sign-in/code"): ("/sign-in/code", {"else": 401}),
    ("GET", "/search"): ("/search?q=laporan", _READERS),
    ("GET", "/searches"): ("/searches", _READERS),
    ("POST", "/searches"): ("/searches", {"else": 400}),
    ("POST", "/searches/<uuid:search_id>/<any('open','change','remove'):act>"): (
        f"/searches/{uuid4()}/remove",
        {"admin": 403, "else": 404},
    ),
    ("POST", "/searches/asked/forget"): ("/searches/asked/forget", _as(302, _READERS)),
    ("GET", "/search.json"): ("/search.json?q=laporan", _READERS),
    ("GET", "/search/complete.json"): ("/search/complete.json?q=lap", _READERS),
    ("GET", "/search/list.<any('csv','xlsx','pdf'):form>"): ("/search/list.csv?q=laporan", _READERS),
    ("GET", "/access"): ("/access", _READERS),
    ("POST", "/access/requests"): ("/access/requests", {"else": 400}),
    ("POST", "/access/requests/<uuid:request_id>/withdraw"): (f"/access/requests/{uuid4()}/withdraw", _NOT_THERE),
    ("POST", "/access/requests/<uuid:request_id>/refuse"): (f"/access/requests/{uuid4()}/refuse", {"else": 400}),
    ("POST", "/access/requests/<uuid:request_id>/approve"): (f"/access/requests/{uuid4()}/approve", {"else": 400}),
    ("POST", "/access/grants"): ("/access/grants", {"else": 400}),
    ("GET", "/access/grants/<uuid:grant_id>"): (f"/access/grants/{uuid4()}", {"else": 404}),
    ("POST", "/access/grants/<uuid:grant_id>/revoke"): (f"/access/grants/{uuid4()}/revoke", _NOT_THERE),
    ("POST", "/access/grants/<uuid:grant_id>/review"): (f"/access/grants/{uuid4()}/review", {"else": 400}),
    ("POST", "/access/emergency"): ("/access/emergency", {"else": 400}),
    ("GET", "/retention"): ("/retention", _OFFICERS),
    ("GET", "/retention.csv"): ("/retention.csv", _OFFICERS),
    ("GET", "/rules"): ("/rules", {"else": 200}),
    ("GET", "/rules/editions/<edition>"): ("/rules/editions/jra-pekalongan-63-2024", {"else": 200}),
    ("GET", "/rules/compare"): ("/rules/compare?one=nirwana&two=nirwana", {"else": 404}),
    ("POST", "/rules/drafts"): ("/rules/drafts", {"else": 400}),
    ("GET", "/rules/drafts/<uuid:draft_id>"): (f"/rules/drafts/{uuid4()}", _NO_SUCH_DRAFT),
    ("POST", "/rules/drafts/<uuid:draft_id>/review"): (f"/rules/drafts/{uuid4()}/review", _NO_SUCH_DRAFT),
    ("POST", "/rules/drafts/<uuid:draft_id>/apply"): (f"/rules/drafts/{uuid4()}/apply", _NO_SUCH_DRAFT),
    ("POST", "/rules/drafts/<uuid:draft_id>/withdraw"): (f"/rules/drafts/{uuid4()}/withdraw", _NO_SUCH_DRAFT),
    ("GET", "/rules/forecast"): ("/rules/forecast?year=2031", {"records": 200, "else": 403}),
    ("GET", "/retention/lists"): ("/retention/lists", _OFFICERS),
    ("GET", "/retention/lists/<name>"): ("/retention/lists/transfer", _OFFICERS),
    ("GET", "/retention/lists/<name>/<any('csv','xlsx','pdf'):form>"): ("/retention/lists/destroy/csv", _OFFICERS),
    ("GET", "/retention/files/<any('files','contents'):name>/<any('csv','xlsx','pdf'):form>"): (
        "/retention/files/files/csv?office=dinkes",
        _OFFICERS,
    ),
    ("GET", "/retention/outlook"): ("/retention/outlook", _OFFICERS),
    ("POST", "/retention/explain/<uuid:record_id>"): (f"/retention/explain/{uuid4()}", {"else": 404}),
    ("POST", "/retention/delivered"): ("/retention/delivered", {"else": 400}),
    ("GET", "/events"): ("/events", _SIGNERS),
    ("POST", "/events"): ("/events", {"else": 400}),  # no kind is told: tests/web/test_retention_pages.py asks in full
    ("POST", "/events/preview"): ("/events/preview", {"else": 400}),
    ("POST", "/events/verify"): ("/events/verify", _as(302, _SIGNERS)),
    ("GET", "/events/awaiting"): ("/events/awaiting", _OFFICERS),
    ("GET", "/judgements"): ("/judgements", _OFFICERS),
    ("POST", "/judgements"): ("/judgements", {"else": 400}),  # no kind is told: tests/web/test_judgement_pages.py
    ("POST", "/judgements/<uuid:review_id>/<any('accept','refuse'):act>"): (
        f"/judgements/{uuid4()}/accept",
        _NO_SUCH,
    ),
    ("POST", "/judgements/<uuid:review_id>/withdraw"): (f"/judgements/{uuid4()}/withdraw", _NO_SUCH),
    ("GET", "/judgements/undated"): ("/judgements/undated", _OFFICERS),
    ("GET", "/judgements/vital"): ("/judgements/vital", _OFFICERS),
    ("GET", "/judgements/vital.<any('csv','pdf'):form>"): ("/judgements/vital.csv", _OFFICERS),
    ("GET", "/retention/mail"): ("/retention/mail", _RECORDS_OFFICER),
    ("POST", "/retention/mail"): ("/retention/mail", {"else": 400}),
    ("POST", "/retention/mail/<uuid:mailing_id>/end"): (
        f"/retention/mail/{uuid4()}/end",
        {"records": 404, "else": 403},
    ),
    ("GET", "/holds"): ("/holds", _OFFICERS),
    ("POST", "/holds"): ("/holds", {"else": 400}),
    ("POST", "/holds/<uuid:hold_id>/release"): (f"/holds/{uuid4()}/release", {"records": 404, "else": 403}),
    ("GET", "/reports"): ("/reports", {"records": 200, "else": 403}),
    ("GET", "/reports/<uuid:report_id>.json"): (f"/reports/{uuid4()}.json", {"records": 404, "else": 403}),
    ("GET", "/reports/<uuid:report_id>.json.p7s"): (f"/reports/{uuid4()}.json.p7s", {"records": 404, "else": 403}),
    ("GET", "/lanes"): ("/lanes", {"records": 200, "admin": 200, "else": 403}),
    ("GET", "/loans"): ("/loans", _READERS),
    ("POST", "/records/<uuid:record_id>/loans/<any('ask','out'):act>"): (
        "/records/{restricted}/loans/out",
        {"else": 400},  # no day is told: tests/web/test_loan_pages.py asks in full
    ),
    ("POST", "/loans/<uuid:loan_id>/<any('extend','return','decline','withdraw'):act>"): (
        f"/loans/{uuid4()}/return",
        {"else": 404},
    ),
    ("GET", "/loans/<uuid:loan_id>/slip.pdf"): (f"/loans/{uuid4()}/slip.pdf", {"else": 404}),
    ("GET", "/people"): ("/people", _ADMINISTRATORS),
    ("GET", "/people/offices/<code>"): ("/people/offices/dinkes", _ADMINISTRATORS),
    ("POST", "/people/offices"): ("/people/offices", _as(302, _ADMINISTRATORS)),
    ("GET", "/people/new"): ("/people/new", _ADMINISTRATORS),
    ("POST", "/people/new"): ("/people/new", _as(400, _ADMINISTRATORS)),
    ("GET", "/people/list"): ("/people/list", _ADMINISTRATORS),
    ("POST", "/people/list"): ("/people/list", _as(400, _ADMINISTRATORS)),
    ("POST", "/people/list/apply"): ("/people/list/apply", _as(400, _ADMINISTRATORS)),
    ("GET", "/people/accounts/<username>"): ("/people/accounts/clerk-dinkes", _ADMINISTRATORS),
    # What they do to somebody who is there: tests/web/test_people_pages.py.
    ("POST", "/people/accounts/<username>/password"): ("/people/accounts/nobody/password", _as(404, _ADMINISTRATORS)),
    ("POST", "/people/accounts/<username>/readmit"): ("/people/accounts/nobody/readmit", _as(404, _ADMINISTRATORS)),
    ("POST", "/people/accounts/<username>/<any('second-factor','sign-out','deactivate'):act>"): (
        "/people/accounts/nobody/deactivate",
        _as(404, _ADMINISTRATORS),
    ),
    ("POST", "/people/accounts/<username>/<any('change','give','act','move','retire'):act>"): (
        "/people/accounts/nobody/change",
        _as(404, _ADMINISTRATORS),
    ),
    ("POST", "/people/accounts/<username>/<any('bind','bind-provider','unbind-provider','holder'):act>"): (
        "/people/accounts/nobody/bind",
        _as(404, _ADMINISTRATORS),
    ),
    ("GET", "/people/programs"): ("/people/programs", _ADMINISTRATORS),
    ("POST", "/people/programs"): ("/people/programs", _as(302, _ADMINISTRATORS)),
    ("POST", "/people/positions/<uuid:position_id>/<any('end','stop-acting'):act>"): (
        f"/people/positions/{uuid4()}/stop-acting",
        _as(404, _ADMINISTRATORS),
    ),
    # Asked by identity systems with a token: BY_TOKEN below, and tests/web/test_scim.py.
    **{
        (method, f"/scim/v2/{rule}"): (f"/scim/v2/{path}", {"nobody": 401, "else": 403})
        for method, rule, path in (
            ("GET", "ServiceProviderConfig", "ServiceProviderConfig"),
            ("GET", "ResourceTypes", "ResourceTypes"),
            ("GET", "Schemas", "Schemas"),
            ("GET", "Users", "Users"),
            ("POST", "Users", "Users"),
            ("GET", "Groups", "Groups"),
            ("GET", "Groups/<uuid:office_id>", f"Groups/{uuid4()}"),
            *((one, "Users/<uuid:person_id>", f"Users/{uuid4()}") for one in ("GET", "PUT", "PATCH", "DELETE")),
        )
    },
    ("GET", "/alerts"): ("/alerts", _WATCHERS),
    ("GET", "/confirmations"): ("/confirmations", {"auditor": 200, "records": 200, "else": 403}),
    ("POST", "/confirmations/<username>"): ("/confirmations/nobody", {"auditor": 404, "records": 404, "else": 403}),
    ("POST", "/alerts/<uuid:alert_id>/acknowledge"): (
        f"/alerts/{uuid4()}/acknowledge",
        {"auditor": 400, "records": 400, "else": 403},
    ),
    ("GET", "/capture"): ("/capture", _CLERKS),
    ("POST", "/capture/files"): ("/capture/files", _as(415, _CLERKS)),
    ("GET", "/capture/progress"): ("/capture/progress?records={waiting}", _CLERKS),
    ("GET", "/photographs/"): ("/photographs/", _CLERKS),
    ("POST", "/photographs/"): ("/photographs/", _as(400, _CLERKS)),
    ("GET", "/photographs/<uuid:upload_id>"): (f"/photographs/{uuid4()}", _NO_SUCH_PHOTOGRAPH),
    ("GET", "/photographs/<uuid:upload_id>/picture"): (f"/photographs/{uuid4()}/picture", _NO_SUCH_PHOTOGRAPH),
    ("GET", "/photographs/<uuid:upload_id>/page"): (f"/photographs/{uuid4()}/page", _NO_SUCH_PHOTOGRAPH),
    ("GET", "/uploads/"): ("/uploads/", _UPLOADERS),
    ("POST", "/uploads/"): ("/uploads/", _WITHOUT_VERSION),
    ("GET", "/uploads/<uuid:upload_id>"): (f"/uploads/{uuid4()}", {"nobody": 401, "else": 404}),
    ("PATCH", "/uploads/<uuid:upload_id>"): (f"/uploads/{uuid4()}", _WITHOUT_VERSION),
    ("DELETE", "/uploads/<uuid:upload_id>"): (f"/uploads/{uuid4()}", _WITHOUT_VERSION),
    ("GET", "/batches"): ("/batches", _CLERKS),
    ("POST", "/batches"): ("/batches", _as(400, _CLERKS)),
    ("GET", "/batches/separators"): ("/batches/separators", _CLERKS),
    ("POST", "/batches/separators"): ("/batches/separators", _as(422, _CLERKS)),
    ("GET", "/batches/<uuid:batch_id>"): (f"/batches/{uuid4()}", _NO_SUCH_BATCH),
    ("POST", "/batches/<uuid:batch_id>/edit"): (f"/batches/{uuid4()}/edit", {"else": 400}),
    ("POST", "/batches/<uuid:batch_id>/undo"): (f"/batches/{uuid4()}/undo", _NO_SUCH_BATCH),
    ("POST", "/batches/<uuid:batch_id>/confirm"): (f"/batches/{uuid4()}/confirm", _NO_SUCH_BATCH),
    ("GET", "/digitisations"): ("/digitisations", _READERS),
    ("POST", "/digitisations"): ("/digitisations", _as(400, _SCANNING)),
    ("GET", "/disposals"): ("/disposals", _READERS),
    ("POST", "/disposals"): ("/disposals", {"records": 400, "else": 404}),
    ("GET", "/disposals/<uuid:batch_id>"): (f"/disposals/{uuid4()}", _NO_SUCH),
    (
        "POST",
        "/disposals/<uuid:batch_id>/<any('committee','select','propose','assess','conclude','request','approve',"
        "'decide','draw-up','execute','continue','ask','close','reject','cancel'):act>",
    ): (f"/disposals/{uuid4()}/select", _NO_SUCH),
    ("POST", "/disposals/<uuid:batch_id>/items/<uuid:item_id>/exclude"): (
        f"/disposals/{uuid4()}/items/{uuid4()}/exclude",
        _NO_SUCH,
    ),
    ("GET", "/disposals/<uuid:batch_id>/certificate.json"): (f"/disposals/{uuid4()}/certificate.json", _NO_SUCH),
    ("GET", "/disposals/<uuid:batch_id>/papers/<kind>.docx"): (f"/disposals/{uuid4()}/papers/minutes.docx", _NO_SUCH),
    ("GET", "/digitisations/scanners"): ("/digitisations/scanners", _SCANNING),
    ("POST", "/digitisations/scanners"): ("/digitisations/scanners", _as(302, _SCANNING)),
    ("POST", "/digitisations/scanners/<uuid:scanner_id>/retire"): (
        f"/digitisations/scanners/{uuid4()}/retire",
        _NO_SUCH,
    ),
    ("GET", "/digitisations/<uuid:digitisation_id>"): (f"/digitisations/{uuid4()}", _NO_SUCH),
    ("POST", "/digitisations/<uuid:digitisation_id>/items"): (f"/digitisations/{uuid4()}/items", _as(302, _SCANNING)),
    ("POST", "/digitisations/<uuid:digitisation_id>/<any('hand-over','close','draw-up','ask','cancel'):act>"): (
        f"/digitisations/{uuid4()}/cancel",
        _NO_SUCH,
    ),
    ("POST", "/digitisations/<uuid:digitisation_id>/items/<uuid:item_id>/remove"): (
        f"/digitisations/{uuid4()}/items/{uuid4()}/remove",
        _NO_SUCH,
    ),
    ("GET", "/digitisations/<uuid:digitisation_id>/check"): (f"/digitisations/{uuid4()}/check", _NO_SUCH),
    ("POST", "/digitisations/<uuid:digitisation_id>/items/<uuid:item_id>/check"): (
        f"/digitisations/{uuid4()}/items/{uuid4()}/check",
        _NO_SUCH,
    ),
    ("GET", "/digitisations/<uuid:digitisation_id>/papers/<kind>.docx"): (
        f"/digitisations/{uuid4()}/papers/minutes.docx",
        _NO_SUCH,
    ),
    ("GET", "/digitisations/<uuid:digitisation_id>/list.<any('json','csv'):form>"): (
        f"/digitisations/{uuid4()}/list.csv",
        _NO_SUCH,
    ),
    ("GET", "/proceedings"): ("/proceedings", _READERS),
    ("POST", "/proceedings"): ("/proceedings", {"else": 400}),
    ("GET", "/proceedings/<uuid:proceeding_id>"): (f"/proceedings/{uuid4()}", _NO_SUCH),
    ("POST", "/proceedings/<uuid:proceeding_id>/items"): (f"/proceedings/{uuid4()}/items", _NO_SUCH),
    ("POST", "/proceedings/<uuid:proceeding_id>/items/<uuid:item_id>/exclude"): (
        f"/proceedings/{uuid4()}/items/{uuid4()}/exclude",
        _NO_SUCH,
    ),
    (
        "POST",
        "/proceedings/<uuid:proceeding_id>/<any('list','draw-up','ask','take-over','assess','approve','decide','send',"
        "'close','order-removal','remove','cancel'):act>",
    ): (f"/proceedings/{uuid4()}/cancel", _NO_SUCH),
    ("POST", "/proceedings/<uuid:proceeding_id>/package"): (f"/proceedings/{uuid4()}/package", _NO_SUCH),
    ("GET", "/proceedings/<uuid:proceeding_id>/certificate.json"): (
        f"/proceedings/{uuid4()}/certificate.json",
        _NO_SUCH,
    ),
    ("GET", "/proceedings/<uuid:proceeding_id>/papers/<kind>.docx"): (
        f"/proceedings/{uuid4()}/papers/minutes.docx",
        _NO_SUCH,
    ),
    ("POST", "/proceedings/<uuid:proceeding_id>/receipt"): (f"/proceedings/{uuid4()}/receipt", {"else": 302}),
    ("GET", "/records/<uuid:record_id>/authenticated/<int:position>"): (
        "/records/{restricted}/authenticated/1",
        _NO_SUCH,
    ),
    ("GET", "/v/a/<token>"): ("/v/a/AAAAAAAAAAAAAAAA", {"nobody": 404, "else": 404}),
    ("POST", "/v/a/<token>"): ("/v/a/AAAAAAAAAAAAAAAA", {"nobody": 404, "else": 404}),
    ("GET", "/inbox"): ("/inbox", _CLERKS),
    ("POST", "/inbox/classify"): ("/inbox/classify", _as(302, _CLERKS)),
    ("GET", "/inbox/after/<uuid:record_id>"): ("/inbox/after/{restricted}", _as(302, _CLERKS)),
    ("GET", "/inbox/file"): ("/inbox/file", _CLERKS),
    ("GET", "/inbox/file/<uuid:record_id>"): (
        "/inbox/file/{restricted}",
        {"clerk-dinkes": 200, "records": 200, "else": 404},
    ),
    ("POST", "/inbox/file/<uuid:record_id>"): ("/inbox/file/{restricted}", _MENDERS),
    ("POST", "/inbox/file/<uuid:record_id>/undo"): ("/inbox/file/{restricted}/undo", _MENDERS),
    ("GET", "/inbox/file/<uuid:record_id>/alike"): (
        "/inbox/file/{waiting}/alike",
        {"clerk-dinkes": 200, "records": 200, "else": 404},
    ),
    ("POST", "/inbox/file/<uuid:record_id>/alike"): ("/inbox/file/{waiting}/alike", _as(422, _CLERKS)),
    ("POST", "/inbox/alike"): ("/inbox/alike", _as(302, _CLERKS)),
    ("POST", "/inbox/undo"): ("/inbox/undo", _as(302, _CLERKS)),
    ("GET", "/inbox/habits"): ("/inbox/habits", _CLERKS),
    ("POST", "/inbox/habits"): ("/inbox/habits", _as(302, _CLERKS)),
    ("GET", "/quarantine"): ("/quarantine", _CLERKS),
    ("GET", "/records/<uuid:record_id>"): ("/records/{restricted}", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>.json"): ("/records/{restricted}.json", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>/pages/<int:page>"): ("/records/{restricted}/pages/1?width=160", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>/thumbnail"): ("/records/{restricted}/thumbnail", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>/read/<int:page>"): ("/records/{restricted}/read/1?q=rahasia", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>/similar"): ("/records/{restricted}/similar", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>/read"): ("/records/{restricted}/read?q=rahasia", _as(302, _RESTRICTED)),
    ("GET", "/records/<uuid:record_id>/files/<role>"): ("/records/{restricted}/files/original", _RESTRICTED),
    ("GET", "/records/<uuid:record_id>/evidence"): ("/records/{restricted}/evidence", _RESTRICTED),
    ("POST", "/records/<uuid:record_id>/describe"): ("/records/{restricted}/describe", _MENDERS),
    ("POST", "/records/<uuid:record_id>/retry"): ("/records/{restricted}/retry", _MENDERS),
    ("GET", "/records/<uuid:record_id>/originals/<int:position>"): ("/records/{restricted}/originals/1", {"else": 404}),
    ("GET", "/records/<uuid:record_id>/attachments/<int:position>"): (
        "/records/{restricted}/attachments/1",
        {"else": 404},
    ),
    ("POST", "/records/<uuid:record_id>/return"): ("/records/{restricted}/return", _MENDERS),
    ("POST", "/records/<uuid:record_id>/release"): ("/records/{restricted}/release", {"records": 400, "else": 404}),
    ("GET", "/audit/checkpoint"): ("/audit/checkpoint", _AUDITORS),
    ("GET", "/audit/tile/<path:place>"): ("/audit/tile/0/000.p/1", _AUDITORS),
    ("GET", "/records/<uuid:record_id>/redactions/new"): ("/records/{restricted}/redactions/new", _ASKERS),
    ("POST", "/records/<uuid:record_id>/redactions"): ("/records/{restricted}/redactions", _as(400, _ASKERS)),
    ("GET", "/redactions/<uuid:redaction_id>"): ("/redactions/{open}", _NO_SUCH),
    ("GET", "/redactions/<uuid:redaction_id>/pages/<int:page>"): ("/redactions/{open}/pages/1", _NO_SUCH),
    ("GET", "/redactions/<uuid:redaction_id>/document"): ("/redactions/{open}/document", _NO_SUCH),
    **{
        ("POST", f"/redactions/<uuid:redaction_id>/{act}"): (f"/redactions/{{open}}/{act}", _NO_SUCH)
        for act in ("proposals", "terms", "areas", "make", "approve", "withdraw")
    },
    ("GET", "/signatures"): ("/signatures", _SIGNERS),
    ("GET", "/records/<uuid:record_id>/signed/<int:position>"): ("/records/{restricted}/signed/1", {"else": 404}),
    ("GET", "/records/<uuid:record_id>/signatures/new"): ("/records/{restricted}/signatures/new", _as(400, _ASKERS)),
    ("POST", "/records/<uuid:record_id>/signatures"): ("/records/{restricted}/signatures", _as(400, _ASKERS)),
    ("GET", "/signatures/<uuid:signature_id>"): ("/signatures/{open}", {"else": 404}),
    ("POST", "/signatures/<uuid:signature_id>"): ("/signatures/{open}", {"else": 404}),
    ("GET", "/signatures/<uuid:signature_id>/pages/<int:page>"): ("/signatures/{open}/pages/1", {"else": 404}),
    ("POST", "/signatures/<uuid:signature_id>/decline"): ("/signatures/{open}/decline", {"else": 404}),
    ("POST", "/signature-requests/<uuid:request_id>/withdraw"): ("/signature-requests/{open}/withdraw", {"else": 404}),
    ("POST", "/signature-requests/<uuid:request_id>/supersede"): (
        "/signature-requests/{open}/supersede",
        {"else": 404},
    ),
    # Personal signatures are off here, so officials are told so.
    ("GET", "/signing-certificate"): ("/signing-certificate", _as(400, _OFFICIALS)),
    ("POST", "/signing-certificate/<act>"): ("/signing-certificate/revoke", _as(400, _OFFICIALS)),
    # For anybody with the page in hand; the same answer to everybody.
    ("GET", "/v/<token>"): ("/v/AAAAAAAAAAAAAAAA", {"nobody": 404, "else": 404}),
    ("POST", "/v/<token>"): ("/v/AAAAAAAAAAAAAAAA", {"nobody": 404, "else": 404}),
    # Asked by programs: what counts is the signature in the body, whoever sends it.
    ("POST", "/witness/add-checkpoint"): ("/witness/add-checkpoint", {"nobody": 400, "else": 400}),
    ("POST", "/sign-out"): ("/sign-out", {"else": 302}),
}
CASES = [(*route, person) for route in EXPECTED for person in EVERYBODY]
# What a clerk's token of one scope gets where it may be shown; everywhere else it is refused with 403.
_READ, _CAPTURE, _PEOPLE = frozenset({"read"}), frozenset({"capture"}), frozenset({"people"})
BY_TOKEN: dict[tuple[str, str], tuple[frozenset[str], int]] = {
    ("GET", "/search.json"): (frozenset({"search"}), 200),
    ("GET", "/records/<uuid:record_id>.json"): (_READ, 200),
    ("GET", "/records/<uuid:record_id>/pages/<int:page>"): (_READ, 200),
    ("GET", "/records/<uuid:record_id>/thumbnail"): (_READ, 200),
    ("GET", "/records/<uuid:record_id>/files/<role>"): (_READ, 200),
    ("GET", "/records/<uuid:record_id>/originals/<int:position>"): (_READ, 404),
    ("GET", "/records/<uuid:record_id>/attachments/<int:position>"): (_READ, 404),
    ("GET", "/records/<uuid:record_id>/signed/<int:position>"): (_READ, 404),
    ("GET", "/records/<uuid:record_id>/authenticated/<int:position>"): (_READ, 404),
    ("GET", "/records/<uuid:record_id>/evidence"): (_READ, 200),
    ("POST", "/capture/files"): (_CAPTURE, 415),
    ("GET", "/capture/progress"): (_CAPTURE, 200),
    ("GET", "/uploads/"): (_CAPTURE, 200),
    ("POST", "/uploads/"): (_CAPTURE, 412),
    ("GET", "/uploads/<uuid:upload_id>"): (_CAPTURE, 404),
    ("PATCH", "/uploads/<uuid:upload_id>"): (_CAPTURE, 412),
    ("DELETE", "/uploads/<uuid:upload_id>"): (_CAPTURE, 412),
    **{
        ("GET", f"/scim/v2/{rule}"): (_PEOPLE, 200)
        for rule in ("ServiceProviderConfig", "ResourceTypes", "Schemas", "Users", "Groups")
    },
    ("POST", "/scim/v2/Users"): (_PEOPLE, 400),
    ("GET", "/scim/v2/Users/<uuid:person_id>"): (_PEOPLE, 404),
    ("PUT", "/scim/v2/Users/<uuid:person_id>"): (_PEOPLE, 400),
    ("PATCH", "/scim/v2/Users/<uuid:person_id>"): (_PEOPLE, 400),
    ("DELETE", "/scim/v2/Users/<uuid:person_id>"): (_PEOPLE, 404),
    ("GET", "/scim/v2/Groups/<uuid:office_id>"): (_PEOPLE, 404),
}


def routes(city: City) -> set[tuple[str, str]]:
    return {
        (method, str(rule))
        for rule in city.site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_verdicts(city: City) -> None:
    assert routes(city) == set(EXPECTED)


@pytest.mark.parametrize(("method", "rule", "person"), CASES, ids=[" ".join(case) for case in CASES])
def test_verdict(city: City, method: str, rule: str, person: str) -> None:
    path, verdicts = EXPECTED[method, rule]
    visitor = city.site.visitor(person) if rule == "/sign-out" and person != "nobody" else city.visitors[person]
    path = path.format(**city.records)
    if rule == "/account/codes/give-up":
        visitor.post("/account/codes")  # so that there is something to give up, whichever row came before
    answer = visitor.get(path) if method == "GET" else visitor.post(path, method=method)
    if person == "nobody" and "nobody" not in verdicts:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in")
        return
    assert answer.status_code == verdicts.get(person, verdicts["else"])
    if answer.status_code == 302:
        assert person == "nobody" or rule == "/sign-out" or not answer.headers["Location"].startswith("/sign-in")


@pytest.fixture(scope="session")
def tokens(city: City) -> dict[str, str]:
    """A token of each scope of the clerk of the office; people are pushed by a program alone."""
    found = {scope.value: token_of(city.site, "clerk-dinkes", scope) for scope in PERSONAL_SCOPES}
    return {**found, "people": pushing_token(city.site.archive)}


@pytest.mark.parametrize("scope", list(TokenScope))
@pytest.mark.parametrize(("method", "rule"), EXPECTED, ids=[" ".join(route) for route in EXPECTED])
def test_verdict_on_a_token(city: City, tokens: dict[str, str], method: str, rule: str, scope: TokenScope) -> None:
    path = EXPECTED[method, rule][0].format(**city.records)
    opens, status = BY_TOKEN.get((method, rule), (frozenset[str](), 403))
    headers = {"Authorization": f"Bearer {tokens[scope.value]}"}
    answer = city.site.app.test_client().open(path, method=method, headers=headers)
    assert answer.status_code == (status if scope.value in opens else 403)
    if answer.status_code >= 400 and rule.startswith("/scim/") and scope.value in opens:
        assert answer.mimetype == "application/scim+json"
        assert answer.json is not None
        assert answer.json["status"] == str(status)
    elif answer.status_code >= 400:
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert (answer.json["status"], answer.json["type"]) == (answer.status_code, "about:blank")
    if answer.status_code == 403:
        assert answer.headers["WWW-Authenticate"].startswith('Bearer error="insufficient_scope"')
    assert "Set-Cookie" not in answer.headers


def test_every_route_for_tokens_is_one(city: City) -> None:
    """What is named at the guard is served, and what this file says is what is named there."""
    named = {
        (method, str(rule))
        for rule in city.site.app.url_map.iter_rules()
        if rule.endpoint in ROUTES
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert named == set(BY_TOKEN)
    assert set(ROUTES) <= set(city.site.app.view_functions)


def test_scripts_of_nobody_get_401_and_no_body(city: City) -> None:
    for _method, rule in sorted(routes(city)):
        path = EXPECTED[_method, rule][0].format(**city.records)
        if "nobody" in EXPECTED[_method, rule][1] or _method != "GET":
            continue
        answer = city.visitors["nobody"].get(path, headers={"Accept": "application/json"})
        assert (answer.status_code, set(answer.json or {})) == (401, {"error", "mend"}), path


@pytest.mark.parametrize("person", EVERYBODY)
def test_an_open_record_is_for_all_who_read(city: City, person: str) -> None:
    answer = city.visitors[person].get(f"/records/{city.records['open']}")
    assert answer.status_code == {"nobody": 302, "admin": 404, "guest": 404}.get(person, 200)


@pytest.mark.parametrize(
    ("method", "rule"), [key for key in EXPECTED if key[0] == "POST"], ids=lambda value: str(value)
)
@pytest.mark.parametrize("token", ["", "forged"], ids=["without", "forged"])
def test_no_post_without_the_token_of_the_session(city: City, method: str, rule: str, token: str) -> None:
    path = EXPECTED[method, rule][0].format(**city.records)
    for person in ("nobody", "clerk-dinkes"):
        visitor = city.visitors[person]
        answer = visitor.client.post(path, data={"csrf_token": token} if token else {})
        refused = 302 if person == "nobody" and "nobody" not in EXPECTED[method, rule][1] else 400
        if rule in ("/v/<token>", "/v/a/<token>", "/sign-in/provider/logout"):
            refused = 404  # knows no session, so there is no token to ask for
        if person == "nobody" and (rule == "/uploads/" or rule.startswith("/scim/")):
            refused = 401  # programs ask here: they are told, and not sent to a page
        assert answer.status_code == refused, person


def test_the_token_of_another_session_is_no_token(city: City) -> None:
    foreign = city.visitors["clerk-bappeda"].token()
    answer = city.visitors["clerk-dinkes"].client.post("/language", data={"csrf_token": foreign, "language": "en"})
    assert answer.status_code == 400


MALFORMED = ("1", "x", "018F", "../etc/passwd", "%2e%2e%2f", "0" * 36, "018f0000-0000-7000-8000-00000000000", "%00")


@pytest.mark.parametrize("wrong", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_ids_are_not_found(city: City, wrong: str) -> None:
    visitor = city.visitors["clerk-dinkes"]
    for tail in ("", "/pages/1", "/files/original", "/evidence"):
        assert visitor.get(f"/records/{wrong}{tail}").status_code == 404
    assert visitor.get(f"/capture/progress?records={wrong}").json == {"records": []}


def test_odd_arguments_are_told_and_break_nothing(city: City) -> None:
    visitor, record = city.visitors["clerk-dinkes"], city.records["open"]
    for path, status in {
        f"/records/{record}/pages/0": 404,
        f"/records/{record}/pages/999": 404,
        f"/records/{record}/pages/99999999999999999999": 404,
        f"/records/{record}/pages/1?width=17": 404,
        f"/records/{record}/pages/1?width=x": 200,
        f"/records/{record}/files/secret": 404,
        f"/records/{record}/files/..": 404,
        "/search?page=99999999999999999999": 200,
        "/search?page=-1&year=x&level=none&sort=zzz": 200,
        "/search?q=" + "a" * 501: 400,
        "/search?q=%00%ff%22%22((": 200,
        "/retention?as_of=yesterday": 400,
        "/retention?office=nowhere": 400,
        "/retention/lists/nothing": 404,
        "/retention/lists/transfer?office=nowhere": 400,
        "/retention/lists/transfer?as_of=x": 400,
        "/retention/lists/transfer?after=x": 400,
        "/retention/lists/transfer?year=999999999999999&by=x&class=%00": 200,
        "/retention/lists/transfer/exe": 404,
        "/retention/outlook?office=nowhere": 400,
        "/retention?page=99999999999999999999&outcome=x": 200,
        "/inbox?page=99999999999999999999": 200,
        "/quarantine?page=abc": 200,
        "/search?language=en": 200,
    }.items():
        assert visitor.get(path).status_code == status, path


def test_not_found_and_not_allowed_are_one_answer(city: City) -> None:
    visitor = city.visitors["clerk-bappeda"]
    hidden, unknown = city.records["restricted"], str(uuid4())
    for tail in ("", "/pages/1", "/files/original", "/evidence"):
        answers = [visitor.get(f"/records/{one}{tail}") for one in (hidden, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
        texts = [plain(answer).replace(one, "ID") for answer, one in zip(answers, (hidden, unknown), strict=True)]
        assert texts[0] == texts[1]
    for tail in ("/describe", "/retry", "/release", "/return"):
        answers = [visitor.post(f"/records/{one}{tail}", {"reason": "cukup alasan"}) for one in (hidden, unknown)]
        assert answers[0].status_code == 404
        assert plain(answers[0]) == plain(answers[1])


def test_the_wrong_method_names_the_right_one(city: City) -> None:
    answer = city.visitors["clerk-dinkes"].get("/sign-out")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
