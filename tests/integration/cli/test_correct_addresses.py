"""`tickets correct` leaves a ticket with the fixed team of its address, and says which team has it."""

from pathlib import Path

import pytest
from sqlalchemy import update

from daemon.store.models import Ticket
from tests.support.cli import Case
from tests.support.emails import inbound, mail

ADDRESSES = """
[support]
addresses = ["support@example.com", {address = "shop@shop.example", team = "GENERAL_SUPPORT", triage = "TRIAGE"}]
"""


@pytest.mark.parametrize(("triage", "team"), [("fixed", "GENERAL_SUPPORT"), ("evidence", "IDENTITY_TEAM")])
def test_a_corrected_category_keeps_the_team_that_is_fixed_for_the_address(
    case: Case, bare: Path, triage: str, team: str
) -> None:
    with (bare / "triaged.toml").open("a", encoding="utf-8") as file:
        file.write(ADDRESSES.replace("TRIAGE", triage))
    ticket, reference = case.opened(inbound(mail()))
    case.decide(ticket, team="GENERAL_SUPPORT")
    case.store.write(lambda session: session.execute(update(Ticket).values(address="shop@shop.example")) and None)
    outcome = case.run("tickets", "correct", reference, "--category", "Login")
    assert f"category Login, team {team} " in outcome.out
    assert case.ask(lambda session: session.get_one(Ticket, ticket).assigned_team) == team
