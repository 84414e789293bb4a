"""Let every fault happen on the way of a member's answer, and prove that it reached its customer once.

A member answers notifications by their tokens; each answer is an email of its own with words that no other has.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, text

from tests.faults.load import Mail
from tests.faults.point_run import Run
from tests.faults.points import ANSWER_GROUPS
from tests.support.desks import TEAMS_OF_MEMBER
from tests.support.helpdesk import MEMBER, read
from tests.support.smtp_sink import Received

TICKETS: Final = 40
REFERENCE: Final = re.compile(r"\[(HD-[0-9A-Z-]+)\]")
MANY: Final = "1000000"
PATIENCE: Final = 60.0
# What became of an answer: its row, and the deliveries that it led to.
FATES: Final = """
    SELECT i.sha256, i.disposition, a.id AS answer, a.state, d.kind, d.recipient, d.message_id, d.state AS delivery
    FROM inbound i
    LEFT JOIN message m ON m.inbound_id = i.id
    LEFT JOIN answer a ON a.message_id = m.id
    LEFT JOIN delivery d ON d.cause = 'answer:' || a.id
    WHERE i.disposition != 'duplicate'
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A customer who waits for an answer, and the address that a reply to the notification goes to."""

    customer: str
    reply_to: str


@dataclass(frozen=True, slots=True)
class Expected:
    """To whom an answer is to go, and a line that only it has."""

    customer: str
    words: str


class AnswerRun(Run):
    """One system under faults, on the way of answers."""

    groups = ANSWER_GROUPS
    settings: Mapping[str, str] = {
        "TRIAGED_TEAMS": TEAMS_OF_MEMBER,
        "TRIAGED_LIMITS__ANSWERS_PER_TICKET_HOUR": MANY,
    }

    def prepare(self) -> None:
        """Let customers ask before the first fault."""
        self._expected: dict[str, Expected] = {}
        self._written = itertools.count(1)
        self.client.send(self._numbers.emails(TICKETS))
        self.quiet()
        self._tickets = itertools.cycle(asked(self.system.sink.received))

    def emails(self, count: int) -> list[Mail]:
        """Return answers of the member, each on the next ticket."""
        return [self._answer(next(self._tickets), next(self._written)) for _ in range(count)]

    def check(self) -> None:
        """Find each answer that was accepted at its customer, once."""
        super().check()
        accepted = {
            one.sha256: self._expected[one.sha256] for one in self.client.accepted if one.sha256 in self._expected
        }
        self.outcome.problems += missing(fates(self.system.engine), accepted, self.system.sink.received)

    def _answer(self, to: Asked, number: int) -> Mail:
        words = f"Answer number {number} is yours."
        lines = (
            f"From: Ana Silva <{MEMBER}>",
            f"To: Support <{to.reply_to}>",
            "Subject: Re: your question",
            "Date: Mon, 02 Mar 2026 11:59:00 +0000",
            f"Message-ID: <answer-{number}@member.example>",
            "",
            words,
            "",
        )
        mail = Mail(MEMBER, "\r\n".join(lines).encode(), to.reply_to)
        self._expected[mail.sha256] = Expected(to.customer, words)
        return mail


def asked(received: Iterable[Received]) -> list[Asked]:
    """Return who asked, from the acknowledgements and notifications that went out."""
    customers, replies = dict[str, str](), dict[str, str]()
    for one in received:
        email = read(one.content)
        reference = REFERENCE.search(str(email["Subject"]))
        if reference is None:
            continue
        if email["Auto-Submitted"] == "auto-replied":
            customers[reference[1]] = one.rcpts[0]
        else:
            replies[reference[1]] = str(email["Reply-To"].addresses[0].addr_spec)
    return [Asked(customers[name], replies[name]) for name in sorted(customers.keys() & replies.keys())]


def fates(engine: Engine) -> Sequence[Any]:
    """Return what became of every email, with the deliveries that each answer led to."""
    with engine.connect() as connection:
        return connection.execute(text(FATES)).all()


def missing(rows: Iterable[Any], accepted: Mapping[str, Expected], received: Iterable[Received]) -> Iterator[str]:
    """Yield what is wrong with accepted answers: lost, not sent, at the wrong person, or twice as something new."""
    by_answer: dict[str, list[Any]] = {}
    for row in rows:
        by_answer.setdefault(row.sha256, []).append(row)
    sent: dict[str, Counter[tuple[str, str]]] = {}
    for one in received:
        email = read(one.content)
        body = email.get_body(("plain",))
        found = re.search(r"Answer number \d+ is yours\.", body.get_content()) if body else None
        if found and email["Auto-Submitted"] is None:
            key = one.rcpts[0].lower(), str(email["Message-ID"])
            sent.setdefault(found[0], Counter())[key] += 1
    for sha256, wanted in accepted.items():
        yield from _fate(by_answer.get(sha256, []), wanted, sent.get(wanted.words, Counter()))


def _fate(rows: Sequence[Any], wanted: Expected, sent: Mapping[tuple[str, str], int]) -> Iterator[str]:
    shown = f"the answer {wanted.words!r} to {wanted.customer}"
    answers = {row.answer for row in rows if row.answer is not None}
    if len(answers) != 1:
        yield f"{shown} became {len(answers)} answers, as {sorted({row.disposition for row in rows})}"
        return
    if {row.state for row in rows} != {"sent"}:
        yield f"{shown} is {rows[0].state}"
    kinds = Counter(row.kind for row in rows)
    if kinds != {"answer": 1, "answered": 1}:
        yield f"{shown} led to {dict(kinds)}"
        return
    row = next(row for row in rows if row.kind == "answer")
    if row.recipient != wanted.customer:
        yield f"{shown} was planned for {row.recipient}"
    if any(key != (wanted.customer, row.message_id) for key in sent):
        yield f"{shown} went out as {sorted(sent)}"
    if not sent and row.delivery != "uncertain":
        yield f"{shown} is lost: its delivery is {row.delivery}, and the sink does not have it"
