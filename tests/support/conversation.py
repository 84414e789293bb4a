"""A conversation as its people see it: a customer and members of teams who write, answer and press, by SMTP.

`Desk` is what both kinds of a running triaged offer: in this process, or as a daemon and two workers.
"""

import re
import smtplib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count
from typing import Any, Final

from tests.support.emails import SUPPORT, mail
from tests.support.helpdesk import MEMBER, read, text_of
from tests.support.mail_clients import Original, press, reply
from tests.support.smtp_sink import Received

TEAM: Final = "payments-team@example.com"
IDENTITY: Final = "identity-team@example.com"
ANA: Final = f"Ana Silva <{MEMBER}>"
BEN: Final = f"Ben Reis <{TEAM}>"
QUESTION: Final = "Amount debited but not credited"
ACCEPTED: Final = 250
OTHER_CATEGORY: Final = re.compile(r"%23category%20([A-Za-z]+)")
_ID_OF_FORMS: Final = b"<answer-4711@mail.example.com>"
_DATE_OF_FORMS: Final = b"Mon, 02 Nov 2026 11:05:00 +0000"
_numbers = count(1)


@dataclass(frozen=True)
class Desk:
    """A running triaged: where it listens, what its sink took, how to wait for it, its database, time and keys."""

    port: Callable[[], int]
    taken: Callable[[], Sequence[Received]]
    settle: Callable[[], None]
    query: Callable[..., Sequence[Any]]
    now: Callable[[], datetime]
    keys: Callable[[], tuple[bytes, ...]]

    def send(self, raw: bytes, mail_from: str, *rcpts: str) -> str:
        """Send an email, wait until all that it leads to is done, and return the answer to its last dot."""
        with smtplib.SMTP("127.0.0.1", self.port(), local_hostname="client.example", timeout=60) as client:
            client.ehlo()
            code, text = client.mail(mail_from, [f"SIZE={len(raw)}"])
            for rcpt in rcpts or (SUPPORT,):
                client.rcpt(rcpt)
            if code == ACCEPTED:
                code, text = client.data(raw)
        self.settle()
        return f"{code} {text.decode()}"


def address_of(team: str) -> str:
    """Return the address of a team of the shipped settings."""
    return f"{team.lower().replace('_', '-')}@example.com"


