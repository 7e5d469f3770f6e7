"""API tokens at the door: what they open and what not, who notices, and when they end (RFC 6750, RFC 9457)."""

import json
import logging
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from archive_fixtures import pdf, settle, take_in
from sqlalchemy import select, text
from token_people import Program, made_for, token_of, token_row
from web_site import Site

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.model import Person, SignInFailure
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.access.token_scopes import TokenScope
from edms.audit.model import AuditLeaf
from edms.capture.incoming import Placement
from edms.capture.uploads import Announced, begin_upload
from edms.core.errors import NotFound
from edms.operation.door import NotPermitted
from edms.operation.proof import ProofNeeded, require_recent_proof
from edms.operation.tokens import bearer_of, is_well_formed, new_secret
from edms.records.account_sessions import end_other_sessions
from edms.records.people import console_person, deactivate_person, office_by_code
from edms.records.positions import change_person, move_person, retire_person
from edms.records.tokens import revoke_own_token, revoke_token

CONSOLE = console_actor("tests")
READ, CAPTURE, SEARCH = TokenScope.READ, TokenScope.CAPTURE, TokenScope.SEARCH


def refused(answer: Any, status: int, error: str) -> None:
    """Assert the refusal of a token, in the form of both standards."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert answer.headers["WWW-Authenticate"].startswith(f'Bearer error="{error}"')
    assert set(answer.json) == {"type", "title", "status", "detail", "mend"}


def leaves(site: Site) -> list[dict[str, Any]]:
    site.archive.door.integrate()
    with site.archive.database.reader() as session:
        return [json.loads(body) for body in session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index))]


@pytest.fixture
def record(site: Site) -> str:
    return str(take_in(site.archive, pdf("Laporan imunisasi campak"), level=Level.RESTRICTED).record_id)


def test_what_is_wrong_with_a_token_is_never_said(site: Site, record: str) -> None:
    made = {name: made_for(site.archive, "clerk-dinkes", READ) for name in ("revoked", "over")}
    clerk = console_person(site.archive, "clerk-dinkes", "tests")
    revoke_own_token(clerk, site.archive, made["revoked"].id)
    site.clock.set(site.clock.now() + timedelta(days=30))
    secrets = [made["revoked"].secret.reveal(), made["over"].secret.reveal(), new_secret(), "edms_x", "", "äöü" * 30]
    answers = [Program(site, secret).get(f"/records/{record}.json") for secret in secrets]
    for answer in answers:
        refused(answer, 401, "invalid_token")
    assert len({answer.data for answer in answers}) == 1
    assert [leaf["subject"]["id"] for leaf in leaves(site) if leaf["action"] == "token.refused"] == [
        str(made["revoked"].id), str(made["over"].id), "",
    ]  # fmt: skip


def test_a_token_never_says_what_it_is(site: Site, record: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a log, nor in the trail, nor in the database, nor in an address."""
    caplog.set_level(logging.DEBUG)
    secret = token_of(site, "clerk-dinkes", READ)
    assert Program(site, secret).get(f"/records/{record}.json").status_code == 200
    for query in (f"access_token={secret}", f"token={secret}", "access_token=x", f"q={secret}"):
        for client in (Program(site, secret), Program(site, "x")):
            refused(client.get(f"/records/{record}.json?{query}"), 400, "invalid_request")
    refused(site.visitor("clerk-dinkes").get(f"/search?q={secret}"), 400, "invalid_request")
    assert secret not in caplog.text
    assert secret not in json.dumps(leaves(site))
    with site.archive.database.reader() as session:
        rows = session.execute(text("SELECT * FROM api_tokens")).all()
    assert secret.removeprefix("edms_")[:43] not in repr(rows)


def test_a_token_and_a_session_are_not_mixed(site: Site, record: str) -> None:
    visitor = site.visitor("clerk-dinkes")
    headers = {"Authorization": f"Bearer {token_of(site, 'clerk-dinkes')}"}
    refused(visitor.get(f"/records/{record}.json", headers=headers), 400, "invalid_request")
    assert visitor.get(f"/records/{record}.json").status_code == 200


