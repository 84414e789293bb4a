"""Decisions that people verify: labelled tickets, retraining, certified thresholds and the drift alarm."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from daemon.store import decisions
from daemon.store.decisions import NewDecision
from daemon.store.jobs import JobKind
from daemon.store.models import Job, Ticket
from daemon.store.queries import labels
from daemon.store.queries.labels import labelled_tickets, reviews
from daemon.store.store import Store
from daemon.tickets import actions, boilerplate
from daemon.tickets.actions import Correction
from daemon.tickets.boilerplate import Sighting
from daemon.tickets.intake import Intake
from daemon.vocabulary import DecidedBy, Priority, Status, Triage
from tests.support.domain_values import ADMIN, identity, triage_policy
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, FakeClock, Woken
from workers.learning.current import CurrentModel
from workers.learning.examples import Example
from workers.learning.gate import MIN_TO_COMPARE
from workers.learning.registry import Registry
from workers.learning.trainer import Trainer
from workers.triage.policy import Mode

AUTO = triage_policy(mode=Mode.AUTO)
MODEL = "20260302-120000-abcdef12"


def tickets(store: Store, count: int, *, confidence: float = 0.97, body: str = "cannot get in") -> list[int]:
    """Open tickets that the model routed to Login."""
    policy = identity(keys=(b"k" * 32,))
    intake = Intake(store, policy, Woken())
    found = []
    for _ in range(count):
        ticket = intake.accept(inbound(mail(body=body))).ticket_id
        assert ticket is not None
        triage = Triage("Login", Priority.HIGH, confidence, "IDENTITY_TEAM", ("a word",), model=MODEL)
        decided = NewDecision(ticket, triage, DecidedBy.MODEL, NOON)
        store.write(lambda s, d=decided: decisions.apply_first(s, [d]))  # type: ignore[misc]
        found.append(ticket)
    return found


def verify(store: Store, ticket: int, category: str, *, retrain_after: int = 0) -> actions.ActionResult:
    team = {"Login": "IDENTITY_TEAM", "General": "GENERAL_SUPPORT"}[category]
    said = Correction(category, team, None, Priority.LOW)
    return store.write(lambda s: actions.correct(s, ticket, said, ADMIN, NOON, retrain_after=retrain_after))


def model_source(store: Store, folder: Path) -> CurrentModel:
    found = CurrentModel(store, Registry(folder), lambda: AUTO)
    found._model = SimpleNamespace(version=MODEL)  # type: ignore[assignment]  # only its name is asked for
    return found


def test_training_leaves_out_the_boilerplate_that_triage_leaves_out(store: Store, tmp_path: Path) -> None:
    banner = "Novaplex Shield let this pass. When a password or an invoice is asked for, ring the desk first."
    [ticket] = tickets(store, 1, body=f"{banner}\n\nHello,\n\nwhere is the list of my orders")
    verify(store, ticket, "General")
    trainer = Trainer(store, Registry(tmp_path), FakeClock(), ["General"])
    assert "Novaplex" in trainer.verified()[0].case.body
    block = next(block for block in trainer.verified()[0].case.blocks if "Novaplex" in block.excerpt)
    seen = [Sighting((block,), (), f"d{number}", NOON + timedelta(days=number)) for number in range(5)]
    store.write(lambda session: boilerplate.note(session, seen))
    assert trainer.verified()[0].case.body == "where is the list of my orders"


def test_a_correction_and_a_confirmation_are_both_labels(store: Store) -> None:
    one, other = tickets(store, 2)
    assert verify(store, one, "General").changed
    assert not verify(store, other, "Login").changed
    with store.read() as session:
        assert [(label.ticket_id, label.category) for label in labelled_tickets(session)] == [
            (one, "General"),
            (other, "Login"),
        ]
        assert [review.right for review in reviews(session)] == [False, True]


def test_the_newest_decision_of_a_person_counts(store: Store) -> None:
    (ticket,) = tickets(store, 1)
    verify(store, ticket, "General")
    verify(store, ticket, "Login")
    with store.read() as session:
        assert [label.category for label in labelled_tickets(session)] == ["Login"]


def test_undecided_tickets_are_those_that_the_model_decided_last_one_of_each_customer(store: Store) -> None:
    intake = Intake(store, identity(keys=(b"k" * 32,)), Woken())

    def ticket(sender: str, by: DecidedBy = DecidedBy.MODEL, body: str = "cannot get in") -> int:
        number = intake.accept(inbound(mail(sender, body=body))).ticket_id
        assert number is not None
        triage = Triage("Login", Priority.HIGH, 0.97, "IDENTITY_TEAM", ("a word",), model=MODEL)
        store.write(lambda s: decisions.apply_first(s, [NewDecision(number, triage, by, NOON)]))
        return number

    first, second, other = (
        ticket("ann@customer.example"),
        ticket("ann@customer.example"),
        ticket("bob@customer.example"),
    )
    ruled, checked = ticket("cat@customer.example", DecidedBy.RULE), ticket("dan@customer.example")
    spam, undecided = ticket("eve@customer.example"), ticket("fay@customer.example")
    verify(store, checked, "General")
    store.write(lambda s: setattr(s.get_one(Ticket, spam), "status", Status.SPAM))
    with store.read() as session:
        found = labels.undecided_tickets(session)
    assert [one.ticket_id for one in found] == [undecided, other, second]
    assert not {first, ruled, checked, spam} & {one.ticket_id for one in found}
    assert {one.text.strip() for one in found} == {"cannot get in"}


@pytest.mark.parametrize("verified", [MIN_TO_COMPARE - 1, MIN_TO_COMPARE])
def test_undecided_tickets_are_read_only_where_they_can_be_used_and_the_setting_says_so(
    verified: int, store: Store, tmp_path: Path
) -> None:
    read: list[str] = []

    class Reading(Trainer):
        def verified(self) -> list[Example]:
            return [Example("", f"my password {at}", "Login", verified=True) for at in range(verified)]

        def undecided(self) -> list[Example]:
            read.append("undecided")
            return []

    trainer = Reading(store, Registry(tmp_path), FakeClock(), ["Login", "Payments"], corpus_of(tmp_path))
    trainer.candidate()
    assert read == ["undecided"] * (verified == MIN_TO_COMPARE)
    read.clear()
    trainer.learns_from_undecided = False
    trainer.candidate()
    assert read == []


def corpus_of(folder: Path) -> Path:
    """Write a few examples of two categories; return their directory."""
    corpus = folder / "corpus"
    corpus.mkdir()
    words = ("now", "again", "today", "here")
    rows = [f",cannot sign in {word},Login\n,paid the invoice {word},Payments" for word in words]
    (corpus / "own.csv").write_text("\n".join(["subject,body,category", *rows]) + "\n", encoding="utf-8")
    return corpus


def test_every_third_correction_queues_one_training(store: Store) -> None:
    for ticket in tickets(store, 7):
        verify(store, ticket, "General", retrain_after=3)
    with store.read() as session:
        promised = session.execute(select(Job.subject).where(Job.kind == JobKind.TRAIN)).scalars().all()
    assert len(promised) == 2


def test_a_correction_moves_the_ticket_and_records_who_and_the_decision_replaced(store: Store) -> None:
    (ticket,) = tickets(store, 1)
    verify(store, ticket, "General")
    with store.read() as session:
        found = session.get_one(Ticket, ticket)
        newest = decisions.newest(session, ticket)
    assert (found.category, found.assigned_team, found.confidence) == ("General", "GENERAL_SUPPORT", 1.0)
    assert newest is not None
    assert (newest.by, newest.actor, newest.replaces is not None) == ("person", "ann", True)


def test_enough_confirmed_tickets_certify_a_category(store: Store, tmp_path: Path) -> None:
    for ticket in tickets(store, 60):
        verify(store, ticket, "Login")
    threshold = model_source(store, tmp_path).certified()["Login"]
    assert threshold is not None
    assert threshold <= 0.97


def test_too_many_overrides_stop_automatic_routing_with_the_reason(store: Store, tmp_path: Path) -> None:
    routed = tickets(store, 90)
    for ticket in routed[:60]:
        verify(store, ticket, "Login")
    healthy = model_source(store, tmp_path)
    assert healthy.certified()["Login"] is not None
    assert healthy.drifted == ""
    for ticket in routed[60:]:
        verify(store, ticket, "General")
    alarmed = model_source(store, tmp_path)
    assert alarmed.certified() == {}
    assert MODEL in alarmed.drifted
