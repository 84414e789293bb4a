"""Find answers that say nothing: mail programs put a signature below a command, and into an email without text."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from daemon.mail.message import Address, Message
from daemon.mail.reply.answer import CutAnswer, html_of
from daemon.mail.reply.answer_parts import by_content_id, shown_ids
from daemon.mail.reply.letter import is_closing
from daemon.mail.reply.our_marks import emoji, squeeze
from daemon.mail.reply.reaction import is_reaction, says_reaction
from daemon.mail.reply.signature import cut_signature, has_contact, is_device_footer
from daemon.mail.reply.split import split
from daemon.mail.text.html import can_be_laid_out, strip_tags
from daemon.mail.text.html_attributes import is_signature
from daemon.mail.text.line import fold

_MAX_LINES: Final = 60
_MAX_SIGNATURE_LINES: Final = 14
_MAX_LINE: Final = 120
_NAME_WORDS: Final = 6
_PERSON: Final = range(2, 5)
_CARD_LINES: Final = 3
_FOOTER_WORDS: Final = 12
_SENTENCE: Final = 6
_DELIMITER: Final = re.compile(r"\s*(?:--+|__+|[\u2013\u2014]+)\s*")
_EXACT_DELIMITER: Final = re.compile(r"--\s?")
_WORD: Final = re.compile(r"[^\W\d_]+")
_IMAGE: Final = re.compile(r"<img\b")
_ENDS: Final = ".!?:;,\u3002\uff1f\uff01"
# What cut_signature leaves in front of a signature, so that it also finds one at the start of a text.
_ABOVE: Final = ("text", "")


def without_lone_signature(answer: CutAnswer, message: Message) -> CutAnswer:
    """Return an answer without text and images where these are nothing but the signature of the author of `message`.

    An emoji by which Gmail or Outlook reacts says nothing either: it was meant for the team.

    Files that go along are meant for the customer, and so is an image above the signature: then all of it stays. So it
    does where lines of an unclear author were found: they may be the answer, and it is held for them.
    """
    lines = [line.strip() for line in answer.text.strip().split("\n")]
    if is_reaction(message) or says_reaction(lines):
        return replace(answer, text="", html="", inline=(), files=())
    if not any(lines) or len(lines) > _MAX_LINES or answer.files or answer.leaks:
        return answer
    texts, logos = _marked(message)
    if not _is_signature(lines, message.from_, texts) or _shows_an_image(answer, logos):
        return answer
    return replace(answer, text="", html="", inline=())


def own_words(text: str, authors: Sequence[Address]) -> str:
    """Return what is new in a text, without a signature; "" where it is nothing but the signature of its authors."""
    words = split(text).new.strip()
    lines = [line.strip() for line in words.split("\n")]
    is_nothing = not words or (len(lines) <= _MAX_LINES and _is_signature(lines, authors, ()))
    return "" if is_nothing else words


def signature_of(text: str, author: str) -> str:
    """Return the signature at the end of an email of `author`, an address; "" where none is recognised."""
    reply = split(text)
    lines = [line.strip() for line in f"{reply.new}\n\n{reply.signature}".strip().split("\n")]
    for start in range(max(len(lines) - _MAX_SIGNATURE_LINES, 0), len(lines)):
        if _is_signature(lines[start:], (Address("", author),), ()):
            return "\n".join(lines[start:])
    return ""


def _is_signature(lines: Sequence[str], authors: Sequence[Address], marked: Collection[str]) -> bool:
    """Say whether lines are only a signature: one that the program marks, or one that is written like a signature."""
    lines = [line for line in _written(lines) if line]
    if lines and is_device_footer(lines[0]):
        # It also stands above a name.
        lines = lines[1:]
    if not lines or _EXACT_DELIMITER.fullmatch(lines[0]):
        return True
    lines = lines[1:] if _DELIMITER.fullmatch(lines[0]) else lines
    if not lines or _said("".join(lines)) in marked:
        return True
    is_first = is_closing(lines[0]) or _is_name(lines[0], authors) or _is_card(lines)
    return is_first and _is_contact(lines[1:])


def _written(lines: Sequence[str]) -> Sequence[str]:
    """Return lines without the signature at their end, also if nothing is above it.

    A first line such as "Sent by DHL" is taken for a footer elsewhere, and may be the answer.
    """
    kept, first = lines[: _cut(lines)], lines[:1]
    if kept or not first:
        return kept
    if _cut(first):
        # A block of contacts begins with a name, but a few words of an answer above it look like one.
        return lines
    return first if len(first[0].split()) <= _FOOTER_WORDS else ()


def _cut(lines: Sequence[str]) -> int:
    return max(cut_signature([*_ABOVE, *lines]) - len(_ABOVE), 0)


def _is_name(line: str, authors: Sequence[Address]) -> bool:
    """Say whether a line is the name of the author: a few words, none like that of a sentence, one of them theirs."""
    words = _WORD.findall(line)
    if not words or len(words) > _NAME_WORDS or line[-1] in _ENDS:
        return False
    theirs = {word for one in authors for word in _WORD.findall(fold(f"{one.name} {(one.email or '').split('@')[0]}"))}
    # A name has particles as "de" at most, and never at its start.
    capital = sum(not word[0].islower() for word in words)
    return not words[0][0].islower() and capital * 2 > len(words) and not theirs.isdisjoint(map(fold, words))


def _is_card(lines: Sequence[str]) -> bool:
    """Say whether lines are a card of somebody: many write from the mailbox of a team, and sign with their own name."""
    words = _WORD.findall(lines[0])
    is_person = len(words) in _PERSON and all(word[0].isupper() for word in words) and lines[0][-1] not in _ENDS
    return is_person and len(lines) >= _CARD_LINES and any(map(has_contact, lines[1:]))


def _is_contact(lines: Sequence[str]) -> bool:
    """Say whether the lines below a name are like a title, a company and an address: few, short and no sentence."""
    return len(lines) <= _MAX_SIGNATURE_LINES and not any(
        len(line) > _MAX_LINE or line[-1] in "?!" or (line[-1] in _ENDS and len(line.split()) > _SENTENCE)
        for line in lines
    )


def _marked(message: Message) -> tuple[frozenset[str], frozenset[int]]:
    """Return what is said by what the mail program marked as signatures, and the images in them."""
    texts, files = set(), by_content_id(message)
    logos: set[int] = set()
    for html in _marked_elements(html_of(message)):
        texts.add(_said(strip_tags(html)))
        logos.update(files[name].part for name in shown_ids(html) if name in files)
    return frozenset(texts), frozenset(logos)


def _said(text: str) -> str:
    """Return the letters and digits of a text, then its emoji: an answer may be one above a signature."""
    return squeeze(text) + emoji(text)


def _marked_elements(html: str) -> Iterator[str]:
    if not can_be_laid_out(html):
        return
    for node in LexborHTMLParser(html).css("[id], [class]"):
        if is_signature(node.attributes):
            yield node.html or ""


def _shows_an_image(answer: CutAnswer, logos: Collection[int]) -> bool:
    """Say whether an image is more than a logo: one that stands above all text, in no table."""
    if set(answer.inline) <= set(logos):
        return False
    first = _IMAGE.search(answer.html)
    above = answer.html[: first.start()] if first else ""
    return first is not None and not strip_tags(above).strip() and above.count("<table") == above.count("</table")
