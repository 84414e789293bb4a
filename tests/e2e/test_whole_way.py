"""Mail in, triaged, mail out."""

from email.message import EmailMessage
from pathlib import Path

from config.schema import Category
from daemon.mail import token
from daemon.store import keys
from daemon.store.models import DeliveryRow, InboundRow, Job, Ticket
from daemon.vocabulary import Subject, SubjectKind
from tests.support.emails import ANN, mail
from tests.support.fakes import FakeClock, eventually
from tests.support.helpdesk import Helpdesk, settings_for, text_of
from tests.support.smtp_sink import Sink

REFERENCE_CASE = mail(subject="Payment failed", body="Amount debited but not credited")
TEAM = "payments-team@example.com"


def to(emails: list[EmailMessage], recipient: str) -> list[EmailMessage]:
    return [m for m in emails if m["To"] == recipient]


def test_the_reference_case_is_pending_at_once_and_triaged_in_the_background(helpdesk: Helpdesk) -> None:
    answer = helpdesk.send(REFERENCE_CASE)
    (ticket,) = helpdesk.rows(Ticket)
    assert (ticket.status, ticket.category, ticket.priority, ticket.confidence) == ("OPEN", "PENDING", "PENDING", None)
    assert answer == f"250 2.0.0 Stored as {ticket.reference}"

    helpdesk.work()
    emails = helpdesk.emails(2)
    (ticket,) = helpdesk.rows(Ticket)
    decided = (ticket.category, ticket.priority, ticket.confidence, ticket.assigned_team)
    assert decided == ("Payments", "High", 1.0, "PAYMENTS_TEAM")
    assert sorted(m["To"] for m in emails) == [ANN, TEAM]


