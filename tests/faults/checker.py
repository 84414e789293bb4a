"""Compare what clients heard and what the sink took with the database: nothing lost, nothing twice, nothing unasked."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesHeaderParser
from typing import Any, Final

from sqlalchemy import Engine, text

from tests.faults.load import Accepted
from tests.support.smtp_sink import Received

KINDS: Final = ("acknowledgement", "notification")
COPIES: Final = 2
READ: Final = {
    "inbound": "SELECT id, sha256, disposition, ticket_id, duplicate_of FROM inbound ORDER BY id",
    "ticket": "SELECT id, category FROM ticket ORDER BY id",
    "decision": 'SELECT id, ticket_id, "by" FROM decision ORDER BY id',
    "delivery": "SELECT id, cause, ticket_id, kind, recipient, message_id, state, attempts FROM delivery ORDER BY id",
    "job": "SELECT id, kind, subject, state FROM job WHERE state != 'done' ORDER BY id",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail as the sink took it: its Message-ID and its recipient."""

    message_id: str
    recipient: str


@dataclass(slots=True)
class Report:
    """What is wrong, a sentence each, every mail that went out twice for a known cause, and what was counted."""

    problems: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    accepted: int = 0
    tickets: int = 0
    sent: int = 0
    duplicates: int = 0
    uncertain: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Database:
    """The rows that count, by table."""

    inbound: Sequence[Any]
    ticket: Sequence[Any]
    decision: Sequence[Any]
    delivery: Sequence[Any]
    job: Sequence[Any]

    @classmethod
    def read(cls, engine: Engine) -> "Database":
        with engine.connect() as connection:
            return cls(**{table: connection.execute(text(query)).all() for table, query in READ.items()})


def sent_emails(received: Iterable[Received]) -> list[Sent]:
    """Return what the sink took, one for each recipient."""
    parser = BytesHeaderParser(policy=policy.compat32)
    return [
        Sent(str(parser.parsebytes(mail.content)["Message-ID"]).strip(), recipient.lower())
        for mail in list(received)
        for recipient in mail.rcpts
    ]


def check(
    engine: Engine,
    accepted: Sequence[Accepted],
    sent: Sequence[Sent],
    *,
    window: int | None = 0,
    unanswered: Container[int] = (),
    given_up: bool = False,
    uncertain: int | None = 0,
    refused: Container[str] = (),
) -> Report:
    """Check everything.

    A mail may have gone out twice, under one Message-ID, where its delivery counts a second attempt and is among those
    of which an attempt was `unanswered`; a third time never. At most `window` emails did, and at most `uncertain` are
    left of which two attempts ended without an answer (None: however many). `given_up` allows tickets that a person is
    to decide, after three counted attempts. Mail to `refused` recipients must have failed.
    """
    database = Database.read(engine)
    report = Report(
        accepted=len(accepted),
        tickets=len(database.ticket),
        sent=len(sent),
        duplicates=sum(row.disposition == "duplicate" for row in database.inbound),
        uncertain=sum(row.state == "uncertain" for row in database.delivery),
        given_up=sum(row.by == "fallback" for row in database.decision),
    )
    report.problems += [
        *_ledger(database, accepted),
        *_tickets(database, given_up=given_up),
        *_deliveries(database, refused),
        *_twins(database),
        *_sink(database, sent, report, unanswered),
        *_excess("went out twice", len(report.doubles), window),
        *_excess("are left uncertain", report.uncertain, uncertain),
        *(f"job {row.id} ({row.kind} {row.subject}) is {row.state}" for row in database.job),
    ]
    return report


