"""What becomes of the emails of the lead, who is in no team: corrections, and a clear answer to everything else."""

import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.store.models import AnswerRow, Decision, MessageRow, Ticket
from daemon.vocabulary import MailKind
from tests.support.emails import ANN, mail
from tests.support.fakes import FakeClock
from tests.support.helpdesk import Helpdesk, settings_for, text_of
from tests.support.smtp_sink import Sink
from workers.notify.outgoing import mark_of

LEAD = "lead@example.com"
TEAM = "payments-team@example.com"
IDENTITY = "identity-team@example.com"
SIGNATURE = "\r\n\r\n-- \r\nLea Maas\r\nInternal extension 4711"


@pytest.fixture
def led(tmp_path: Path, sink: Sink, examples: Path, models: Path) -> Iterator[Helpdesk]:
    """Return a helpdesk with a lead, and one ticket of the payments team."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    shutil.copytree(models, state / "models")
    (state / "models").chmod(0o700)
    settings = settings_for(state, sink, examples)
    settings = settings.model_copy(update={"triage": settings.triage.model_copy(update={"lead": LEAD})})
    with Helpdesk(settings, sink, FakeClock()) as running:
        running.work()
        running.send(mail())
        running.emails(2)
        running.idle()
        yield running


def write(helpdesk: Helpdesk, body: str, subject: str = "", author: str = LEAD) -> None:
    """Write to the address with the lead's token, by default as a press does."""
    (ticket,) = helpdesk.rows(Ticket)[:1]
    mark = mark_of(MailKind.NOTIFICATION, LEAD, ticket.id, helpdesk.runtime.keyring.value[0], helpdesk.clock.now())
    subject = subject or f"{body.splitlines()[0]} [{ticket.reference}]"
    helpdesk.send(mail(f"Lea Maas <{author}>", subject, body), author, f"support+{mark}@example.com")
    helpdesk.idle()


def emails_to(helpdesk: Helpdesk, recipient: str) -> list[EmailMessage]:
    return [one for one in helpdesk.emails(1) if one["To"] == recipient]


def words(email: EmailMessage) -> str:
    return " ".join(text_of(email).split())


def test_a_press_corrects_the_category_and_the_ticket_moves_to_its_team(led: Helpdesk) -> None:
    write(led, "#category Login\r\n\r\nSend this email as it is." + SIGNATURE)
    (ticket,) = led.rows(Ticket)
    assert (ticket.category, ticket.assigned_team) == ("Login", "IDENTITY_TEAM")
    newest = led.rows(Decision)[-1]
    assert (newest.by, newest.actor) == ("person", LEAD)
    assert f"corrected by {LEAD}" in words(emails_to(led, IDENTITY)[-1])
    assert [row.role for row in led.rows(MessageRow)] == ["customer", "note"]
    assert len(emails_to(led, ANN)) == 1
    assert emails_to(led, LEAD) == []


def test_the_lead_sets_the_priority_and_marks_spam(led: Helpdesk) -> None:
    write(led, "#priority Low\r\n#spam", "Two things")
    (ticket,) = led.rows(Ticket)
    assert (ticket.priority, ticket.status) == ("Low", "SPAM")


@pytest.mark.parametrize("body", ["#close", "#category Login\r\n#take", "#assign IDENTITY_TEAM", "#help"])
def test_every_other_command_is_refused_as_a_whole_with_an_answer(led: Helpdesk, body: str) -> None:
    write(led, body)
    (answer,) = emails_to(led, LEAD)
    assert "Nothing was sent or changed: you may correct this ticket, and no more." in words(answer)
    assert f"- {body.splitlines()[-1].partition(' ')[0]}" in text_of(answer)
    (ticket,) = led.rows(Ticket)
    assert (ticket.category, ticket.status, ticket.taken_by) == ("Payments", "OPEN", None)
    assert len(led.rows(Decision)) == 1


@pytest.mark.parametrize("body", ["Hello Ann, we booked it.", "#category Login\r\nHello Ann, we booked it."])
def test_a_text_reaches_no_customer_and_comes_back(led: Helpdesk, body: str) -> None:
    write(led, body, "Re: Payment failed")
    (answer,) = emails_to(led, LEAD)
    assert "you may correct this ticket, and no more." in words(answer)
    assert "Hello Ann, we booked it." in text_of(answer)
    assert len(emails_to(led, ANN)) == 1
    assert [row.state for row in led.rows(AnswerRow)] == ["returned"]
    assert len(led.rows(Decision)) == 1


def test_an_answer_of_ours_to_the_lead_can_be_corrected_and_sent_again(led: Helpdesk) -> None:
    write(led, "#category Logn\r\n")
    (answer,) = emails_to(led, LEAD)
    assert "one line is not a command" in words(answer)
    address = str(answer["Reply-To"].addresses[0].addr_spec)
    again = mail(LEAD, f"Re: {answer['Subject']}", "#category Login", in_reply_to=str(answer["Message-ID"]))
    led.send(again, LEAD, address)
    led.idle()
    assert led.rows(Ticket)[0].category == "Login"


def test_a_press_on_an_old_email_is_answered_and_not_obeyed(led: Helpdesk) -> None:
    (ticket,) = led.rows(Ticket)
    mark = mark_of(MailKind.NOTIFICATION, LEAD, ticket.id, led.runtime.keyring.value[0], led.clock.now())
    led.clock.advance(days=31)
    led.send(mail(LEAD, "#category Login", "#category Login"), LEAD, f"support+{mark}@example.com")
    led.idle()
    (answer,) = emails_to(led, LEAD)
    assert "the email that you used is too old" in words(answer)
    assert led.rows(Ticket)[0].category == "Payments"


def test_somebody_else_with_the_leads_token_is_not_obeyed_and_gets_no_answer(led: Helpdesk) -> None:
    write(led, "#category Login", author="eve@evil.example")
    assert led.rows(Ticket)[0].category == "Payments"
    assert emails_to(led, "eve@evil.example") == []
    assert emails_to(led, LEAD) == []
    assert "kept and not obeyed" in words(emails_to(led, TEAM)[-1])
