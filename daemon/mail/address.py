"""Read addresses from headers and check addr-specs; a crafted string never becomes another address."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Final

from daemon.mail.encoding.encoded_words import decode_words
from daemon.mail.message import Address

MAX_ADDRESSES: Final = 1000
_MAX_BOXES: Final = 4 * MAX_ADDRESSES
_MAX_FIELD: Final = 256 * 1024
_MAX_ADDRESS: Final = 254  # RFC 5321 section 4.5.3.1.3, without the angle brackets
_MAX_SPACED: Final = 1000
_MAX_LABEL: Final = 63

_ATOM: Final = r"[^\s\x00-\x20\x7f-\x9f()<>@,;:\\\".\[\]\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]"
# RFC 5322 forbids dots in a row or at the ends, but Japanese carriers assigned such addresses.
_DOT_ATOM: Final = re.compile(rf"(?:{_ATOM}|\.)+")
_QUOTED: Final = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*)"')
_ASCII_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_ROUTE: Final = re.compile(r"(?:@[^@:,<>\s]{1,255}\s*,?\s*)+:")
_TOKEN: Final = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"'
    r"|(?P<special>[(),:;<>])"
    r'|[^"(),:;<>\\]+|\\.?|"',
    re.DOTALL,
)
_CLOSED_QUOTES: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_QUOTES: Final = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"?', re.DOTALL)
# RFC 5322 section 4.4 allows white space around the dots and the @ of an obsolete address.
_OBSOLETE_SPACE: Final = re.compile(r"[ \t]*([.@])[ \t]*")
# Web scripts write <<ann@a.example>>, <mailto:ann@a.example> and 'ann@a.example'.
_DOUBLE_ANGLES: Final = re.compile(r"<<\s*([^<>]{1,320})>>")
_MAIL_TO: Final = re.compile(r"<\s*mailto:", re.IGNORECASE)
_SINGLE_QUOTES: Final = re.compile(r"'([^']+@[^']+)'")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = re.compile(r'(["\\])')


@lru_cache(maxsize=4096)
def canonical(text: str) -> str | None:
    """Return the addr-spec (RFC 5321 section 4.1.2, RFC 6531) in its one comparable form, or None.

    The domain becomes lower-case A-labels, needless quotes are removed, the local part keeps its case.
    """
    if len(text) > _MAX_ADDRESS or "@" not in text:
        return None
    local, _, domain = text.rpartition("@")
    known_local, known_domain = _local(local), _domain(domain)
    if not known_local or not known_domain:
        return None
    return f"{known_local}@{known_domain}"


def readable_address(email: str) -> str:
    """Return a canonical address as people read it: A-labels decoded, unless the result means another address."""
    local, _, domain = email.rpartition("@")
    shown = ".".join(map(_shown_label, domain.split(".")))
    return f"{local}@{shown}" if canonical(f"{local}@{shown}") == email else email


def _shown_label(label: str) -> str:
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _local(text: str) -> str | None:
    if _DOT_ATOM.fullmatch(text):
        return unicodedata.normalize("NFC", text)
    quoted = _QUOTED.fullmatch(text)
    if not quoted:
        return None
    content = _ESCAPE.sub(r"\1", quoted[1])
    return content if _DOT_ATOM.fullmatch(content) else '"{}"'.format(_ESCAPED.sub(r"\\\1", content))


def _domain(text: str) -> str | None:
    if text.startswith("["):
        return _literal(text)
    labels = [_label(label) for label in text.split(".")]
    domain = ".".join(label or "" for label in labels)
    return domain if all(labels) and len(domain) < _MAX_ADDRESS else None


def _label(text: str) -> str | None:
    """Return a domain label as A-label.

    Not Python's idna codec: its older rules turn "strasse" and "straße", two domains, into one.
    """
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if len(text) > _MAX_LABEL or not all(unicodedata.category(c)[0] in "LMN" or c == "-" for c in text):
            return None
        text = "xn--" + text.encode("punycode").decode("ascii")
    return text if _ASCII_LABEL.fullmatch(text) else None


def _literal(text: str) -> str | None:
    inner = text[1:-1].lower()
    if not text.endswith("]"):
        return None
    try:
        if inner.startswith("ipv6:"):
            return f"[ipv6:{ipaddress.IPv6Address(inner[5:])}]"
        return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError:
        return None


def read_addresses(value: str) -> tuple[Address, ...]:
    """Return the mailboxes of an address field (RFC 5322 section 3.4), still with its encoded words.

    Groups are replaced by their members, and all addresses of such a field are marked. Text that is not exactly one
    address has `email` None and is the `name`.
    """
    found: list[Address] = []
    grouped = False
    for box in islice(_split(_repaired(value[:_MAX_FIELD])), _MAX_BOXES):
        address = box.address()
        grouped = grouped or box.after_group
        if address is None:
            continue
        if found and found[-1].email is None and box.angles and _is_name(found[-1].name) and not box.after_group:
            # Lotus and several web forms write `Doe, John <john@…>` without quotes.
            address = Address(f"{found[-1].name}, {address.name}", address.email)
            found.pop()
        found.append(address)
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(replace(address, grouped=True) for address in found) if grouped else tuple(found)


def _repaired(value: str) -> str:
    """Return a field without the errors of web scripts that leave no doubt about the address."""
    if "<" in value:
        return _MAIL_TO.sub("<", _DOUBLE_ANGLES.sub(r"<\1>", value))
    return value


def _is_name(text: str) -> bool:
    return bool(text) and "@" not in text


class _Box:
    """The text between two commas: its words, its comments, and the text in angle brackets."""

    __slots__ = ("after_group", "angle", "angles", "bad", "comments", "words")

    def __init__(self, *, after_group: bool = False) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: list[str] = []
        self.angles = 0
        self.bad = False
        self.after_group = after_group

    def address(self) -> Address | None:
        """Return the address in the box, None for an empty one."""
        text = "".join(self.words).strip()
        comment = _name("".join(self.comments))
        if self.angles:
            return self._angled(text, _name(text) or comment)
        if not text:
            return None
        spec = _without_space(text)
        name, _, last = spec.rpartition(" ")
        # Contact forms write "Ann Example ann@a.example": with a single @ there is no second address.
        if name and spec.count("@") == 1 and '"' not in spec and not self.bad and (email := canonical(last)):
            return Address(_name(name), email)
        email = None if self.bad else canonical(spec)
        return Address(comment if email else _name(text), email)

    def _angled(self, text: str, name: str) -> Address | None:
        inner = "".join(self.angle).strip()
        route = _ROUTE.match(inner)
        inner = inner[route.end() :].strip() if route else inner
        # A stray bracket beside a second address can make a parser read the wrong one (CVE-2023-27043).
        unquoted = _CLOSED_QUOTES.sub("", text)
        is_stray = self.bad or any(mark in unquoted for mark in '[]\\"')
        crafted = self.angles > 1 or (is_stray and "@" in unquoted)
        email = None if crafted else canonical(_without_space(inner))
        return Address(name if email else name or _name(inner), email) if name or inner else None


def _without_space(text: str) -> str:
    quoted = _SINGLE_QUOTES.fullmatch(text)
    text = quoted[1] if quoted else text
    return _OBSOLETE_SPACE.sub(r"\1", text) if len(text) <= _MAX_SPACED else text


def _name(text: str) -> str:
    """Return a display name as people read it, without the quotes that an addr-spec would need."""
    unquoted = _QUOTES.sub(lambda match: _ESCAPE.sub(r"\1", match[1]), text) if '"' in text else text
    return " ".join(decode_words(unquoted).split())


def _split(value: str) -> Iterator[_Box]:
    """Yield the boxes of a field; one pass over its tokens."""
    box, depth, angle = _Box(), 0, False
    for match in _TOKEN.finditer(value):
        token, special = match[0], match["special"] or ""
        if depth:
            depth += {"(": 1, ")": -1}.get(special, 0)
            box.comments.append(token if depth else " ")
        elif special == "(":
            depth = 1
        elif angle:
            angle = special != ">"
            box.angle.append(token if angle else "")
        elif special == "<":
            angle = True
            box.angles += 1
        elif special in {",", ";"}:
            yield box
            box = _Box()
        elif special == ":" and not any("@" in word for word in box.words):
            # The name of a group is not a mailbox.
            box = _Box(after_group=True)
        else:
            # Text after the angle brackets, as in "<ann@a.example>@b.example", makes the box ambiguous.
            box.bad = box.bad or bool(special) or (box.angles > 0 and not token.isspace())
            box.words.append(token)
    box.bad = box.bad or angle or depth > 0
    yield box
