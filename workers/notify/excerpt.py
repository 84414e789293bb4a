"""Shorten the text of an email: the new part and the rest, both bounded, with the amount that is missing."""

from dataclasses import dataclass
from typing import Final

from workers.notify.phrases import Phrase, plural
from workers.notify.sanitize import lines

NEW_LINES: Final = 400
NEW_CHARACTERS: Final = 20_000
REST_LINES: Final = 40
REST_CHARACTERS: Final = 4_000
# An email may have megabytes of text; the rest of it is not read at all.
MAX_READ: Final = 400_000
# A text that is longer by at most this share is shown whole: "8 more characters" is longer than eight characters.
GRACE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Passage:
    """Some lines of text. `more` is the amount that is missing, such as "12 more lines", or ""."""

    text: str = ""
    more: Phrase | str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The new text of an email, and the rest: quote and signature."""

    new: Passage
    rest: Passage


def excerpt(text: str, reply: str, missing: int = 0) -> Excerpt:
    """Return the excerpt of a text and the new part of it; `missing` characters of the text were never loaded."""
    whole = lines(text[:MAX_READ])
    new = whole if reply == text else lines(reply[:MAX_READ])
    beyond = max(0, len(text) + missing - MAX_READ)
    rest = remainder(whole, new)
    if rest is None:
        return Excerpt(cut(whole, NEW_LINES, NEW_CHARACTERS, beyond), Passage())
    return Excerpt(
        cut(new, NEW_LINES, NEW_CHARACTERS, beyond if reply == text else max(0, len(reply) - MAX_READ)),
        cut(rest, REST_LINES, REST_CHARACTERS, beyond),
    )


def remainder(whole: str, new: str) -> str | None:
    """Return the lines of a text that are not in its new part, None if the new part is not in the text."""
    if new == whole:
        return "" if new.strip() else None
    wanted = [line.rstrip() for line in new.strip("\n").split("\n")]
    rest: list[str] = []
    taken = 0
    for line in whole.split("\n"):
        if taken < len(wanted) and line.rstrip() == wanted[taken]:
            taken += 1
        else:
            rest.append(line)
    return "\n".join(rest) if taken == len(wanted) and new.strip() else None


def cut(text: str, most_lines: int, most_characters: int, beyond: int = 0) -> Passage:
    """Return the start of a text, or all of it if hardly more; `beyond` characters were already left out."""
    text = text.strip("\n").rstrip()
    grace = 1 + GRACE
    if not beyond and len(text) <= most_characters * grace and text.count("\n") + 1 <= most_lines * grace:
        return Passage(text)
    shown = text[:most_characters].split("\n", most_lines)[:most_lines]
    kept = "\n".join(shown)
    left = text[len(kept) :]
    missing_lines = left.strip("\n").count("\n") + 1 if left.strip() else 0
    if not missing_lines and not beyond:
        return Passage(kept)
    if missing_lines > 1 and not beyond:
        shown_lines = f"{missing_lines:,}"
        return Passage(kept, plural("%(count)s more line", "%(count)s more lines", missing_lines, count=shown_lines))
    characters = len(left) + beyond
    count = f"{characters:,}"
    return Passage(kept, plural("%(count)s more character", "%(count)s more characters", characters, count=count))
