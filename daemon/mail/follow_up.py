"""Find the ticket that an email belongs to: find keys, let the store fetch candidates, decide."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from daemon.mail import token
from daemon.mail.message import Message
from daemon.mail.reference import find_references
from daemon.mail.reply.gateway_tags import without_gateway_tags
from daemon.mail.roster import Team
from daemon.mail.token import Purpose, Token
from daemon.vocabulary import Status

PREFIX = re.compile(r"^\s*(?:\[[^\[\]]{1,40}\]\s*)*(?:\w{1,12}(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:\uff1a]\s*)")
MAX_IDS = 30
MARKER = "ref:"
IN_ADDRESS: Final = "signed address"
ADDRESS_HEADERS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")


@dataclass(frozen=True, slots=True)
class Author:
    """Who an email is from, by its own word: `verified` if authenticated, `of_team` if a team has the address."""

    email: str | None
    verified: bool
    of_team: bool


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A genuine token, its place in the email, and to whom it was sent.

    `is_senders` says that it was sent to the address that a reply to this email goes to, `is_authors` to the address in
    From, and `teams` names the teams to whose address. A token that `has_expired` grants nothing.
    """

    token: Token
    place: str
    is_senders: bool
    is_authors: bool = False
    teams: tuple[str, ...] = ()
    has_expired: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """What in an email can identify a ticket, strongest evidence first."""

    tokens: tuple[FoundToken, ...] = ()
    message_ids: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ticket that the store found by one of the keys; of a merged one, the ticket that it was merged into.

    `participants` are addresses in lower case, its requester among them. `team` has it now, None before triage.
    `changed_at` is when it last got an email or was changed.
    """

    ticket_id: int
    status: Status
    subject: str
    participants: frozenset[str]
    team: str | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tickets that the keys of one email lead to; `by_id` has a merged ticket under its own id too."""

    by_id: Mapping[int, Candidate]
    by_message_id: Mapping[str, int]
    by_reference: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The ticket that an email joins or, with `joins` false, that its new ticket points to, and the evidence.

    `token` is the token that it joins by. `knows_email` says whether it also names an email of that ticket, with the
    same subject or the reference in it, by a Message-ID without a token.
    """

    ticket_id: int
    joins: bool
    evidence: str
    token: FoundToken | None = None
    knows_email: bool = False


def find_keys(
    message: Message,
    rcpt_tos: Sequence[str],
    sender: str | None,
    keys: tuple[bytes, ...],
    today: date,
    prefix: str,
    teams: Sequence[Team] = (),
) -> Keys:
    """Return what can identify a ticket: signed tokens, parent Message-IDs, references in the subject.

    Tokens that have expired are found too, so that the holder of one gets an email that says so.
    """
    author = author_of(message) or ""
    addresses = " ".join([*rcpt_tos, *(v for h in ADDRESS_HEADERS for v in message.headers.get(h, ())[:5])])
    parents = (*message.in_reply_to, *reversed(message.references))[:MAX_IDS]
    places = (
        (IN_ADDRESS, addresses),
        ("signed Message-ID", " ".join(parents)),
        ("signed reference in the text", _after_markers(message.text)),
    )
    tokens = [
        FoundToken(
            found,
            place,
            is_senders=bool(sender) and found.is_for(sender or "", keys),
            is_authors=bool(author) and found.is_for(author, keys),
            teams=_teams_of(found, keys, teams),
            has_expired=found.has_expired(today),
        )
        for place, text in places
        for found in token.find_genuine(text[:20_000], keys)
    ]
    return Keys(tuple(tokens), tuple(dict.fromkeys(parents)), find_references(message.subject, prefix))


def author_of(message: Message) -> str | None:
    """Return the address in From, in lower case; None unless it is a single readable one, outside of any group."""
    authors = message.from_
    return authors[0].email.lower() if len(authors) == 1 and authors[0].email and not authors[0].grouped else None


def decide(
    keys: Keys, candidates: Candidates, author: Author, subject: str, reopened_since: datetime | None = None
) -> FollowUp | None:
    """Return the ticket that an email joins or points to, or None for an unrelated email.

    With a customer's token, anyone may join; with a team's token, the team; with a known Message-ID, a participant
    with the same subject; with a bare reference, only a participant whose address is authenticated, because anyone can
    read one. A new subject does not join a ticket that has not changed since `reopened_since`.
    """
    sender, stray = author.email, None
    for found in keys.tokens:
        candidate = None if found.has_expired else candidates.by_id.get(found.token.ticket_id)
        if candidate and _admits(found, author):
            is_new = _is_old(candidate, reopened_since) and _is_new_subject(subject, keys, candidates, candidate)
            knows = _is_about(subject, keys, candidates, candidate) and _names_email(keys, candidates, candidate)
            return _joined(candidate, found.place, found, knows_email=knows, speaks_of_new=is_new)
        if candidate and stray is None:
            stray = FollowUp(candidate.ticket_id, joins=False, evidence="a token of the team from somebody else")
    for message_id in keys.message_ids:
        candidate = candidates.by_id.get(candidates.by_message_id.get(message_id, 0))
        if candidate and sender in candidate.participants:
            if _is_about(subject, keys, candidates, candidate):
                return _joined(candidate, "known Message-ID and participant")
            return FollowUp(candidate.ticket_id, joins=False, evidence="known Message-ID, but a different subject")
    for reference in keys.references:
        candidate = candidates.by_id.get(candidates.by_reference.get(reference, 0))
        if candidate and author.verified and sender in candidate.participants:
            return _joined(candidate, "reference and authenticated participant")
        if candidate:
            return FollowUp(candidate.ticket_id, joins=False, evidence=f"reference {reference} in the subject")
    return stray


def same_subject(one: str, other: str) -> bool:
    """Compare subjects without reply and forward prefixes, tags of gateways, case and white space."""
    return bare_subject(one) == bare_subject(other)


def bare_subject(subject: str) -> str:
    """Return a subject without its reply and forward prefixes, in lower case."""
    subject = subject[:500]
    for _ in range(10):
        shorter = PREFIX.sub("", without_gateway_tags(subject), count=1)
        if shorter == subject:
            break
        subject = shorter
    return " ".join(subject.split()).casefold()


def _admits(found: FoundToken, author: Author) -> bool:
    """Return whether the author may join by a token: a team's token is of no use to anyone else."""
    return found.token.purpose is Purpose.CUSTOMER or found.is_senders or author.of_team


