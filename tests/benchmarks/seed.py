"""Fill a database with the rows of a helpdesk that ran for long: a ticket each minute, the newest a moment ago.

The rows are written by the database itself: a million tickets with all that belongs to them would take Python longer
than the measurement.
"""

import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, create_engine, text

from daemon.store.models import Base
from tests.support.fakes import NOON

SEPARATE: Final = timedelta(minutes=1)
SHOPS: Final = 997
# So many of each are open, whatever the size: what is unfinished does not grow with age.
LEFT: Final = 20
MULTIPLIER, MODULUS = 2_654_435_761, 2**32

TEAMS: Final = ("PAYMENTS_TEAM", "TECH_SUPPORT", "CUSTOMER_SUCCESS", "MANUAL_REVIEW")
CATEGORIES: Final = ("Payments", "Technical", "Login", "General")
TEAM_MAILBOX: Final = ("'team@example.com'", "'example.com'")
LETTER: Final = (
    "Hello, last week I ordered two chairs and a lamp from your shop. The lamp arrived with a broken shade, and the "
    "chairs have not arrived at all. The tracking page says that they wait in a depot since Tuesday. Could you find "
    "out when they will come, and send me another shade? My order number is "
)


Columns = dict[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """How a dialect says what the rows are made of; `moment` and `code` take an expression."""

    series: str
    digest: str
    octets: str
    moment: str
    code: str


SQLITE: Final = Words(
    series="(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n}) SELECT i FROM s)",
    digest="lower(hex(randomblob(32)))",
    octets="X'{hex}'",
    moment="strftime('%Y-%m-%d %H:%M:%f', {at}, 'unixepoch') || '000'",
    code="printf('%08X', ({i} * 2654435761) % 4294967296)",
)
POSTGRESQL: Final = Words(
    series="(SELECT i::bigint FROM generate_series(1, {n}) AS s(i)) AS s",
    digest="encode(sha256((random()::text || i)::bytea), 'hex')",
    octets="decode('{hex}', 'hex')",
    moment="to_timestamp({at})",
    code="upper(lpad(to_hex(({i} * 2654435761) % 4294967296), 8, '0'))",
)


def reference(ticket: int) -> str:
    """Return the reference of a ticket."""
    code = f"{ticket * MULTIPLIER % MODULUS:08X}"
    return f"HD-{code[:4]}-{code[4:]}"


def message_id(ticket: int) -> str:
    """Return the Message-ID of the mail that opened a ticket."""
    return f"<{ticket * MULTIPLIER % MODULUS:08X}.{ticket}@customer.example>"


def delivery_id(ticket: int) -> str:
    """Return the Message-ID of the mail to the team about a ticket."""
    return f"<{ticket * MULTIPLIER % MODULUS:08X}.team.{ticket}@example.com>"


def requester(ticket: int, tickets: int) -> str:
    """Return the address of who opened a ticket, among so many."""
    person = ticket % people(tickets) + 1
    return f"customer{person}@shop{person % SHOPS}.example"


def subject(ticket: int) -> str:
    """Return the subject of a ticket."""
    return f"Question {ticket} about my order"


def people(tickets: int) -> int:
    """Return how many people opened so many tickets."""
    return tickets // 2 + 1


def seed(url: str, tickets: int, with_emails: int | None = None) -> None:
    """Fill an empty, migrated database. PostgreSQL gathers statistics, as it does in service; SQLite has none there.

    `with_emails` is the number of tickets, the oldest, that have their outgoing emails and their jobs; None: all.
    """
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        _hurry(connection)
        indexes = [index for table in Base.metadata.tables.values() for index in table.indexes]
        for index in indexes:
            index.drop(connection)
        try:
            for statement in _statements(
                connection.dialect.name, tickets, tickets if with_emails is None else with_emails
            ):
                connection.execute(text(statement))
        finally:
            for index in indexes:
                index.create(connection)
        _settle(connection)
    engine.dispose()


def _hurry(connection: Connection) -> None:
    """Give up what a database that is only being filled does not need: durability, and looking after foreign keys."""
    if connection.dialect.name == "sqlite":
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-1000000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        return
    for setting in ("session_replication_role = replica", "synchronous_commit = off", "maintenance_work_mem = '256MB'"):
        connection.exec_driver_sql(f"SET {setting}")


def _settle(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        return
    for name, table in Base.metadata.tables.items():
        if "id" in table.columns:
            connection.exec_driver_sql(f"SELECT setval('{name}_id_seq', (SELECT max(id) + 1 FROM {name}), false)")
    connection.execute(text("VACUUM ANALYZE"))
    connection.execute(text("CHECKPOINT"))


def _statements(dialect: str, tickets: int, with_emails: int) -> list[str]:
    words = POSTGRESQL if dialect == "postgresql" else SQLITE
    return [_insert(words, *rows) for rows in _Rows(words, tickets, with_emails).all() if rows[1]]


def _insert(words: Words, table: str, count: int, columns: Columns) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    series = words.series.format(n=count)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())} FROM {series}"


