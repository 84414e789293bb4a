"""Learn the blocks of text that many senders' emails have: those that came from enough domains, on enough days."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from daemon.mail.reply.boilerplate import Block
from daemon.store import boilerplate
from daemon.store.boilerplate import BlockState, RowOf

# The companies of a group, and a person with a few free addresses, share a text; five domains of strangers do not.
LEARNED_DOMAINS: Final = 5
# While a service is down, many customers end their emails with the same error message, for a day or two.
LEARNED_DAYS: Final = 3
# An error message that people paste is inside their letters; what a gateway adds is outside, where letters are framed.
LEARNED_OUTSIDE: Final = 2
# Marks a domain with a letter that the block stood outside of.
OUTSIDE: Final = "+"
KEPT_DOMAINS: Final = 20
# A learned block is in nearly every email; when it was seen last matters to the day only.
SEEN_AGAIN: Final = timedelta(days=1)


@dataclass(slots=True)
class FoundBlock:
    """A block of the emails at hand, with the domains that sent it, the days on which, and the time of the last."""

    block: Block
    at: datetime
    domains: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sighting:
    """The blocks of an email that may be learned, the digests of those left out, and its domain as a short hash."""

    blocks: tuple[Block, ...]
    left_out: tuple[str, ...]
    domain: str
    at: datetime


def is_learned(domains: Sequence[str], days: Sequence[str]) -> bool:
    """Say whether triage stops reading a block that these domains sent on these days, some of them marked."""
    outside = sum(domain.endswith(OUTSIDE) for domain in domains)
    return len(domains) >= LEARNED_DOMAINS and len(days) >= LEARNED_DAYS and outside >= LEARNED_OUTSIDE


def note(session: Session, sightings: Sequence[Sighting]) -> None:
    """Count the domains of blocks; a block of enough domains is learned, and the oldest rows past the limits go.

    Two workers that count a block at the same moment may lose one domain: it is learned one email later.
    """
    found = _gather(sightings)
    left_out = {digest: seen.at for seen in sightings for digest in seen.left_out}
    if not found and not left_out:
        return
    rows = boilerplate.known(session, [*found, *left_out])
    # In the order of the digests, so that workers never wait for one another in a circle.
    ordered = sorted(found)
    boilerplate.add(session, [_new_row(found[digest]) for digest in ordered if digest not in rows])
    known = [digest for digest in ordered if _is_news(rows.get(digest), found[digest])]
    boilerplate.change(session, [_change(rows[digest], found[digest]) for digest in known])
    late = [(rows[digest], at) for digest, at in sorted(left_out.items()) if digest in rows]
    boilerplate.touch(session, [{"row": row.id, "now": at} for row, at in late if at - row.seen_at >= SEEN_AGAIN])


def _gather(sightings: Sequence[Sighting]) -> dict[str, FoundBlock]:
    found: dict[str, FoundBlock] = {}
    for seen in sightings:
        for block in seen.blocks if seen.domain else ():
            one = found.setdefault(block.digest, FoundBlock(block, seen.at))
            one.at = seen.at
            one.domains = _domains(one.domains, [seen.domain + OUTSIDE * block.is_outside])
            one.days = _union(one.days, [seen.at.date().isoformat()], LEARNED_DAYS)
    return found


def _domains(some: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the domains of both, each once with its mark; marked ones first, which are not dropped for others."""
    found: dict[str, str] = {}
    for domain in (*some, *more):
        name = domain.removesuffix(OUTSIDE)
        found[name] = max(domain, found.get(name, ""))
    return sorted(found.values(), key=lambda domain: not domain.endswith(OUTSIDE))[:KEPT_DOMAINS]


def _union(some: Sequence[str], more: Sequence[str], limit: int) -> list[str]:
    return [*dict.fromkeys([*some, *more])][:limit]


def _is_news(row: RowOf | None, found: FoundBlock) -> bool:
    """Return whether a known block came from a domain, or on a day, that still counts."""
    if row is None or row.state == BlockState.FORGOTTEN:
        return False
    domains = _domains(row.domains, found.domains)
    return bool(domains != row.domains or _union(row.days, found.days, LEARNED_DAYS) != row.days)


def _new_row(found: FoundBlock) -> dict[str, Any]:
    values = _judged(found.block, found.domains, found.days)
    return {**values, "digest": found.block.digest, "seen_at": found.at, "forgotten_by": None}


def _change(row: RowOf, found: FoundBlock) -> dict[str, Any]:
    domains = _domains(row.domains, found.domains)
    values = _judged(found.block, domains, _union(row.days, found.days, LEARNED_DAYS))
    return {f"to_{name}": value for name, value in values.items()} | {"row": row.id, "was": row.state, "now": found.at}


def _judged(block: Block, domains: list[str], days: list[str]) -> dict[str, Any]:
    """Return the columns of a block that depend on where and when it was seen."""
    learned = is_learned(domains, days)
    state, excerpt = (BlockState.LEARNED, block.excerpt) if learned else (BlockState.SEEN, "")
    return {"state": state, "excerpt": excerpt, "domains": domains, "days": days}
