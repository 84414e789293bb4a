"""Parse SPF records (RFC 7208 sections 4.5 to 7) and expand their macros."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from daemon.authentication.lookup import Result
from daemon.authentication.tags import domain_name

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

QUALIFIERS: Final = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}
_TERM: Final = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?![\w.-])([:/]?.*)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([a-z][\w.-]*)=(.*)", re.IGNORECASE)
_CIDR: Final = re.compile(r"(.*?)(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?", re.DOTALL)
_MACRO: Final = re.compile(r"%(?:([%_-])|\{([slodiphv])(\d{0,3})(r?)([.+,/_=-]*)\})", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[!-$&-~]*")
_MAX_TERMS: Final = 200
_MAX_NAME: Final = 253


class RecordError(Exception):
    """The record is not valid: the result is permerror. The message says why."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism. `target` is its domain with macros, or "". `network` is that of ip4 and ip6."""

    kind: str
    result: Result
    target: str = ""
    prefix4: int = 32
    prefix6: int = 128
    network: IpNetwork | None = None


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A parsed record; `redirect` is a domain with macros, or ""."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


@dataclass(frozen=True, slots=True)
class MacroValues:
    """What macros stand for. `domain` is the domain whose record is evaluated."""

    sender: str
    domain: str
    ip: IpAddress
    helo: str

    def value(self, letter: str) -> str:
        """Return the value of a macro letter (section 7.3). The name of the client is never looked up."""
        local, _, domain = self.sender.rpartition("@")
        values = {"s": self.sender, "l": local, "o": domain, "d": self.domain, "i": _dotted(self.ip)}
        values |= {"p": "unknown", "h": self.helo, "v": "in-addr" if self.ip.version == 4 else "ip6"}  # noqa: PLR2004 - IPv4
        return values[letter]


def is_spf(text: str) -> bool:
    """Say whether a TXT record is an SPF record."""
    return text.lower() == "v=spf1" or text[:7].lower() == "v=spf1 "


def parse(text: str) -> SpfRecord:
    """Return the parsed record; raises RecordError."""
    terms = text[6:].split(" ")
    if len(terms) > _MAX_TERMS or not text.isascii():
        raise RecordError("the SPF record is too long or not ASCII")
    mechanisms, modifiers = [], dict[str, str]()
    for term in filter(None, terms):
        modifier = _MODIFIER.fullmatch(term)
        if modifier:
            _add_modifier(modifiers, modifier[1].lower(), modifier[2])
        else:
            mechanisms.append(_mechanism(term))
    return SpfRecord(tuple(mechanisms), modifiers.get("redirect", ""))


def _add_modifier(modifiers: dict[str, str], name: str, value: str) -> None:
    _refuse_bad_macros(value)
    if name not in {"redirect", "exp"}:
        return
    if name in modifiers or not value:
        raise RecordError(f"{name}= is empty or occurs twice")
    modifiers[name] = value


def _mechanism(term: str) -> Mechanism:
    match = _TERM.fullmatch(term)
    if match is None:
        raise RecordError(f"unknown mechanism {term[:40]!r}")
    kind, result, rest = match[2].lower(), QUALIFIERS[match[1] or "+"], match[3]
    if kind in {"ip4", "ip6"}:
        return Mechanism(kind, result, network=_network(kind, rest))
    if kind == "all":
        if rest:
            raise RecordError("all takes no argument")
        return Mechanism(kind, result)
    prefixes = (32, 128)
    if kind in {"a", "mx"}:
        rest, prefixes = _prefixes(rest)
    if rest[:1] not in {"", ":"} or (rest == ":") or (not rest and kind in {"include", "exists"}):
        raise RecordError(f"{kind} needs a domain")
    _refuse_bad_domain(rest[1:])
    return Mechanism(kind, result, rest[1:], *prefixes)


def _prefixes(rest: str) -> tuple[str, tuple[int, int]]:
    # A slash inside a macro is a delimiter, not a prefix length.
    macros_end = rest.rfind("}") + 1
    match = _CIDR.fullmatch(rest[macros_end:])
    if match is None:
        raise RecordError("bad prefix length")
    four, six = int(match[2] or 32), int(match[3] or 128)
    if four > 32 or six > 128:  # noqa: PLR2004 - the lengths of addresses
        raise RecordError("bad prefix length")
    return rest[:macros_end] + match[1], (four, six)


def _network(kind: str, rest: str) -> IpNetwork:
    text = rest[1:]
    try:
        if not rest.startswith(":") or not re.fullmatch(r"[0-9a-fA-F.:]+(/(0|[1-9]\d{0,2}))?", text):
            raise RecordError(f"{kind} needs an address")
        return ipaddress.IPv4Network(text, strict=False) if kind == "ip4" else ipaddress.IPv6Network(text, strict=False)
    except ValueError:
        raise RecordError(f"{kind} needs an address") from None


def _refuse_bad_domain(text: str) -> None:
    _refuse_bad_macros(text)
    if text and "%" not in text and not domain_name(text):
        raise RecordError(f"{text[:40]!r} is not a domain")


def _refuse_bad_macros(text: str) -> None:
    at = 0
    for match in _MACRO.finditer(text):
        if not _PLAIN.fullmatch(text, at, match.start()) or match[3] == "0":
            raise RecordError("bad macro")
        at = match.end()
    if not _PLAIN.fullmatch(text, at):
        raise RecordError("bad macro")


def expand(text: str, values: MacroValues) -> str:
    """Return a domain with its macros replaced; labels on the left are dropped from one that is too long."""
    name = _MACRO.sub(lambda match: _replaced(match, values), text).removesuffix(".")
    while len(name) > _MAX_NAME and "." in name:
        name = name.partition(".")[2]
    return name


def _replaced(match: re.Match[str], values: MacroValues) -> str:
    if match[1]:
        return {"%": "%", "_": " ", "-": "%20"}[match[1]]
    labels = re.split(f"[{re.escape(match[5] or '.')}]", values.value(match[2].lower()))
    if match[4]:
        labels.reverse()
    return ".".join(labels[-int(match[3]) :] if match[3] else labels)


def _dotted(ip: IpAddress) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", ""))  # noqa: PLR2004 - IPv4
