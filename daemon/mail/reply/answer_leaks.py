"""Find what of ours is left in an answer: tokens in whatever encoding, lines of our emails, commands for our system."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import date
from html import unescape
from typing import Final
from urllib.parse import unquote

from daemon.mail import token
from daemon.mail.reply.our_marks import OurMarks, Ours
from daemon.mail.token import Purpose

MAX_SCANNED: Final = 2 << 20
_MAX_FOUND: Final = 20
_LAYERS: Final = 3
# A text of "mmmm" has one at each letter, and each is checked with every key.
_MAX_CANDIDATES: Final = 10_000
# Each token starts with its purpose, "c" or "t", and the two highest bits of the ticket.
_START: Final = re.compile(rf"(?=(?:m[m-p]|o[q-t])[a-z2-7]{{{token.UNBOUND_LENGTH - 2}}})", re.IGNORECASE)
_RUN: Final = re.compile(rf"[a-z2-7]{{{token.UNBOUND_LENGTH},}}", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{60,4000}={0,2}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{80,2000}")
_SPLIT: Final = re.compile(r"[\s\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff>|=]+")
_ESCAPED: Final = re.compile(r"[-=%_][0-9A-Fa-f]{2}")
_COMMAND: Final = re.compile(r"\btriaged (?:tickets|deliveries|mail|jobs|trace) [a-z-]")
_NO_DAY: Final = date.min


def token_leaks(place: str, texts: Iterable[str], marks: OurMarks) -> Iterator[str]:
    """Yield what tokens are in the texts, except for those that were sent to the customers themselves."""
    found: set[str] = set()
    for text in texts:
        for layer in _layers(text[:MAX_SCANNED]):
            found.update(_tokens(layer, marks))
        if len(found) > _MAX_FOUND:
            break
    yield from (f"{what} in {place}" for what in sorted(found))


def line_leaks(place: str, text: str, ours: Ours) -> Iterator[str]:
    """Yield what sentences of our emails, marks and commands are in a text."""
    if ours.has_sentence_of_ours(text):
        line = next((line for line in text.split("\n") if ours.has_sentence_of_ours(line)), "")
        yield f"a line of our email in {place}: {line.strip()[:100]}" if line else f"a line of our email in {place}"
    elif _COMMAND.search(text):
        yield f"a command of our system in {place}"


def _tokens(text: str, marks: OurMarks) -> Iterator[str]:
    """Yield what each token in a text is, also where other letters touch it, as in "%2B" and "=2B"."""
    for number, match in enumerate(_START.finditer(text)):
        if number == _MAX_CANDIDATES:
            yield "more text like tokens than can be checked"
            return
        for length in (token.LENGTH, token.UNBOUND_LENGTH):
            candidate = text[match.start() : match.start() + length].lower()
            held = token.verify(candidate, marks.keys, _NO_DAY) if len(candidate) == length else None
            if held is None:
                continue
            if held.purpose is Purpose.TEAM:
                yield "a token of the team"
            elif not any(held.is_for(customer, marks.keys) for customer in marks.customers):
                yield "a token of somebody else"
            break


def _layers(text: str) -> Iterator[str]:
    """Yield a text as it is, without the encodings that mail programs and gateways put around links, and joined."""
    layer = text
    seen = {layer}
    yield layer
    for _ in range(_LAYERS):
        layer = unescape(unquote(layer)) if _RUN.search(layer) or "%" in layer else layer
        if layer in seen:
            break
        seen.add(layer)
        yield layer
    # Proofpoint writes "-2B" for "%2B" and "_" for "/"; quoted-printable writes "=2B" and breaks lines after "=".
    for other in (_ESCAPED.sub(" ", layer), _SPLIT.sub("", layer), *_decoded(layer)):
        if other not in seen:
            seen.add(other)
            yield other


def _decoded(text: str) -> Iterator[str]:
    """Yield the text inside long runs of base64 and of hexadecimal digits."""
    for match in _BASE64.finditer(text):
        run = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        # The run may start with a word that is not part of it, such as the path of a link.
        for start in range(4):
            piece = run[start:]
            try:
                yield base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1")
            except (ValueError, binascii.Error):
                break
    for match in _HEX.finditer(text):
        digits = match[0][: len(match[0]) // 2 * 2]
        yield bytes.fromhex(digits).decode("latin-1")
