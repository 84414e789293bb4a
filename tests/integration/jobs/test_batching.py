"""Jobs side by side: asked of the store together, failing each for itself, limited as if one came after the other."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from dramatiq.middleware import Interrupt
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from daemon.mail.envelope import Inbound
from daemon.store import decisions, deliveries, orphans
from daemon.store.decisions import NewDecision
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.models import Decision, DeliveryRow, Job, MessageRow, Ticket
from daemon.store.queries import snapshots
from daemon.store.store import Store
from daemon.vocabulary import DecidedBy, Priority, Subject, SubjectKind, Triage
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON
from tests.support.pipeline import Pipeline
from workers.jobs import batching
from workers.jobs.batching import BatchedWork, run_batched
from workers.notify import excerpt
from workers.transports.base import AuthenticationFailure
from workers.triage import preprocess

TRIAGE = Triage("Login", Priority.HIGH, 0.9, "IDENTITY_TEAM", ("a word",))


class Counting:
    """Answers with the double, and remembers in what company each item came."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    def __call__(self, _session: Session | None, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        if 13 in items:
            raise ZeroDivisionError
        return [2 * item for item in items]


def doubled(run: Counting, item: int, how: Callable[..., BatchedWork[int]]) -> BatchedWork[int]:
    first = yield from how(run, item)
    return (yield from how(run, first))


def test_a_computation_of_several_jobs_is_done_once_and_a_bad_item_hurts_only_itself(store: Store) -> None:
    run = Counting()
    compute = partial(run, None)
    done = dict(run_batched(store, {n: batching.compute(compute, n) for n in (1, 13, 2)}))
    assert (done[1], done[2]) == (2, 4)
    assert isinstance(done[13], ZeroDivisionError)
    assert run.groups[0] == [1, 13, 2]


@pytest.mark.parametrize("how", [batching.read, batching.write])
def test_the_same_step_of_several_jobs_is_one_query(store: Store, how: Callable[..., BatchedWork[int]]) -> None:
    run = Counting()
    done = dict(run_batched(store, {n: doubled(run, n, how) for n in (1, 2, 3)}))
    assert done == {1: 4, 2: 8, 3: 12}
    assert run.groups == [[1, 2, 3], [2, 4, 6]]


@pytest.mark.parametrize("how", [batching.read, batching.write, batching.write_soon])
def test_a_failing_item_fails_only_its_own_job(store: Store, how: Callable[..., BatchedWork[int]]) -> None:
    done = dict(run_batched(store, {n: doubled(Counting(), n, how) for n in (1, 13)}))
    run = Counting()
    together = dict(run_batched(store, {n: doubled(run, n, how) for n in (1, 13, 2)}))
    assert (done[1], together[1], together[2]) == (4, 4, 8)
    assert isinstance(done[13], ZeroDivisionError)
    assert isinstance(together[13], ZeroDivisionError)


@pytest.mark.parametrize("error", [ValueError("x"), Interrupt()])
def test_an_error_in_one_job_does_not_stop_the_others(store: Store, error: BaseException) -> None:
    def raising() -> BatchedWork[int]:
        yield from batching.read(Counting(), 1)
        raise error

    done = dict(run_batched(store, {"bad": raising(), "good": doubled(Counting(), 1, batching.write)}))
    assert done == {"bad": error, "good": 4}


def test_a_job_gets_the_error_of_its_own_item(store: Store) -> None:
    def hearing() -> BatchedWork[int]:
        try:
            return (yield from batching.write(Counting(), 13))
        except ZeroDivisionError:
            return -1

    assert dict(run_batched(store, {1: hearing()})) == {1: -1}


@pytest.mark.parametrize("how", [batching.write, batching.write_soon])
def test_an_outcome_is_written_again_until_the_store_is_back(
    store: Store, how: Callable[..., BatchedWork[int]]
) -> None:
    calls: list[int] = []

    def away(_session: Session, items: Sequence[int]) -> list[int]:
        calls.extend(items)
        if len(calls) < 3:
            raise OperationalError("a statement", {}, OSError("away"))
        return list(items)

    def one() -> BatchedWork[int]:
        return (yield from how(away, 7))

    assert dict(run_batched(store, {1: one()})) == {1: 7}


def test_a_soon_step_does_not_wait_for_the_other_jobs(store: Store) -> None:
    written = threading.Event()

    def writes(_session: Session, items: Sequence[int]) -> list[int]:
        written.set()
        return list(items)

    def first() -> BatchedWork[int]:
        return (yield from batching.write_soon(writes, 1))

    def second() -> BatchedWork[bool]:
        yield from ()
        return written.wait(30)

    assert dict(run_batched(store, {1: first(), 2: second()})) == {1: 1, 2: True}


