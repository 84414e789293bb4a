"""Ticket references: short, unambiguous when spoken, with a check character, not guessable."""

import re

# 30 characters, without those that are easily misheard or misread: I, L, O, U, 0, 1.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM = 7
REFERENCES = len(ALPHABET) ** RANDOM
# The length of the part after the prefix and its hyphen, such as 7K3Q-M9XW.
CODE = 9
MADE = re.compile(rf"[A-Z]{{1,6}}-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def make_reference(prefix: str, number: int) -> str:
    """Return the reference of a number below `REFERENCES`, such as HD-7K3Q-M9XY; its last character is a check.

    The caller draws the number at random, so that nobody can guess a reference.
    """
    body = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(RANDOM))
    code = body + _check(body)
    return f"{prefix}-{code[:4]}-{code[4:]}"


def find_references(text: str, prefix: str) -> tuple[str, ...]:
    """Return the well-formed references in a short text such as a subject, in order."""
    codes = ((m[1] + m[2]).upper() for m in _pattern(prefix).finditer(text[:1000]))
    return tuple(f"{prefix}-{code[:4]}-{code[4:]}" for code in codes if _check(code[:-1]) == code[-1])


def looks_like_reference(text: str, prefix: str) -> bool:
    """Return whether a text has the form of a reference, whatever its check character."""
    return _pattern(prefix).fullmatch(text) is not None


def is_made_by_us(reference: str) -> bool:
    """Return whether a stored reference is complete and has the right check character, whatever its prefix."""
    return MADE.fullmatch(reference) is not None and find_references(reference, reference[: -CODE - 1]) == (reference,)


def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"\b{prefix}-?([{ALPHABET}]{{4}})-?([{ALPHABET}]{{4}})\b", re.IGNORECASE | re.ASCII)


def _check(body: str) -> str:
    # Every weight is a unit modulo 30, so the check detects every single wrong character.
    weights = (1, 7, 11, 13, 17, 19, 23)
    return ALPHABET[sum(w * ALPHABET.index(c) for w, c in zip(weights, body, strict=True)) % len(ALPHABET)]