def test_every_act_names_the_token(site: Site, record: str) -> None:
    made = made_for(site.archive, "clerk-dinkes")
    program = Program(site, made.secret.reveal())
    assert program.get(f"/records/{record}/files/original?warned=1").status_code == 200
    assert program.get("/search.json?q=imunisasi").status_code == 200
    sent = program.send(pdf("Surat dari mesin"))
    assert sent.status_code == 202
    told = [leaf for leaf in leaves(site) if leaf["details"].get("token") == str(made.id)]
    assert {leaf["actor"]["name"] for leaf in told} == {f"clerk-dinkes via token {made.name}"}
    assert {"record:download", "record:search", "record:capture"} <= {leaf["action"] for leaf in told}


def test_a_copy_bears_the_person_and_the_token(site: Site, record: str) -> None:
    made = made_for(site.archive, "clerk-dinkes", READ)
    assert site.visitor("clerk-dinkes").get(f"/records/{record}/pages/1").status_code == 200
    assert Program(site, made.secret.reveal()).get(f"/records/{record}/pages/1").status_code == 200
    with site.archive.database.reader() as session:
        copies = session.execute(text("SELECT number, person FROM issued_copies ORDER BY number")).all()
    assert [tuple(one) for one in copies] == [(1, "clerk-dinkes"), (2, f"clerk-dinkes via token {made.name}")]


def _loses(site: Site, what: str) -> None:
    archive = site.archive
    {
        "role": lambda: change_person(CONSOLE, archive, "clerk-dinkes", (Role.GUEST,), None),
        "clearance": lambda: change_person(CONSOLE, archive, "clerk-dinkes", None, Level.OPEN),
        "office": lambda: move_person(CONSOLE, archive, "clerk-dinkes", "bappeda", Rank.STAFF, site.clock.today()),
        "account": lambda: deactivate_person(CONSOLE, archive, "clerk-dinkes"),
        "last day": lambda: retire_person(CONSOLE, archive, "clerk-dinkes", site.clock.today() - timedelta(days=1)),
    }[what]()


@pytest.mark.parametrize("what", ["role", "clearance", "office", "account", "last day"])
def test_what_the_person_loses_the_token_loses_at_once(site: Site, record: str, what: str) -> None:
    program = Program(site, token_of(site, "clerk-dinkes"))
    assert program.get(f"/records/{record}.json").status_code == 200
    assert program.get("/search.json?q=imunisasi").json["total"] == 1  # type: ignore[index]
    _loses(site, what)
    assert program.get(f"/records/{record}.json").status_code == (401 if what in ("account", "last day") else 404)
    found = program.get("/search.json?q=imunisasi")
    assert found.status_code == 401 or found.json["total"] == 0  # type: ignore[index]


def test_a_token_of_one_office_reaches_no_other(site: Site) -> None:
    """Of a records officer, who sees the whole archive and captures for every office."""
    here = take_in(site.archive, pdf("Imunisasi di sini")).record_id
    there = take_in(site.archive, pdf("Imunisasi di sana"), by="clerk-bappeda").record_id
    program = Program(site, token_of(site, "records", office="dinkes"))
    assert program.get(f"/records/{here}.json").status_code == 200
    for tail in (".json", "/pages/1", "/thumbnail", "/files/original", "/evidence"):
        assert program.get(f"/records/{there}{tail}").status_code == 404
    found = program.get("/search.json?q=imunisasi&facets=1").json
    assert found is not None
    assert (found["total"], [hit["record"] for hit in found["hits"]]) == (1, [str(here)])
    assert found["facets"]["office"] == {"dinkes": 1}
    assert program.send(pdf("Surat"), "/capture/files?office=bappeda").status_code == 404
    assert program.send(pdf("Surat"), "/capture/files?office=dinkes").status_code == 202
    assert program.send(pdf("Surat lain")).status_code == 202  # without a word: the office of the token
    again = program.send(_content(site, there), "/capture/files?office=dinkes")
    assert (again.status_code, again.json["record"] == str(there)) == (202, False)  # type: ignore[index]
    whole = Program(site, token_of(site, "records"))
    assert whole.get(f"/records/{there}.json").status_code == 200


