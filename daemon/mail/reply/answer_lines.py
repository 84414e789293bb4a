"""Decide which lines of an answer leave: those of the agent, and in inline answers the customer's between them.

Quotes with a prefix are certain. Outlook quotes without one; there the lines are told apart by what we sent.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

from daemon.mail.command_table import COMMAND_SIGNS
from daemon.mail.reply.banner import banner_end, without_gateway_text
from daemon.mail.reply.our_marks import MARK, LineKind, Ours, squeeze
from daemon.mail.reply.quote import find_head
from daemon.mail.reply.signature import cut_signature
from daemon.mail.reply.split import Chunk, chunks
from daemon.mail.text.line import is_quoted, plain

MAX_LINES: Final = 4000
_ATTRIBUTION_LINES: Final = 3
_HEAD_LINES: Final = 20
_WRAPPED: Final = 50
# Known lines for each unknown one. A few that we do not know are those of an email in another state.
_KNOWN_LINES: Final = 12
_RULE: Final = re.compile(r"[_\u2500-]{5,}")
_WHEN: Final = re.compile(r"(?<!\d)(?:(?:19|20)\d{2}|\d{1,2}[:.]\d{2})(?!\d)")
_UNSURE: Final = frozenset((LineKind.UNKNOWN, LineKind.LIKE_OURS))
_CERTAIN: Final = frozenset((LineKind.CUSTOMER, LineKind.OURS))
_WRITTEN: Final = _CERTAIN | {LineKind.LIKE_OURS}
_KNOWN: Final = _WRITTEN | {LineKind.BLANK}


@dataclass(frozen=True, slots=True)
class KeptLines:
    """Which lines leave. `inline` says that the customer's words are between them.

    `doubts` are lines of an unclear author: the answer must be held. `unclear` are such lines below the quoted words of
    the customer, left out of an answer that the agent wrote above the quote. `above` has the letters and digits of what
    the agent wrote above the first words of the customer.
    """

    keep: tuple[bool, ...]
    inline: bool
    doubts: tuple[str, ...]
    unclear: tuple[str, ...] = ()
    above: str = ""


@dataclass(slots=True)
class _Marked:
    """The kinds of the lines so far: "agent", "quoted" (the customer's words) or "" (left out).

    `written` says that the agent wrote something already.
    """

    roles: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    written: bool = False


def kept_lines(lines: Sequence[str], ours: Ours) -> KeptLines:
    """Return which lines leave; beyond 4,000 lines the rest stays behind, and is named as a doubt."""
    marked, announced = _Marked(), set()
    if len(lines) > MAX_LINES:
        marked.doubts.append(f"only the first {MAX_LINES:,} lines were read")
    for chunk in chunks(lines[:MAX_LINES], forwards=False) or ():
        if chunk.kind == "new":
            _mark_new(chunk, ours, marked)
            continue
        head = max(chunk.head, _head_size(chunk.lines)) if chunk.kind == "announced" else 0
        if head:
            announced.add(len(marked.roles))
        first = next((line for line in chunk.lines[head:] if line.strip()), "")
        if chunk.kind == "bare" or is_quoted(plain(first)):
            _mark_prefixed(chunk, ours, marked)
        else:
            _mark_unprefixed(chunk.lines, head, ours, marked)
    roles = marked.roles + [""] * (len(lines) - len(marked.roles))
    _drop_attributions(lines, roles, announced, ours)
    _drop_wrapped_ends(lines, roles, ours)
    _drop_rules(lines, roles)
    inline = _is_inline(lines, roles)
    marked.doubts += _pasted(lines, roles, ours)
    _drop_gateway_text(lines, roles, ours)
    keep = [role == "agent" or (inline and role == "quoted") for role in roles]
    if inline:
        # Below the last words of the customer, it may be the last of the answers.
        marked.doubts += marked.unclear
    top = roles.index("quoted") if inline else len(roles)
    above = squeeze("\n".join(line for line, role in zip(lines[:top], roles[:top], strict=True) if role == "agent"))
    return KeptLines(tuple(keep), inline, tuple(marked.doubts), () if inline else tuple(marked.unclear), above)


def _mark_new(chunk: Chunk, ours: Ours, marked: _Marked) -> None:
    """Mark text without a quote; what is from our email all the same was quoted in an unknown way."""
    top = 0 if marked.roles else _customers_top(chunk.lines, ours)
    marked.roles += ["quoted"] * top
    lines = chunk.lines[top:]
    first = next((at for at, line in enumerate(lines) if ours.is_ours(line)), None)
    if first is None:
        marked.roles += ["agent"] * len(lines)
        marked.written = marked.written or any(line.strip() for line in lines)
        return
    kinds = ours.kinds(lines[:first])
    while first and kinds[first - 1] in _KNOWN:
        first -= 1
    marked.roles += ["agent"] * first
    marked.written = marked.written or any(line.strip() for line in lines[:first])
    is_email = any(MARK.search(line) and not ours.is_mark_of_another(line) for line in lines[first:])
    _mark_unprefixed(lines[first:], 0, ours, marked, is_email=is_email)


def _customers_top(lines: Sequence[str], ours: Ours) -> int:
    """Return the number of lines at the top that a customer wrote one below the other, the first like a command.

    Some programs quote what is selected without a prefix. A command that the agent wrote stands above other text.
    """
    written = [at for at, line in enumerate(lines) if line.strip()]
    if not written or not lines[written[0]].lstrip().startswith(COMMAND_SIGNS):
        return 0
    kinds = ours.kinds(lines[at] for at in written)
    count = next((number for number, kind in enumerate(kinds) if kind is not LineKind.CUSTOMER), len(kinds))
    is_run = count > 1 and ours.goes_on(lines[written[0]], lines[written[1]])
    return written[count - 1] + 1 if is_run else 0


def _mark_prefixed(chunk: Chunk, ours: Ours, marked: _Marked) -> None:
    """Mark a quote with prefixes: the customer's words may stay, in a bare one also a quote of the agent's own.

    Programs that do not close the quote where somebody writes into it give the answer the prefix of the quote, too.
    """
    bodies = [plain(line).lstrip("> \t") if is_quoted(plain(line)) else "" for line in chunk.lines]
    kinds = ours.kinds(bodies)
    own = chunk.kind == "bare" and ours.known and set(kinds) <= {LineKind.UNKNOWN, LineKind.BLANK}
    head = _head_size(bodies)
    kinds = [LineKind.OURS if at < head and kind in _UNSURE else kind for at, kind in enumerate(kinds)]
    kinds = _without_banner(kinds, bodies, head, is_ours=True)
    marked.doubts += ours.mixed(bodies[head:]) if _is_sure(kinds, ours) else ()
    inner = min((_depth(chunk.lines[at]) for at in range(head, len(kinds)) if kinds[at] in _CERTAIN), default=None)
    others = {at for at, line in enumerate(chunk.lines) if inner is None or _depth(line) < inner}
    agents = set() if own else _agents_between(kinds, chunk.lines, others, marked, ours)
    for at, (line, kind) in enumerate(zip(chunk.lines, kinds, strict=True)):
        quoted = is_quoted(plain(line))
        if own or at in agents:
            marked.roles.append("agent")
        elif kind is LineKind.CUSTOMER or (kind is LineKind.BLANK and quoted and marked.roles[-1:] == ["quoted"]):
            marked.roles.append("quoted")
        else:
            marked.roles.append("")


def _depth(line: str) -> int:
    return line[: len(line) - len(line.lstrip("> \t"))].count(">")


def _agents_between(
    kinds: Sequence[LineKind], lines: Sequence[str], others: Collection[int], marked: _Marked, ours: Ours
) -> set[int]:
    """Return the lines that the agent wrote into a quote with prefixes: below those of the customer, or at its end.

    If one of our lines is in a state that we do not know, such a line may be ours too: it is a doubt. So is one at the
    end if there is an answer above the quote: programs add lines of their own there. `others` are lines with fewer
    prefixes than our email, of somebody who quoted it: the answer is sent without them, and the first one is named. So
    it is with those above our email, where a gateway writes, if there is an answer above the quote.
    """
    found: set[int] = set()
    quoted: list[str] = []
    exact = ours.known and LineKind.LIKE_OURS not in kinds
    written = [(at, kind) for at, kind in enumerate(kinds) if kind is not LineKind.BLANK]
    aboves = _known_before([kind for _, kind in written])
    belows = _known_before([kind for _, kind in reversed(written)])[::-1]
    for (at, kind), above, below in zip(written, aboves, belows, strict=True):
        if kind is not LineKind.UNKNOWN:
            continue
        is_known = ours.sent_before(lines[at]) or (at > 0 and ours.goes_on(lines[at - 1], lines[at]))
        if at in others or (above is LineKind.BLANK and marked.written):
            quoted += [] if is_known else [lines[at].strip()]
            continue
        at_end = ours.known and above is LineKind.OURS and below is LineKind.BLANK
        if exact and (above is LineKind.CUSTOMER or (at_end and not marked.written)):
            found.add(at)
        elif not is_known and (_is_sure(kinds, ours) or above is below is LineKind.CUSTOMER or at_end):
            marked.doubts.append(lines[at].strip())
    marked.unclear += quoted[:1]
    return found


def _without_banner(kinds: list[LineKind], lines: Sequence[str], head: int, *, is_ours: bool) -> list[LineKind]:
    """Blank the lines above the first known one if they are the banner of a gateway.

    In a quoted email of ours they are blanked as soon as they begin with a banner.
    """
    top = next((at for at in range(head, len(kinds)) if kinds[at] in _WRITTEN), len(kinds))
    text = "\n".join(plain(line) for line in lines[head:top])
    is_banner = without_gateway_text(text) == "" or (is_ours and banner_end(text) > 0)
    return [*kinds[:head], *([LineKind.BLANK] * (top - head)), *kinds[top:]] if is_banner else kinds


def _known_before(kinds: Sequence[LineKind]) -> list[LineKind]:
    """Return for each line the kind of the last one up to it that is known, BLANK where there is none."""
    return list(
        accumulate(kinds, lambda last, kind: last if kind is LineKind.UNKNOWN else kind, initial=LineKind.BLANK)
    )[1:]


def _head_size(lines: Sequence[str]) -> int:
    """Return the number of lines that announce the quote: a title such as "Original Message", and a header block."""
    texts = [plain(line) for line in lines[:_HEAD_LINES]]
    end = 0
    for at in range(len(texts)):
        head = find_head(texts, at) if at >= end else None
        if head and not any(texts[end : head.start]):
            end = head.end
    return end


def _mark_unprefixed(lines: Sequence[str], head: int, ours: Ours, marked: _Marked, *, is_email: bool = True) -> None:
    """Mark a quote without prefixes, as Outlook makes it; our mark is the last line of our email.

    If it is no whole email about the ticket, the agent may have pasted it: words that we do not know are doubts.
    """
    end = max((at + 1 for at, line in enumerate(lines) if MARK.search(line)), default=len(lines))
    below = lines[end:]
    marked.written = marked.written or any(line.strip() for line in below[: cut_signature(below, whole=True)])
    kinds = [LineKind.BLANK] * head + ours.kinds(plain(line) for line in lines[head:end])
    is_ours = any(map(ours.names_us, lines[:head]))
    kinds = _without_banner(kinds, lines, head, is_ours=is_ours)
    marked.doubts += ours.mixed(lines[head:] if _is_sure(kinds, ours) or not is_email else below)
    agents = _agents_runs(kinds, marked, lines, ours, is_ours=is_ours, is_email=is_email)
    roles = ["agent" if at in agents else "" for at in range(len(kinds))]
    marked.roles += ["quoted" if kind is LineKind.CUSTOMER else role for kind, role in zip(kinds, roles, strict=True)]
    marked.roles += ["" if ours.is_ours(line) else "agent" for line in below]


def _agents_runs(
    kinds: Sequence[LineKind], marked: _Marked, lines: Sequence[str], ours: Ours, *, is_ours: bool, is_email: bool
) -> set[int]:
    """Return the lines that the agent wrote between, or below, the quoted ones.

    Other lines of an unknown author are left out. They belong to our email, in a state that we do not know, if the
    agent wrote above the quote; else they may be the answer, and are named as doubts. Doubts are also lines that cannot
    be of our email: those above its first line, and any where we know each of its lines. Where the head of the quote
    names us, a gateway may have written the former, and they are named without being a doubt.
    """
    agents: set[int] = set()
    # Each line as we sent it: then a line that we do not know is the agent's.
    exact, sure = ours.known and LineKind.LIKE_OURS not in kinds, _is_sure(kinds, ours)
    at = 0
    while at < len(kinds):
        if kinds[at] is not LineKind.UNKNOWN:
            at += 1
            continue
        end = at
        while end < len(kinds) and kinds[end] in (LineKind.UNKNOWN, LineKind.BLANK):
            end += 1
        above = next((kind for kind in reversed(kinds[:at]) if kind is not LineKind.BLANK), None)
        below = kinds[end] if end < len(kinds) else None
        if _is_agents(above, below, exact=exact):
            agents.update(range(at, end))
        elif sure or above in {None, LineKind.CUSTOMER} or not marked.written or not is_email:
            shown = [line.strip() for line in lines[at:end] if line.strip() and not ours.sent_before(line)][:1]
            shown = [] if at and ours.goes_on(lines[at - 1], lines[at]) else shown
            is_certain = not marked.written or not is_email or (not is_ours if above is None else sure)
            (marked.doubts if is_certain else marked.unclear).extend(shown)
        at = end
    return agents


def _is_sure(kinds: Sequence[LineKind], ours: Ours) -> bool:
    """Return whether we know a quoted email of ours so well that a line which we do not know is of somebody else."""
    is_exact = ours.known and LineKind.LIKE_OURS not in kinds
    return is_exact and kinds.count(LineKind.OURS) >= _KNOWN_LINES * kinds.count(LineKind.UNKNOWN)


def _is_agents(above: LineKind | None, below: LineKind | None, *, exact: bool) -> bool:
    if above is LineKind.CUSTOMER:
        return below is LineKind.CUSTOMER or exact
    return above is LineKind.OURS and below is None and exact


def _drop_attributions(lines: Sequence[str], roles: list[str], announced: Collection[int], ours: Ours) -> None:
    """Leave out an attribution in words that we do not know: a line with our address right above a quote.

    Many signatures have our address, too. What an attribution has is a colon at its end, or a date or time where no
    attribution that we know follows.
    """
    for at, role in enumerate(roles):
        if role == "agent" or (at and roles[at - 1] != "agent"):
            continue
        above = [i for i in range(max(at - 2 * _ATTRIBUTION_LINES, 0), at) if lines[i].strip()][-_ATTRIBUTION_LINES:]
        named = next((i for i in above if roles[i] == "agent" and ours.names_us(lines[i])), None)
        # An attribution is one paragraph: what stands between it and the quote is text of the agent.
        if named is None or not all(map(str.strip, lines[named : above[-1]])):
            continue
        if _is_attribution(lines[named : above[-1] + 1], is_announced=at in announced):
            roles[named:at] = [""] * (at - named)


def _is_attribution(lines: Sequence[str], *, is_announced: bool) -> bool:
    if plain(lines[-1]).rstrip().endswith((":", "\uff1a")):
        return True
    return not is_announced and any(_WHEN.search(line) for line in lines)


def _drop_wrapped_ends(lines: Sequence[str], roles: list[str], ours: Ours) -> None:
    """Leave out the end of a quoted line that a program wrapped without a prefix."""
    for at in range(1, len(roles)):
        above = lines[at - 1]
        if roles[at] == "agent" != roles[at - 1] and len(above) > _WRAPPED and is_quoted(plain(above)):
            roles[at] = "" if ours.goes_on(lines[at - 1], lines[at]) else "agent"


def _drop_rules(lines: Sequence[str], roles: list[str]) -> None:
    """Leave out the rule that a program draws right above a quote."""
    for at in range(1, len(roles)):
        if roles[at] == "agent" or roles[at - 1] != "agent":
            continue
        last = next((i for i in range(at - 1, -1, -1) if roles[i] != "agent" or lines[i].strip()), 0)
        if roles[last] == "agent" and _RULE.fullmatch(plain(lines[last])):
            roles[last:at] = [""] * (at - last)


def _is_inline(lines: Sequence[str], roles: Sequence[str]) -> bool:
    """Return whether the agent wrote directly below words of the customer."""
    written = [role for line, role in zip(lines, roles, strict=True) if line.strip("> \t")]
    return any(above == "quoted" and below == "agent" for above, below in pairwise(written))


def _pasted(lines: Sequence[str], roles: Sequence[str], ours: Ours) -> Iterator[str]:
    """Yield the first line of each email of ours about another ticket that is left out: the agent pasted it."""
    for at, line in enumerate(lines):
        if not roles[at] and ours.is_mark_of_another(line):
            start = next((i + 1 for i in range(at - 1, -1, -1) if roles[i] and lines[i].strip()), 0)
            yield next(one.strip() for one in lines[start : at + 1] if one.strip())


def _drop_gateway_text(lines: Sequence[str], roles: list[str], ours: Ours) -> None:
    """Leave out the banners and scan notes that a gateway certainly wrote around the email."""
    mine = [at for at, role in enumerate(roles) if role == "agent"]
    start, end = ours.between_gateway_text("\n".join(lines[at] for at in mine))
    offset = 0
    for at in mine:
        # A banner that ends inside a line leaves the rest of the line to the agent.
        if (offset + len(lines[at]) <= start and start) or offset >= end:
            roles[at] = ""
        offset += len(lines[at]) + 1
