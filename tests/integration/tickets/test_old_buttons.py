"""A press is late only for a member whose team had the ticket before and has it no more."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from config.settings import Settings
from daemon.mail.commands import Command, ParsedCommands, Verb
from daemon.store import decisions, jobs
from daemon.store.jobs import JobKind, NewJob
from daemon.store.models import AnswerRow, Ticket
from daemon.store.store import Store
from daemon.tickets import member_email
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import NewAnswer
from daemon.tickets.intake import Intake
from daemon.tickets.member_email import MemberEmail
from daemon.vocabulary import Priority, Subject, SubjectKind, Triage
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY
from tests.support.store_queries import ask

EVA = "eva@example.com"


@pytest.mark.parametrize(
    ("history", "status", "answers"),
    [
        # Nobody of Eva's team had it: she is the lead, who gets tickets of other teams.
        (("MANUAL_REVIEW",), "SPAM", []),
        (("IDENTITY_TEAM",), "SPAM", []),
        (("MANUAL_REVIEW", "IDENTITY_TEAM"), "SPAM", []),
        (("IDENTITY_TEAM", "MANUAL_REVIEW"), "OPEN", [("returned",)]),
    ],
)
def test_a_press_is_late_only_if_the_team_had_the_ticket(
    store: Store, history: tuple[str, ...], status: str, answers: list[tuple[str]]
) -> None:
    Intake(store, POLICY, Woken()).accept(inbound(mail()))
    rosters = {"IDENTITY_TEAM": frozenset({EVA}), "MANUAL_REVIEW": frozenset({"ben@example.com"})}
    policy = replace(answer_policy(Settings()), rosters=rosters)

    def press(session: Session) -> None:
        for team in history:
            triage = Triage("Login", Priority.HIGH, 0.8, team, ("the reason",), (), model="m1")
            decisions.apply(session, 1, triage, NOON, by="model", actor=None)
        [offer] = jobs.add(session, [NewJob(JobKind.ANSWER, Subject(SubjectKind.MESSAGE, 1), NOON)])
        lease = jobs.claim(session, offer.job_id, "test", NOON)
        assert lease is not None
        answer = NewAnswer(1, Actor(EVA, "IDENTITY_TEAM", "email:1"), "", "", NOON)
        parsed = ParsedCommands((Command(Verb.SPAM),), "", 1)
        email = MemberEmail(answer, parsed, "#spam", by_button=True, team_copied=False)
        member_email.carry_out(session, [(lease, email)], policy, NOON)

    store.write(press)
    assert ask(store, Ticket.status) == [(status,)]
    assert ask(store, AnswerRow.state) == answers