def _content(site: Site, record: Any) -> bytes:
    return site.visitor("records").get(f"/records/{record}/files/original?warned=1").data


def test_a_token_that_captures_reads_nothing(site: Site, record: str) -> None:
    program = Program(site, token_of(site, "clerk-dinkes", CAPTURE))
    for path in (f"/records/{record}.json", f"/records/{record}/files/original", "/search.json?q=imunisasi"):
        refused(program.get(path), 403, "insufficient_scope")
    assert program.get(f"/records/{record}.json").headers["WWW-Authenticate"].endswith('scope="read"')
    sent = program.send(pdf("Surat dari mesin")).json
    assert sent is not None
    settle(site.archive)
    other = str(take_in(site.archive, pdf("Oleh orang lain"), by="records", office="dinkes").record_id)
    told = program.get(f"/capture/progress?records={sent['record']},{other}").json
    assert [one["record"] for one in told["records"]] == [sent["record"]]  # type: ignore[index]
    actor = bearer_of(
        site.archive.door, site.archive.settings.access, token_of(site, "clerk-dinkes", CAPTURE), ""
    ).actor  # fmt: skip
    with pytest.raises(NotPermitted):
        site.archive.door.permit(actor, Action.RECORD_SEARCH)


def test_uploads_of_other_offices_are_not_listed(site: Site) -> None:
    archive = site.archive
    officer = console_person(archive, "records", "tests")
    begun = {
        code: begin_upload(officer, archive, Announced(f"{code}.pdf", 9, Placement(office_by_code(archive, code), None,
                                                       Level.OPEN), token="sama"[:3] + code[0]))
        for code in ("dinkes", "bappeda")
    }  # fmt: skip
    program = Program(site, token_of(site, "records", CAPTURE, office="dinkes"))
    assert [one["name"] for one in program.get("/uploads/").json["uploads"]] == ["dinkes.pdf"]  # type: ignore[index]
    assert program.get(f"/uploads/{begun['bappeda'].upload_id}").status_code == 404
    headers = {**program.headers, "Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": "token c2FtYg=="}
    answer = program.client.post("/uploads/", headers=headers)
    assert answer.status_code == 201  # "samb": its own name for it, not that of its person's upload elsewhere
    assert str(begun["bappeda"].upload_id) not in answer.headers["Location"]


