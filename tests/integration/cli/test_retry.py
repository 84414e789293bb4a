"""Parked emails and dead jobs are retried once."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.store import decisions, jobs, ledger
from daemon.store.decisions import NewDecision
from daemon.store.jobs import JobKind, JobState, NewJob
from daemon.store.models import Decision, DeliveryRow, Event, InboundRow, Job, Ticket
from daemon.tickets.retry import TABLES
from daemon.vocabulary import DecidedBy, Disposition, Priority, Subject, SubjectKind, Triage
from tests.support.cli import Case
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON


def test_a_parked_email_is_listed_with_its_reason_and_shown_in_full(case: Case) -> None:
    raw = mail(body="caf\xe9")
    number = case.park(inbound(raw))
    row = case.run("parked", "list", "--json").rows[0]
    assert (row["id"], row["reasons"], row["ticket"]) == (number, ["our own code failed: a bug"], None)
    assert "café" in case.run("parked", "show", str(number)).out


def test_a_replay_opens_the_ticket_with_the_same_ledger_row(case: Case) -> None:
    number = case.park(inbound(mail()))
    outcome = case.run("parked", "replay", str(number))
    assert outcome.code == 0
    row = case.ask(lambda s: s.get(InboundRow, number))
    assert row.disposition == Disposition.TICKET
    assert case.ask(lambda s: s.execute(select(Job.kind, Job.subject)).all()) == [
        ("triage", Subject(SubjectKind.TICKET, row.ticket_id))
    ]
    assert case.run("parked", "list", "--json").rows == []
    assert case.run("db", "verify").code == 0


def test_an_email_is_replayed_once(case: Case) -> None:
    number = case.park(inbound(mail()))
    case.run("parked", "replay", str(number))
    outcome = case.run("parked", "replay", str(number))
    assert "is not parked; its disposition is ticket" in outcome.out
    assert case.intake.replay(number).disposition is Disposition.TICKET
    assert len(case.ask(lambda s: s.execute(select(Ticket.id)).all())) == 1


def test_all_parked_emails_are_replayed_in_order_and_silently_on_request(case: Case) -> None:
    for subject in ("one", "two"):
        case.park(inbound(mail(subject=subject, body=subject)))
    assert case.run("parked", "replay", "--all", "--silent").code == 0
    tickets = case.ask(lambda s: s.execute(select(Ticket.subject, Ticket.silent).order_by(Ticket.id)).all())
    assert tickets == [("one", True), ("two", True)]


def _given_up(case: Case) -> tuple[int, int, int]:
    """Return ids of inbound, ticket and dead job of a mail that triage gave up."""
    receipt = case.accept(inbound(mail()))
    assert receipt.ticket_id is not None
    decision = case.decide(receipt.ticket_id, by="fallback", category="General", team="MANUAL_REVIEW")
    case.plan_mail(receipt.ticket_id, decision)
    job = receipt.offers[0].job_id

    def bury(session: Session) -> None:
        session.execute(update(Job).where(Job.id == job).values(state=JobState.DEAD, attempts=3, last_error="boom"))
        ledger.settle(session, receipt.inbound_id, Disposition.PARKED, ["triage failed"], receipt.ticket_id)

    case.store.write(bury)
    return receipt.inbound_id, receipt.ticket_id, job


@pytest.mark.parametrize("way", ["parked", "jobs"])
def test_a_ticket_with_a_dead_triage_job_is_triaged_again(case: Case, way: str) -> None:
    number, ticket_id, job_id = _given_up(case)
    command = ("parked", "replay", str(number)) if way == "parked" else ("jobs", "retry", str(job_id))
    assert case.run(*command, "--actor", "anna").code == 0
    ticket, job = case.ask(lambda s: (s.get(Ticket, ticket_id), s.get(Job, job_id)))
    assert (ticket.category, ticket.assigned_team) == ("PENDING", None)
    assert (job.state, job.attempts) == ("ready", 0)
    assert case.ask(lambda s: s.get(InboundRow, number)).disposition == Disposition.TICKET
    actors = case.ask(lambda s: [data.get("actor") for data in s.execute(select(Event.data)).scalars()])
    assert "anna" in actors
    assert case.run("db", "verify").code == 0


def test_a_second_triage_replaces_the_first_so_that_no_second_acknowledgement_is_sent(case_anywhere: Case) -> None:
    case = case_anywhere
    number, ticket_id, _ = _given_up(case)
    before = case.ask(lambda s: decisions.newest(s, ticket_id)).id
    case.run("parked", "replay", str(number))
    triage = Triage("Payments", Priority.HIGH, 0.9, "PAYMENTS_TEAM", ("the reason",))
    decided = [NewDecision(ticket_id, triage, DecidedBy.MODEL, NOON)]
    [again] = case.store.write(lambda s: decisions.apply_first(s, decided))
    assert case.ask(lambda s: s.get(Decision, again)).replaces == before
    assert case.store.write(lambda s: decisions.apply_first(s, decided)) == [None]


def test_a_decision_that_a_person_made_meanwhile_stays(case: Case) -> None:
    number, ticket_id, job_id = _given_up(case)
    case.decide(ticket_id, by="person", category="Login", team="IDENTITY_TEAM")
    case.run("parked", "replay", str(number))
    ticket, job = case.ask(lambda s: (s.get(Ticket, ticket_id), s.get(Job, job_id)))
    assert (ticket.category, job.state) == ("Login", "done")
    assert case.run("parked", "list", "--json").rows == []


def test_a_failed_delivery_is_planned_again_with_all_its_attempts(case: Case) -> None:
    receipt = case.accept(inbound(mail()))
    assert receipt.ticket_id is not None
    delivery = case.plan_mail(receipt.ticket_id, case.decide(receipt.ticket_id))
    subject = Subject(SubjectKind.DELIVERY, delivery)

    def bury(session: Session) -> None:
        session.execute(update(Job).where(Job.subject == subject).values(state=JobState.DEAD))
        session.execute(update(DeliveryRow).values(state="failed", reason="given up"))

    case.store.write(bury)
    assert case.run("jobs", "retry", "--all", "--kind", "deliver").code == 0
    job = case.ask(lambda s: s.execute(select(Job).where(Job.subject == subject)).scalars().one())
    assert (job.state, job.attempts, job.kind) == ("ready", 0, JobKind.DELIVER)
    assert job.created_at - NOON > timedelta(days=1)
    assert case.ask(lambda s: s.get(DeliveryRow, delivery)).state == "planned"


@pytest.mark.parametrize("way", ["retry", "dismiss"])
@pytest.mark.parametrize("kind", [SubjectKind.TICKET, *TABLES])
def test_a_dead_job_about_any_row_is_retried_and_dismissed_on_its_ticket(
    case: Case, monkeypatch: pytest.MonkeyPatch, kind: SubjectKind, way: str
) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    case.plan_mail(ticket_id, case.decide(ticket_id))
    monkeypatch.setattr("sys.stdin", io.StringIO("It is booked."))
    assert case.run("tickets", "reply", reference).code == 0
    dead = NewJob(JobKind.NOTIFY, Subject(kind, 1), NOON)

    def bury(session: Session) -> int:
        [offer] = jobs.add(session, [dead])
        session.execute(update(Job).where(Job.id == offer.job_id).values(state=JobState.DEAD))
        return offer.job_id

    job_id = case.store.write(bury)
    outcome = case.run("jobs", way, str(job_id), "--actor", "anna")
    assert (outcome.code, outcome.err) == (0, "")
    event = case.ask(lambda s: s.execute(select(Event).order_by(Event.id.desc())).scalars().first())
    assert (event.ticket_id, event.data["subject"]) == (ticket_id, f"{kind}:1")
    assert case.ask(lambda s: s.get(Job, job_id)).state == ("ready" if way == "retry" else "done")


def test_a_dismissed_job_is_not_listed(case: Case) -> None:
    _, _, job_id = _given_up(case)
    assert [row["id"] for row in case.run("jobs", "list", "--json").rows] == [job_id]
    case.run("jobs", "dismiss", str(job_id), "--actor", "anna")
    assert case.run("jobs", "list", "--json").rows == []
    assert case.ask(lambda s: s.get(Job, job_id)).last_error == "dismissed by anna: boom"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("jobs", "retry", "99"), 66),
        (("jobs", "retry"), 64),
        (("jobs", "dismiss", "1", "--all"), 64),
        (("parked", "replay", "99"), 66),
        (("parked", "replay"), 64),
        (("parked", "show", "99"), 66),
    ],
)
def test_a_retry_that_is_not_possible_is_refused(case: Case, command: tuple[str, ...], code: int) -> None:
    assert case.run(*command).code == code


def test_a_job_that_is_not_dead_is_not_changed(case: Case) -> None:
    receipt = case.accept(inbound(mail()))
    outcome = case.run("jobs", "retry", str(receipt.offers[0].job_id))
    assert outcome.code == 65
    assert "is ready, not dead" in outcome.err
