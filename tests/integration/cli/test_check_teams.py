"""`triaged check` names the teams that are not configured and have tickets to work on."""

import pytest
from sqlalchemy import update

from daemon.store.models import Ticket
from tests.support.cli import Case
from tests.support.emails import inbound, mail


@pytest.mark.parametrize(("status", "named"), [("OPEN", True), ("WAITING", True), ("CLOSED", False)])
def test_a_removed_team_with_open_tickets_is_named(case: Case, status: str, *, named: bool) -> None:
    ticket, _ = case.opened(inbound(mail()))
    values = {"assigned_team": "SHOP_TEAM", "status": status}
    case.store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == ticket).values(values)))
    said = " ".join(case.run("check", "--quiet").out.split())
    assert ("SHOP_TEAM: not configured, but with open tickets; GENERAL_SUPPORT gets their emails" in said) is named


def test_a_ticket_that_triage_did_not_decide_yet_is_of_no_removed_team(case: Case) -> None:
    case.opened(inbound(mail()))
    assert "not configured, but with" not in case.run("check", "--quiet").out