def test_the_notification_shows_category_sender_priority_and_reason(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (notification,) = to(helpdesk.emails(2), TEAM)
    (ticket,) = helpdesk.rows(Ticket)
    text = text_of(notification)
    for expected in (
        "Amount debited but not credited",
        ANN,
        ticket.reference,
        "Payments",
        "High",
        "debited, not credited",
    ):
        assert expected in text
    assert notification["From"] == "Support <support@example.com>"
    assert notification["Auto-Submitted"] == "auto-generated"
    assert notification["Reply-To"].addresses[0].username.startswith("support+")


def test_the_customer_gets_one_acknowledgement_that_quotes_nothing(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (acknowledgement,) = to(helpdesk.emails(2), ANN)
    (ticket,) = helpdesk.rows(Ticket)
    whole = acknowledgement.as_string()
    assert ticket.reference in acknowledgement["Subject"]
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert acknowledgement["X-Auto-Response-Suppress"] == "All"
    assert "debited" not in whole
    assert "Payment failed" not in whole
    assert [r.mail_from for r in helpdesk.sink.received if r.rcpts == [ANN]] in ([""], ["<>"])


def test_a_second_copy_is_a_duplicate_and_notifies_nobody(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    helpdesk.emails(2)
    helpdesk.send(b"Received: from elsewhere by relay\r\n" + REFERENCE_CASE)
    helpdesk.idle()
    assert [row.disposition for row in helpdesk.rows(InboundRow)] == ["ticket", "duplicate"]
    assert len(helpdesk.rows(Ticket)) == 1
    assert len(helpdesk.sink.received) == 2


def test_a_reply_to_the_acknowledgement_joins_its_ticket_and_notifies_the_team(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (acknowledgement,) = to(helpdesk.emails(2), ANN)
    reply = mail(
        subject=f"Re: {acknowledgement['Subject']}",
        body="Any news?\r\n\r\n> thank you for your message",
        in_reply_to=acknowledgement["Message-ID"],
    )
    helpdesk.send(reply, ANN, acknowledgement["Reply-To"].addresses[0].addr_spec)
    follow_up = helpdesk.emails(3)[-1]
    assert [row.disposition for row in helpdesk.rows(InboundRow)] == ["ticket", "follow-up"]
    assert follow_up["To"] == TEAM
    assert "Any news?" in text_of(follow_up)
    first = to(helpdesk.emails(3), TEAM)[0]
    assert follow_up["References"] == first["Message-ID"]


def test_a_forged_sender_of_the_team_is_announced_to_the_team(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (acknowledgement,) = to(helpdesk.emails(2), ANN)
    reply_to = acknowledgement["Reply-To"].addresses[0].addr_spec
    helpdesk.send(mail(TEAM, "Re: Payment failed", "Please pay to this account"), "eve@evil.example", reply_to)
    announced = helpdesk.emails(3)[-1]
    assert announced["To"] == TEAM
    assert "Please pay to this account" in text_of(announced)


def test_a_reply_of_the_team_goes_to_the_customer_and_is_not_announced_to_the_team(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (notification,) = to(helpdesk.emails(2), TEAM)
    reply_to = notification["Reply-To"].addresses[0].addr_spec
    helpdesk.send(mail(TEAM, "Re: Payment failed", "I take this one"), TEAM, reply_to)
    helpdesk.idle()
    assert [row.disposition for row in helpdesk.rows(InboundRow)] == ["ticket", "answer"]
    (answer,) = to(helpdesk.emails(3)[2:], ANN)
    assert "I take this one" in answer.get_body(("plain",)).get_content()


def test_a_rotated_key_reaches_the_listener_and_the_workers(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    (old,) = helpdesk.runtime.keyring.value
    helpdesk.send(REFERENCE_CASE)
    (signed_by_old,) = to(helpdesk.emails(2), ANN)
    (new,) = helpdesk.store.write(lambda session: keys.rotate(session, helpdesk.clock.now(), revoke=True))
    eventually(lambda: helpdesk.runtime.keyring.value == (new,))

    helpdesk.send(mail(subject="Re: x", body="more"), ANN, signed_by_old["Reply-To"].addresses[0].addr_spec)
    helpdesk.send(mail("bob@shop.example", "Payment failed"), "bob@shop.example")
    (signed_by_new,) = to(helpdesk.emails(5), "bob@shop.example")
    today = helpdesk.clock.now().date()
    assert list(token.find(signed_by_new["Message-ID"], (new,), today))
    assert not list(token.find(signed_by_new["Message-ID"], (old,), today))
    answer = mail("bob@shop.example", "Re: y", "more")
    helpdesk.send(answer, "bob@shop.example", signed_by_new["Reply-To"].addresses[0].addr_spec)
    assert [row.disposition for row in helpdesk.rows(InboundRow)] == ["ticket", "ticket", "ticket", "follow-up"]


def test_an_auto_reply_to_the_acknowledgement_is_kept_and_not_answered(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (acknowledgement,) = to(helpdesk.emails(2), ANN)
    away = mail(
        subject="Automatic reply", body="I am away.", in_reply_to=acknowledgement["Message-ID"],
        headers=("Auto-Submitted: auto-replied",),
    )  # fmt: skip
    helpdesk.send(away, "")
    helpdesk.idle()
    kept = helpdesk.rows(InboundRow)[-1]
    assert (kept.disposition, kept.ticket_id) == ("auto-reply", 1)
    assert len(helpdesk.sink.received) == 2


def test_an_accepted_machine_opens_a_triaged_ticket_that_is_never_acknowledged(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    headers = ("Auto-Submitted: auto-generated", "Precedence: bulk")
    helpdesk.send(mail("Monitoring <alerts@monitor.example>", headers=headers), "alerts@monitor.example")
    (notification,) = helpdesk.emails(1)
    helpdesk.idle()
    assert TEAM in notification["To"]
    (ticket,) = helpdesk.rows(Ticket)
    assert ticket.category == "Payments"
    assert len(helpdesk.sink.received) == 1


def test_our_own_email_that_comes_back_opens_no_ticket(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    helpdesk.emails(2)
    returned = next(r.content for r in helpdesk.sink.received if r.rcpts == [TEAM])
    rewritten = b"\r\n".join(
        b"Message-ID: <rewritten@provider.example>" if line.lower().startswith(b"message-id:") else line
        for line in returned.split(b"\r\n")
    )
    helpdesk.send(rewritten, "someone@provider.example")
    helpdesk.idle()
    assert helpdesk.rows(InboundRow)[-1].disposition == "own"
    assert len(helpdesk.rows(Ticket)) == 1
    assert len(helpdesk.sink.received) == 2


def test_a_bounce_from_the_team_opens_no_ticket_and_suppresses_the_address(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    (notification,) = to(helpdesk.emails(2), TEAM)
    helpdesk.send(bounce_of(notification, TEAM), "")
    helpdesk.send(mail(from_="Bob <bob@other.example>", body="Money debited but not credited too"), "bob@other.example")
    helpdesk.emails(3)
    helpdesk.idle()
    assert [row.disposition for row in helpdesk.rows(InboundRow)] == ["ticket", "bounce", "ticket"]
    states = {(d.recipient, d.cause): d.state for d in helpdesk.rows(DeliveryRow)}
    assert states[TEAM, Subject(SubjectKind.DECISION, 1)] == "failed"
    assert states[TEAM, Subject(SubjectKind.DECISION, 2)] == "suppressed"
    assert len(helpdesk.sink.received) == 3


def test_a_temporary_refusal_is_retried_with_the_same_message_id(helpdesk: Helpdesk) -> None:
    helpdesk.sink.refuse(TEAM, "451 4.2.1 next time")
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    helpdesk.emails(1)
    helpdesk.idle()
    helpdesk.sink.refuse(TEAM, "250 2.1.5 welcome")
    helpdesk.clock.advance(minutes=2)
    helpdesk.emails(2)
    helpdesk.idle()
    (told,) = [d for d in helpdesk.rows(DeliveryRow) if d.recipient == TEAM]
    (notification,) = to(helpdesk.emails(2), TEAM)
    assert (told.state, told.message_id) == ("sent", notification["Message-ID"])


def test_a_permanent_refusal_fails_only_that_recipient(helpdesk: Helpdesk) -> None:
    helpdesk.sink.refuse(TEAM, "550 5.1.1 nobody here")
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    helpdesk.emails(1)
    helpdesk.idle()
    states = {d.recipient: d.state for d in helpdesk.rows(DeliveryRow)}
    assert states == {TEAM: "failed", ANN: "sent"}


def test_every_job_is_harmless_when_it_runs_twice(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(REFERENCE_CASE)
    helpdesk.emails(2)
    helpdesk.idle()
    from daemon.store.jobs import JobKind, Offer  # noqa: PLC0415 - beside its use

    for job in helpdesk.rows(Job):
        helpdesk.runtime.relay.wake([Offer(job.id, JobKind(job.kind))])
    helpdesk.send(mail(from_="Bob <bob@other.example>", body="Amount debited but not credited"), "bob@other.example")
    helpdesk.emails(4)
    helpdesk.idle()
    assert len(helpdesk.sink.received) == 4


def bounce_of(sent: EmailMessage, recipient: str) -> bytes:
    """Return the report of a mail server that could not deliver a mail of ours (RFC 3464)."""
    return "\r\n".join(
        [
            "From: Mail Delivery System <MAILER-DAEMON@relay.example>",
            "To: support@example.com",
            "Subject: Undelivered Mail Returned to Sender",
            "Auto-Submitted: auto-replied",
            "Date: Mon, 02 Mar 2026 12:00:00 +0000",
            "Message-ID: <bounce-1@relay.example>",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"',
            "",
            "--cut",
            "Content-Type: text/plain",
            "",
            "I'm sorry to have to inform you that your message could not be delivered.",
            "--cut",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; relay.example",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            "Action: failed",
            "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 user unknown",
            "--cut",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: {sent['Message-ID']}",
            f"Subject: {sent['Subject']}",
            "--cut--",
            "",
        ]
    ).encode()


def test_categories_without_examples_are_decided_by_the_review_team(tmp_path: Path, sink: Sink, examples: Path) -> None:
    own = tuple(Category(name=name, team="GENERAL_SUPPORT") for name in ("Sales", "Repairs"))
    settings = settings_for(tmp_path, sink, examples).model_copy(update={"categories": own, "rules": ()})
    with Helpdesk(settings, sink, FakeClock()) as helpdesk:
        helpdesk.work()
        assert helpdesk.send(REFERENCE_CASE).startswith("250")
        emails = helpdesk.emails(2)
        (ticket,) = helpdesk.rows(Ticket)
    assert ticket.assigned_team == "MANUAL_REVIEW"
    assert len(to(emails, ANN)) == 1
