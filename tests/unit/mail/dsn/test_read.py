import tomllib
from pathlib import Path
from typing import Any

import pytest

from daemon.mail.dsn.read import Dsn, read_dsn
from daemon.mail.mime.parse import parse

RETURNED = (
    "From: support@shop.example\nTo: bob@far.example\nSubject: Your order\nMessage-ID: <m1@shop.example>\n\nHello.\n"
)


def notice(text: str, *, subject: str = "Undelivered Mail Returned to Sender", headers: str = "") -> Dsn:
    """Read a bounce that is plain text."""
    sender = "" if "From:" in headers else "From: Mail Delivery System <MAILER-DAEMON@mx.example>\n"
    head = f"{sender}To: support@shop.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n{headers}"
    found = read_dsn(parse(f"{head}\n{text}".encode()))
    assert found
    return found


def report(status: str, text: str = "Your message was not delivered.", returned: str = RETURNED) -> Dsn:
    """Read a bounce with a delivery-status part."""
    found = read_dsn(parse(report_bytes(status, text, returned)))
    assert found
    return found


def report_bytes(status: str, text: str = "Your message was not delivered.", returned: str = RETURNED) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\nTo: support@shop.example\nSubject: Undelivered\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{text}\n\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{status}\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned}\n--b--\n"
    ).encode()


def fields(
    recipient: str = "bob@far.example", action: str = "failed", status: str = "5.1.1", diagnostic: str = ""
) -> str:
    said = f"\nDiagnostic-Code: smtp; {diagnostic}" if diagnostic else ""
    return f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}{said}"


NOTICES = tomllib.loads((Path(__file__).parent / "notices.toml").read_text("utf-8"))["notice"]


@pytest.mark.parametrize("case", NOTICES, ids=[case["system"] for case in NOTICES])
def test_a_notice_for_people_is_read_in_the_format_of_its_system(case: dict[str, Any]) -> None:
    found = notice(case["text"])
    assert list(found.recipients) == case["recipients"]
    assert (found.status, found.permanent) == (case.get("status"), case["permanent"]), found


# Fields of one recipient, and the expected status, reason, permanent.
STATUSES = [
    (fields(status="5.1.1"), "5.1.1", "user-unknown", True),
    (fields(status="5.1.2"), "5.1.2", "host-unknown", True),
    (fields(status="5.1.6"), "5.1.6", "moved", True),
    (fields(status="5.2.1"), "5.2.1", "suspended", False),
    (fields(status="5.2.2"), "5.2.2", "mailbox-full", False),
    (fields(status="5.4.7"), "5.4.7", "expired", False),
    (fields(status="4.4.1", diagnostic="connect to mx.far.example: Connection timed out"), "4.4.1", "network", False),
    (fields(status="5.0.0", diagnostic="550 5.1.1 no such user"), "5.1.1", "user-unknown", True),
    (fields(status="5.1.1", diagnostic="552 5.1.1 over quota"), "5.1.1", "mailbox-full", False),
    (
        fields(status="5.4.1", diagnostic="550 5.4.1 Recipient address rejected: Access denied"),
        "5.4.1",
        "user-unknown",
        True,
    ),
    (fields(status="5.7.1", diagnostic="550 5.7.1 Access denied"), "5.7.1", "policy", False),
    (fields(status="5.7.26", diagnostic="550 5.7.26 fails DMARC"), "5.7.26", "authentication", False),
    (fields(status="5.1.8", diagnostic="553 5.1.8 sender domain does not exist"), "5.1.8", "sender-refused", False),
    (
        fields(status="5.7.129", diagnostic="550 5.7.129 only accepts messages from its members"),
        "5.7.129",
        "sender-refused",
        False,
    ),
    (fields(status="5.7.133", diagnostic="550 5.7.133 sender not authenticated for group"), "5.7.133", "", False),
    (fields(status="5.0.0", diagnostic="550 mx.antispam.example: User unknown"), "5.0.0", "user-unknown", True),
    (
        fields(status="5.0.0", diagnostic="550 5.1.1 User unknown, see https://far.example/spam/policy"),
        "5.1.1",
        "user-unknown",
        True,
    ),
    (
        fields(status="5.0.0", diagnostic="host antispam.far.example said: 550 5.1.1 User unknown"),
        "5.1.1",
        "user-unknown",
        True,
    ),
    (fields(status="5.0.0", diagnostic="550 : User unknown"), "5.0.0", "refused-after-data", False),
    (
        fields(status="5.1.351", diagnostic="550 5.1.351 Remote server returned -> 550 : User unknown"),
        "5.1.351",
        "refused-after-data",
        False,
    ),
    (fields(status="5.1.1", diagnostic="550 5.1.1 -> 550 : User unknown"), "5.1.1", "user-unknown", True),
    (fields(status="5.4.6", diagnostic="554 5.4.6 Too many hops 26 (25 max)"), "5.4.6", "network", False),
    (fields(action="delayed", status="4.1.1"), "4.1.1", "user-unknown", False),
    (fields(status="4.1.1", diagnostic="450 4.1.1 User unknown"), "4.1.1", "user-unknown", True),
]


