"""A corrected category leaves a ticket with the fixed team of its address, by whichever door the correction comes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from daemon.mail.commands import Command, Verb
from daemon.store import decisions
from daemon.store.models import Decision, Ticket
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import answer_policy
from daemon.vocabulary import Priority, Triage
from tests.support.fakes import NOON
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in, text_of
from tests.support.store_queries import ask

SHOP = "shop@shop.example"
SALES = "sales@shop.example"
BILLING = "billing@shop.example"
ENTRIES: list[Any] = [
    "support@example.com",
    {"address": SHOP, "team": "GENERAL_SUPPORT", "triage": "fixed"},
    {"address": SALES, "team": "GENERAL_SUPPORT"},
    {"address": BILLING, "team": "GENERAL_SUPPORT", "category": "Login"},
]
EVA = Actor("eva@example.com", None, "email:7")


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **(SETTINGS | {"support": {"addresses": ENTRIES}})) as found:
        yield found


def opened(case: Web, address: str, team: str = "GENERAL_SUPPORT") -> dict[str, Any]:
    """Return a ticket of an address, which triage gave to a team."""
    ticket = case.opened()
    triage = Triage("Payments", Priority.MEDIUM, 0.8, team, ("the reason",), (), model="m1")

    def write(session: Any) -> None:
        session.execute(update(Ticket).where(Ticket.id == ticket["id"]).values(address=address))
        decisions.apply(session, ticket["id"], triage, NOON, by="model", actor=None)

    case.store.write(write)
    return ticket


def by_command(case: Web, ticket: dict[str, Any]) -> None:
    policy = answer_policy(case.settings).actions
    said = (Command(Verb.CATEGORY, "Login"),)
    case.store.write(lambda session: actions.perform(session, ticket["id"], said, EVA, NOON, policy))


def by_request(case: Web, ticket: dict[str, Any]) -> None:
    assert case.client.patch(f"/tickets/{ticket['id']}", json={"category": "Login"}).status_code == 200


def by_page(case: Web, ticket: dict[str, Any]) -> None:
    send(signed_in(case, MEMBER), f"/ui/tickets/{ticket['reference']}/correct", category="Login")


DOORS: dict[str, Callable[[Web, dict[str, Any]], None]] = {
    "command": by_command,
    "request": by_request,
    "page": by_page,
}


@pytest.mark.parametrize("correct", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize(
    ("address", "team"),
    [(SHOP, "GENERAL_SUPPORT"), (SALES, "IDENTITY_TEAM"), (BILLING, "GENERAL_SUPPORT"), ("", "IDENTITY_TEAM")],
)
def test_a_corrected_category_keeps_the_team_that_is_fixed_for_the_address(
    case: Web, address: str, team: str, correct: Callable[[Web, dict[str, Any]], None]
) -> None:
    correct(case, opened(case, address))
    assert ask(case.store, Ticket.category, Ticket.assigned_team) == [("Login", team)]
    assert ask(case.store, Decision.category, Decision.team)[-1] == ("Login", team)


def test_a_team_that_is_named_gets_the_ticket(case: Web) -> None:
    one, other, third = (opened(case, SHOP) for _ in range(3))
    said = (Command(Verb.CATEGORY, "Login"), Command(Verb.ASSIGN, "TECH_SUPPORT"))
    policy = answer_policy(case.settings).actions
    case.store.write(lambda session: actions.perform(session, one["id"], said, EVA, NOON, policy))
    case.client.patch(f"/tickets/{other['id']}", json={"category": "Login", "team": "TECH_SUPPORT"})
    path = f"/ui/tickets/{third['reference']}/correct"
    send(signed_in(case, MEMBER), path, category="Login", team="TECH_SUPPORT")
    assert ask(case.store, Ticket.assigned_team) == [("TECH_SUPPORT",)] * 3


def test_the_review_shows_and_gives_the_ticket_to_that_team(case: Web) -> None:
    ticket = opened(case, SHOP, team="MANUAL_REVIEW")
    member = signed_in(case, MEMBER)
    assert "Login GENERAL_SUPPORT" in text_of(member.get("/ui/review"))
    send(member, f"/ui/review/{ticket['reference']}", category="Login")
    assert ask(case.store, Ticket.assigned_team) == [("GENERAL_SUPPORT",)]


def test_what_the_fixed_team_gave_away_goes_to_the_team_of_its_category(case: Web) -> None:
    ticket = opened(case, SHOP)
    said = (Command(Verb.ASSIGN, "MANUAL_REVIEW"),)
    policy = answer_policy(case.settings).actions
    case.store.write(lambda session: actions.perform(session, ticket["id"], said, EVA, NOON, policy))
    member = signed_in(case, MEMBER)
    assert "Login IDENTITY_TEAM" in text_of(member.get("/ui/review"))
    by_command(case, ticket)
    assert ask(case.store, Ticket.assigned_team) == [("IDENTITY_TEAM",)]
