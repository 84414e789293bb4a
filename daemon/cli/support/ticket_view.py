"""Show one ticket: its state, emails, decisions with reasons, and notifications."""

from typing import Any

import click

from daemon.cli.support import output
from daemon.mail.reply.split import new_text
from daemon.snapshots import SimilarTicket
from daemon.store.jobs import JobState
from daemon.store.models import AnswerRow, Decision, DeliveryRow, Job, MessageRow
from daemon.store.queries.ticket_detail import Copied, TicketDetail
from daemon.text import length_of_time
from daemon.vocabulary import AnswerState, MailKind, MessageRole, Subject, SubjectKind


def as_row(found: TicketDetail) -> dict[str, Any]:
    """Return a ticket as one JSON-ready object."""
    ticket = found.ticket
    return {
        "reference": ticket.reference,
        "status": ticket.status,
        "category": ticket.category,
        "priority": ticket.priority,
        "confidence": ticket.confidence,
        "assigned_team": ticket.assigned_team,
        "subject": ticket.subject,
        "requester": found.requester.email if found.requester else None,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "id": ticket.id,
        "related": found.related,
        "merged_into": found.merged_into,
        "merged_from": found.merged_from,
        "taken_by": ticket.taken_by,
        "address": ticket.address or None,
        "wait_until": ticket.wait_until,
        "first_answer_at": ticket.first_answer_at,
        "resolved_at": ticket.resolved_at,
        "silent": ticket.silent,
        "participants": found.participants,
        "messages": [_message(found, message) for message in found.messages],
        "decisions": [_decision(decision) for decision in found.decisions],
        "answers": [_answer(found, answer) for answer in found.answers],
        "deliveries": [_delivery(delivery) for delivery in found.deliveries],
        "jobs": [_job(job) for job in found.jobs],
        "events": [{"at": e.at, "kind": e.kind, **e.data} for e in found.events],
        "similar": [_similar(one) for one in found.similar],
    }


def write(found: TicketDetail, *, full: bool) -> None:
    """Print a ticket. `full` includes the quoted text of emails."""
    row = as_row(found)
    output.heading(f"{row['reference']}  {row['subject'] or '(no subject)'}")
    names = ("status", "category", "priority", "confidence", "assigned_team", "requester", "created_at", "updated_at")
    shown = {name.replace("_", " "): row[name] for name in names}
    more = (
        "address",
        "taken_by",
        "wait_until",
        "first_answer_at",
        "resolved_at",
        "related",
        "merged_into",
        "merged_from",
    )
    shown |= {name.replace("_", " "): row[name] for name in (*more, "participants") if row[name]}
    if found.ticket.silent:
        shown["silent"] = "yes: from a backfill, so no email is sent for it"
    for name, value in shown.items():
        click.echo(output.hang(f"  {name:<15}", output.styled(output.cell(value)), 17))
    _section("Decisions", [_decision_text(d) for d in found.decisions] or ["none yet: triage is pending"])
    _section("Similar earlier tickets", [_similar_text(one) for one in found.similar])
    _section("Emails", [_message_text(m, full=full) for m in row["messages"]])
    _section("Answers", [_answer_text(a) for a in row["answers"]])
    _section("Notifications", [_delivery_text(d) for d in row["deliveries"]])
    _section("Jobs", [_job_text(j) for j in row["jobs"] if j["state"] != "done"])
    _section("Events", [_event_text(e) for e in row["events"]])


def _section(title: str, entries: list[str]) -> None:
    if not entries:
        return
    click.echo()
    output.heading(title)
    for entry in entries:
        click.echo(entry)


def _message(found: TicketDetail, row: MessageRow) -> dict[str, Any]:
    author = found.authors.get(row.person_id or 0)
    files = [a for a in found.attachments if a.message_id == row.id]
    copied = found.copied.get(row.inbound_id or 0, Copied())
    return {
        "id": row.id,
        "inbound": row.inbound_id,
        "kind": row.kind,
        "role": row.role,
        "from": found.writers.get(row.id) or (author.email if author else None),
        "name": author.name if author else "",
        "verified": row.verified,
        "authentication": row.authentication or [],
        "copied": copied.people,
        "copied_more": copied.more,
        "at": row.created_at,
        "message_id": row.message_id,
        "subject": row.subject,
        "reply": new_text(row.text),
        "text": row.text,
        "attachments": [{"filename": a.filename, "content_type": a.content_type, "size": a.size} for a in files],
    }


def _message_text(message: dict[str, Any], *, full: bool) -> str:
    who = output.cell(message["from"]) + (f" ({output.line(message['name'], 60)})" if message["name"] else "")
    proof = "verified" if message["verified"] else "unverified"
    kind = message["kind"] if message["role"] == MessageRole.CUSTOMER else message["role"]
    # What was written in the browser or by the API is no email.
    email = f", {proof}, inbound {message['inbound']}" if message["inbound"] else ""
    head = f"{output.moment(message['at'])}  {kind} from {who}{email}"
    files = [
        f"    [{output.line(a['filename'], 100)}, {output.line(a['content_type'], 60)}, {a['size']} bytes]"
        for a in message["attachments"]
    ]
    results = [output.hang("    ", output.line(result, 300), 6) for result in message["authentication"]]
    if message["copied"]:
        more = f" and {message['copied_more']} more" if message["copied_more"] else ""
        results.insert(0, output.hang("    also to: ", output.cell(", ".join(message["copied"]) + more), 6))
    body = output.block((message["text"] if full else message["reply"]).strip("\n"), "    ")
    return "\n".join([output.hang("  ", click.style(head, bold=True), 4), *results, body, *files])


