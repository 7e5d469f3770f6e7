"""The tus protocol as its specification words it, spoken by hand: what is kept, what is refused, who sees what."""

import base64
import hashlib
import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from archive_fixtures import pdf, settle
from sqlalchemy import func, select
from web_site import OpenSite, Site, Visitor
from werkzeug.test import TestResponse

from edms.capture.model import Upload
from edms.capture.upload_upkeep import look_after_uploads
from edms.records.model import Component, Record
from edms.vault.staging import MOST_PARTS

LETTER = pdf("Surat edaran tentang tata naskah dinas elektronik dan tanda tangan elektronik")
LONG = bytes(range(256)) * 100_000  # 25,600,000 bytes: more than one part, and more than is taken at once
PIECE = "application/offset+octet-stream"


class Client:
    """Speaks tus as one person."""

    def __init__(self, site: Site, name: str = "clerk-dinkes") -> None:
        self.visitor: Visitor = site.visitor(name)
        self.csrf = self.visitor.token()

    def ask(self, method: str, path: str, data: Any = b"", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"Tus-Resumable": "1.0.0", "X-CSRFToken": self.csrf, **named}
        if data != b"" or method == "PATCH":
            told.setdefault("Content-Type", PIECE)
        return self.visitor.client.open(path, method=method, data=data, headers=told)

    def begin(self, length: int | str, data: Any = b"", name: str = "surat.pdf", **headers: str) -> TestResponse:
        told = headers.pop("metadata", None)
        header = told if told is not None else meta(filename=name, **{"class": "000.1.5", "level": "open"})
        return self.ask("POST", "/uploads/", data, Upload_Length=str(length), Upload_Metadata=header, **headers)

    def add(self, place: str, offset: int | str, data: Any, **headers: str) -> TestResponse:
        return self.ask("PATCH", place, data, Upload_Offset=str(offset), **headers)

    def offset(self, place: str) -> int:
        answer = self.ask("HEAD", place)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["Upload-Offset"])


def meta(**told: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


def digest(content: bytes, name: str = "sha256") -> str:
    return f"{name} {base64.b64encode(hashlib.new(name, content).digest()).decode()}"


def records(site: Site) -> int:
    with site.archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(Record)) or 0


def staged(site: Site) -> list[Path]:
    return [path for path in (site.archive.settings.storage.path / "uploads").rglob("*") if path.is_file()]


def stored(site: Site, record: str) -> bytes:
    with site.archive.database.reader() as session:
        part = session.scalars(
            select(Component).where(Component.record_id == UUID(record), Component.role == "original")
        ).one()
        blob = part.blob.sealed()
    with site.archive.vault.open(blob) as stream:
        return stream.read()


@pytest.fixture
def client(site: Site) -> Client:
    return Client(site)


def test_the_limits_are_told_first(client: Client) -> None:
    answer = client.ask("OPTIONS", "/uploads/")
    assert answer.status_code == 204
    assert answer.headers["Tus-Max-Size"] == str(2**31)
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "checksum", "expiration", "termination",
    }  # fmt: skip


def test_piece_by_piece_into_one_record(site: Site, client: Client) -> None:
    begun = client.begin(len(LONG))
    assert begun.status_code == 201
    place = begun.headers["Location"]
    assert client.offset(place) == 0
    middle = 17_000_001
    first = client.add(place, 0, LONG[:middle], Upload_Checksum=digest(LONG[:middle]))
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(middle))
    assert "Edms-Record" not in first.headers
    assert all(LONG[:64] not in path.read_bytes() for path in staged(site)), "plaintext on the disk"
    last = client.add(place, middle, LONG[middle:], Edms_Sha256=hashlib.sha256(LONG).hexdigest())
    assert last.status_code == 204
    assert last.headers["Edms-Outcome"] == "captured"
    assert last.headers["Edms-Sha256"] == hashlib.sha256(LONG).hexdigest()
    assert stored(site, last.headers["Edms-Record"]) == LONG
    assert staged(site) == []
    # The answer was lost and the client asks again, in both ways there are.
    again = client.ask("HEAD", place)
    assert again.headers["Upload-Offset"] == again.headers["Upload-Length"] == str(len(LONG))
    assert again.headers["Edms-Record"] == last.headers["Edms-Record"]
    assert client.add(place, middle, LONG[middle:]).status_code == 409
    assert records(site) == 1