def test_a_token_proves_nothing_and_manages_nothing(site: Site) -> None:
    secret = token_of(site, "clerk-dinkes")
    actor = bearer_of(site.archive.door, site.archive.settings.access, secret, "").actor
    with pytest.raises(ProofNeeded):
        require_recent_proof(site.archive.door, site.archive.settings.access, secret)
    for act in (
        lambda: end_other_sessions(actor, site.archive, ""),
        lambda: deactivate_person(actor, site.archive, "x"),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_guessing_from_elsewhere_holds_nobody_up(site: Site, record: str) -> None:
    """Over the count wrong ones are refused all the same, leave nothing, and the right one gets in from there too."""
    secret = token_of(site, "clerk-dinkes", READ)
    most = site.archive.settings.access.sign_in_attempts_address
    guesser = Program(site, new_secret(), "192.0.2.7")
    for _ in range(most + 5):
        refused(guesser.get(f"/records/{record}.json"), 401, "invalid_token")
    with site.archive.database.reader() as session:
        assert len(session.scalars(select(SignInFailure.id)).all()) == most
    assert sum(leaf["action"] == "token.refused" for leaf in leaves(site)) == most
    for address in ("192.0.2.7", "127.0.0.1"):
        assert Program(site, secret, address).get(f"/records/{record}.json").status_code == 200
    assert site.visitor("clerk-dinkes", environ_base={"REMOTE_ADDR": "192.0.2.7"}).get("/").status_code == 200


def test_a_typing_error_costs_no_question(site: Site) -> None:
    secret = new_secret()
    assert is_well_formed(secret)
    for place in range(5, len(secret)):
        wrong = secret[:place] + ("a" if secret[place] != "a" else "b") + secret[place + 1 :]
        assert not is_well_formed(wrong)
    refused(Program(site, secret[:-1]).get("/search.json"), 401, "invalid_token")
    assert not [leaf for leaf in leaves(site) if leaf["action"] == "token.refused"]


ALTERED = {
    "given to another": "person_id = (SELECT id FROM people WHERE username = 'records')",
    "longer": "expires_at = '2036-01-01 00:00:00+00:00'",
    "for more": "scopes = 'read,capture,search'",
    "for all offices": "office_id = NULL",
    "called otherwise": "name = 'x'",
    "no more revoked": "revoked_at = NULL, revoked_by = NULL",
}


@pytest.mark.parametrize("change", ALTERED)
def test_a_row_that_was_changed_around_the_system_lets_nobody_in(site: Site, record: str, change: str) -> None:
    made = made_for(site.archive, "clerk-dinkes", READ, office="dinkes")
    if change == "no more revoked":
        revoke_token(CONSOLE, site.archive, made.id)
    else:
        assert Program(site, made.secret.reveal()).get(f"/records/{record}.json").status_code == 200
    _alter(site, f"UPDATE api_tokens SET {ALTERED[change]}")
    refused(Program(site, made.secret.reveal()).get(f"/records/{record}.json"), 401, "invalid_token")


def test_a_digest_copied_to_another_person_lets_nobody_in(site: Site, record: str) -> None:
    made = made_for(site.archive, "official-bappeda", READ)
    _alter(
        site,
        "UPDATE api_tokens SET digest = zeroblob(32)",
        "INSERT INTO api_tokens SELECT '00000000000070008000000000000001', (SELECT id FROM people WHERE username ="
        f" 'records'), name, x'{token_row(site.archive, made).digest.hex()}', proof, scopes, office_id, created_by,"
        " created_at, expires_at, NULL, NULL, NULL FROM api_tokens",
    )
    refused(Program(site, made.secret.reveal()).get(f"/records/{record}.json"), 401, "invalid_token")


def _alter(site: Site, *statements: str) -> None:
    connection = site.archive.database.engine.raw_connection()
    for statement in statements:
        connection.cursor().execute(statement)
    connection.commit()
    connection.close()


def test_clocks_years_ahead_and_back(site: Site, record: str) -> None:
    """A token made while the clock was ahead does not count before its time; one of before does not outlive it."""
    now = site.clock.now()
    before = Program(site, token_of(site, "clerk-dinkes", READ))
    site.clock.set(now + timedelta(days=365 * 5))
    refused(before.get(f"/records/{record}.json"), 401, "invalid_token")
    ahead = Program(site, token_of(site, "clerk-dinkes", READ))
    assert ahead.get(f"/records/{record}.json").status_code == 200
    site.clock.set(now)
    assert before.get(f"/records/{record}.json").status_code == 200
    refused(ahead.get(f"/records/{record}.json"), 401, "invalid_token")


def test_a_limit_that_was_lowered_holds_for_older_tokens(open_site: Any, tmp_path: Any) -> None:
    site = open_site(tmp_path)
    program = Program(site, token_of(site, "clerk-dinkes", SEARCH))
    site.clock.set(site.clock.now() + timedelta(days=8))
    assert program.get("/search.json").status_code == 200
    access = site.archive.settings.access
    secret = program.headers["Authorization"].removeprefix("Bearer ")
    assert bearer_of(site.archive.door, access, secret, "")
    with pytest.raises(Exception, match="does not count"):
        bearer_of(site.archive.door, access.model_copy(update={"token_days_most": 7}), secret, "")


def test_revoking_holds_from_the_moment_it_is_answered(site: Site, record: str) -> None:
    """Programs go on asking while it happens: what began before may be answered, nothing that begins after."""
    made = made_for(site.archive, "clerk-dinkes", READ)
    revoked, late, asked = threading.Event(), [], threading.Barrier(3)

    def ask() -> None:
        program = Program(site, made.secret.reveal())
        asked.wait()
        for _ in range(60):
            over = revoked.is_set()
            status = program.get(f"/records/{record}.json").status_code
            if over:
                late.append(status)
                return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    asked.wait()
    revoke_own_token(console_person(site.archive, "clerk-dinkes", "tests"), site.archive, made.id)
    revoked.set()
    for thread in threads:
        thread.join(120)
    assert late == [401, 401]


def test_using_a_token_tells_when(site: Site, record: str) -> None:
    made = made_for(site.archive, "clerk-dinkes", READ)
    assert token_row(site.archive, made).last_used_at is None
    program = Program(site, made.secret.reveal())
    count = len(leaves(site))
    program.get("/uploads/")  # 403, and used all the same
    assert token_row(site.archive, made).last_used_at == site.clock.now()
    assert len(leaves(site)) == count  # no event of its own: what was done is one


def test_no_sign_in_for_a_service_account(site: Site) -> None:
    with site.archive.door.write(CONSOLE, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        row = operation.session.scalars(select(Person).where(Person.username == "clerk-dinkes")).one()
        holder = operation.session.scalars(select(Person).where(Person.username == "head-dinkes")).one()
        row.held_by = holder.id
    assert site.visitor().sign_in("clerk-dinkes").status_code == 401


def test_a_session_of_somebody_who_became_a_program_ends(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    test_no_sign_in_for_a_service_account(site)
    assert visitor.get("/").status_code == 302


def test_the_pages(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    form = visitor.get("/account/tokens/new").text
    assert 'name="scope"' in form
    made = visitor.post("/account/tokens", {"name": "pemindai", "scope": ["read"], "office": "dinkes", "days": "30"})
    assert made.status_code == 200
    secret = re.search(r'id="made-token"[^>]*>([^<]+)</textarea>', made.text)[1]  # type: ignore[index]
    assert is_well_formed(secret)
    assert Program(site, secret).get("/records/x.json").status_code == 404
    page = visitor.get("/account/tokens").text
    assert "pemindai" in page
    assert secret not in page
    token_id = page.split("/revoke")[0].split("/account/tokens/")[-1]
    other = site.visitor("official-dinkes")
    assert other.post(f"/account/tokens/{token_id}/revoke").status_code == 404
    assert other.post(f"/account/tokens/{token_id}/revoke", {"service": "1"}).status_code == 404
    assert visitor.post(f"/account/tokens/{token_id}/revoke").status_code == 302
    refused(Program(site, secret).get("/records/x.json"), 401, "invalid_token")


def test_making_one_asks_who_it_is(site: Site) -> None:
    visitor = site.visitor("clerk-dinkes")
    site.clock.set(site.clock.now() + timedelta(minutes=11))
    assert visitor.get("/account/tokens/new").headers["Location"].startswith("/prove")
    told = {"name": "x", "scope": ["read"], "days": "30"}
    assert visitor.post("/account/tokens", told).headers["Location"].startswith("/prove")
    assert "x</strong>" not in visitor.get("/account/tokens").text


def test_nobody_revokes_what_is_not_theirs(site: Site) -> None:
    made = made_for(site.archive, "clerk-dinkes")
    with pytest.raises(NotFound):
        revoke_own_token(console_person(site.archive, "records", "tests"), site.archive, made.id)
