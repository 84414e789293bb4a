"""Emails of team members to a listener that knows two teams, and what was kept of them."""

import ipaddress
from dataclasses import replace
from typing import Any

from sqlalchemy import update

from daemon.mail.roster import Team
from daemon.mail.token import Purpose
from daemon.store.models import InboundRow, Job, MessageRow, Ticket
from daemon.store.queries import snapshots
from daemon.store.store import Store
from daemon.vocabulary import Authentication, Subject, SubjectKind
from tests.support.smtp_client import POLICY, Running
from tests.support.store_queries import ask, mark

ANA = "ana@example.com"
EVE = "eve@evil.example"
BOB = "bob@customer.example"
PAYMENTS = Team.of("PAYMENTS", "payments@example.com", (ANA, "@agents.example.com"))
LOGIN = Team.of("LOGIN", "login@example.com", ("leo@example.com",))
PASSED = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"
ROSTER = replace(POLICY, teams=(PAYMENTS, LOGIN), trusted_networks=(ipaddress.ip_network("127.0.0.0/8"),))


def demanding(authentication: Authentication) -> Any:
    return replace(ROSTER, conversation=replace(ROSTER.conversation, authentication=authentication))


def address(stamp: str) -> str:
    return f"support+{stamp}@example.com"


def team_mark(team: Team = PAYMENTS, ticket_id: int = 1) -> str:
    return mark(ticket_id, team.address, Purpose.TEAM)


def write(running: Running, raw: bytes, *rcpt_tos: str, mail_from: str = ANA) -> None:
    with running.client() as client:
        assert client.hello().deliver(raw, *rcpt_tos, mail_from=mail_from).startswith("250")


def change(store: Store, **values: Any) -> None:
    store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == 1).values(values)) and None)


def kept(store: Store) -> tuple[str, str, bool, str]:
    """Return disposition, role, by_team and the note of the newest email, which is on the first ticket."""
    rows = ask(store, InboundRow.disposition, InboundRow.ticket_id, InboundRow.id)
    disposition, ticket_id, inbound_id = rows[-1]
    assert ticket_id == 1
    role, by_team, message_id = ask(store, MessageRow.role, MessageRow.by_team, MessageRow.id)[-1]
    with store.read() as session:
        shown = snapshots.load_one(session, Subject(SubjectKind.MESSAGE, message_id)).message
    assert (shown.role, shown.inbound_id) == (role, inbound_id)
    return disposition, role, by_team, shown.note


def jobs(store: Store) -> list[tuple[str, str]]:
    """Return the kinds and subjects of the jobs after that of the first email."""
    return [(kind, subject.kind) for kind, subject in ask(store, Job.kind, Job.subject)[1:]]