def test_a_small_file_comes_in_one_request_and_is_never_staged(site: Site, client: Client) -> None:
    told = meta(filename="surat.pdf", relativePath="Map 1/../Surat/surat.pdf", token="abc")
    answer = client.begin(len(LETTER), LETTER, metadata=told, Upload_Checksum=digest(LETTER, "sha1"))
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == str(len(LETTER))
    again = client.begin(len(LETTER), LETTER, metadata=told)
    assert again.headers["Edms-Record"] == answer.headers["Edms-Record"]
    assert again.headers["Edms-Outcome"] == "captured", "the same request repeated is not a second file"
    other = client.begin(len(LETTER), LETTER)
    assert other.headers["Edms-Outcome"] == "duplicate"
    assert (records(site), staged(site)) == (1, [])
    settle(site.archive)
    with site.archive.database.reader() as session:
        part = session.scalars(select(Component).where(Component.role == "original")).one()
        assert part.facts["given_path"] == "Map 1/Surat/surat.pdf"
        assert part.facts["format"]


def test_an_empty_file_is_finished_when_it_is_begun(site: Site, client: Client) -> None:
    assert client.begin(0).headers["Edms-Outcome"] == "captured"
    assert records(site) == 1


class Breaks(io.BytesIO):
    """A body whose connection breaks off after some bytes."""

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if not piece:
            raise ConnectionResetError("broken")
        return piece


def _patch_broken(client: Client, place: str, content: bytes, claimed: int, **headers: str) -> TestResponse:
    told = {
        "Tus-Resumable": "1.0.0",
        "X-CSRFToken": client.csrf,
        "Upload-Offset": "0",
        "Content-Type": PIECE,
        **headers,
    }
    return client.visitor.client.open(
        place, method="PATCH", headers=told, input_stream=Breaks(content), content_length=claimed
    )


def test_what_came_before_a_break_is_kept_unless_it_cannot_be_checked(client: Client) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    _patch_broken(client, place, LONG[:1_000_000], len(LONG), **{"Upload-Checksum": digest(LONG)})
    assert client.offset(place) == 0
    _patch_broken(client, place, LONG[:1_000_000], len(LONG))
    assert client.offset(place) == 1_000_000
    done = client.add(place, 1_000_000, LONG[1_000_000:])
    assert done.headers["Edms-Sha256"] == hashlib.sha256(LONG).hexdigest()


