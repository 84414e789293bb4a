"""Analyze and triage one email without store and network; runs in the child processes of `try`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from daemon.mail.address import readable_address
from daemon.mail.analyze import Analysis, analyze
from daemon.mail.dsn.read import Dsn
from daemon.mail.envelope import Envelope, Inbound
from daemon.mail.follow_up import Author, Keys
from daemon.mail.message import Address, Message
from daemon.mail.reply.split import new_text
from daemon.vocabulary import SenderKind

if TYPE_CHECKING:
    from daemon.cli.support.dry_run import DryRunTools

NEVER_AUDITED = 1.0


@dataclass(frozen=True, slots=True)
class EmailFile:
    """An email that is sent to a child process."""

    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """The row that is printed, and the keys by which the parent process looks up a follow-up."""

    row: dict[str, Any]
    keys: Keys
    author: Author


def dry_run(tools: DryRunTools, mail: EmailFile) -> DryRunResult:
    """Return what would happen to an email."""
    began = perf_counter()
    inbound = Inbound(Envelope(None, (), "try", datetime.now(UTC)), mail.raw, "try")
    analysis = analyze(inbound, tools.identity)
    requester = analysis.sender_email and readable_address(analysis.sender_email)
    row = {**_message(mail.name, analysis.message), "requester": requester, **_decisions(tools, analysis)}
    row["seconds"] = round(perf_counter() - began, 4)
    return DryRunResult(row, analysis.keys, analysis.author)


def failed(mail: EmailFile, reason: str) -> DryRunResult:
    """Return the row for an email that could not be analyzed."""
    texts = dict.fromkeys(("message_id", "subject", "text", "reply"), "")
    lists: dict[str, list[Any]] = {key: [] for key in ("from", "to", "cc", "reply_to", "attachments", "defects")}
    nothing = dict.fromkeys(("date", "requester", "screening", "bounce", "follow_up", "triage", "seconds"))
    return DryRunResult(
        {"file": mail.name, **texts, **lists, **nothing, "error": reason},
        Keys(),
        Author(None, verified=False, of_team=False),
    )


def _message(name: str, message: Message) -> dict[str, Any]:
    return {
        "file": name,
        "message_id": message.message_id,
        "subject": message.subject,
        "date": message.date.isoformat() if message.date else None,
        "from": _people(message.from_),
        "to": _people(message.to),
        "cc": _people(message.cc),
        "reply_to": _people(message.reply_to),
        "text": message.text,
        "reply": new_text(message.text),
        "attachments": [
            {"filename": a.filename, "content_type": a.content_type, "size": a.size} for a in message.attachments
        ],
    }


def _decisions(tools: DryRunTools, analysis: Analysis) -> dict[str, Any]:
    screening = analysis.screening
    return {
        "screening": {
            "kind": str(screening.kind),
            "acknowledge": screening.acknowledge,
            "reasons": list(screening.reasons),
        },
        "bounce": _bounce(analysis.dsn),
        "follow_up": None,
        "triage": _triage(tools, analysis) if screening.kind is SenderKind.PERSON else None,
        "defects": list(analysis.message.defects),
    }


def _bounce(dsn: Dsn | None) -> dict[str, Any] | None:
    if dsn is None:
        return None
    return {
        "recipients": list(dsn.recipients),
        "status": dsn.status,
        "permanent": dsn.permanent,
        "original_message_id": dsn.original_message_id or None,
    }


def _triage(tools: DryRunTools, analysis: Analysis) -> dict[str, Any]:
    # Imported here: the parent process only prints and does not need numpy.
    from workers.learning import semantic
    from workers.triage import preprocess
    from workers.triage.decide import decide

    encoder = semantic.shared(enabled=tools.semantic)
    case = preprocess.clean(analysis.message.subject, analysis.message.text, tools.boilerplate)
    triage = decide(case, tools.policy, tools.model, tools.certified, NEVER_AUDITED, analysis.address, encoder)
    return {
        "category": triage.category,
        "priority": str(triage.priority),
        "confidence": round(triage.confidence, 4),
        "team": triage.team,
        "reasons": list(triage.reasons),
        "alternatives": [[name, round(chance, 4)] for name, chance in triage.alternatives],
    }


def _people(addresses: tuple[Address, ...]) -> list[dict[str, str | None]]:
    return [{"name": a.name, "email": a.email and readable_address(a.email)} for a in addresses]
