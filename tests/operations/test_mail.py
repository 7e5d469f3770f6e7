"""Mail from a real mailbox and a real listener: once, durable before it is acknowledged, and never swallowed."""

import dataclasses
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import pdf
from mail_server import PASSWORD, MailServer, certificate_for_localhost
from sqlalchemy import select

from edms.access.actors import console_actor
from edms.capture import mailboxes
from edms.capture.mailboxes import mailbox_status, poll_once
from edms.capture.smtp import listening
from edms.core.errors import StorageFault
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.model import Record

CONSOLE = console_actor("tests")
OWNER = "tests/0"


def message(
    subject: str, *attached: tuple[str, bytes], name: str | None = None, body: str = "Terlampir."
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Dinas <kirim@dinkes.example>", "arsip@kota.example", subject
    mail["Date"] = "Mon, 02 Mar 2026 08:00:00 +0700"
    mail["Message-ID"] = name or f"<{subject.replace(' ', '-')}@dinkes.example>"
    mail.set_content(body)
    for file, content in attached:
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=file)
    return mail


def configured(archive: Archive, folder: Path, kind: str, **entry: Any) -> Archive:
    told = {"capture": {kind: [{"name": "surat", **entry}]}}
    capture = Settings.model_validate(told).rooted_at(folder).capture
    return dataclasses.replace(archive, settings=archive.settings.model_copy(update={"capture": capture}))


def records(archive: Archive) -> list[Record]:
    with archive.database.reader() as session:
        found = list(session.scalars(select(Record).order_by(Record.id)))
        for one in found:
            _ = one.components
        return found