class Conversation:
    """One customer with one ticket, and the teams that answer it; `began` is where its emails begin in the sink."""

    def __init__(
        self, desk: Desk, name: str = "ann", *, copied: str = "", to: str = SUPPORT, rcpt: str = "", **fields: Any
    ) -> None:
        number = next(_numbers)
        self.desk, self.customer = desk, f"{name}@customer{number}.example"
        self.began = len(desk.taken())
        self.asked = f"<question-{number}@customer{number}.example>"
        raw = mail(
            f"{name.title()} Lee <{self.customer}>",
            fields.pop("subject", f"Payment failed {number}"),
            fields.pop("body", f"{QUESTION}, order {number}."),
            to=to,
            message_id=self.asked,
            headers=(*fields.pop("headers", ()), *((f"Cc: {copied}",) if copied else ())),
            **fields,
        )
        self.send(raw, self.customer, rcpt or to.rpartition("<")[2].rstrip(">"))

    # What people do

    def send(self, raw: bytes, author: str, *rcpts: str) -> str:
        """Send an email as it is."""
        return self.desk.send(raw, author, *rcpts)

    def write(self, email: EmailMessage, body: str, author: str = ANA, **fields: Any) -> str:
        """Answer an email of ours in plain text without a quote; return the answer to the last dot."""
        subject = fields.pop("subject", f"Re: {email['Subject']}")
        fields.setdefault("in_reply_to", str(email["Message-ID"]))
        raw = mail(author, subject, body.replace("\n", "\r\n"), date=self.date(), **fields)
        return self.send(raw, bare(author), reply_to(email))

    def answer(self, email: EmailMessage, client: str, *paragraphs: str, author: str = ANA, **options: Any) -> None:
        """Answer an email of ours in the form of a mail program, with its quote."""
        raw = self.dated(reply(client, Original.read(email.as_bytes()), paragraphs, author=author, **options))
        self.send(raw, bare(author), reply_to(email))

    def press(self, email: EmailMessage, command: str, author: str = BEN, client: str = "gmail-web") -> None:
        """Press the button of an email that stands for a command, and send what a mail program opens."""
        link = next(one for one in links(email) if command.replace(" ", "%20") in one.replace("%23", "#"))
        self.send(self.dated(press(client, link, author=author)), bare(author), bare_link(link))

    def likely(self, email: EmailMessage) -> str:
        """Return the first of the other categories for which an email of ours has a button."""
        return next(found[1] for one in links(email) if (found := OTHER_CATEGORY.search(one)))

    def dated(self, raw: bytes) -> bytes:
        """Give an email of a form a Message-ID and a date of its own."""
        own = f"<written-{next(_numbers)}@mail.example.com>".encode()
        return raw.replace(_ID_OF_FORMS, own, 1).replace(_DATE_OF_FORMS, self.date().encode(), 1)

    def date(self) -> str:
        """Return the present date as a header says it."""
        return format_datetime(self.desk.now())

    # What people read

    def emails(self, recipient: str) -> list[EmailMessage]:
        """Return what somebody got since the conversation began."""
        taken = self.desk.taken()[self.began :]
        return [read(one.content) for one in taken if one.rcpts == [recipient]]

    def last(self, recipient: str) -> EmailMessage:
        """Return the last email that somebody got."""
        return self.emails(recipient)[-1]

    def number(self) -> int:
        """Return the number of emails since the conversation began."""
        return len(self.desk.taken()) - self.began

    @contextmanager
    def nothing_reaches(self, *recipients: str) -> Iterator[None]:
        """Assert that nobody of these gets an email meanwhile."""
        before = [len(self.emails(one)) for one in recipients]
        yield
        assert [len(self.emails(one)) for one in recipients] == before

    # What is stored

    @property
    def ticket(self) -> Any:
        """Return the first ticket of the customer."""
        statement = (
            "SELECT t.id, t.reference, t.status, t.category, t.assigned_team, t.taken_by, t.merged_into_id"
            " FROM ticket t JOIN person p ON p.id = t.requester_id WHERE p.email = :email ORDER BY t.id LIMIT 1"
        )
        return self.desk.query(statement, email=self.customer)[0]

    def answers(self) -> list[tuple[str, str]]:
        """Return author and state of each answer on the ticket."""
        rows = self.desk.query("SELECT author, state FROM answer WHERE ticket_id = :id ORDER BY id", id=self.ticket.id)
        return [(row.author, row.state) for row in rows]

    def roles(self) -> list[str]:
        """Return the roles of the messages of the ticket."""
        rows = self.desk.query("SELECT role FROM message WHERE ticket_id = :id ORDER BY id", id=self.ticket.id)
        return [row.role for row in rows]


def reply_to(email: EmailMessage) -> str:
    """Return the address that a reply to an email goes to."""
    return str(email["Reply-To"].addresses[0].addr_spec)


def bare(mailbox: str) -> str:
    """Return the address of a mailbox."""
    return mailbox.rpartition("<")[2].rstrip(">")


def links(email: EmailMessage) -> list[str]:
    """Return the mailto links of an email."""
    html = email.get_body(("html",))
    assert html is not None
    return [one.replace("&amp;", "&") for one in re.findall(r'href="(mailto:[^"]+)"', html.get_content())]


def bare_link(link: str) -> str:
    """Return the address of a mailto link."""
    return link.removeprefix("mailto:").partition("?")[0].replace("%2B", "+").replace("%40", "@")


def words_of(email: EmailMessage) -> str:
    """Return the text of an email in one line, so that no test depends on how it is wrapped."""
    return " ".join(text_of(email).split())
