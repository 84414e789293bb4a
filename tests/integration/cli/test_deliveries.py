"""Outgoing emails are listed, shown, sent again and dismissed; each clears the problem of health."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import JobState
from daemon.store.models import DeliveryRow, Event, Job
from daemon.store.queries import health
from daemon.vocabulary import Subject, SubjectKind
from tests.support.cli import Case
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON


def ended(case: Case, state: DeliveryState, job: JobState = JobState.DONE) -> int:
    """Return a delivery that ended so."""
    ticket, _ = case.opened(inbound(mail()))
    delivery = case.plan_mail(ticket, case.decide(ticket))

    def end(session: Session) -> None:
        row = {"state": state, "reason": "no answer", "attempts": 2, "unended": 2}
        session.execute(update(DeliveryRow).where(DeliveryRow.id == delivery).values(row))
        subject = Subject(SubjectKind.DELIVERY, delivery)
        session.execute(update(Job).where(Job.subject == subject).values(state=job, attempts=5, finished_at=NOON))

    case.store.write(end)
    return delivery


def jobs_of(case: Case, delivery: int) -> list[tuple[str, int]]:
    query = select(Job.state, Job.attempts).where(Job.subject == Subject(SubjectKind.DELIVERY, delivery))
    return [(row.state, row.attempts) for row in case.ask(lambda s: s.execute(query.order_by(Job.id)).all())]


def problem_remains(case: Case) -> bool:
    return bool(case.ask(lambda s: health.facts(s, NOON, {}).uncertain))


def test_uncertain_emails_are_listed_by_default_and_shown_with_their_message_id(case: Case) -> None:
    delivery = ended(case, DeliveryState.UNCERTAIN)
    [row] = case.run("deliveries", "list", "--json").rows
    assert (row["id"], row["state"], row["recipient"]) == (delivery, "uncertain", "team@example.com")
    assert case.run("deliveries", "list", "--json", "--state", "failed").rows == []
    [shown] = case.run("deliveries", "show", str(delivery), "--json").rows
    assert (shown["message_id"], shown["job_state"], shown["ticket"]) == ("<ours@example.com>", "done", row["ticket"])
    assert "<ours@example.com>" in case.run("deliveries", "show", str(delivery)).out
    assert case.run("deliveries", "show", "999").code == 66


@pytest.mark.parametrize("state", ["sent", "planned", "sending", "suppressed"])
def test_deliveries_in_every_state_are_listed(case: Case, state: str) -> None:
    delivery = ended(case, DeliveryState(state))
    assert [row["id"] for row in case.run("deliveries", "list", "--json", "--state", state).rows] == [delivery]


@pytest.mark.parametrize("job", [JobState.DONE, JobState.DEAD])
def test_an_uncertain_email_is_sent_again_on_request(case_anywhere: Case, job: JobState) -> None:
    case = case_anywhere
    delivery = ended(case, DeliveryState.UNCERTAIN, job)
    assert problem_remains(case)
    outcome = case.run("deliveries", "resend", str(delivery), "--actor", "anna")
    assert (outcome.code, outcome.out) == (0, f"delivery {delivery} (to team@example.com) will be sent again\n")
    row = case.ask(lambda s: s.get(DeliveryRow, delivery))
    assert (row.state, row.reason, row.unended, row.message_id) == (
        "planned",
        "sent again by anna",
        0,
        "<ours@example.com>",
    )
    ready = [entry for entry in jobs_of(case, delivery) if entry[0] == "ready"]
    assert ready == [("ready", 0)]
    assert not problem_remains(case)
    assert "delivery sent again" in case.ask(lambda s: s.execute(select(Event.kind)).scalars().all())


def test_all_uncertain_emails_are_dismissed_and_the_problem_is_over(case_anywhere: Case) -> None:
    # The problem counted the deliveries of all time, so it never ended.
    case = case_anywhere
    delivery = ended(case, DeliveryState.UNCERTAIN, JobState.DEAD)
    assert problem_remains(case)
    assert case.run("deliveries", "dismiss", "--all", "--actor", "anna").code == 0
    row = case.ask(lambda s: s.get(DeliveryRow, delivery))
    assert (row.state, row.reason) == ("dismissed", "dismissed by anna: no answer")
    assert jobs_of(case, delivery) == [("done", 5)]
    assert not problem_remains(case)
    assert "is dismissed, and" not in case.run("db", "verify").out


def test_a_dismissed_email_can_still_be_sent_again(case: Case) -> None:
    delivery = ended(case, DeliveryState.UNCERTAIN)
    case.run("deliveries", "dismiss", str(delivery))
    assert case.run("deliveries", "resend", "--all", "--state", "dismissed").code == 0
    assert case.ask(lambda s: s.get(DeliveryRow, delivery)).state == "planned"


@pytest.mark.parametrize("state", ["sent", "planned", "sending", "suppressed"])
@pytest.mark.parametrize("command", ["resend", "dismiss"])
def test_an_email_that_did_not_end_without_success_is_left_alone(case: Case, command: str, state: str) -> None:
    delivery = ended(case, DeliveryState(state))
    outcome = case.run("deliveries", command, str(delivery))
    assert (outcome.code, f"delivery {delivery} is {state}" in outcome.err) == (65, True)
    assert case.ask(lambda s: s.get(DeliveryRow, delivery)).state == state


def test_ids_or_all_must_be_given(case: Case) -> None:
    assert case.run("deliveries", "resend").code == 64
    assert case.run("deliveries", "resend", "77").code == 66