def test_checksums(site: Site, client: Client) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    assert client.add(place, 0, LONG[:99], Upload_Checksum=digest(LONG[:98])).status_code == 460
    assert client.offset(place) == 0
    for wrong in ("md5 AAAA", "sha256 !!!", "sha256", "sha1 " + base64.b64encode(b"short").decode()):
        assert client.add(place, 0, LONG[:99], Upload_Checksum=wrong).status_code == 400, wrong
    wrong_whole = client.add(place, 0, LONG, Edms_Sha256="0" * 64)
    assert wrong_whole.status_code == 460
    assert client.ask("HEAD", place).status_code == 404, "nobody can say which piece is wrong: it begins anew"
    small = client.begin(len(LETTER), LETTER, metadata=meta(filename="a.pdf", sha256="0" * 64))
    assert small.status_code == 460
    assert client.begin(len(LETTER), LETTER, Upload_Checksum=digest(b"other")).status_code == 460
    assert (records(site), staged(site)) == (0, [])
    assert not [path for path in (site.archive.settings.storage.path / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "offset", ["-1", "1", "99999999999999999999", "1e3", "0x10", "", "0 ", "٣"], ids=lambda text: f"offset {text!a}"
)
def test_offsets_that_cannot_be(client: Client, offset: str) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    headers = {"Upload-Offset": offset.encode().decode("latin-1")}
    told = {"Tus-Resumable": "1.0.0", "X-CSRFToken": client.csrf, "Content-Type": PIECE, **headers}
    answer = client.visitor.client.open(place, method="PATCH", data=b"x", headers=told)
    assert answer.status_code in ({"1": (409,), "0 ": (400, 204)}.get(offset, (400,)))
    assert client.offset(place) in (0, 1)


@pytest.mark.parametrize(
    "length", ["-1", "", "1.5", "99999999999999999999999", "nan"], ids=lambda text: f"length {text!a}"
)
def test_lengths_that_cannot_be(client: Client, length: str) -> None:
    assert client.begin(length).status_code == 400


def test_refused_before_a_byte_is_sent(open_site: OpenSite, tmp_path: Path) -> None:
    limits = {"max_file_bytes": 30_000_000, "max_unfinished_uploads": 2, "max_unfinished_bytes": 40_000_000}
    client = Client(open_site(tmp_path, capture=limits))
    assert client.begin(30_000_001).status_code == 413
    assert client.begin(5, metadata=meta(filename="a", **{"class": "999.9"})).status_code == 400
    assert client.begin(5, metadata=meta(filename="a", level="purple")).status_code == 400
    assert client.begin(5, metadata=meta(filename="a", office="bappeda")).status_code == 404
    assert client.begin(5, metadata="").status_code == 201
    first = client.begin(30_000_000)
    assert first.status_code == 201
    assert client.begin(5).status_code == 413, "two are under way already"
    assert client.ask("DELETE", first.headers["Location"]).status_code == 204
    assert client.ask("DELETE", first.headers["Location"]).status_code == 404
    assert client.begin(30_000_000).status_code == 201
    full = Client(open_site(tmp_path / "full", capture={"disk_reserve_bytes": 2**60}))
    assert full.begin(100).status_code == 507
    assert full.begin(len(LETTER), LETTER).status_code == 507


@pytest.mark.parametrize(
    "header",
    ["filename", "filename !!!", "filename YQ==,filename YQ==", "filename /w==", "f\x7f YQ==", "a " + "QUFB" * 2000],
    ids=["no value", "no base64", "twice", "no text", "control", "too long"],
)
def test_metadata_that_cannot_be_read(client: Client, header: str) -> None:
    answer = client.begin(5, metadata=header)
    assert answer.status_code == (201 if header == "filename" else 400)


def test_names_lead_nowhere(site: Site, client: Client) -> None:
    for number, name in enumerate(("../../etc/passwd", "C:\\x\\..\\y.pdf", "a\u202egnp.exe", "\x00", "x" * 5000)):
        told = meta(filename=name, relativePath="../" * 20 + "..\\a/./" + name)
        answer = client.begin(
            3, f"{number:03d}".encode(), metadata=told if len(told) < 6000 else meta(filename=name[:900])
        )
        assert answer.status_code == 201, name
    with site.archive.database.reader() as session:
        for row in session.scalars(select(Upload)):
            assert not set("/\\\x00\u202e") & set(row.name)
            assert len(row.name) <= 200
            assert ".." not in row.path.split("/")


def test_only_the_sender_knows_of_it(site: Site, client: Client) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    client.add(place, 0, LONG[:1000])
    unknown = f"/uploads/{uuid4()}"
    for other in (Client(site, "records"), Client(site, "clerk-bappeda")):
        for method, told in (("HEAD", {}), ("GET", {}), ("PATCH", {"Upload_Offset": "1000"}), ("DELETE", {})):
            found = [other.ask(method, where, **told) for where in (place, unknown)]
            assert [one.status_code for one in found] == [404, 404]
            assert found[0].data == found[1].data
        assert other.ask("GET", "/uploads/").json == {"uploads": []}
    (mine,) = (client.ask("GET", "/uploads/").json or {})["uploads"]
    assert (mine["offset"], mine["length"]) == (1000, len(LONG))
    for name in ("official-dinkes", "auditor", "admin"):
        assert Client(site, name).ask("OPTIONS", "/uploads/").status_code == 404


def test_without_session_token_or_version(site: Site, client: Client) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    told = {"Tus-Resumable": "1.0.0", "X-CSRFToken": client.csrf, "Upload-Offset": "0", "Content-Type": PIECE}
    open_ = client.visitor.client.open
    assert open_(place, method="PATCH", data=b"x", headers={**told, "X-CSRFToken": "no"}).status_code == 400
    old = open_(place, method="PATCH", data=b"x", headers={**told, "Tus-Resumable": "0.2.2"})
    assert (old.status_code, old.headers["Tus-Version"]) == (412, "1.0.0")
    assert open_(place, method="PATCH", data=b"x", headers={**told, "Content-Type": "text/plain"}).status_code == 415
    client.visitor.client.delete_cookie("edms_session")
    for method in ("PATCH", "HEAD", "DELETE"):
        ended = open_(place, method=method, headers=told)
        assert (ended.status_code, ended.headers.get("Location")) == (401, None)
    assert client.visitor.sign_in("clerk-dinkes").status_code == 302
    client.csrf = client.visitor.token()
    assert client.add(place, 0, LONG[:1000]).headers["Upload-Offset"] == "1000"


def test_two_at_once_and_one_wins(site: Site, client: Client) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    meet = threading.Barrier(2)

    class Waits(io.BytesIO):
        """Both have sent all they have before either can be done."""

        met = False

        def read(self, size: int | None = -1) -> bytes:
            if not self.met:
                self.met = True
                meet.wait(120)
            return super().read(size)

    answers: list[TestResponse] = []
    clients = [Client(site), Client(site)]

    def send(one: Client, content: bytes) -> None:
        told = {"Tus-Resumable": "1.0.0", "X-CSRFToken": one.csrf, "Upload-Offset": "0", "Content-Type": PIECE}
        answers.append(
            one.visitor.client.open(
                place, method="PATCH", headers=told, input_stream=Waits(content), content_length=len(content)
            )
        )

    bodies = [b"a" * 1000, b"b" * 2000]
    threads = [threading.Thread(target=send, args=pair) for pair in zip(clients, bodies, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    (winner,) = (int(answer.headers["Upload-Offset"]) for answer in answers if answer.status_code == 204)
    assert client.offset(place) == winner
    with site.archive.staging.held(UUID(place.rpartition("/")[2])):
        assert client.ask("DELETE", place).status_code == 423
    with site.archive.staging.open(UUID(place.rpartition("/")[2]), winner) as stream:
        assert stream.read() in bodies


def test_too_much_is_refused(client: Client) -> None:
    place = client.begin(100).headers["Location"]
    assert client.add(place, 0, b"x" * 101).status_code == 413
    assert client.offset(place) == 0
    assert client.begin(10, b"x" * 11).status_code == 413
    assert client.begin(10, b"x" * 9).status_code == 400


def test_many_small_pieces_end(site: Site, client: Client) -> None:
    place = client.begin(MOST_PARTS + 10).headers["Location"]
    upload_id = UUID(place.rpartition("/")[2])
    client.add(place, 0, b"x")
    folder = site.archive.settings.storage.path / "uploads" / str(upload_id)
    first = (folder / f"{0:016d}").read_bytes()
    for number in range(1, MOST_PARTS):
        (folder / f"{number:016d}").write_bytes(first)
    answer = client.add(place, MOST_PARTS, b"x")
    assert answer.status_code == 413
    assert "small pieces" in (answer.json or {})["error"] or "kecil" in (answer.json or {})["error"]


def test_a_part_that_was_altered_or_moved_makes_no_record(site: Site, client: Client) -> None:
    for harm in ("bit", "swap"):
        place = client.begin(40_000_000).headers["Location"]
        client.add(place, 0, LONG[:20_000_000])
        first, second = sorted(path for path in staged(site) if path.name.isdigit() and path.parent.name in place)
        if harm == "bit":
            content = bytearray(second.read_bytes())
            content[1000] ^= 1
            second.write_bytes(content)
        else:
            first.write_bytes(first.read_bytes()[:-1] + b"\0")
        assert client.add(place, 20_000_000, LONG[:20_000_000]).status_code == 500
        assert client.ask("DELETE", place).status_code == 204
    assert records(site) == 0


def later(site: Site, hours: int) -> None:
    site.clock.set(site.clock.now() + timedelta(hours=hours))


def test_expiry(site: Site, client: Client) -> None:
    place = client.begin(len(LONG)).headers["Location"]
    client.add(place, 0, LONG[:1000])
    finished = client.begin(len(LETTER), LETTER).headers["Location"]
    later(site, 71)
    client = Client(site)
    assert client.add(place, 1000, LONG[1000:2000]).status_code == 204
    later(site, 71)
    assert look_after_uploads(site.archive) == 0, "a piece puts the end off"
    client = Client(site)
    assert client.offset(place) == 2000
    assert client.ask("HEAD", finished).status_code == 404
    later(site, 3)
    assert client.ask("HEAD", place).status_code in (401, 404)
    assert look_after_uploads(site.archive) == 1
    assert staged(site) == []
    assert records(site) == 1
    assert Client(site).ask("HEAD", place).status_code == 404


@pytest.fixture
def whole_but_unfinished(site: Site, client: Client) -> Iterator[str]:
    """An upload whose server died between the last byte and the record."""
    place = client.begin(len(LONG)).headers["Location"]
    upload_id = UUID(place.rpartition("/")[2])
    site.archive.staging.receive(upload_id, 0, io.BytesIO(LONG), len(LONG))
    assert records(site) == 0
    return place


def test_head_finishes_what_is_whole(site: Site, client: Client, whole_but_unfinished: str) -> None:
    assert client.offset(whole_but_unfinished) == len(LONG)
    assert records(site) == 1


def test_upkeep_finishes_what_is_whole_and_nobody_asks_for(site: Site, whole_but_unfinished: str) -> None:
    for _ in range(2):
        look_after_uploads(site.archive)
        assert records(site) == 1
    assert Client(site).ask("HEAD", whole_but_unfinished).headers["Edms-Outcome"] == "captured"
