"""Read the machine-readable part of a report: RFC 3464 deliveries, RFC 8098 dispositions, RFC 5965 feedback."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from daemon.mail.dsn.reason import Failure, diagnose, find_status
from daemon.mail.text.line import WIDE_PUNCTUATION
from daemon.text import domain_of

_MAX_TEXT: Final = 65_536
_MAX_LINES: Final = 2000
_MAX_RECIPIENTS: Final = 200
_MAX_FIELD: Final = 1000

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,8}:[ \t]{0,8}(.{0,1000})")
_PLAIN: Final = rf"[^\s<>;:,\"()\[\]@{WIDE_PUNCTUATION}]"
_ADDRESS = re.compile(rf"{_PLAIN}{{1,64}}@{_PLAIN}{{1,255}}")
_PER_RECIPIENT: Final = ("final-recipient", "original-recipient", "x-actual-recipient")
_SUCCESS: Final = frozenset({"delivered", "relayed", "expanded", "deliverable"})

_TYPE = re.compile(r"[A-Za-z0-9.-]{1,40}[ \t]{0,8};")

Fields = Mapping[str, str]


def find_address(text: str) -> str:
    """Return the first email address in a text, in lower case, or ""."""
    match = _ADDRESS.search(text[:_MAX_FIELD])
    return match[0].strip(".'`*").lower() if match else ""


def read_blocks(text: str) -> tuple[Fields, ...]:
    """Return the groups of fields in a report: one for the message, then one per recipient; names in lower case.

    Groups are separated by blank lines (RFC 3464 section 2.1); if one is missing, a second recipient field of
    the same name starts the next group.
    """
    blocks: list[dict[str, str]] = [{}]
    name = ""
    for line in text[:_MAX_TEXT].split("\n")[:_MAX_LINES]:
        if not line.strip():
            name = ""
            if blocks[-1]:
                blocks.append({})
        elif line[0] in " \t" and name:
            blocks[-1][name] = f"{blocks[-1][name]}\n{line.strip()}"[:_MAX_FIELD]
        elif match := _FIELD.match(line):
            name, value = match[1].lower(), match[2].strip()
            if name in _PER_RECIPIENT and name in blocks[-1]:
                blocks.append({})
            blocks[-1].setdefault(name, value)
        if len(blocks) > _MAX_RECIPIENTS:
            break
    return tuple(_joined(blocks))


def read_deliveries(text: str, notice: str = "") -> tuple[Failure, ...]:
    """Return a failure for each recipient in a message/delivery-status part (RFC 3464 section 2.3).

    These are the recipients that failed or wait; if there are none, those of a success report. `notice` is the text
    of the report for people.
    """
    named = (block for block in read_blocks(text) if any(name in block for name in _PER_RECIPIENT))
    found: dict[str, Failure] = {}
    for failure in (_failure(block, notice) for block in named):
        found.setdefault(failure.address, failure)
    failed = tuple(failure for failure in found.values() if failure.action not in _SUCCESS)
    return failed or tuple(found.values())


def _joined(blocks: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the groups; one without a recipient is joined to the group before it (a stray blank line)."""
    current: dict[str, str] = {}
    for block in blocks:
        named = any(name in block for name in _PER_RECIPIENT)
        if current and not named:
            current = block | current
        else:
            if current:
                yield current
            current = block
    if current:
        yield current


def _failure(block: Fields, notice: str) -> Failure:
    action = block.get("action", "failed").lower().replace("failure", "failed").split()[:1] or ["failed"]
    diagnostic = _TYPE.sub("", block.get("diagnostic-code", ""), count=1).strip()
    status = find_status(block.get("status", ""))
    return diagnose(recipient_of(block), action[0].rstrip(";,."), status, diagnostic, notice)


def recipient_of(block: Fields) -> str:
    """Return the recipient that a group of fields is about, or "".

    This is the final recipient, unless its host has no domain (servers of Sun and Oracle give the internal address).
    """
    found = [find_address(_TYPE.sub("", block.get(name, ""), count=1)) for name in _PER_RECIPIENT]
    return next((address for address in found if "." in domain_of(address)), next(filter(None, found), ""))
