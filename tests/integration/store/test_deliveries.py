"""Attempts of deliveries: they begin freely, hand over twice at most, and are undone by themselves only."""

import pytest

from daemon.store import deliveries
from daemon.store.deliveries import Attempt, DeliveryState, NewDelivery, Outcome
from daemon.store.models import DeliveryRow
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON


def planned(store: Store, cause: int = 1) -> int:
    delivery = store.write(
        lambda session: deliveries.add(
            session,
            [
                NewDelivery(
                    cause=Subject(SubjectKind.DECISION, cause),
                    kind="acknowledgement",
                    recipient="ann@customer.example",
                    ticket_id=None,
                    message_id=f"<{cause}@example.com>",
                    state=DeliveryState.PLANNED,
                    reason="",
                    now=NOON,
                )
            ],
        )[0]
    )
    assert delivery is not None
    return delivery


def begun(store: Store, delivery: int) -> Attempt:
    return store.write(lambda session: deliveries.begin(session, [delivery]))[delivery]


def state(store: Store, delivery: int) -> str:
    with store.read() as session:
        return session.get_one(DeliveryRow, delivery).state


def test_an_attempt_that_delivered_nothing_is_undone(store: Store) -> None:
    delivery = planned(store)
    attempt = begun(store, delivery)
    store.write(lambda session: deliveries.undo(session, attempt))
    assert state(store, delivery) == "planned"


def handed_over(store: Store, attempt: Attempt) -> bool:
    return store.write(lambda session: deliveries.hand_over(session, [attempt]))[0]


def test_an_attempt_begins_any_number_of_times_until_the_email_is_handed_over(store: Store) -> None:
    delivery = planned(store)
    attempts = [begun(store, delivery) for _ in range(9)]
    assert {attempt.state for attempt in attempts} == {DeliveryState.PLANNED}
    assert [attempt.unended for attempt in attempts] == list(range(1, 10))
    assert state(store, delivery) == "planned"


def test_an_email_is_handed_over_twice_at_most(store: Store) -> None:
    delivery = planned(store)
    assert handed_over(store, begun(store, delivery))
    assert state(store, delivery) == "sending"
    second = begun(store, delivery)
    assert (second.repeats, handed_over(store, second)) == (True, True)
    assert store.write(lambda session: deliveries.begin(session, [delivery])) == {}
    assert state(store, delivery) == "uncertain"


def test_an_email_is_not_handed_over_after_another_attempt_began(store: Store) -> None:
    # A worker that stood still, and whose job another one has.
    delivery = planned(store)
    late = begun(store, delivery)
    begun(store, delivery)
    assert not handed_over(store, late)
    assert state(store, delivery) == "planned"


def test_attempts_of_one_transaction_are_handed_over_each_by_its_own_state(store: Store) -> None:
    first, second, third = (planned(store, cause) for cause in (1, 2, 3))
    late = begun(store, first)
    assert handed_over(store, begun(store, second))
    attempts = [late, begun(store, first), begun(store, second), begun(store, third)]
    was_handed_over = store.write(lambda session: deliveries.hand_over(session, attempts))
    assert was_handed_over == [False, True, True, True]
    assert [state(store, one) for one in (first, second, third)] == ["sending", "resending", "sending"]


def test_an_attempt_whose_email_was_refused_after_the_handover_is_undone(store: Store) -> None:
    delivery = planned(store)
    first = begun(store, delivery)
    assert handed_over(store, first)
    store.write(lambda session: deliveries.undo(session, first))
    again = begun(store, delivery)
    assert (again.state, again.unended) == (DeliveryState.PLANNED, 1)


def test_an_older_attempt_undoes_nothing(store: Store) -> None:
    delivery = planned(store)
    late = begun(store, delivery)
    assert handed_over(store, begun(store, delivery))
    store.write(lambda session: deliveries.undo(session, late))
    assert state(store, delivery) == "sending"


@pytest.mark.parametrize(("was_handed_over", "ends"), [(False, "failed"), (True, "uncertain")])
def test_a_delivery_that_is_given_up_ends_as_what_is_known_of_it(
    store: Store, was_handed_over: bool, ends: str
) -> None:
    delivery = planned(store)
    attempt = begun(store, delivery)
    assert not was_handed_over or handed_over(store, attempt)
    store.write(lambda session: deliveries.give_up(session, delivery, "broken"))
    assert state(store, delivery) == ends


def test_a_delivery_that_was_sent_meanwhile_stays_sent(store: Store) -> None:
    delivery = planned(store)
    attempt = begun(store, delivery)
    store.write(lambda session: deliveries.settle(session, [Outcome(delivery, DeliveryState.SENT, "250", NOON)]))
    store.write(lambda session: deliveries.undo(session, attempt))
    assert state(store, delivery) == "sent"
