"""`triaged check` names the support addresses that are not configured and have tickets to work on."""

import pytest
from sqlalchemy import update

from daemon.store.models import Ticket
from tests.support.cli import Case
from tests.support.emails import inbound, mail

NAMED = "old@example.com: not in support.addresses, but with open tickets; their emails come from support@example.com"


@pytest.mark.parametrize(("status", "named"), [("OPEN", True), ("WAITING", True), ("CLOSED", False)])
def test_a_removed_address_with_open_tickets_is_named(case: Case, status: str, *, named: bool) -> None:
    ticket, _ = case.opened(inbound(mail()))
    values = {"address": "old@example.com", "status": status}
    case.store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == ticket).values(values)))
    said = " ".join(case.run("check", "--quiet").out.split())
    assert (NAMED in said) is named


@pytest.mark.parametrize("address", ["", "support@example.com"])
def test_a_ticket_of_an_address_in_use_or_of_none_is_not_named(case: Case, address: str) -> None:
    ticket, _ = case.opened(inbound(mail()))
    values = {"address": address}
    case.store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == ticket).values(values)))
    assert "not in support.addresses" not in case.run("check", "--quiet").out
