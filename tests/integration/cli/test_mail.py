"""Emails of machines are listed with the reason; each can be made a ticket, which is never acknowledged."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.store.deliveries import DeliveryState
from daemon.store.models import DeliveryRow, Event, InboundRow, Job, MessageRow, Participant, Suppression, Ticket
from daemon.vocabulary import Disposition, Status, Subject, SubjectKind
from tests.support.cli import Case
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.fakes import NOON
from tests.support.sent_emails import bounce
from tests.support.store_queries import mark

AWAY = ("Auto-Submitted: auto-replied",)


def auto_reply(case: Case, body: str = "I am away.", **fields: str) -> int:
    return case.accept(
        inbound(mail(subject="Automatic reply: Payment failed", body=body, headers=AWAY, **fields))
    ).inbound_id


def one_of_each(case: Case) -> dict[str, int]:
    """Take in one email for each state that `mail` lists; return their ids."""
    list_ = mail(headers=("List-Id: <news.example>", "Precedence: list"), body="the news")
    loop = f"X-Triaged-Loop: {mark(1, key=case.intake.identity.keys[0])}"
    own = mail(f"Support <{SUPPORT}>", body="from ourselves", headers=(loop,))
    emails = {
        "auto-reply": inbound(mail(headers=AWAY)),
        "bounce": inbound(bounce("<unknown@example.com>"), mail_from=""),
        "list": inbound(list_),
        "own": inbound(own, mail_from=SUPPORT),
    }
    found = {state: case.accept(email).inbound_id for state, email in emails.items()}
    found["parked"] = case.park(inbound(mail(body="breaks us")))
    case.accept(inbound(mail(body="from a person")))
    return found


def listed(case: Case, *options: str) -> list[int]:
    return [row["id"] for row in case.run("mail", "list", "--json", *options).rows]


def test_screened_out_emails_are_listed_newest_first_and_by_state(case_anywhere: Case) -> None:
    case = case_anywhere
    ids = one_of_each(case)
    assert listed(case) == sorted(ids.values(), reverse=True)
    for state, number in ids.items():
        assert listed(case, "--state", state) == [number]
        assert f"email {number}" in case.run("mail", "show", str(number)).out
    assert listed(case, "--state", "own", "--state", "list") == [ids["own"], ids["list"]]
    assert listed(case, "--limit", "2") == [ids["parked"], ids["own"]]
    assert case.run("mail", "list", "--state", "ticket").code == 64


def test_the_list_is_filtered_by_sender_and_time(case_anywhere: Case) -> None:
    case = case_anywhere
    old = case.accept(inbound(mail(headers=AWAY), mail_from="robot_1@example.org")).inbound_id
    today = datetime.now(UTC) - timedelta(minutes=1)
    new = case.accept(inbound(mail(headers=AWAY), mail_from="Robot@Example.org", received_at=today)).inbound_id
    assert listed(case, "--from", "@EXAMPLE.org") == [new, old]
    assert listed(case, "--from", "robot_") == [old]
    assert listed(case, "--since", "1h") == [new]


@pytest.mark.parametrize("state", ["auto-reply", "bounce", "list", "own"])
def test_a_released_email_becomes_a_ticket_that_is_triaged_and_never_acknowledged(
    case_anywhere: Case, state: str
) -> None:
    case = case_anywhere
    number = one_of_each(case)[state]
    assert "ticket HD-" in case.run("mail", "release", str(number), "--actor", "anna").out
    row = case.ask(lambda s: s.get(InboundRow, number))
    assert row.disposition == Disposition.TICKET
    assert row.reasons[0] == "released by anna"
    message = case.ask(lambda s: s.execute(select(MessageRow).where(MessageRow.inbound_id == number)).scalar_one())
    assert (message.kind, message.acknowledge) == ("person", False)
    [kind] = case.ask(
        lambda s: s.execute(select(Job.kind).where(Job.subject == Subject(SubjectKind.TICKET, row.ticket_id))).scalars()
    )
    assert kind == "triage"
    event = case.ask(lambda s: s.execute(select(Event).where(Event.kind == "email released")).scalar_one())
    assert (event.inbound_id, event.ticket_id, event.data) == (number, row.ticket_id, {"actor": "anna", "was": state})
    assert case.run("db", "verify").code == 0


def test_a_released_email_is_due_now_and_not_since_it_came(case: Case) -> None:
    # The admin would be alerted that a job has been waiting for a day.
    number = auto_reply(case)
    case.run("mail", "release", str(number))
    job = case.ask(lambda s: s.execute(select(Job)).scalar_one())
    assert job.created_at > NOON


def test_an_email_is_released_once(case: Case) -> None:
    number = auto_reply(case)
    assert case.run("mail", "release", str(number)).code == 0
    outcome = case.run("mail", "release", str(number))
    assert "is not screened out; its disposition is ticket" in outcome.out
    assert outcome.code == 65
    assert len(case.ask(lambda s: s.execute(select(Ticket.id)).all())) == 1


def test_a_copy_names_the_email_to_release_and_a_missing_one_is_said_so(case: Case) -> None:
    raw = mail(headers=AWAY)
    first, copy = (case.accept(inbound(raw)).inbound_id for _ in range(2))
    assert f"is a copy of email {first}" in case.run("mail", "release", str(copy)).out
    assert "does not exist" in case.run("mail", "release", "99").out
    assert case.run("mail", "show", "99").code == 66


def test_a_released_parked_email_is_replayed(case: Case) -> None:
    number = case.park(inbound(mail()))
    assert "ticket HD-" in case.run("mail", "release", str(number)).out
    message = case.ask(lambda s: s.execute(select(MessageRow)).scalar_one())
    assert message.acknowledge


def test_an_auto_reply_on_a_ticket_becomes_a_follow_up_of_which_the_team_hears(case_anywhere: Case) -> None:
    case = case_anywhere
    first = case.accept(inbound(mail()))
    assert first.ticket_id is not None
    token = mark(first.ticket_id, key=case.intake.identity.keys[0])
    number = auto_reply(case, in_reply_to=f"<{token}.0a@example.com>")
    case.store.write(lambda s: s.execute(update(Ticket).values(status=Status.RESOLVED)) and None)
    assert f"follow-up {first.reference}" in case.run("mail", "release", str(number)).out
    row, ticket = case.ask(lambda s: (s.get(InboundRow, number), s.get(Ticket, first.ticket_id)))
    assert (row.disposition, row.ticket_id, ticket.status) == ("follow-up", first.ticket_id, Status.OPEN)
    message = case.ask(lambda s: s.execute(select(MessageRow).where(MessageRow.inbound_id == number)).scalar_one())
    assert (message.kind, message.acknowledge) == ("person", False)
    assert case.ask(lambda s: s.execute(select(Job.subject).where(Job.kind == "notify")).scalar_one()) == Subject(
        SubjectKind.MESSAGE, message.id
    )
    assert case.ask(lambda s: s.execute(select(Participant)).all()) == []
    assert case.run("db", "verify").code == 0


def test_an_email_that_was_no_bounce_leaves_no_bounce_behind(case_anywhere: Case) -> None:
    case = case_anywhere
    ticket_id, _ = case.opened(inbound(mail()))
    delivery = case.plan_mail(ticket_id, case.decide(ticket_id))

    def sent(session: Session) -> None:
        session.execute(update(DeliveryRow).values(state=DeliveryState.SENT, sent_at=NOON))

    case.store.write(sent)
    number = case.accept(inbound(bounce("<ours@example.com>"), mail_from="")).inbound_id
    assert case.ask(lambda s: s.get(DeliveryRow, delivery)).state == "failed"
    assert case.ask(lambda s: s.execute(select(Suppression.email)).all())
    assert case.run("mail", "release", str(number)).code == 0
    row = case.ask(lambda s: s.get(DeliveryRow, delivery))
    assert (row.state, row.reason) == ("sent", "")
    assert case.ask(lambda s: s.execute(select(Suppression.email)).all()) == []


def test_statistics_count_the_emails_of_each_state(case: Case) -> None:
    one_of_each(case)
    counts = case.run("stats", "--json").rows[0]["emails"]
    assert counts == {"auto-reply": 1, "bounce": 1, "list": 1, "own": 1, "parked": 1, "ticket": 1}
    assert "4 emails were screened out; list them with `triaged mail list`" in case.run("stats").out


def test_the_sender_of_a_released_email_is_its_requester(case: Case) -> None:
    auto_reply(case)
    case.run("mail", "release", "1")
    assert ANN in case.run("tickets", "list", "--json").out