def test_a_ticket_that_is_twice_in_a_batch_is_decided_once(store: Store) -> None:
    ticket = Pipeline(store, 10).accept(mail()).ticket_id
    assert ticket
    twice = [NewDecision(ticket, TRIAGE, DecidedBy.MODEL, NOON) for _ in range(2)]
    first, second = store.write(lambda session: decisions.apply_first(session, twice))
    assert first
    assert second is None
    with store.read() as session:
        assert session.execute(select(Decision.id)).scalars().all() == [first]


def test_an_email_that_is_twice_in_a_batch_is_planned_once(store: Store) -> None:
    planned = [
        NewDelivery(
            Subject(SubjectKind.DECISION, 1),
            "notification",
            "team@example.com",
            None,
            f"<{n}@x>",
            DeliveryState.PLANNED,
            "",
            NOON,
        )
        for n in range(2)
    ]
    first, second = store.write(lambda session: deliveries.add(session, planned))
    assert first
    assert second is None
    assert store.write(lambda session: deliveries.add(session, planned)) == [None, None]


def test_a_missing_snapshot_is_named_in_the_error(store: Store) -> None:
    with store.read() as session:
        found = snapshots.load(session, [Subject(SubjectKind.DECISION, 1), Subject(SubjectKind.MESSAGE, 2)])
    with pytest.raises(LookupError, match="no message:2 is stored"):
        found[Subject(SubjectKind.MESSAGE, 2)]


def many(count: int, sender: Callable[[int], str]) -> list[Inbound]:
    return [inbound(mail(sender(n), body=f"mail {n}"), mail_from=sender(n)) for n in range(count)]


def fates(store: Store) -> list[str]:
    acknowledgements = select(DeliveryRow.state).where(DeliveryRow.kind == "acknowledgement").order_by(DeliveryRow.id)
    with store.read() as session:
        return list(session.execute(acknowledgements).scalars())


def test_limits_hold_within_a_batch(store: Store) -> None:
    # Counted before any of them is planned, sixteen emails of one forged sender would be acknowledged sixteen times.
    pipeline = Pipeline(store, 10)
    pipeline.process(many(8, lambda _: "victim@customer.example"))
    assert fates(store) == ["sent"] + ["suppressed"] * 7


def test_the_domain_limit_holds_within_a_batch(store: Store) -> None:
    pipeline = Pipeline(store, 10, acknowledgements_per_domain_hour=3)
    pipeline.process(many(8, lambda n: f"victim{n}@customer.example"))
    assert fates(store).count("sent") == 3


def test_emails_of_a_batch_are_triaged_and_sent_together(store: Store) -> None:
    pipeline = Pipeline(store, 10)
    pipeline.process(many(40, lambda n: f"customer{n}@shop{n}.example"))
    with store.read() as session:
        assert set(session.execute(select(Job.state)).scalars()) == {"done"}
        assert set(session.execute(select(Job.attempts)).scalars()) == {1}
        assert "Pending" not in {str(row).title() for row in session.execute(select(Ticket.category)).scalars()}
        assert session.execute(select(DeliveryRow.state)).scalars().all() == ["sent"] * 80


def states(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.execute(select(DeliveryRow.state).order_by(DeliveryRow.id)).scalars())


def test_refused_credentials_are_tried_once_per_batch(store: Store) -> None:
    # Eight emails begun together asked eight times with a password that is wrong: some servers lock the account for it.
    pipeline = Pipeline(store, 10)
    pipeline.transport.failures.append(AuthenticationFailure("no", 535))
    pipeline.process(many(4, lambda n: f"customer{n}@shop{n}.example"))
    assert pipeline.transport.asked == 1
    assert states(store) == ["planned"] * 8


def test_a_closed_worker_sends_no_further_email_of_its_batch(store: Store) -> None:
    pipeline = Pipeline(store, 10)
    pipeline.transport.then = pipeline.executor.close
    pipeline.process(many(4, lambda n: f"customer{n}@shop{n}.example"))
    assert states(store).count("sent") == 1
    assert set(states(store)) == {"planned", "sent"}
    with store.read() as session:
        assert not orphans.leased(session, 100)


def test_the_loaded_text_is_at_least_as_long_as_the_read_text() -> None:
    assert decisions.MAX_READ >= preprocess.MAX_TEXT
    assert snapshots.MAX_SHOWN >= excerpt.MAX_READ


def test_only_the_start_of_a_large_text_is_loaded(store: Store) -> None:
    pipeline = Pipeline(store, 10)
    ticket = pipeline.accept(mail(body="a line of text\r\n" * 60_000)).ticket_id
    assert ticket
    with store.read() as session:
        [read] = decisions.texts_of(session, [ticket])
        [message] = session.execute(select(MessageRow.id).where(MessageRow.ticket_id == ticket)).scalars()
        found = snapshots.load_one(session, Subject(SubjectKind.MESSAGE, message)).message
    assert read
    assert len(read.text) == decisions.MAX_READ
    assert len(found.text) == snapshots.MAX_SHOWN
    assert found.length == len("a line of text\n" * 60_000)
