"""Order the tickets that wait for a person: pressing ones first, then those that teach the model most. Pure.

A ticket teaches most if triage was not sure about it and if it resembles many others that wait. Each of these counts
only as far as it resembles no ticket that was chosen before: five emails about one fault teach hardly more than one
(greedy facility location, weighted by uncertainty). Similarity is the cosine of sets of hashed words, kept as the bits
of an integer, so that 300 tickets are compared in some 30 ms.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

from daemon.snapshots import WaitingTicket

# People must not wait longer because they ask an unusual question.
LONGEST_WAIT: Final = timedelta(hours=24)
CONSIDERED: Final = 300
# What a ticket gains that resembles no other, and to which triage gave 95 % for one category and 5 % for another.
WORTH_ASKING: Final = 0.1
TAUGHT: Final = 50
WORDS: Final = 80
BITS: Final = 4096
# A word in more of the texts is one of every email, such as "hello".
COMMON_SHARE: Final = 0.2
# Only for the reasons: two such texts look alike to a person, and a margin of a half is clear.
CLOSE: Final = 0.25
UNSURE: Final = 0.5
WORD: Final = re.compile(r"[^\W\d_]{2,40}")
# From here on scripts write without spaces between words: pairs of characters stand for words.
UNSPACED: Final = "\u2e80"


@dataclass(frozen=True, slots=True)
class RankedTicket:
    """A ticket that a person should decide, and why it stands at its place in the order."""

    ticket_id: int
    reason: str


def order(waiting: Sequence[WaitingTicket], taught: Sequence[str], now: datetime, number: int) -> list[RankedTicket]:
    """Return the first `number` tickets to ask about.

    `taught` are texts that people decided and the model may not know yet; CONSIDERED tickets and TAUGHT texts are
    looked at.
    """
    pressing = sorted((one for one in waiting if _why_now(one, now)), key=lambda one: (not one.urgent, one.created_at))
    first = [RankedTicket(one.id, _why_now(one, now)) for one in pressing[:number]]
    others = [one for one in waiting if not _why_now(one, now)][:CONSIDERED]
    if len(first) == number or not others:
        return first
    chosen = [one.text for one in pressing[: len(first)]]
    return first + _teaching(others, [*taught[:TAUGHT], *chosen[:TAUGHT]], number - len(first))


def most_teaching(waiting: Sequence[WaitingTicket], taught: Sequence[str], number: int) -> list[RankedTicket]:
    """Return the tickets that teach most, however pressing; without those that teach hardly anything."""
    return _teaching(waiting[:CONSIDERED], taught[:TAUGHT], number, least=WORTH_ASKING)


def _why_now(ticket: WaitingTicket, now: datetime) -> str:
    """Return why a ticket cannot wait, "" if it can."""
    if ticket.urgent:
        return "urgent"
    return "waits for more than a day" if now - ticket.created_at > LONGEST_WAIT else ""


def uncertainty(chances: Sequence[float]) -> float:
    """Return 1 less the margin between the two likeliest categories; 1 where nothing is known."""
    best = sorted(chances, reverse=True)[:2]
    if not best:
        return 1.0
    return min(1.0, max(0.0, 1.0 - best[0] + sum(best[1:])))


def _teaching(
    waiting: Sequence[WaitingTicket], taught: Sequence[str], number: int, least: float = 0.0
) -> list[RankedTicket]:
    """Return the tickets that teach most, each with regard to those before it, and `least` at the least."""
    words = _word_sets([one.text for one in waiting] + list(taught))
    own, known = words[: len(waiting)], words[len(waiting) :]
    alike = _similarities(own)
    doubt = [uncertainty(one.chances) for one in waiting]
    covered = [max((_similarity(one, other) for other in known), default=0.0) for one in own]
    left = list(range(len(waiting)))
    found: list[RankedTicket] = []
    while left and len(found) < number:
        # The older one of two that teach the same.
        best = max(left, key=lambda at: (_gain(alike[at], covered, doubt[at]), -waiting[at].created_at.timestamp()))
        if _gain(alike[best], covered, doubt[best]) < least:
            break
        left.remove(best)
        found.append(RankedTicket(waiting[best].id, _why(doubt[best], alike[best], best)))
        covered = [max(pair) for pair in zip(covered, alike[best], strict=True)]
    return found


def _gain(alike: Sequence[float], covered: Sequence[float], doubt: float) -> float:
    """Return what a ticket teaches about all that wait, itself included."""
    return doubt * sum(here - there for here, there in zip(alike, covered, strict=True) if here > there)


def _why(doubt: float, alike: Sequence[float], at: int) -> str:
    close = sum(1 for other, value in enumerate(alike) if other != at and value >= CLOSE)
    sure = "triage was not sure" if doubt >= UNSURE else "triage was fairly sure"
    return f"{sure}; resembles {close} other waiting ticket{'' if close == 1 else 's'}" if close else sure


def _word_sets(texts: Sequence[str]) -> list[int]:
    """Return the hashed words of texts as bits, without those that most texts share."""
    each = [set(_hashes(text)) for text in texts]
    counts = Counter(bit for bits in each for bit in bits)
    most = max(3, int(len(texts) * COMMON_SHARE))
    return [sum(1 << bit for bit in bits if counts[bit] <= most) for bits in each]


def _hashes(text: str) -> Iterator[int]:
    found = 0
    for word in WORD.findall(text.casefold()):
        parts = [word[at : at + 2] for at in range(len(word) - 1)] if word[0] >= UNSPACED else [word]
        for part in parts:
            # The hash of Python differs between processes, and the order would with it.
            yield zlib.crc32(part.encode()) % BITS
            found += 1
            if found >= WORDS:
                return


def _similarities(words: Sequence[int]) -> list[list[float]]:
    alike = [[1.0] * len(words) for _ in words]
    for one, first in enumerate(words):
        for other in range(one):
            alike[one][other] = alike[other][one] = _similarity(first, words[other])
    return alike


def _similarity(one: int, other: int) -> float:
    """Return the cosine of two sets; 0 if one is empty."""
    both = (one & other).bit_count()
    return both / sqrt(one.bit_count() * other.bit_count()) if both else 0.0