@pytest.mark.parametrize(("status", "code", "reason", "permanent"), STATUSES)
def test_a_reason_is_found_in_the_text_else_in_the_status(
    status: str, code: str, reason: str, *, permanent: bool
) -> None:
    found = report(status)
    assert (found.status, found.failures[0].reason, found.permanent) == (code, reason, permanent)


RECIPIENTS = [
    (fields("bob@far.example"), ["bob@far.example"]),
    (fields("<Bob@Far.Example>"), ["bob@far.example"]),
    ("Final-Recipient: RFC822;bob@far.example (unknown)\nAction: failed\nStatus: 5.1.1", ["bob@far.example"]),
    ("Original-Recipient: rfc822;bob@far.example\nFinal-Recipient: local;bob\nAction: failed", ["bob@far.example"]),
    (
        "Original-Recipient: rfc822;bob@far.example\nFinal-Recipient: rfc822;bob@mailhost\nAction: failed",
        ["bob@far.example"],
    ),
    (fields("a@far.example") + "\n\n" + fields("b@far.example"), ["a@far.example", "b@far.example"]),
    (fields("a@far.example") + "\n" + fields("b@far.example"), ["a@far.example", "b@far.example"]),
    (fields("a@far.example") + "\n\n" + fields("a@far.example"), ["a@far.example"]),
    (fields("a@far.example", "delivered", "2.0.0") + "\n\n" + fields("b@far.example"), ["b@far.example"]),
    (fields("a@far.example", "relayed", "2.0.0"), ["a@far.example"]),
    ("Final-Recipient: rfc822; bob@far.example\n\n\nAction: failed\n\nStatus: 5.1.1", ["bob@far.example"]),
]


@pytest.mark.parametrize(("status", "recipients"), RECIPIENTS)
def test_the_recipients_of_a_report_are_those_that_failed(status: str, recipients: list[str]) -> None:
    assert list(report(status).recipients) == recipients


def test_a_delay_is_not_permanent() -> None:
    found = report(fields(action="delayed", status="4.4.7"))
    assert (found.delayed, found.permanent, found.action) == (True, False, "delayed")


def test_a_delay_in_prose_is_a_delay() -> None:
    text = (
        "A message that you sent has not yet been delivered to one or more of its\nrecipients after 24 hours.\n\n"
        "The address to which the message has not yet been delivered is:\n\n  bob@far.example\n"
    )
    found = notice(text, subject="Warning: message 1aBcDe delayed 24 hours")
    assert (found.delayed, found.permanent, found.recipients) == (True, False, ("bob@far.example",))


def test_a_success_report_is_not_a_failure() -> None:
    found = report(fields(action="delivered", status="2.1.5"))
    assert (found.action, found.permanent, found.delayed) == ("delivered", False, False)


def test_each_recipient_has_its_own_reason() -> None:
    found = report(fields("a@far.example", status="5.1.1") + "\n\n" + fields("b@far.example", status="5.2.2"))
    assert [(failure.address, failure.permanent) for failure in found.failures] == [
        ("a@far.example", True),
        ("b@far.example", False),
    ]
    assert found.permanent is False


TEXT_ONLY = (
    b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n<bob@far.example>:\nno such user\n\n"
    b"--- Below this line is a copy of the message.\n\nTo: bob@far.example\nMessage-ID: <m3@shop.example>\n\nHello.\n"
)
ORIGINAL_IDS = [
    (report_bytes(fields()), "<m1@shop.example>"),
    (report_bytes(fields()).replace(b"message/rfc822", b"text/rfc822-headers"), "<m1@shop.example>"),
    (report_bytes(fields(), returned="Subject: no id\n\nHello.\n"), ""),
    (
        b"In-Reply-To: <m2@shop.example>\n" + report_bytes(fields(), returned="Subject: no id\n\nHello.\n"),
        "<m2@shop.example>",
    ),
    (TEXT_ONLY, "<m3@shop.example>"),
]


@pytest.mark.parametrize(("raw", "message_id"), ORIGINAL_IDS)
def test_the_message_id_of_the_returned_mail_is_found(raw: bytes, message_id: str) -> None:
    found = read_dsn(parse(raw))
    assert found
    assert found.original_message_id == message_id


def test_a_header_names_the_recipient_that_the_notice_does_not() -> None:
    found = notice(
        "Dear sender, the group does not take your mail.\n", headers="X-Failed-Recipients: Team@groups.example\n"
    )
    assert found.recipients == ("team@groups.example",)


def test_the_recipient_of_the_notice_is_not_the_failed_one() -> None:
    found = notice("Dear support@shop.example, sorry.\n\nsupport@shop.example:\n<bob@far.example>:\nno such user\n")
    assert found.recipients == ("bob@far.example",)


def test_an_email_to_ourselves_can_fail_too() -> None:
    assert notice("<support@shop.example>:\nno such user\n").recipients == ("support@shop.example",)