def _one_of(names: tuple[str, ...], number: str) -> str:
    whens = " ".join(f"WHEN {position} THEN '{name}'" for position, name in enumerate(names))
    return f"CASE ({number}) / 10 % {len(names)} {whens} END"


def _address(number: str) -> str:
    return f"'customer' || ({number}) || '@shop' || (({number}) % {SHOPS}) || '.example'"


class _Rows:
    """What so many tickets bring with them, as SQL expressions of a running number i.

    Each fifth ticket has an answer with an attachment, each tenth came twice, each twentieth was corrected.
    """

    def __init__(self, words: Words, tickets: int, with_emails: int) -> None:
        self._words, self._n = words, tickets
        self._told = min(tickets, with_emails)
        self._answers, self._copies, self._corrections = tickets // 5, tickets // 10, tickets // 20
        self._writers = people(tickets)
        self._began = int((NOON - tickets * SEPARATE).timestamp())
        code = words.code.format(i="i")
        self._code = code
        self._first_mail = f"'<' || {code} || '.' || i || '@customer.example>'"
        self._team_mail = f"'<' || {code} || '.team.' || i || '@example.com>'"
        self._later_mail = f"'<' || {code} || '.later.' || i || '@customer.example>'"
        self._thanks = f"'<' || substr({words.digest}, 1, 34) || '.' || i || '@example.com>'"

    def all(self) -> list[tuple[str, int, Columns]]:
        """Return (table, how many, {column: expression}), in an order in which they can be inserted."""
        n, answers, copies = self._n, self._answers, self._copies
        parked = f"CASE WHEN i <= {LEFT} THEN 'parked' ELSE 'ticket' END"
        customer = _address(self._person("i"))
        shop = f"'shop' || (({self._person('i')}) % {SHOPS}) || '.example'"
        copy = {"content_key": "NULL", "raw": "NULL", "ticket_id": "NULL", "duplicate_of": "i * 10"}
        return [
            ("person", self._writers, self._writer()),
            ("ticket", n, self._ticket()),
            ("inbound", n, self._inbound(0, "i", parked, self._first_mail)),
            ("inbound", answers, self._inbound(n, "i * 5", "'follow-up'", self._later_mail)),
            ("inbound", copies, self._inbound(n + answers, "i * 10", "'duplicate'", "''", **copy)),
            ("message", n, self._message(0, "i", self._first_mail)),
            ("message", answers, self._message(n, "i * 5", self._later_mail)),
            ("attachment", answers, self._attachment()),
            ("participant", answers, {"ticket_id": "i * 5", "person_id": self._person("i * 5 + 1")}),
            ("decision", n, self._decision(0, "i", "'model'", "NULL")),
            ("decision", self._corrections, self._decision(n, "i * 20", "'person'", "i * 20", actor="'ann'")),
            ("delivery", self._told, self._delivery(0, "notification", TEAM_MAILBOX, self._team_mail)),
            ("delivery", self._told, self._delivery(n, "acknowledgement", (customer, shop), self._thanks)),
            ("job", self._told, self._job(0, "triage", "'ticket:' || i")),
            ("job", self._told, self._job(n, "notify", "'decision:' || i")),
            ("job", self._told, self._job(2 * n, "deliver", "'delivery:' || i")),
            ("job", self._told, self._job(3 * n, "deliver", f"'delivery:' || (i + {n})")),
            ("event", copies, self._copied()),
            ("suppression", n // 200, self._suppression()),
        ]

    def _moment(self, number: str) -> str:
        return self._words.moment.format(at=f"{self._began} + {number} * {int(SEPARATE.total_seconds())}")

    def _person(self, number: str) -> str:
        return f"({number}) % {self._writers} + 1"

    def _writer(self) -> Columns:
        return {"id": "i", "email": _address("i"), "name": "'Customer ' || i", "created_at": self._moment("i")}

    def _ticket(self) -> Columns:
        status = "CASE WHEN i % 10 IN (0, 2, 4, 6) THEN 'OPEN' WHEN i % 10 = 1 THEN 'WAITING' ELSE 'CLOSED' END"
        return {
            "id": "i",
            "reference": f"'HD-' || substr({self._code}, 1, 4) || '-' || substr({self._code}, 5, 4)",
            "status": status,
            "category": _one_of(CATEGORIES, "i"),
            "priority": "'Medium'",
            "confidence": "0.8",
            "assigned_team": _one_of(TEAMS, "i"),
            "subject": "'Question ' || i || ' about my order'",
            "requester_id": self._person("i"),
            "silent": "FALSE",
            "created_at": self._moment("i"),
            "updated_at": self._moment("i"),
        }

    def _inbound(self, after: int, ticket: str, disposition: str, name: str, **other: str) -> Columns:
        return {
            "id": f"i + {after}",
            "received_at": self._moment(ticket),
            "source": "'smtp'",
            "peer": "'192.0.2.1'",
            "mail_from": _address(self._person(ticket)),
            "rcpt_tos": """'["support@example.com"]'""",
            "size": f"{len(LETTER)}",
            "sha256": self._words.digest,
            "content_key": self._words.digest,
            "message_id": name,
            "raw": self._words.octets.format(hex=zlib.compress(LETTER.encode()).hex()),
            "disposition": disposition,
            "reasons": """'["written by a person"]'""",
            "ticket_id": ticket,
        } | other

    def _message(self, after: int, ticket: str, name: str) -> Columns:
        return {
            "id": f"i + {after}",
            "ticket_id": ticket,
            "inbound_id": f"i + {after}",
            "kind": "'person'",
            "message_id": name,
            "person_id": self._person(ticket),
            "subject": f"'Question ' || ({ticket}) || ' about my order'",
            "text": f"'{LETTER}' || i",
            "acknowledge": "TRUE",
            "verified": "FALSE",
            "created_at": self._moment(ticket),
        }

    def _attachment(self) -> Columns:
        return {
            "id": "i",
            "message_id": "i * 5",
            "part": "2",
            "filename": "'photo ' || i || '.jpg'",
            "content_type": "'image/jpeg'",
            "size": "20000",
            "inline": "FALSE",
        }

    def _decision(self, after: int, ticket: str, by: str, replaces: str, **other: str) -> Columns:
        return {
            "id": f"i + {after}",
            "ticket_id": ticket,
            "at": self._moment(ticket),
            "by": by,
            "category": _one_of(CATEGORIES, ticket),
            "priority": "'Medium'",
            "confidence": "0.8",
            "team": _one_of(TEAMS, ticket),
            "reasons": """'["the words order, shade and depot"]'""",
            "alternatives": """'[["General", 0.1]]'""",
            "model": "'m1'",
            "audit": "FALSE",
            "replaces": replaces,
        } | other

    def _delivery(self, after: int, kind: str, to: tuple[str, str], name: str) -> Columns:
        recipient, domain = to
        return {
            "id": f"i + {after}",
            "cause": "'decision:' || i",
            "kind": f"'{kind}'",
            "recipient": recipient,
            "domain": domain,
            "mailbox": recipient,
            "verified": "FALSE",
            "ticket_id": "i",
            "message_id": name,
            "state": f"CASE WHEN i <= {LEFT} THEN 'uncertain' ELSE 'sent' END",
            "reason": "'250 2.0.0 taken'",
            "attempts": "1",
            "created_at": self._moment("i"),
            "sent_at": self._moment("i"),
        }

    def _job(self, after: int, kind: str, about: str) -> Columns:
        return {
            "id": f"i + {after}",
            "kind": f"'{kind}'",
            "subject": about,
            "state": f"CASE WHEN i <= {LEFT} THEN 'dead' ELSE 'done' END",
            "attempts": "1",
            "due_at": self._words.moment.format(at="0"),
            "beat": "1",
            "last_error": "''",
            "created_at": self._moment("i"),
            "finished_at": self._moment("i"),
        }

    def _copied(self) -> Columns:
        return {
            "id": "i",
            "at": self._moment("i * 10"),
            "kind": "'copy received'",
            "ticket_id": "i * 10",
            "inbound_id": "i * 10",
            "data": """'{"copy": 1}'""",
        }

    def _suppression(self) -> Columns:
        later = int((NOON + timedelta(days=30)).timestamp())
        return {
            "email": _address("i * 3"),
            "status": "'5.1.1'",
            "delivery_id": f"{self._n} + i",
            "since": self._moment("i"),
            "until": self._words.moment.format(at=later),
        }
