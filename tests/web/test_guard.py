"""By which name, from whose page and how often one may ask; and what nobody can put into paths, names and the log."""

import ast
import io
import logging
import re
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from web_site import City, OpenSite, Site, Visitor

from edms.core.logs import OneLine, escaped
from edms.web.cookies import SESSION as COOKIE
from edms.web.guard import _FROM_ANYWHERE
from edms.web.streams import readable_bodies

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://arsip.example"


def changing(city: City) -> list[tuple[str, str, str]]:
    """Method, endpoint and an address of every route that may change something."""
    values = {"uuid": "018f0000-0000-7000-8000-000000000000", "int": "1", "path": "x", "default": "x"}
    found = []
    for rule in city.site.app.url_map.iter_rules():
        named = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<(?:(\w+)(?:\([^>]*\))?:)?\w+>", lambda got: values[got.group(1) or "default"], named)
        found += [(method, rule.endpoint, path) for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}]
    return sorted(found)


FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "null"},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=[str(number) for number in range(len(FOREIGN))])
def test_nothing_changes_for_a_page_elsewhere(city: City, headers: dict[str, str]) -> None:
    """Also with the right token, which a page elsewhere cannot have: the one guard does not lean on the other."""
    visitor = city.visitors["clerk-dinkes"]
    token = visitor.token()
    asked = 0
    for method, endpoint, path in changing(city):
        answer = visitor.client.open(
            path, method=method, data={"csrf_token": token}, headers={"X-CSRFToken": token, **headers}
        )
        if endpoint in _FROM_ANYWHERE:
            continue
        asked += 1
        assert answer.status_code == 400, (method, path)
        assert "kedaluwarsa" in answer.text or "expired" in answer.text, (method, path)
    assert asked > 30


def test_nothing_changes_without_a_token_whatever_the_method(city: City) -> None:
    visitor = city.visitors["clerk-dinkes"]
    for method, endpoint, path in changing(city):
        if endpoint not in _FROM_ANYWHERE:
            answer = visitor.client.open(path, method=method, headers={"Origin": "http://localhost"})
            assert answer.status_code == 400, (method, path)


def test_our_own_pages_are_heard(city: City) -> None:
    visitor = city.visitors["clerk-dinkes"]
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}):
        assert visitor.post("/language", {"language": "id"}, headers=headers).status_code == 302


@pytest.fixture
def public(open_site: OpenSite, tmp_path: Path) -> Site:
    """A site with an address of its own, behind one reverse proxy."""
    return open_site(tmp_path, server={"public_url": ADDRESS, "proxies": 1, "sign_ins_per_minute": 5})


def test_no_other_host_is_served(public: Site) -> None:
    client = public.app.test_client()
    for host in ("evil.example", "arsip.example.evil.example", "evil.example:443", "arsip.example@evil.example", ""):
        for path in ("/sign-in", "/nope", "/healthz"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == 421, (host, path)
            assert "evil" not in answer.text
    for host in ("arsip.example", "ARSIP.example:443", "127.0.0.1:8080", "[::1]", "localhost"):
        assert client.get("/sign-in", headers={"Host": host}).status_code == 200, host


def test_no_answer_repeats_the_host(city: City) -> None:
    """Where no address is set, any name is served: nothing that is said may then depend on it."""
    for person in ("nobody", "clerk-dinkes"):
        for path in ("/", "/sign-in?next=/search", "/search?q=laporan", "/records/{open}", "/nope", "/capture"):
            answer = city.visitors[person].client.get(
                path.format(**city.records), headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
            )
            assert "evil.example" not in answer.text + str(answer.headers), path


def over_tls(site: Site, **base: object) -> Visitor:
    return site.visitor(base_url=ADDRESS, headers={"Referer": f"{ADDRESS}/sign-in"}, **base)


def test_cookies_with_tls_are_this_hosts_alone(public: Site) -> None:
    visitor = over_tls(public)
    answers = [visitor.sign_in("clerk-dinkes"), visitor.post("/language", {"language": "en"}), visitor.get("/")]
    told = [one for answer in answers for one in answer.headers.getlist("Set-Cookie")]
    names = {f"__Host-{one}" for one in (COOKIE, "edms_form", "edms_language", "edms_device")}
    assert {one.partition("=")[0] for one in told} == names
    for one in told:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in one.split(";")}, one
        assert "Domain" not in one
        assert len(one.partition(";")[0]) <= 4096
    planted = over_tls(public)
    planted.client.set_cookie(COOKIE, visitor.client.get_cookie(f"__Host-{COOKIE}", "arsip.example").value)  # type: ignore[union-attr]
    assert planted.get("/").status_code == 302, "a cookie without the prefix, as another host could set it"
    assert visitor.get("/").status_code == 200
    planted.client.set_cookie("edms_language", "en")
    assert '<html lang="id">' in planted.get("/sign-in").text, "nor does it choose the language"
    gone = visitor.post("/sign-out").headers.getlist("Set-Cookie")
    assert any(one.startswith(f"__Host-{COOKIE}=;") and "Secure" in one for one in gone)
    policy = visitor.get("/sign-in").headers["Strict-Transport-Security"]
    assert policy == "max-age=31536000; includeSubDomains"


@pytest.mark.usefixtures("within_a_moment")
def test_how_often_one_address_may_sign_in(public: Site) -> None:
    """Under ever other names too: each costs a hash. Who asks is told by the proxy's word, not by the client's."""

    def tries(forwarded: str, times: int) -> list[int]:
        headers = {"Referer": f"{ADDRESS}/sign-in", "X-Forwarded-For": forwarded}
        visitor = public.visitor(base_url=ADDRESS, headers=headers)
        return [visitor.sign_in(f"nobody-{number}", "salah salah").status_code for number in range(times)]

    assert tries("203.0.113.1", 6) == [401] * 5 + [429]
    assert tries("198.51.100.9, 203.0.113.1", 1) == [429], "what the client wrote before counts for nothing"
    assert tries("203.0.113.2", 1) == [401], "nobody is held up by somebody else"