def test_a_complaint_names_who_complained() -> None:
    raw = (
        b"From: abuse@provider.example\nSubject: abuse\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\nA complaint.\n"
        b"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: <bob@far.example>\n"
        b"--b\nContent-Type: message/rfc822\n\n" + RETURNED.encode() + b"\n--b--\n"
    )
    found = read_dsn(parse(raw))
    assert found
    assert (found.kind, found.recipients, found.original_message_id) == (
        "arf",
        ("bob@far.example",),
        "<m1@shop.example>",
    )
    assert found.permanent is False


def receipt(disposition: str, subject: str, text: str) -> Dsn:
    raw = (
        f"From: bob@far.example\nSubject: {subject}\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{text}\n"
        "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; bob@far.example\n"
        f"Original-Message-ID: <m1@shop.example>\nDisposition: {disposition}\n--b--\n"
    )
    found = read_dsn(parse(raw.encode()))
    assert found
    return found


def test_a_read_receipt_reports_no_failure() -> None:
    found = receipt("manual-action/MDN-sent-manually; displayed", "Read: Your order", "Your message was read.")
    assert (found.kind, found.recipients, found.original_message_id) == ("mdn", (), "<m1@shop.example>")


def test_a_sieve_reject_is_a_failure_in_the_form_of_a_receipt() -> None:
    text = "Your message to <bob@far.example> was automatically rejected:\nI do not work here any more"
    found = receipt("automatic-action/MDN-sent-automatically; deleted", "Automatically rejected mail", text)
    assert (found.kind, found.recipients) == ("dsn", ("bob@far.example",))


SES = (
    "From: no-reply@sns.amazonaws.example\nSubject: AWS Notification Message\nx-amz-sns-message-id: 1\n"
    "Content-Type: text/plain\n\n"
)
SES_BOUNCE = (
    '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
    '"Bob@far.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}'
)
SES_EVENTS = [
    (SES_BOUNCE, "failed", ("bob@far.example",), True),
    (
        '{"notificationType":"Delivery","delivery":{"recipients":["bob@far.example"]}}',
        "delivered",
        ("bob@far.example",),
        False,
    ),
    (
        '{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"bob@far.example"}]}}',
        "complaint",
        ("bob@far.example",),
        False,
    ),
    ('{"notificationType":"Bounce","bounce":{"bouncedRecipients":"none"}}', "failed", (), False),
    ('{"notificationType":"Bounce", broken', "failed", (), False),
    ('{"notificationType":"Bounce","bounce":' + "[" * 50_000, "failed", (), False),
]


@pytest.mark.parametrize(("event", "action", "recipients", "permanent"), SES_EVENTS)
def test_an_event_of_amazon_ses_is_read(
    event: str, action: str, recipients: tuple[str, ...], *, permanent: bool
) -> None:
    found = read_dsn(parse((SES + event + "\n").encode()))
    assert found
    assert (found.action, found.recipients) == (action, recipients)
    assert found.permanent is permanent or not recipients


NO_REPORTS = [
    b"From: ann@customer.example\nSubject: Hello\n\nHello.\n",
    b"From: ann@customer.example\nSubject: Fwd: Undelivered Mail\n\n<bob@far.example>: 550 5.1.1 User unknown\n",
    b"From: Postmaster <postmaster@far.example>\nSubject: Our new SPF record\n\nWe would like to ask about it.\n",
    b"From: ann@customer.example\nReturn-Path: <>\nSubject: Automatic reply: Hello\n\nI am away.\n",
    b"From: ann@customer.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=c\n\n"
    b"--c\nContent-Type: text/plain\n\nWhy this?\n--c\nContent-Type: message/rfc822\n\n"
    + report_bytes(fields())
    + b"\n--c--\n",
]


@pytest.mark.parametrize("raw", NO_REPORTS)
def test_other_email_gives_no_report(raw: bytes) -> None:
    assert read_dsn(parse(raw)) is None


def test_a_null_sender_in_the_envelope_is_a_sign_of_a_bounce() -> None:
    message = parse(b"From: info@far.example\nSubject: Mail delivery failed\n\n<bob@far.example>: no such user\n")
    assert read_dsn(message) is None
    found = read_dsn(message, null_sender=True)
    assert found
    assert found.recipients == ("bob@far.example",)


HOSTILE = [
    "<bob@far.example>: 550 " + "5.1." * 20_000,
    "550 " * 50_000,
    "<" * 100_000,
    "a@" * 50_000,
    ("x" * 500 + "@" + "y" * 500 + "\n") * 500,
    "Final-Recipient: rfc822; " + "a" * 100_000 + "@" + "b" * 100_000,
    "Final-Recipient: rfc822; a@b.example\n" * 20_000,
    "in reply to " + " " * 100_000 + "data",
    "----- original message " + "-" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_notice_is_bounded(text: str) -> None:
    found = notice(text)
    assert len(found.failures) <= 250
    assert len(found.diagnostic) <= 500
    assert all(len(address) <= 320 for address in found.recipients)


def test_the_number_of_recipients_is_limited() -> None:
    found = report("\n\n".join(fields(f"u{number}@far.example") for number in range(5000)))
    assert 100 <= len(found.recipients) <= 250
