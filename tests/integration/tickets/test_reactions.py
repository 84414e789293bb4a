"""A reaction with an emoji is kept on its ticket and changes nothing; that of a member reaches no customer."""

import pytest

from daemon.store import answers
from daemon.store.models import InboundRow, MessageRow, Participant, Person, Ticket
from daemon.store.store import Store
from daemon.vocabulary import Status
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.members import ANA, BOB, address, change, jobs, kept, team_mark, write
from tests.support.smtp_client import Running
from tests.support.store_queries import ask, count, mark

GMAIL = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAnn reacted via Gmail\r\n--b\r\n"
    'Content-Type: text/vnd.google.email-reaction+json; charset=utf-8\r\n\r\n{"emoji":"\\u2764","version":1}\r\n--b--'
)
OUTLOOK = (
    "Ann Lee reacted to your message:\r\n________________________________\r\nFrom: Support <support@example.com>\r\n"
    "Sent: Monday\r\nTo: Ann\r\nSubject: x"
)
REACTIONS = {
    "Gmail": (GMAIL, ("MIME-Version: 1.0", "Content-Type: multipart/alternative; boundary=b")),
    "Outlook": (OUTLOOK, ()),
}


def react(running: Running, program: str, author: str, to: str, **fields: str) -> None:
    body, headers = REACTIONS[program]
    fields = {"in_reply_to": f"<{mark(1)}.0a@example.com>", **fields}
    write(running, mail(author, "Re: Payment failed", body, headers=headers, **fields), to, mail_from=author)


@pytest.mark.parametrize("program", REACTIONS)
@pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED, Status.CLOSED])
def test_the_reaction_of_a_customer_is_kept_and_changes_nothing(
    running: Running, store: Store, program: str, status: Status
) -> None:
    change(store, status=status)
    react(running, program, ANN, address(mark(1)))
    assert ask(store, InboundRow.disposition)[-1] == ("auto-reply",)
    assert ask(store, Ticket.status) == [(status,)]
    assert jobs(store) == []


@pytest.mark.parametrize("program", REACTIONS)
def test_an_answer_quotes_the_email_before_a_reaction(running: Running, store: Store, program: str) -> None:
    react(running, program, ANN, address(mark(1)))
    assert ask(store, MessageRow.ticket_id, MessageRow.kind)[-1] == (1, "auto-reply")
    with store.read() as session:
        last = answers.last_email(session, 1)
    assert last is not None
    assert last.inbound_id == 1


@pytest.mark.parametrize("program", REACTIONS)
def test_a_reaction_of_somebody_else_joins_nobody_and_opens_nothing(
    running: Running, store: Store, program: str
) -> None:
    react(running, program, BOB, address(mark(1)))
    react(running, program, BOB, SUPPORT, in_reply_to="<unknown@example.com>")
    assert count(store, Ticket) == 1
    assert count(store, Participant) == 0
    assert [proved for _, proved in ask(store, Person.email, Person.verified_at)] == [None] * count(store, Person)


@pytest.mark.parametrize("program", REACTIONS)
def test_a_member_who_asked_something_may_react_too(running: Running, store: Store, program: str) -> None:
    write(running, mail(ANA, "My own question", message_id="<anas@example.com>"), SUPPORT)
    store.write(lambda session: setattr(session.get_one(Ticket, 2), "status", Status.WAITING))
    react(running, program, ANA, address(mark(2, ANA)))
    assert ask(store, Ticket.status) == [(Status.WAITING,), (Status.WAITING,)]


@pytest.mark.parametrize("program", REACTIONS)
def test_the_reaction_of_a_member_is_read_as_an_answer_without_words(
    running: Running, store: Store, program: str
) -> None:
    react(running, program, ANA, address(team_mark()))
    assert kept(store)[:3] == ("answer", "note", True)
    assert jobs(store) == [("answer", "message")]
