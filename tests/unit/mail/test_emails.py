"""Every email in tests/emails is read as its .toml file expects."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.mail.analyze import Analysis, analyze
from daemon.mail.envelope import Envelope, Inbound
from daemon.mail.message import Message
from daemon.mail.mime.parse import parse
from daemon.mail.reply.split import new_text
from tests.support.domain_values import identity
from tests.support.paths import EMAILS
from workers.triage.preprocess import clean

NAMES = sorted(path.stem for path in EMAILS.glob("*.eml"))
OWN = identity(
    own_addresses=frozenset({"support@shop.example", "notify@shop.example"}),
    accepted_machines=frozenset({"@monitor.example", "orders@store.example"}),
)


def seen(message: Message) -> dict[str, Any]:
    """Return all values that [message] in a .toml file may expect."""
    return {
        "subject": message.subject,
        "message_id": message.message_id,
        "date": message.date.isoformat() if message.date else "",
        "from": [f"{address.name} <{address.email or ''}>" for address in message.from_],
        "to": [address.email or "" for address in message.to],
        "cc": [address.email or "" for address in message.cc],
        "reply_to": [address.email or "" for address in message.reply_to],
        "references": list(message.references),
        "text": message.text.strip("\n"),
        "reply": new_text(message.text).strip("\n"),
        "attachments": [file.filename for file in message.attachments],
        "sizes": [file.size for file in message.attachments],
        "defects": sorted(message.defects),
    }


def envelope_of(message: Message) -> Envelope:
    return_path = message.header("return-path").strip("<> ") if "return-path" in message.headers else None
    return Envelope(return_path, ("support@shop.example",), "192.0.2.1", datetime(2026, 3, 2, 12, tzinfo=UTC))


def bounce_of(analysis: Analysis) -> dict[str, Any]:
    dsn = analysis.dsn
    assert dsn is not None
    return {
        "recipients": list(dsn.recipients),
        "status": dsn.status,
        "permanent": dsn.permanent,
        "original_message_id": dsn.original_message_id,
    }


def triage_reads(message: Message) -> dict[str, str]:
    case = clean(message.subject, message.text)
    return {"subject": case.subject, "body": case.body}


@pytest.mark.parametrize("name", NAMES)
def test_an_email_is_read_as_its_toml_expects(name: str) -> None:
    expected = tomllib.loads((EMAILS / f"{name}.toml").read_text())
    raw = (EMAILS / f"{name}.eml").read_bytes()
    analysis = analyze(Inbound(envelope_of(parse(raw)), raw, "smtp"), OWN)
    screening = analysis.screening
    found = {
        "message": seen(analysis.message),
        "screening": {
            "kind": str(screening.kind),
            "acknowledge": screening.acknowledge,
            "requester": analysis.sender_email or "",
        },
        "bounce": bounce_of(analysis) if "bounce" in expected else {},
        "triage": triage_reads(analysis.message),
    }
    assert expected.keys() <= found.keys()
    for table, values in expected.items():
        assert {key: found[table].get(key) for key in values} == values


def test_every_email_has_expectations() -> None:
    assert NAMES
    assert sorted(path.stem for path in EMAILS.glob("*.toml")) == NAMES