def _decision(row: Decision) -> dict[str, Any]:
    names = ("id", "at", "by", "actor", "category", "priority", "confidence", "team", "reasons", "alternatives")
    return {name: getattr(row, name) for name in (*names, "rule", "model", "audit", "replaces")}


def _decision_text(row: Decision) -> str:
    who = f"{row.by} {row.actor or row.rule or ''}".strip()
    head = f"{output.moment(row.at)}  {row.category} / {row.priority} / {row.confidence:.2f} -> {row.team}, by {who}"
    lines = [output.line(head), *(f"because {output.line(reason)}" for reason in row.reasons)]
    if row.alternatives:
        lines.append(
            "alternatives: " + ", ".join(f"{output.cell(name)} {chance:.2f}" for name, chance in row.alternatives)
        )
    if row.model:
        lines.append(f"model {output.line(row.model)}" + (", selected for an audit" if row.audit else ""))
    return "\n".join([output.hang("  ", lines[0], 4), *(output.hang("    ", line, 6) for line in lines[1:])])


def _similar(one: SimilarTicket) -> dict[str, Any]:
    names = ("reference", "subject", "category", "status", "answered_by", "seconds")
    return {name: getattr(one, name) for name in names}


def _similar_text(one: SimilarTicket) -> str:
    subject = output.line(one.subject, 60) or "(no subject)"
    who = f" by {output.line(one.answered_by, 60)}" if one.answered_by else ""
    answer = "not answered yet" if one.seconds is None else f"answered{who} in {length_of_time(one.seconds)}"
    text = f"{one.reference}  {subject} ({output.cell(one.category)}, {output.styled(one.status)}, {answer})"
    return output.hang("  ", text, 4)


def _answer(found: TicketDetail, row: AnswerRow) -> dict[str, Any]:
    """Return an answer with what became of the email to each of its recipients."""
    cause = Subject(SubjectKind.ANSWER, row.id)
    sent = {d.recipient: d for d in found.deliveries if d.cause == cause and d.kind == MailKind.ANSWER}
    fates = [
        {"recipient": to, "state": sent[to].state, "reason": sent[to].reason, "delivery": sent[to].id}
        if to in sent
        else {"recipient": to, "state": None, "reason": "", "delivery": None}
        for to in row.recipients
    ]
    names = ("id", "state", "author", "team", "message_id", "reasons", "created_at", "settled_at")
    return {**{name: getattr(row, name) for name in names}, "recipients": fates}


def _answer_text(row: dict[str, Any]) -> str:
    at, state = output.moment(row["settled_at"] or row["created_at"]), output.styled(row["state"])
    head = f"answer {row['id']} of {output.cell(row['author'])} for {output.cell(row['team'])}: {state}"
    lines = [f"{output.line(reason, 300)}" for reason in row["reasons"]]
    for fate in row["recipients"] if row["state"] == AnswerState.SENT else ():
        became = (
            f"{output.styled(fate['state'])}: {output.cell(fate['reason'])}" if fate["state"] else "not planned yet"
        )
        lines.append(f"to {output.cell(fate['recipient'])}: {became}")
    return "\n".join([output.hang(f"  {at}  ", head, 4), *(output.hang("    ", line, 6) for line in lines)])


def _delivery(row: DeliveryRow) -> dict[str, Any]:
    names = ("id", "kind", "recipient", "state", "reason", "attempts", "cause", "message_id", "created_at", "sent_at")
    return {name: getattr(row, name) for name in names}


def _delivery_text(row: dict[str, Any]) -> str:
    state, to = output.styled(row["state"]), output.cell(row["recipient"])
    tried = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
    at = output.moment(row["sent_at"] or row["created_at"])
    return output.hang(f"  {at}  ", f"{row['kind']} to {to}: {state}{tried}: {output.cell(row['reason'])}", 4)


def _job(row: Job) -> dict[str, Any]:
    names = ("id", "kind", "subject", "state", "attempts", "due_at", "last_error", "created_at", "finished_at")
    return {name: getattr(row, name) for name in names}


def _job_text(row: dict[str, Any]) -> str:
    error = f": {output.line(row['last_error'])}" if row["last_error"] else ""
    state = output.styled(row["state"])
    attempts = output.number(row["attempts"], "attempt")
    # A job that may run at once is due since 1970.
    waits = row["state"] == JobState.READY and row["due_at"] > row["created_at"]
    due = f", due at {output.moment(row['due_at'])}" if waits else ""
    return output.hang("  ", f"job {row['id']} {row['kind']} {row['subject']}: {state}, {attempts}{due}{error}", 4)


def _event_text(row: dict[str, Any]) -> str:
    rest = {key: value for key, value in row.items() if key not in {"at", "kind"} and value}
    text = f"{output.line(row['kind'])}  {output.cell(rest) if rest else ''}".rstrip()
    return output.hang(f"  {output.moment(row['at'])}  ", text, 4)
