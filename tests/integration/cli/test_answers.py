"""Answers and notes from the command line, and what became of them."""

import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import deliveries
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.jobs import JobKind
from daemon.store.models import AnswerRow, Event, Job, MessageRow, Ticket
from daemon.vocabulary import MailKind, SenderCheck, Subject, SubjectKind
from tests.support.cli import Case
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON

BOB = "bob@other.example"
CHECKED = SenderCheck(verified=True, results=("dmarc=pass (customer.example, dkim)", "spf=none (customer.example)"))


@pytest.fixture
def reference(case: Case) -> str:
    ticket_id, found = case.opened(inbound(mail(message_id="<first@customer.example>")))
    case.decide(ticket_id)
    return found


def write(case: Case, monkeypatch: pytest.MonkeyPatch, text: str, *command: str) -> str:
    """Run a command of `tickets` with a text on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    outcome = case.run("tickets", *command)
    assert outcome.code == 0, outcome.err
    return outcome.out


def deliver(case: Case, recipient: str, state: DeliveryState, reason: str, cause: Subject, kind: MailKind) -> int:
    """Store an email and what became of it."""

    def add(session: Session) -> int:
        [delivery] = deliveries.add(
            session, [NewDelivery(cause, kind, recipient, 1, f"<{recipient}>", state, reason, NOON)]
        )
        assert delivery is not None
        return delivery

    return case.store.write(add)


def test_a_note_stays_in_the_team(case: Case, reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = write(case, monkeypatch, "\nAsk the bank first.\n", "note", reference, "--actor", "anna")
    assert said == f"{reference}: noted (the team is notified)\n"
    message = case.ask(lambda s: s.execute(select(MessageRow).order_by(MessageRow.id.desc())).scalars().first())
    assert (message.text, message.role, message.inbound_id) == ("Ask the bank first.", "note", None)
    event = case.ask(lambda s: s.execute(select(Event).where(Event.kind == "note")).scalar_one())
    assert (event.data["actor"], event.data["source"]) == ("anna", "cli")
    job = case.ask(lambda s: s.execute(select(Job).order_by(Job.id.desc())).scalars().first())
    assert (job.kind, job.subject) == (JobKind.NOTIFY, Subject(SubjectKind.MESSAGE, message.id))
    assert case.ask(lambda s: s.execute(select(AnswerRow)).all()) == []
    assert case.ask(lambda s: s.get(Ticket, 1)).status == "OPEN"
    assert "Ask the bank first." in case.run("tickets", "show", reference).out
    assert f"message:{message.id}" in case.run("trace", reference).out


def test_a_note_may_come_from_a_file_and_needs_text(
    case: Case, reference: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("notes") / "note.txt"
    file.write_text("Überweisung prüfen", encoding="utf-8")
    assert case.run("tickets", "note", reference, "--file", str(file)).code == 0
    assert "Überweisung prüfen" in case.run("tickets", "show", reference).out
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    empty = case.run("tickets", "note", reference)
    assert (empty.code, "no text" in empty.err) == (65, True)
    assert case.run("tickets", "note", "HD-XXXX-XXXX", "--file", str(file)).code == 66


def test_an_answer_is_shown_with_the_fate_of_each_recipient(
    case: Case, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(case, monkeypatch, "We have paid it back.", "reply", reference, "--cc", BOB, "--actor", "anna")
    waiting = case.run("tickets", "show", reference).out
    assert "of anna" in waiting
    assert f"to {ANN}: not planned yet" in waiting
    answer = Subject(SubjectKind.ANSWER, 1)
    deliver(case, ANN, DeliveryState.SENT, "250 ok", answer, MailKind.ANSWER)
    failed = deliver(case, BOB, DeliveryState.FAILED, "550 5.1.1 no such user", answer, MailKind.ANSWER)
    deliver(
        case, "team@example.com", DeliveryState.SENT, "250 ok", Subject(SubjectKind.DELIVERY, failed), MailKind.RETURNED
    )

    shown = case.run("tickets", "show", reference).out
    assert f"to {ANN}: sent: 250 ok" in shown
    assert f"to {BOB}: failed: 550 5.1.1 no such user" in shown
    (row,) = case.run("tickets", "show", reference, "--json").rows[0]["answers"]
    assert (row["state"], row["author"]) == ("sent", "anna")
    assert [(one["recipient"], one["state"]) for one in row["recipients"]] == [(ANN, "sent"), (BOB, "failed")]

    entries = {entry["subject"]: entry for entry in case.run("trace", reference, "--json").rows}
    assert entries["answer:1"]["text"] == f"answer of anna for PAYMENTS_TEAM to {ANN}, {BOB}"
    fates = [(e["state"], e["reasons"]) for name, e in entries.items() if name.startswith("delivery:")]
    assert fates == [("sent", ["250 ok"]), ("failed", ["550 5.1.1 no such user"]), ("sent", ["250 ok"])]


@pytest.mark.parametrize("recipient", [ANN, "team@example.com"])
def test_an_email_about_an_answer_is_traced_by_its_message_id(
    case: Case, reference: str, monkeypatch: pytest.MonkeyPatch, recipient: str
) -> None:
    write(case, monkeypatch, "We have paid it back.", "reply", reference, "--actor", "anna")
    failed = deliver(case, ANN, DeliveryState.FAILED, "550", Subject(SubjectKind.ANSWER, 1), MailKind.ANSWER)
    deliver(case, "team@example.com", DeliveryState.SENT, "", Subject(SubjectKind.DELIVERY, failed), MailKind.RETURNED)
    subjects = [row["subject"] for row in case.run("trace", f"<{recipient}>", "--json").rows]
    assert {"inbound:1", "answer:1"} <= set(subjects)


def test_what_our_own_check_of_a_sender_found_is_shown(case: Case) -> None:
    email = case.intake.prepare(inbound(mail()), check=CHECKED)
    reference = case.intake.store([email])[0].result().reference
    assert reference is not None
    shown = case.run("tickets", "show", reference)
    assert "dmarc=pass (customer.example, dkim)" in shown.out
    assert case.run("tickets", "show", reference, "--json").rows[0]["messages"][0]["authentication"] == [
        *CHECKED.results
    ]
    assert "because dmarc=pass (customer.example, dkim)" in case.run("trace", reference).out
