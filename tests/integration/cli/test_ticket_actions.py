"""Actions on tickets from the command line, and how refusals are said."""

import pytest

from daemon.store.models import Ticket
from tests.support.cli import Case
from tests.support.emails import inbound, mail


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("resolve",), "RESOLVED", "resolved"),
        (("spam",), "SPAM", "marked as spam"),
        (("take",), "OPEN", "taken by anna"),
    ],
)
def test_an_action_is_done_once(case: Case, command: tuple[str, ...], status: str, said: str) -> None:
    ticket_id, reference = case.opened(inbound(mail()))
    for expected in (said, "already"):
        outcome = case.run("tickets", *command, reference, "--actor", "anna")
        assert (outcome.code, expected in outcome.out) == (0, True)
    assert case.ask(lambda s: s.get(Ticket, ticket_id)).status == status


def test_a_ticket_waits_and_shows_until_when(case: Case) -> None:
    _, reference = case.opened(inbound(mail()))
    assert case.run("tickets", "wait", reference, "soon").code == 65
    assert "waiting until" in case.run("tickets", "wait", reference, "3d").out
    assert "wait until" in case.run("tickets", "show", reference).out
    assert "opened" in case.run("tickets", "open", reference).out


def test_tickets_are_merged_and_split(case: Case) -> None:
    first, one = case.opened(inbound(mail(body="one")))
    _, other = case.opened(inbound(mail(body="two")))
    assert "triage has not decided" in case.run("tickets", "merge", one, other).err
    case.decide(first)
    assert f"merged into {other}" in case.run("tickets", "merge", one, other).out
    outcome = case.run("tickets", "close", one)
    assert (outcome.code, f"use {other}" in outcome.err) == (65, True)
    assert case.run("tickets", "assign", one, "--team", "TECH_SUPPORT").code == 65
    assert case.run("tickets", "show", one, "--json").rows[0]["merged_into"] == other
    assert "is split from" in case.run("tickets", "split", other).out
    assert case.run("tickets", "split", other).code == 65