@pytest.mark.usefixtures("within_a_moment")
def test_a_client_without_a_proxy_cannot_choose_its_address(open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site(tmp_path, server={"sign_ins_per_minute": 3})
    got = [
        site.visitor(headers={"X-Forwarded-For": f"203.0.113.{number}"}).sign_in("nobody", "salah").status_code
        for number in range(4)
    ]
    assert got == [401, 401, 401, 429]


@pytest.mark.usefixtures("within_a_moment")
def test_a_witness_is_not_asked_without_end(open_site: OpenSite, tmp_path: Path) -> None:
    client = open_site(tmp_path, server={"public_lookups_per_minute": 2}).app.test_client()
    assert [client.post("/witness/add-checkpoint", data=b"x").status_code for _ in range(3)] == [400, 400, 429]


def test_no_method_but_those_that_are_meant(city: City) -> None:
    for method in ("TRACE", "PUT", "CONNECT", "PROPFIND", "SPAM"):
        for path in ("/", "/sign-in", "/healthz", f"/records/{city.records['open']}"):
            answer = city.visitors["clerk-dinkes"].client.open(path, method=method)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["Allow"]


@pytest.mark.usefixtures("within_a_moment")
def test_attempts_are_in_the_log(public: Site, caplog: pytest.LogCaptureFixture) -> None:
    visitor = over_tls(public)
    token = visitor.token()
    visitor.client.get("/sign-in", headers={"Host": "evil.example"})
    visitor.client.post(
        "/language", base_url=ADDRESS, data={"csrf_token": token}, headers={"Origin": "https://evil.example"}
    )
    for _ in range(6):
        visitor.sign_in("nobody", "salah salah salah")
    told = [record.getMessage() for record in caplog.records if record.name == "edms.web"]
    assert told == [
        "asked by the name evil.example",
        "POST /language from a page elsewhere (https://evil.example)",
        "too many requests (sign-in) from 127.0.0.1",
    ]


LINES = "/records/x\n2026-01-05T08:00:00.000Z ERROR edms: forged\r\x1b[2J\u2028\u202e"


def test_nobody_writes_entries_into_the_log() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    record = logging.LogRecord("edms.web", logging.ERROR, "x", 1, "%s %s", ("GET", LINES), None)
    handler.handle(record)
    try:
        raise ValueError(LINES)
    except ValueError as error:
        record = logging.LogRecord("edms.web", logging.ERROR, "x", 1, "bad", (), (ValueError, error, None))
    handler.handle(record)
    entries = [line for line in stream.getvalue().splitlines() if not line.startswith("  | ")]
    assert len(entries) == 2
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR edms\.web: ", line) for line in entries)
    assert stream.getvalue().replace("\n", "").isprintable()
    assert escaped("é arsip 文\udcff") == "é arsip 文\\udcff"


def test_the_pages_open_no_file_that_somebody_outside_names() -> None:
    """All content goes through the vault. What opens files here is listed; a new place is looked at by a person."""
    opens = re.compile(r"(^|\.)(open|Path|send_file|send_from_directory|read_bytes|read_text|write_bytes|write_text)$")
    found = set()
    for path in sorted((ROOT / "edms" / "web").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and opens.search(ast.unparse(node.func)):
                found.add(f"{path.relative_to(ROOT / 'edms' / 'web').as_posix()}: {ast.unparse(node)}")
    assert found == {
        "language.py: Path(__file__)",
        "language.py: source.open('rb')",  # <language>.po, of the languages that there are
        "server.py: Path('/dev/shm')",
        "views/rules.py: package.open(entry)",  # a zip that was handed in, in memory
    }


NAMES = (
    'a"; filename="evil.exe',
    "a\r\nSet-Cookie: x=1",
    "../../etc/passwd",
    "surat é文.pdf",
    "a;b=c.pdf",
    "\u202efdp.exe",
)


@pytest.mark.parametrize("name", NAMES, ids=[str(number) for number in range(len(NAMES))])
def test_a_name_stays_a_name(site: Site, name: str) -> None:
    from edms.web.views.files import attachment_of

    with site.app.test_request_context("/"):
        response = attachment_of(io.BytesIO(b"x"), name, "application/octet-stream")
        told = response.headers["Content-Disposition"]
    assert told.isascii()
    assert told.isprintable()
    plain, full = re.fullmatch(r'attachment; filename="([A-Za-z0-9._ -]*)"; filename\*=UTF-8\'\'(\S*)', told).groups()  # type: ignore[union-attr]
    assert "/" not in plain
    assert not re.search(r"[^A-Za-z0-9._~%-]", full)


BROKEN = (b"0x5\r\nAAAAA\r\n0\r\n\r\n", b"zz\r\n", b"5\r\nAAAAAXX", b"-1\r\n", b"5\r\nAA")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
@pytest.mark.parametrize("body", BROKEN, ids=[str(number) for number in range(len(BROKEN))])
def test_a_body_that_cannot_be_read_is_the_senders_fault(
    site: Site, body: bytes, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Found by the attack run: it was answered as a defect of ours, and wrote forty lines into the log each time."""
    head = f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    read = next(RequestParser(Config(), iter([head.encode() + body]), ("127.0.0.1", 1)))
    site.app.wsgi_app = readable_bodies(site.app.wsgi_app)  # type: ignore[method-assign]
    answer = site.app.test_client().post(
        "/sign-in",
        content_type=kind,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": read.body, "wsgi.input_terminated": True},
    )
    assert answer.status_code == 400
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
