"""The transports, tested with a real SMTP server that fails on request, and with a real Maildir."""

import mailbox
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes import eventually
from tests.support.smtp_sink import DROP, HANG, Sink, certificate, server_context, trusting
from workers.transports.base import (
    AuthenticationFailure,
    PermanentFailure,
    TemporaryFailure,
    TransportFailure,
    UncertainFailure,
)
from workers.transports.maildir import MaildirTransport
from workers.transports.smtp import SmtpTransport

ANN = "ann@customer.example"
US = "support@example.com"
MAIL = b"From: support@example.com\r\nTo: ann@customer.example\r\nSubject: hello\r\n\r\nhello\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def closing() -> Iterator[list[SmtpTransport]]:
    opened: list[SmtpTransport] = []
    yield opened
    for transport in opened:
        transport.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport(sink: Sink, clock: Clock, closing: list[SmtpTransport]) -> SmtpTransport:
    return open_to(sink, closing, clock=clock)


def open_to(sink: Sink, closing: list[SmtpTransport], **options: Any) -> SmtpTransport:
    settings = {"security": "none", "timeout": 1.0, "hostname": "client.test", **options}
    transport = SmtpTransport(sink.host, sink.port, **settings)
    closing.append(transport)
    return transport


def test_an_email_arrives_unchanged_with_its_envelope(sink: Sink, transport: SmtpTransport) -> None:
    answer = transport.send(US, ANN, MAIL)
    assert answer == "250 2.0.0 taken"
    assert sink.received == [(US, [ANN], MAIL)]


def test_the_null_sender_is_sent_as_an_empty_address(sink: Sink, transport: SmtpTransport) -> None:
    transport.send("", ANN, MAIL)
    assert sink.received[0].mail_from in {"", "<>"}


@pytest.mark.parametrize(
    ("body", "arrives"),
    [
        (b".\r\n..\r\n.dot\r\n", b".\r\n..\r\n.dot\r\n"),
        (b"one\ntwo\rthree\r\n", b"one\r\ntwo\r\nthree\r\n"),
        (b"no end of line", b"no end of line\r\n"),
        (b"a\n.\nMAIL FROM:<evil@example.net>\n", b"a\r\n.\r\nMAIL FROM:<evil@example.net>\r\n"),
        (b"a\r.\rb\r\n", b"a\r\n.\r\nb\r\n"),
        (b"\r\n\r\n", b"\r\n\r\n"),
    ],
)
def test_leading_dots_and_line_ends_arrive_as_the_rfc_demands(
    sink: Sink, transport: SmtpTransport, body: bytes, arrives: bytes
) -> None:
    transport.send(US, ANN, b"Subject: x\r\n\r\n" + body)
    assert [mail.content for mail in sink.received] == [b"Subject: x\r\n\r\n" + arrives]


@pytest.mark.parametrize(
    ("command", "answer", "failure", "code", "status"),
    [
        ("MAIL", "451 4.3.0 try later", TemporaryFailure, 451, "4.3.0"),
        ("MAIL", "550 5.7.1 go away", PermanentFailure, 550, "5.7.1"),
        ("MAIL", "530 5.7.0 must authenticate", AuthenticationFailure, 530, "5.7.0"),
        ("MAIL", "552 5.3.4 too large", PermanentFailure, 552, "5.3.4"),
        ("RCPT", "451 4.2.1 greylisted", TemporaryFailure, 451, "4.2.1"),
        ("RCPT", "550 5.1.1 no such user", PermanentFailure, 550, "5.1.1"),
        ("RCPT", "552 too many recipients", TemporaryFailure, 552, ""),
        ("RCPT", "421 4.3.2 closing", TemporaryFailure, 421, "4.3.2"),
        ("RCPT", "503 5.5.1 send AUTH first", TemporaryFailure, 503, "5.5.1"),
        ("DATA", "452 4.3.1 disk full", TemporaryFailure, 452, "4.3.1"),
        ("DATA", "554 5.7.1 looks like spam", PermanentFailure, 554, "5.7.1"),
        ("DATA", "552 5.3.4 too large", PermanentFailure, 552, "5.3.4"),
        ("DATA", "699 what is that", UncertainFailure, 0, ""),
    ],
)
def test_the_reply_code_decides_the_kind_of_failure(
    sink: Sink,
    transport: SmtpTransport,
    command: str,
    answer: str,
    failure: type[TransportFailure],
    code: int,
    status: str,
) -> None:
    sink.script(command, answer)
    with pytest.raises(TransportFailure) as caught:
        transport.send(US, ANN, MAIL)
    assert (type(caught.value), caught.value.code, caught.value.status) == (failure, code, status)
    assert sink.received == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_the_next_email_is_sent_after_a_refusal(sink: Sink, transport: SmtpTransport, command: str) -> None:
    sink.script(command, "550 5.1.1 no")
    with pytest.raises(PermanentFailure):
        transport.send(US, ANN, MAIL)
    transport.send(US, "bob@customer.example", MAIL)
    assert [mail.rcpts for mail in sink.received] == [["bob@customer.example"]]
    assert sink.connections == 1