def _ledger(database: Database, accepted: Sequence[Accepted]) -> Iterator[str]:
    """Find each 250 in the ledger, and the one ticket of each mail."""
    originals = {row.sha256: row for row in database.inbound if row.disposition != "duplicate"}
    rows = Counter(row.sha256 for row in database.inbound)
    for row in database.inbound:
        if row.disposition != "duplicate" and originals[row.sha256] is not row:
            yield f"inbound {row.id}: the same octets are stored twice as something of their own"
    heard = Counter(one.sha256 for one in accepted)
    for sha256, times in heard.items():
        found = originals.get(sha256)
        if found is None:
            yield f"lost: 250 was said for {sha256[:12]}, and the ledger does not have it"
        elif found.ticket_id is None:
            yield f"lost: mail {sha256[:12]} (inbound {found.id}, {found.disposition}) has no ticket"
        if rows[sha256] < times:
            yield f"250 was said {times} times for {sha256[:12]}, and the ledger has {rows[sha256]} rows"
    tickets = Counter(row.ticket_id for row in originals.values() if row.disposition in ("ticket", "parked"))
    yield from (f"ticket {ticket} belongs to {n} emails" for ticket, n in tickets.items() if ticket and n > 1)


def _tickets(database: Database, *, given_up: bool) -> Iterator[str]:
    opened = {row.ticket_id for row in database.inbound}
    decided = Counter(row.ticket_id for row in database.decision)
    for row in database.ticket:
        if row.id not in opened:
            yield f"ticket {row.id} came from no mail"
        if row.category == "PENDING":
            yield f"ticket {row.id} is not decided"
        if decided[row.id] != 1:
            yield f"ticket {row.id} was decided {decided[row.id]} times"
    if not given_up:
        yield from (f"ticket {row.ticket_id} was given up" for row in database.decision if row.by == "fallback")


def _deliveries(database: Database, refused: Container[str]) -> Iterator[str]:
    planned = Counter((row.ticket_id, row.kind) for row in database.delivery)
    for ticket in database.ticket:
        for kind in KINDS:
            if planned[ticket.id, kind] != 1:
                yield f"ticket {ticket.id} has {planned[ticket.id, kind]} emails of kind {kind}"
    for row in database.delivery:
        wanted = {"failed"} if row.recipient in refused else {"sent"}
        if row.attempts >= COPIES:
            wanted.add("uncertain")
        if row.state not in wanted:
            yield f"delivery {row.id} is {row.state}"


def _twins(database: Database) -> Iterator[str]:
    """Find two emails of one kind to one person about one thing."""
    seen: dict[tuple[str, str, str], Any] = {}
    for row in database.delivery:
        # A ticket is acknowledged once and handed to its team once, whatever the cause.
        things = {row.cause, f"ticket {row.ticket_id}" if row.ticket_id and row.kind in KINDS else row.cause}
        for thing in sorted(things):
            twin = seen.setdefault((thing, row.kind, row.recipient.lower()), row)
            if twin is not row:
                yield f"deliveries {twin.id} and {row.id} are one thing: {row.kind} of {thing} to {row.recipient}"


def _sink(database: Database, sent: Sequence[Sent], report: Report, unanswered: Container[int]) -> Iterator[str]:
    """Find each mail of the sink among the deliveries, and each delivery in the sink, once."""
    copies = Counter(sent)
    planned = {Sent(row.message_id, row.recipient.lower()): row for row in database.delivery}
    for mail, times in copies.items():
        row = planned.get(mail)
        if row is None:
            yield f"unasked: the sink has {mail.message_id} for {mail.recipient}, and no delivery says so"
            continue
        what = f"delivery {row.id} ({row.kind} to {row.recipient}) went out {times} times in {row.attempts} attempts"
        if times > COPIES or times > row.attempts:
            yield what
        elif times > 1 and row.id not in unanswered:
            yield f"{what}, and none was left without an answer"
        elif times > 1:
            report.doubles.append(what)
    for mail, row in planned.items():
        if row.state == "sent" and not copies[mail]:
            yield f"lost: delivery {row.id} counts as sent, and the sink does not have it"


def _excess(what: str, count: int, at_most: int | None) -> Iterator[str]:
    if at_most is not None and count > at_most:
        yield f"{count} emails {what}, and {at_most} can be explained"
