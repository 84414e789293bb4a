"""Attempts of deliveries: an attempt can be undone, but not by an older one."""

from daemon.store import deliveries
from daemon.store.deliveries import Attempt, DeliveryState, NewDelivery, Outcome
from daemon.store.models import DeliveryRow
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON


def planned(store: Store) -> int:
    delivery = store.write(
        lambda session: deliveries.add(
            session,
            [
                NewDelivery(
                    cause=Subject(SubjectKind.DECISION, 1),
                    kind="acknowledgement",
                    recipient="ann@customer.example",
                    ticket_id=None,
                    message_id="<1@example.com>",
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


def test_an_older_attempt_undoes_nothing(store: Store) -> None:
    delivery = planned(store)
    late = begun(store, delivery)
    assert begun(store, delivery).state is DeliveryState.RESENDING
    store.write(lambda session: deliveries.undo(session, late))
    assert state(store, delivery) == "resending"


def test_a_delivery_that_was_sent_meanwhile_stays_sent(store: Store) -> None:
    delivery = planned(store)
    attempt = begun(store, delivery)
    store.write(lambda session: deliveries.settle(session, [Outcome(delivery, DeliveryState.SENT, "250", NOON)]))
    store.write(lambda session: deliveries.undo(session, attempt))
    assert state(store, delivery) == "sent"
