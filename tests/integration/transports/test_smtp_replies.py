"""What an SMTP server replies decides about one email: sent, refused, uncertain."""

import pytest

from tests.support.smtp_sink import DROP, HANG, Sink
from tests.support.smtp_transport import ANN, MAIL, US, open_to
from workers.transports.base import (
    AuthenticationFailure,
    PermanentFailure,
    RefusedSenderFailure,
    TemporaryFailure,
    TransportFailure,
    UncertainFailure,
)
from workers.transports.smtp import SmtpTransport


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
        ("MAIL", "550 5.7.1 go away", RefusedSenderFailure, 550, "5.7.1"),
        ("MAIL", "553 5.7.1 <support@example.com>: not owned by user us", RefusedSenderFailure, 553, "5.7.1"),
        ("MAIL", "501 5.1.7 bad sender address syntax", RefusedSenderFailure, 501, "5.1.7"),
        ("MAIL", "555 5.5.4 unsupported option: BODY=8BITMIME", PermanentFailure, 555, "5.5.4"),
        ("MAIL", "530 5.7.0 must authenticate", AuthenticationFailure, 530, "5.7.0"),
        ("MAIL", "552 5.3.4 too large", PermanentFailure, 552, "5.3.4"),
        ("RCPT", "451 4.2.1 greylisted", TemporaryFailure, 451, "4.2.1"),
        ("RCPT", "550 5.1.1 no such user", PermanentFailure, 550, "5.1.1"),
        # Postfix says at RCPT what it holds against the client and the sender (smtpd_delay_reject).
        ("RCPT", "554 5.7.1 <ann@customer.example>: Relay access denied", RefusedSenderFailure, 554, "5.7.1"),
        ("RCPT", "550 5.7.1 Unable to relay", RefusedSenderFailure, 550, "5.7.1"),
        ("RCPT", "553 5.7.1 <us@x.example>: Sender address rejected: not owned", RefusedSenderFailure, 553, "5.7.1"),
        ("RCPT", "554 5.7.1 <c[192.0.2.1]>: Client host rejected: Access denied", RefusedSenderFailure, 554, "5.7.1"),
        ("RCPT", "554 5.7.1 <ann@customer.example>: Recipient address rejected", PermanentFailure, 554, "5.7.1"),
        ("RCPT", "550 5.7.1 only members of this list may post", PermanentFailure, 550, "5.7.1"),
        ("RCPT", "552 too many recipients", TemporaryFailure, 552, ""),
        ("RCPT", "421 4.3.2 closing", TemporaryFailure, 421, "4.3.2"),
        ("RCPT", "503 5.5.1 send AUTH first", TemporaryFailure, 503, "5.5.1"),
        ("DATA", "452 4.3.1 disk full", TemporaryFailure, 452, "4.3.1"),
        ("DATA", "554 5.7.1 looks like spam", PermanentFailure, 554, "5.7.1"),
        (
            "DATA",
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            RefusedSenderFailure,
            550,
            "5.7.60",
        ),
        ("DATA", "554 5.2.252 SendAsDenied; us@x.example not allowed to send as", RefusedSenderFailure, 554, "5.2.252"),
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
    with pytest.raises(RefusedSenderFailure if command == "MAIL" else PermanentFailure):
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


@pytest.mark.parametrize("trouble", [HANG, DROP])
def test_no_reply_after_the_data_is_an_uncertain_failure(
    sink: Sink, closing: list[SmtpTransport], trouble: str
) -> None:
    transport = open_to(sink, closing, timeout=5.0)
    sink.script("DATA", trouble)
    with pytest.raises(UncertainFailure):
        transport.send(US, ANN, MAIL)
    assert len(sink.received) == 1
    transport.send(US, ANN, MAIL)
    assert (len(sink.received), sink.connections) == (2, 2)


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
@pytest.mark.parametrize("trouble", [HANG, DROP])
def test_no_reply_before_the_data_is_a_temporary_failure(
    sink: Sink, closing: list[SmtpTransport], command: str, trouble: str
) -> None:
    transport = open_to(sink, closing, timeout=1.0)
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