def test_only_the_refused_recipient_fails(sink: Sink, transport: SmtpTransport) -> None:
    sink.refuse("gone@customer.example", "550 5.1.1 gone")
    transport.send(US, ANN, MAIL)
    with pytest.raises(PermanentFailure, match=r"550 5\.1\.1 gone"):
        transport.send(US, "gone@customer.example", MAIL)
    transport.send(US, ANN, MAIL)
    assert len(sink.received) == 2


def test_the_reply_421_ends_the_connection(sink: Sink, transport: SmtpTransport) -> None:
    sink.script("RCPT", "421 4.3.2 closing")
    with pytest.raises(TemporaryFailure):
        transport.send(US, ANN, MAIL)
    transport.send(US, ANN, MAIL)
    assert sink.connections == 2


@pytest.mark.parametrize("trouble", [HANG, DROP])
def test_no_reply_after_the_data_is_an_uncertain_failure(sink: Sink, transport: SmtpTransport, trouble: str) -> None:
    sink.script("DATA", trouble)
    with pytest.raises(UncertainFailure):
        transport.send(US, ANN, MAIL)
    assert len(sink.received) == 1
    transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (2, 2)


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
@pytest.mark.parametrize("trouble", [HANG, DROP])
def test_no_reply_before_the_data_is_a_temporary_failure(
    sink: Sink, transport: SmtpTransport, command: str, trouble: str
) -> None:
    sink.script(command, trouble)
    with pytest.raises(TemporaryFailure):
        transport.send(US, ANN, MAIL)
    assert sink.received == []


def test_the_handover_is_recorded_before_the_email_can_be_accepted(sink: Sink, transport: SmtpTransport) -> None:
    taken_before: list[int] = []
    transport.send(US, ANN, MAIL, lambda: taken_before.append(len(sink.received)))
    assert (taken_before, len(sink.received)) == ([0], 1)