def facts(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = next(part.facts["mail"] for part in record.components if part.role == "original")
    return found


Box = Callable[..., Archive]


@pytest.fixture
def box(embedded: Archive, dovecot: MailServer, tmp_path: Path) -> Box:
    """The archive with one mailbox, emptied before."""
    (tmp_path / "sandi").write_text(PASSWORD)
    (tmp_path / "sandi").chmod(0o600)
    client = dovecot.client()
    for name in ("INBOX", "Arsip", "Arsip-gagal"):
        status, count = client.select(name)
        if status == "OK" and count[0] != b"0":
            client.store("1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
    client.logout()

    def with_rule(**rule: Any) -> Archive:
        told = {
            "host": "localhost", "port": dovecot.tls_port, "ca_file": str(dovecot.certificate), "user": dovecot.user,
            "password": "file:sandi", "office": "dinkes", **rule,
        }  # fmt: skip
        return configured(embedded, tmp_path, "mailboxes", **told)

    return with_rule


def poll(archive: Archive) -> mailboxes.MailRound:
    (found,) = poll_once(CONSOLE, archive, OWNER)
    assert found.looked
    return found


def test_a_message_becomes_a_record_and_moves_to_done(box: Box, dovecot: MailServer) -> None:
    archive = box(level="restricted")
    mail = message("Undangan rapat", ("undangan.pdf", pdf("x")))
    dovecot.deliver(mail.as_bytes())
    found = poll(archive)
    assert (found.captured, found.problem) == (1, "")
    (record,) = records(archive)
    assert (record.title, record.sender, record.level) == (
        "Undangan rapat",
        "Dinas <kirim@dinkes.example>",
        "restricted",
    )
    assert str(record.document_date) == "2026-03-02"
    assert record.received_by == "mail:surat"
    assert facts(record)["authentication"] == "unverified"
    assert (dovecot.subjects("INBOX"), dovecot.subjects("Arsip")) == ([], ["Undangan rapat"])
    assert poll(archive).captured == 0


def test_each_attachment_becomes_a_record_with_the_message_as_its_metadata(box: Box, dovecot: MailServer) -> None:
    archive = box(keep="attachments", authserv_id="mx.kota.example")
    mail = message("Dua berkas", ("satu.pdf", pdf("1")), ("dua.pdf", pdf("2")), body="Mohon diarsipkan.")
    told = (
        "Authentication-Results: mx.kota.example; dkim=pass header.d=dinkes.example\r\n"
        "Authentication-Results: mx.kota.example; dkim=fail (written by the sender)\r\n"
        "Authentication-Results: lain.example; spf=pass\r\n"
    )
    dovecot.deliver(told.encode() + mail.as_bytes())
    assert poll(archive).captured == 2
    first, second = records(archive)
    assert {first.file_name, second.file_name} == {"satu.pdf", "dua.pdf"}
    kept = facts(first)
    assert kept["authentication_results"].endswith("dkim=pass header.d=dinkes.example")
    assert (kept["other_results"], kept["body"], kept["subject"]) == (2, "Mohon diarsipkan.", "Dua berkas")
    assert first.document_date is None, "the date of a mail is not that of the letter in it"


def test_the_same_message_is_taken_once_and_another_under_its_id_is_kept_and_flagged(
    box: Box, dovecot: MailServer
) -> None:
    archive = box()
    mail = message("Surat").as_bytes()
    dovecot.deliver(mail)
    assert poll(archive).captured == 1
    dovecot.deliver(b"Received: by another way\r\n" + mail)
    assert poll(archive).flags == []
    assert len(records(archive)) == 1
    dovecot.deliver(message("Palsu", name="<Surat@dinkes.example>", body="lain").as_bytes())
    assert poll(archive).flags == ["message_id_reused"]
    assert len(records(archive)) == 2
    nameless = message("Tanpa nama")
    del nameless["Message-ID"]
    dovecot.deliver(nameless.as_bytes(), nameless.as_bytes())
    poll(archive)
    assert len(records(archive)) == 3
    assert len(dovecot.subjects("Arsip")) == 5


def test_killed_between_capture_and_move_it_comes_in_once(
    box: Box, dovecot: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = box(keep="attachments")
    dovecot.deliver(message("Surat", ("a.pdf", pdf("a")), ("b.pdf", pdf("b"))).as_bytes())

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mailboxes, "_move", killed)
    with pytest.raises(KeyboardInterrupt):
        poll_once(CONSOLE, archive, OWNER)
    monkeypatch.undo()
    assert dovecot.subjects("INBOX") == ["Surat"]
    poll(archive)
    assert len(records(archive)) == 2
    assert dovecot.subjects("INBOX") == []


def test_hostile_messages_are_kept_whole_and_the_others_come_in(box: Box, dovecot: MailServer) -> None:
    archive = box(keep="attachments", max_message_bytes=2_000_000)
    many = "".join(
        f"--b\r\nContent-Disposition: attachment; filename={number}\r\n\r\nx\r\n" for number in range(10_000)
    )
    head = b"Subject: %s\r\nMessage-ID: <%s@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(300)
    )
    dovecot.deliver(
        head % (b"banyak", b"banyak") + many.encode(),
        b"Subject: dalam\r\nMessage-ID: <dalam@x>\r\n" + deep,
        b"Subject: =?klingon?B?####?=\r\nFrom: \xff\xfe\r\nDate: kapan\r\n\r\n\xff\x00",
        message("besar", ("a.pdf", b"x" * 2_000_000)).as_bytes(),
        message("baik", ("c.pdf", pdf("c"))).as_bytes(),
    )
    found = poll(archive)
    assert (found.captured, found.refused, found.problem) == (4, 1, "")
    assert dovecot.subjects("Arsip-gagal") == ["besar"]
    assert found.flags.count("kept_whole") == 2
    assert {record.file_name for record in records(archive)} >= {"banyak.eml", "dalam.eml", "c.pdf"}


def test_a_full_disk_leaves_the_mail_where_it_is(
    box: Box, dovecot: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = box()
    dovecot.deliver(message("Surat").as_bytes())

    def full(*_arguments: object, **_told: object) -> None:
        raise StorageFault("the disk is full")

    monkeypatch.setattr(type(archive.vault), "put", full)
    assert poll(archive).problem == "the disk is full"
    assert dovecot.subjects("INBOX") == ["Surat"]
    assert mailbox_status(CONSOLE, archive)[0].problem == "the disk is full"


def test_a_server_that_cannot_be_believed_gets_no_password(box: Box, tmp_path: Path) -> None:
    other, _key = certificate_for_localhost(tmp_path)
    assert "certificate verify failed" in poll(box(ca_file=str(other))).problem
    with pytest.raises(ValueError, match="in the clear"):
        Settings.model_validate(
            {
                "capture": {
                    "mailboxes": [
                        {"name": "a", "host": "x", "tls": "none", "user": "u", "password": "file:p", "office": "o"}
                    ]
                }
            }
        )


def listener(archive: Archive, folder: Path, **more: Any) -> Archive:
    routes = [
        {"recipient": "dinkes@*", "office": "dinkes"},
        {"recipient": "*", "office": "bappeda", "keep": "attachments"},
    ]
    return configured(archive, folder, "listeners", port=0, routes=routes, **more)


def test_a_printer_sends_a_scan(archive: Archive, tmp_path: Path) -> None:
    """On both databases; with Python's own client, and with swaks where it is installed."""
    pytest.importorskip("aiosmtpd")
    archive = listener(archive, tmp_path)
    with listening(archive, archive.settings.capture.listeners[0]) as port:
        with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
            client.ehlo()
            assert client.esmtp_features["size"] == str(50 * 1024 * 1024)
            client.send_message(message("Pindai", ("scan.pdf", pdf("1"))), to_addrs=["scan@arsip"])
            client.send_message(message("Pindai", ("scan.pdf", pdf("1"))), to_addrs=["scan@arsip"])
        (record,) = records(archive)
        assert (record.file_name, record.received_by) == ("scan.pdf", "smtp:surat")
        assert (facts(record)["envelope_to"], facts(record)["peer"]) == (["scan@arsip"], "127.0.0.1")
        if shutil.which("swaks"):
            sent = subprocess.run(
                ["swaks", "--server", f"127.0.0.1:{port}", "--to", "dinkes@arsip", "--from", "mfp@kantor"],
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert sent.returncode == 0, sent.stdout
            assert len(records(archive)) == 2


def test_whoever_may_not_send_hears_so_before_the_content(embedded: Archive, tmp_path: Path) -> None:
    pytest.importorskip("aiosmtpd")
    archive = listener(embedded, tmp_path, senders=["*@kantor"], networks=["10.0.0.0/8"], max_message_bytes=5000)
    with listening(archive, archive.settings.capture.listeners[0]) as port, smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        assert client.mail("a@kantor")[0] == 550
    archive = listener(embedded, tmp_path, senders=["*@kantor"], max_message_bytes=5000, max_hops=3)
    with listening(archive, archive.settings.capture.listeners[0]) as port, smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        assert client.mail("a@luar")[0] == 550
        assert client.mail("a@kantor", ["SIZE=6000"])[0] == 552
        for mail in (b"x" * 6000, b"Received: a\r\n" * 4 + b"\r\nx"):
            with pytest.raises(smtplib.SMTPResponseException) as refused:
                client.sendmail("a@kantor", ["dinkes@arsip"], mail)
            assert 550 <= refused.value.smtp_code < 560
        assert records(archive) == []


def test_what_cannot_be_stored_now_stays_with_the_sender(
    embedded: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiosmtpd")
    archive = listener(embedded, tmp_path)

    def full(*_arguments: object, **_told: object) -> None:
        raise StorageFault("the disk is full")

    with listening(archive, archive.settings.capture.listeners[0]) as port, smtplib.SMTP("127.0.0.1", port) as client:
        with monkeypatch.context() as broken:
            broken.setattr(type(archive.vault), "put", full)
            with pytest.raises(smtplib.SMTPDataError) as later:
                client.sendmail("a@b", ["dinkes@arsip"], message("x").as_bytes())
            assert later.value.smtp_code == 451
        client.sendmail("a@b", ["dinkes@arsip"], message("x").as_bytes())
    assert len(records(archive)) == 1


def test_tls_and_a_password_when_they_are_asked_for(embedded: Archive, tmp_path: Path) -> None:
    pytest.importorskip("aiosmtpd")
    certificate, key = certificate_for_localhost(tmp_path)
    (tmp_path / "sandi").write_text("kata-sandi")
    (tmp_path / "sandi").chmod(0o600)
    more = {"certificate": str(certificate), "key": str(key), "user": "mfp", "password": "file:sandi"}
    archive = listener(embedded, tmp_path, **more)
    trust = ssl.create_default_context(cafile=str(certificate))
    with listening(archive, archive.settings.capture.listeners[0]) as port:
        with smtplib.SMTP("localhost", port) as client:
            client.ehlo()
            assert client.mail("a@b")[0] == 530, "STARTTLS first"
            client.starttls(context=trust)
            client.ehlo()
            assert client.mail("a@b")[0] == 530, "sign in first"
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("mfp", "salah")
        with smtplib.SMTP("localhost", port) as client:
            client.starttls(context=trust)
            client.login("mfp", "kata-sandi")
            client.sendmail("a@b", ["dinkes@arsip"], message("x").as_bytes())
    assert facts(records(archive)[0])["told"] == "TLS, signed in"
    with pytest.raises(ValueError, match="under TLS only"):
        listener(embedded, tmp_path, host="0.0.0.0")
