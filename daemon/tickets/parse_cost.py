"""Estimate how long an email takes to analyze, so that an expensive one does not hold the event loop. Pure."""

from typing import Final

# Microseconds for each byte of a class, measured on emails of 16 KB that repeat one hostile piece: tags that nest,
# encoded words, addresses; comments, quotes and parameters; lines of headers and parts.
EXPENSIVE: Final = (b"<=@,", 5.0)
CHEAPER: Final = (b'"();:', 1.5)
LINE: Final = 5.0
# What base64 holds cannot be seen: it may be tags.
BASE64: Final = (b"base64", 0.5)
# Analyzing an email of this size takes less time than handing it to another thread, if it is not expensive.
INLINE_PARSE_BYTES: Final = 16 * 1024
INLINE_PARSE_MICROSECONDS: Final = 3000
# No email is so expensive at this size.
CHEAP_BYTES: Final = 2048


def is_cheap(raw: bytes) -> bool:
    """Return whether an email may be analyzed on the event loop."""
    if len(raw) <= CHEAP_BYTES:
        return True
    return len(raw) <= INLINE_PARSE_BYTES and parse_microseconds(raw) <= INLINE_PARSE_MICROSECONDS


def parse_microseconds(raw: bytes) -> float:
    """Return an estimate that is too high rather than too low; it takes a few microseconds itself."""
    cost = LINE * raw.count(b"\n")
    for marks, weight in (EXPENSIVE, CHEAPER):
        cost += weight * (len(raw) - len(raw.translate(None, delete=marks)))
    word, weight = BASE64
    return cost + (weight * len(raw) if word in raw.lower() else 0.0)