@pytest.mark.parametrize("error", [ZeroDivisionError, ConnectionResetError])
def test_nothing_is_sent_if_the_handover_cannot_be_recorded(
    sink: Sink, transport: SmtpTransport, error: type[Exception]
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises((ZeroDivisionError, TemporaryFailure)):
        transport.send(US, ANN, MAIL, fail)
    transport.send(US, "bob@customer.example", MAIL)
    assert [mail.rcpts for mail in sink.received] == [["bob@customer.example"]]


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_an_email_that_is_refused_before_its_content_is_not_handed_over(
    sink: Sink, transport: SmtpTransport, command: str
) -> None:
    sink.script(command, "451 later")
    handed_over: list[bool] = []
    with pytest.raises(TemporaryFailure):
        transport.send(US, ANN, MAIL, lambda: handed_over.append(True))
    assert handed_over == []


@pytest.mark.parametrize(
    ("command", "failure"), [("MAIL", TemporaryFailure), ("RCPT", TemporaryFailure), ("DATA", UncertainFailure)]
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_cut_ends_the_waiting_for_a_server_that_hangs(
    files: tuple[Path, Path],
    closing: list[SmtpTransport],
    command: str,
    failure: type[TransportFailure],
    encrypted: bool,
) -> None:
    context = trusting(files) if encrypted else None
    with Sink(tls=server_context(files) if encrypted else None) as sink:
        options = {"security": "starttls" if encrypted else "none", "context": context, "timeout": 600.0}
        transport = open_to(sink, closing, **options)
        sink.script(command, HANG)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(transport.send, US, ANN, MAIL)
            eventually(lambda: command in sink.commands)
            transport.cut()
            assert isinstance(sending.exception(30), failure)
        with pytest.raises(TemporaryFailure, match="stopping"):
            transport.send(US, ANN, MAIL)
        assert sink.connections == 1


def test_the_next_email_reuses_the_connection(sink: Sink, transport: SmtpTransport) -> None:
    for _ in range(3):
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (3, 1)


@pytest.mark.parametrize("trouble", [DROP, "421 closing", "500 what"])
def test_a_broken_connection_is_replaced_before_the_next_email(
    sink: Sink, transport: SmtpTransport, trouble: str
) -> None:
    transport.send(US, ANN, MAIL)
    sink.script("MAIL", trouble)
    transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (2, 2)


def test_a_refusal_over_a_new_connection_is_final(sink: Sink, transport: SmtpTransport) -> None:
    transport.send(US, ANN, MAIL)
    sink.script("MAIL", "451 not now", "550 never")
    with pytest.raises(PermanentFailure):
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (1, 2)


def test_an_idle_connection_is_replaced(sink: Sink, transport: SmtpTransport, clock: Clock) -> None:
    transport.send(US, ANN, MAIL)
    clock.now = 61
    transport.send(US, ANN, MAIL)
    assert sink.connections == 2


def test_a_connection_is_replaced_after_a_hundred_emails(sink: Sink, transport: SmtpTransport) -> None:
    for _ in range(101):
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (101, 2)


def test_each_thread_has_its_own_connection(sink: Sink, transport: SmtpTransport) -> None:
    gate = threading.Barrier(3)

    def send() -> None:
        gate.wait()
        for _ in range(5):
            transport.send(US, ANN, MAIL)
        gate.wait()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(sink.received), sink.connections) == (15, 3)


@pytest.mark.parametrize("address", ["", "ann", "a@b.example\r\nRCPT TO:<c@d.example>", "a@b> SIZE=1", "a@b, c@d"])
def test_an_invalid_address_is_refused_before_connecting(sink: Sink, transport: SmtpTransport, address: str) -> None:
    with pytest.raises(PermanentFailure):
        transport.send(US, address, MAIL)
    if address:
        with pytest.raises(PermanentFailure):
            transport.send(address, ANN, MAIL)
    assert sink.connections == 0


def test_a_non_ascii_address_is_sent_with_smtputf8(sink: Sink, transport: SmtpTransport) -> None:
    transport.send(US, "jürgen@customer.example", "Subject: Grüße\r\n\r\n".encode())
    assert sink.received[0].rcpts == ["jürgen@customer.example"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(sink.options[0])


def test_bytes_above_127_are_announced(sink: Sink, transport: SmtpTransport) -> None:
    transport.send(US, ANN, "Subject: x\r\n\r\nGrüße\r\n".encode())
    transport.send(US, ANN, MAIL)
    assert ["BODY=8BITMIME" in options for options in sink.options] == [True, False]


def test_a_refused_connection_is_a_temporary_failure(closing: list[SmtpTransport]) -> None:
    with Sink() as sink:
        transport = open_to(sink, closing)
    with pytest.raises(TemporaryFailure, match="cannot connect"):
        transport.send(US, ANN, MAIL)


def test_nothing_is_sent_to_a_server_without_starttls(sink: Sink, closing: list[SmtpTransport]) -> None:
    transport = open_to(sink, closing, security="starttls", username="us", password="canary")
    with pytest.raises(TemporaryFailure, match="does not offer STARTTLS"):
        transport.send(US, ANN, MAIL)
    assert sink.received == []


@pytest.mark.parametrize("implicit", [False, True])
def test_an_email_is_sent_over_verified_tls(
    files: tuple[Path, Path], closing: list[SmtpTransport], implicit: bool
) -> None:
    with Sink(tls=server_context(files), implicit=implicit) as sink:
        transport = open_to(sink, closing, security="tls" if implicit else "starttls", context=trusting(files))
        transport.send(US, ANN, MAIL)
        transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (2, 1)


@pytest.mark.parametrize("implicit", [False, True])
def test_an_untrusted_certificate_is_refused(
    files: tuple[Path, Path],
    closing: list[SmtpTransport],
    implicit: bool,
) -> None:
    with Sink(tls=server_context(files), implicit=implicit) as sink:
        transport = open_to(sink, closing, security="tls" if implicit else "starttls")
        with pytest.raises(TemporaryFailure, match="certificate is not trusted"):
            transport.send(US, ANN, MAIL)
    assert sink.received == []


def test_a_certificate_for_another_host_is_refused(tmp_path: Path, closing: list[SmtpTransport]) -> None:
    files = certificate(tmp_path, "mail.other.example")
    with Sink(tls=server_context(files)) as sink:
        transport = open_to(sink, closing, security="starttls", context=trusting(files))
        with pytest.raises(TemporaryFailure, match="certificate is not trusted"):
            transport.send(US, ANN, MAIL)


def with_users(sink: Sink, files: tuple[Path, Path], closing: list[SmtpTransport], password: str) -> SmtpTransport:
    return open_to(sink, closing, security="starttls", context=trusting(files), username="us", password=password)


def test_an_email_is_sent_after_authentication(files: tuple[Path, Path], closing: list[SmtpTransport]) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink:
        with_users(sink, files, closing, "right").send(US, ANN, MAIL)
    assert len(sink.received) == 1


@pytest.mark.parametrize("password", ["wrong", "pässword"])
def test_a_rejected_password_is_an_authentication_failure(
    files: tuple[Path, Path], closing: list[SmtpTransport], password: str
) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink, pytest.raises(AuthenticationFailure) as caught:
        with_users(sink, files, closing, password).send(US, ANN, MAIL)
    assert password not in str(caught.value)
    assert sink.received == []


def test_authentication_can_fail_temporarily(files: tuple[Path, Path], closing: list[SmtpTransport]) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink:
        sink.script("AUTH", "454 4.7.0 later", "454 4.7.0 later", "454 4.7.0 later")
        with pytest.raises(TemporaryFailure, match="454"):
            with_users(sink, files, closing, "right").send(US, ANN, MAIL)


def test_a_server_without_authentication_is_an_authentication_failure(sink: Sink, closing: list[SmtpTransport]) -> None:
    transport = open_to(sink, closing, username="us", password="canary")
    with pytest.raises(AuthenticationFailure):
        transport.send(US, ANN, MAIL)


def test_an_email_in_the_maildir_reads_as_delivered(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path / "outgoing")
    answer = transport.send("", ANN, MAIL)
    (mail,) = mailbox.Maildir(tmp_path / "outgoing", create=False)
    assert (mail["Return-Path"], mail["Delivered-To"], mail["Subject"]) == ("<>", ANN, "hello")
    (file,) = (tmp_path / "outgoing" / "new").iterdir()
    assert (file.name in answer, file.stat().st_mode & 0o777) == (True, 0o600)
    assert file.read_bytes().endswith(MAIL.replace(b"\r\n", b"\n"))
    assert list((tmp_path / "outgoing" / "tmp").iterdir()) == []


def test_threads_write_files_with_different_names(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path)
    threads = [threading.Thread(target=lambda: [transport.send(US, ANN, MAIL) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir(tmp_path / "new")) == 40  # noqa: PTH208 - names only


def test_an_unwritable_maildir_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TemporaryFailure, match="cannot be written"):
        MaildirTransport(tmp_path / "file").send(US, ANN, MAIL)


def test_a_probe_logs_in_and_sends_nothing(files: tuple[Path, Path], closing: list[SmtpTransport]) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink:
        with_users(sink, files, closing, "right").probe()
    assert (sink.connections, sink.commands, sink.received) == (1, [], [])


def test_a_probe_with_a_wrong_password_is_an_authentication_failure(
    files: tuple[Path, Path], closing: list[SmtpTransport]
) -> None:
    with Sink(tls=server_context(files), users={"us": "right"}) as sink, pytest.raises(AuthenticationFailure):
        with_users(sink, files, closing, "wrong").probe()


def test_a_probe_of_an_unreachable_server_is_a_temporary_failure(closing: list[SmtpTransport]) -> None:
    with Sink() as sink:
        transport = open_to(sink, closing)
    with pytest.raises(TemporaryFailure, match="cannot connect"):
        transport.probe()


def test_a_probe_of_a_maildir_leaves_no_file(tmp_path: Path) -> None:
    MaildirTransport(tmp_path / "outgoing").probe()
    assert [path for path in (tmp_path / "outgoing").rglob("*") if path.is_file()] == []


def test_a_probe_of_an_unwritable_maildir_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TemporaryFailure, match="cannot be written"):
        MaildirTransport(tmp_path / "file").probe()
