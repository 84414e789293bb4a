"""Limits on outgoing email: floods neither silence honest people nor fill a mailbox, and what waits is sent later."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from daemon.facts import HealthFacts
from daemon.mail.envelope import Inbound
from daemon.store import deliveries
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.maintenance.verify.run import verify
from daemon.store.models import DeliveryRow, Job, Person, Ticket
from daemon.store.queries import health
from daemon.store.store import Store
from daemon.tickets import actions, notification
from daemon.tickets.recent_counts import ordinary_day
from daemon.vocabulary import MailKind, Subject, SubjectKind
from tests.support.domain_values import ADMIN
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON
from tests.support.pipeline import Pipeline


def many(count: int, sender: Callable[[int], str]) -> list[Inbound]:
    return [inbound(mail(sender(n), body=f"mail {n}"), mail_from=sender(n)) for n in range(count)]


def stranger(number: int) -> str:
    return f"stranger{number}@shop{number}.example"


def states(store: Store, kind: str = "acknowledgement") -> list[str]:
    with store.read() as session:
        rows = session.execute(select(DeliveryRow.state).where(DeliveryRow.kind == kind).order_by(DeliveryRow.id))
        return list(rows.scalars())


def facts(pipeline: Pipeline) -> HealthFacts:
    with pipeline.store.read() as session:
        return health.facts(session, pipeline.clock.now(), {})


def no_problems(store: Store) -> bool:
    return not list(verify(store, NOON + timedelta(days=30), lambda _: None))


def verify_person(store: Store, email: str) -> None:
    store.write(lambda session: session.execute(update(Person).where(Person.email == email).values(verified_at=NOON)))


def test_a_flood_of_strangers_does_not_silence_a_verified_person(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=3, acknowledgements_per_stranger_day=9)
    pipeline.process(many(1, lambda _: ANN))
    verify_person(store, ANN)
    pipeline.process(many(8, stranger))
    assert states(store) == ["sent"] * 3 + ["deferred"] * 6
    pipeline.process([inbound(mail(ANN, body="and another thing"))])
    assert states(store)[-1] == "sent"


def test_verified_people_use_up_nothing_of_the_limit_for_all(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=2)
    pipeline.process(many(1, stranger))
    verify_person(store, stranger(0))
    for _ in range(2):
        pipeline.process([inbound(mail(stranger(0)))])
    pipeline.process(many(3, lambda n: stranger(n + 1)))
    assert states(store) == ["sent"] * 4 + ["deferred"] * 2


def test_what_the_limit_for_all_held_back_is_sent_when_the_hour_is_over(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=3)
    pipeline.process(many(8, stranger))
    assert states(store) == ["sent"] * 3 + ["deferred"] * 5
    assert facts(pipeline).deferred == 5
    pipeline.wait(minutes=59)
    assert states(store).count("sent") == 3
    # The limit holds for what waited too, and half of it is left to who writes now.
    pipeline.wait(minutes=1)
    assert states(store) == ["sent"] * 5 + ["deferred"] * 3
    pipeline.process(many(2, lambda n: stranger(n + 50)))
    assert states(store) == ["sent"] * 5 + ["deferred"] * 3 + ["sent", "deferred"]
    pipeline.wait(hours=1)
    pipeline.wait(hours=1)
    assert states(store) == ["sent"] * 10
    assert facts(pipeline).deferred == 0
    assert no_problems(store)


def test_a_ticket_that_was_closed_meanwhile_is_not_acknowledged(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=1)
    pipeline.process(many(3, stranger))
    newest = store.write(lambda s: s.execute(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).scalar_one())
    store.write(lambda session: actions.close(session, newest, ADMIN, NOON))
    pipeline.wait(hours=1)
    assert states(store) == ["sent", "sent", "suppressed"]


def test_after_a_day_nothing_waits(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=1)
    pipeline.process(many(30, stranger))
    for _ in range(24):
        pipeline.wait(hours=1)
    assert (states(store).count("sent"), states(store).count("suppressed")) == (25, 5)
    assert no_problems(store)


def test_a_deferred_acknowledgement_without_its_job_is_a_finding(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=1)
    pipeline.process(many(2, stranger))
    assert no_problems(store)
    store.write(lambda session: session.execute(delete(Job).where(Job.state == "ready")))
    assert [says for _, says in verify(store, NOON + timedelta(days=30), lambda _: None)] == [
        "is deferred, and no live job will plan it again"
    ]


def test_a_plan_that_keeps_failing_leaves_no_acknowledgement_waiting(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_hour=1)
    pipeline.process(many(2, stranger))
    pipeline.clock.advance(hours=1)
    with store.read() as session:
        job_id = session.execute(select(Job.id).where(Job.state == "ready")).scalar_one()
    (lease,) = pipeline.executor._claim(job_id)
    pipeline.executor._discard(lease, "it failed")
    assert states(store) == ["sent", "failed"]


@pytest.mark.parametrize(
    "sender",
    [
        lambda n: f"victim+{n}@customer.example",
        lambda n: f"VICTIM+{n}@Customer.example",
        lambda n: "victim"[: n + 1] + "." + "victim"[n + 1 :] + f"+{n}@gmail.com",
        lambda n: f"victim@{('gmail.com', 'googlemail.com')[n % 2]}",
    ],
)
def test_the_addresses_of_one_mailbox_are_one_stranger(store: Store, sender: Callable[[int], str]) -> None:
    pipeline = Pipeline(store, 10)
    pipeline.process(many(4, sender))
    pipeline.process(many(4, sender))
    assert states(store).count("sent") == 1


def test_subdomains_count_for_the_domain_that_was_registered(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_domain_hour=3)
    pipeline.process(many(8, lambda n: f"victim{n}@mx{n}.customer.co.uk"))
    pipeline.process(many(2, lambda n: f"other{n}@other{n}.co.uk"))
    assert states(store) == ["sent"] * 3 + ["suppressed"] * 5 + ["sent"] * 2
    pipeline.wait(hours=1)
    assert states(store).count("sent") == 5, "a domain that is flooded gets no more than before"


def past_day(store: Store, days: int, count: int) -> None:
    """Store acknowledgements to one large provider, on a day before today."""
    at = NOON - timedelta(days=days, hours=1)
    rows = [acknowledgement(1000 * days + n, f"customer{n}@provider.example", at) for n in range(count)]
    store.write(lambda session: deliveries.add(session, rows))


def acknowledgement(number: int, recipient: str, at: datetime) -> NewDelivery:
    cause = Subject(SubjectKind.DECISION, 10_000 + number)
    return NewDelivery(
        cause, MailKind.ACKNOWLEDGEMENT, recipient, None, f"<past-{number}@x>", DeliveryState.SENT, "250", at
    )


@pytest.mark.parametrize(("days", "allowed"), [(0, 2), (3, 2), (4, 5), (7, 5)])
def test_the_limit_of_a_domain_grows_with_its_ordinary_days(store: Store, days: int, allowed: int) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_domain_hour=2)
    for day in range(1, days + 1):
        past_day(store, day, 20)
    pipeline.process(many(8, lambda n: f"new{n}@provider.example"))
    assert states(store)[-8:].count("sent") == allowed


def test_a_flood_of_today_does_not_raise_the_limit_of_today(store: Store) -> None:
    past_day(store, 0, 500)
    with store.read() as session:
        assert ordinary_day(session, MailKind.ACKNOWLEDGEMENT, "provider.example", NOON) == 0


def test_the_customers_of_a_large_provider_wait_instead_of_getting_nothing(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_domain_hour=2)
    for day in range(1, 8):
        past_day(store, day, 20)
    pipeline.process(many(8, lambda n: f"new{n}@provider.example"))
    assert states(store)[-8:] == ["sent"] * 5 + ["deferred"] * 3
    pipeline.wait(hours=1, seconds=1)
    assert states(store)[-8:] == ["sent"] * 8


def test_the_limits_hold_between_two_workers(store_url: str) -> None:
    first, second = Store(store_url), Store(store_url)
    planning, counted = threading.Event(), threading.Event()

    def plan_one(session: Session) -> None:
        notification.begin_planning(session, [], str, 60, NOON)
        planning.set()
        deliveries.add(session, [acknowledgement(1, ANN, NOON)])
        # Long enough for a worker that does not wait for this plan.
        counted.wait(1)

    def count(session: Session) -> int:
        found = notification.begin_planning(session, [], str, 60, NOON).recent.in_all_hour
        counted.set()
        return found

    with ThreadPoolExecutor(1) as pool:
        planned = pool.submit(first.write, plan_one)
        assert planning.wait(30)
        assert second.write(count) == 1
        planned.result(30)
    first.close()
    second.close()


class Digests:
    """A pipeline whose transport keeps what was sent to the teams."""

    def __init__(self, store: Store, **limits: int) -> None:
        self.sent: list[tuple[str, str]] = []
        self.pipeline = Pipeline(store, 10, acknowledgements_per_hour=0, **limits)
        self.pipeline.transport.send = self._send  # type: ignore[method-assign]

    def _send(self, _mail_from: str, recipient: str, content: bytes, hand_over: Callable[[], None]) -> str:
        hand_over()
        self.sent.append((recipient, content.decode()))
        return "250 taken"


def test_past_its_limit_a_team_gets_one_digest_of_all_tickets(store: Store) -> None:
    digests = Digests(store, notifications_per_team_hour=3)
    digests.pipeline.process(many(20, stranger))
    digests.pipeline.process(many(5, lambda n: stranger(n + 20)))
    assert len(digests.sent) == 3
    digests.pipeline.wait(minutes=15)
    (_, digest) = digests.sent[-1]
    assert len(digests.sent) == 4
    assert "Subject: 22 tickets for MANUAL_REVIEW" in digest
    with store.read() as session:
        references = list(session.execute(select(Ticket.reference).order_by(Ticket.id.desc()).limit(22)).scalars())
    assert [reference for reference in references if reference not in digest] == []
    assert stranger(7) in digest
    assert no_problems(store)


def test_tickets_after_a_digest_come_in_the_next_one(store: Store) -> None:
    digests = Digests(store, notifications_per_team_hour=1)
    digests.pipeline.process(many(3, stranger))
    digests.pipeline.wait(minutes=15)
    digests.pipeline.process(many(1, lambda _: stranger(9)))
    digests.pipeline.wait(minutes=15)
    assert len(digests.sent) == 3
    assert "Subject: 1 ticket for" in digests.sent[-1][1]
    assert stranger(9) in digests.sent[-1][1]


def test_a_digest_is_sent_again_with_all_its_tickets_after_a_failure(store: Store) -> None:
    digests = Digests(store, notifications_per_team_hour=1)
    digests.pipeline.process(many(3, stranger))
    with store.read() as session:
        (digest,) = session.execute(select(DeliveryRow.id).where(DeliveryRow.kind == "digest")).scalars()
    attempt = store.write(lambda session: deliveries.begin(session, [digest]))[digest]
    digests.pipeline.process(many(1, lambda _: stranger(8)))
    store.write(lambda session: deliveries.undo(session, attempt))
    assert states(store, "digest") == ["planned", "planned"]
    digests.pipeline.wait(minutes=15)
    assert sorted(text.count("@shop") for _, text in digests.sent[1:]) == [2, 4]


def test_suppressed_acknowledgements_are_counted(store: Store) -> None:
    pipeline = Pipeline(store, 10)
    pipeline.process(many(5, lambda _: ANN))
    assert facts(pipeline).limited == 4
    pipeline.wait(hours=1)
    assert facts(pipeline).limited == 0