def _teams_of(found: Token, keys: tuple[bytes, ...], teams: Sequence[Team]) -> tuple[str, ...]:
    """Return the names of the teams whose address a team's token was sent to."""
    if found.purpose is not Purpose.TEAM:
        return ()
    return tuple(team.name for team in teams if found.is_for(team.address, keys))


def _names_email(keys: Keys, candidates: Candidates, candidate: Candidate) -> bool:
    """Return whether an email names one of the ticket by an id that does not come with a token, as ours do."""
    named = ((name, candidates.by_id.get(candidates.by_message_id.get(name, 0))) for name in keys.message_ids)
    return any(found == candidate and not token.TOKEN.search(name) for name, found in named)


def _is_old(candidate: Candidate, reopened_since: datetime | None) -> bool:
    since, changed = reopened_since, candidate.changed_at
    return since is not None and changed is not None and changed < since


def _is_new_subject(subject: str, keys: Keys, candidates: Candidates, candidate: Candidate) -> bool:
    """Return whether a subject speaks of something else: neither empty, nor the ticket's, nor with its reference."""
    return bool(bare_subject(subject)) and not _is_about(subject, keys, candidates, candidate)


def _is_about(subject: str, keys: Keys, candidates: Candidates, candidate: Candidate) -> bool:
    """Return whether a subject is that of a ticket, or has its reference, as those of our emails to customers have."""
    refers = any(candidates.by_id.get(candidates.by_reference.get(name, 0)) == candidate for name in keys.references)
    return refers or same_subject(subject, candidate.subject)


def _joined(
    candidate: Candidate,
    evidence: str,
    found: FoundToken | None = None,
    *,
    knows_email: bool = False,
    speaks_of_new: bool = False,
) -> FollowUp:
    if candidate.status in (Status.CLOSED, Status.SPAM):
        return FollowUp(candidate.ticket_id, joins=False, evidence=f"{evidence}; that ticket is {candidate.status}")
    if speaks_of_new:
        evidence = f"{evidence}; a new subject, and that ticket is old"
        return FollowUp(candidate.ticket_id, joins=False, evidence=evidence)
    return FollowUp(candidate.ticket_id, joins=True, evidence=evidence, token=found, knows_email=knows_email)


def _after_markers(text: str) -> str:
    """Return the places in a text that start with our marker, joined by spaces."""
    found: list[str] = []
    start = text.find(MARKER)
    while start >= 0 and len(found) < MAX_IDS:
        found.append(text[start : start + token.LENGTH + len(MARKER) + 2])
        start = text.find(MARKER, start + 1)
    return " ".join(found)
