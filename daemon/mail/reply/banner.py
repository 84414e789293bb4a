"""Find what mail gateways write into every email: external-sender banners, subject tags, rewritten links, scan notes.

Such text stays in the email that people read. It says nothing about the subject, so decisions are made without it.
"""

import re
from typing import Final

from daemon.mail.reply.banner_block import (
    MAX_BLOCK,
    announces_advice,
    banner_block_end,
    has_own_words,
    is_advice,
    is_announcement,
    is_banner_block,
    is_general_advice,
    names_origin,
)
from daemon.mail.reply.banner_phrases import FIRST_CONTACT, NOTES, SCANNED, SUBJECTS
from daemon.mail.reply.banner_words import SCAN, THREAT
from daemon.mail.reply.gateway_label import is_gateway_label
from daemon.mail.reply.gateway_tags import without_gateway_tags
from daemon.mail.reply.rewritten_link import with_original_links
from daemon.mail.text.line import fold

_MAX_READ: Final = 100_000
_MAX_UNITS: Final = 12
_MAX_UNIT: Final = 400
_MAX_LINES: Final = 4
_MAX_NOTE: Final = 600
_MAX_SCAN: Final = 300
_SCAN: Final = re.compile(SCAN)
_THREAT: Final = re.compile(THREAT)
_MAX_RULED: Final = 1000
_RULE: Final = re.compile(r"^[-_=*\u2500]{10,200}$", re.MULTILINE)

_BAR: Final = re.compile(r"[\s\-_=*#|~+.:!>\u2013\u2014\u2500\u26a0\ufe0f\u200b]*")
_OPENING: Final = ("[", "(", "{", "<", "\u3010", "\uff3b")
_UNIT_END: Final = re.compile(r"[.!?:]+[\])*]?(?=\s|$)|[\u3002\uff01\uff1f]|\n")
_GOES_ON: Final = re.compile(
    r"attachment|links?\b|the sender|anhäng|anlagen|absender|pièces jointes|liens|adjuntos|enlaces|allegati|bijlagen"
    r"|anexos|linków|załączników|länkar|bilagor|vedhæftede|vedlegg"
)
# A command of a team member, such as "#spam"; gateways write "# SPAM #" and "##SPAM##".
_COMMAND: Final = re.compile(r"\s*[#\uff03\ufe5f][^\W\d_]+(?![^\s.:,;!])")
# What a customer writes about a scan.
_ABOUT_A_SCAN: Final = re.compile(
    r"\b(?:your?|but|still|lost|missing|cannot|fails?|gone|stuck|deleted|rejected|and now)\b"
)
# Microsoft explains its tip on the first email of a sender in every language at one address.
_SAFETY_TIP: Final = re.compile(
    r"[^@<>]{0,200}[\w.+-]{1,64}@[\w-]{1,63}\.[^<>]{1,200}<?https?://aka\.ms/[^\s<>\]]{1,80}[>\] ]*(?=\n|$)",
    re.IGNORECASE,
)
# The words of the link to the reason.
_LINE_END: Final = re.compile(r"[^\n.!?]{0,80}(?=\n|$)|")
_BUTTONS: Final = re.compile(
    r"(?:[^\n<>|]{1,60}<https?://[^\s<>]{1,2000}>[\s|\u00b7\u2022/-]{0,9}){1,6}(?:[\w ]{0,20}powered by \w+)?(?=\n|$)",
    re.IGNORECASE,
)
# What a program writes for an image without words, such as a tracking pixel.
_IMAGE: Final = re.compile(r"!?\[(?:https?://[^\s\]]{1,2000})?\](?:\(https?://[^\s)]{1,2000}\))?")
_NOTE_BARS: Final = " -_=*~\u2013\u2014"
_NEAR_START: Final = 3
_PROOFPOINT_START: Final = re.compile(r"(?<=\w{4})BannerStart\b")
_PROOFPOINT_END: Final = re.compile(r"BannerEnd\b")
_MAX_PROOFPOINT: Final = 2000
# The name of the style sheet that stands before both words.
_PROOFPOINT_NAME: Final = re.compile(r"\w{4,24}\Z")


def without_gateway_text(text: str) -> str:
    """Return a text without banners, scan notes and rewritten links; "" if there is nothing else."""
    text = with_original_links(text)
    head = _without_proofpoint(text[:_MAX_READ]) + text[_MAX_READ:] if "BannerStart" in text else text
    return _without_notes(without_gateway_tags(head[banner_end(head) :])).strip()


def _without_proofpoint(text: str) -> str:
    kept, at = list[str](), 0
    for start in _PROOFPOINT_START.finditer(text):
        end = _PROOFPOINT_END.search(text, start.end(), start.end() + _MAX_PROOFPOINT)
        name = _PROOFPOINT_NAME.search(text, max(at, start.start() - 24), start.start())
        if start.start() >= at and end and name:
            kept.append(text[at : name.start()])
            at = end.end()
    return "".join(kept) + text[at:]


def notes_start(text: str) -> int:
    """Return the offset of the scan notes and banners at the end of a text, its length without one."""
    head = text[-_MAX_READ:]
    kept = _without_notes(head)
    return len(text) - len(head) + len(kept) if len(kept) < len(head.rstrip()) else len(text)


def is_first_contact(text: str) -> bool:
    """Return whether a text has what Microsoft writes above the first email of somebody, and no person does."""
    folded = _normalised(text)
    return any(phrase in folded for phrase in FIRST_CONTACT)


def banner_end(text: str) -> int:
    """Return the offset after the banner at the start of a text, 0 without one."""
    at, end = _after_bars(text, 0), 0
    follows = False
    for _ in range(_MAX_UNITS):
        block = _block_end(text, at)
        stop = block or (_buttons_end(text, at) if end else 0) or _banner_unit(text, at, follows=follows)
        if stop <= at:
            break
        # Words before more text on a line, as in "Caution: the cup is hot", may be a customer's.
        is_complete = bool(block) or not _is_introduction(text, at, stop)
        follows = follows or is_complete or names_origin(text[at:stop])
        at = _after_bars(text, stop)
        end = at if is_complete else end
    return _after_rule(text, end) if end else 0


def _after_rule(text: str, end: int) -> int:
    """Return the offset after a ruled line that closes a banner with more paragraphs of advice, or `end`."""
    rule = _RULE.search(text, end, end + _MAX_RULED)
    between = text[end : rule.start()] if rule else ""
    is_advised = any(map(is_general_advice, between.split("\n"))) and not has_own_words(between)
    return _after_bars(text, rule.end()) if rule and is_advised else end


def _after_bars(text: str, at: int) -> int:
    return _BAR.match(text, at).end()  # type: ignore[union-attr]  # it matches the empty string


def _is_introduction(text: str, at: int, stop: int) -> bool:
    """Return whether a label without brackets has more text behind it on its line."""
    unit, line = text[at:stop], text[text.rfind("\n", 0, at) + 1 : stop]
    if unit.endswith(":") or (is_announcement(unit) and not _is_label(unit)):
        return True
    goes_on = not unit.endswith("\n") and text[stop : stop + 1] not in {"", "\n"}
    return goes_on and line.lstrip()[:1].isalnum() and _is_label(unit) and not names_origin(unit)


def _is_label(unit: str) -> bool:
    """Return whether a unit is a label; a single word in lower case may be a customer's."""
    return is_gateway_label(unit) and (len(unit.split()) > 1 or unit.isupper() or not unit[:1].isalpha())


def _block_end(text: str, at: int) -> int:
    """Return the end of the banner that is a block at an offset, 0 without one."""
    if _is_command(text, at):
        return 0
    block = text[at : at + MAX_BLOCK + 2]
    length = banner_block_end(block) or _safety_tip_end(block)
    return at + length if length else 0


def _safety_tip_end(text: str) -> int:
    """Return the end of what Microsoft says of a sender in any language: an address, and a link to the reason; or 0."""
    tip = _SAFETY_TIP.match(text) if "://aka.ms/" in text else None
    return tip.end() if tip and "\n\n" not in tip[0] and not has_own_words(tip[0]) else 0


def _buttons_end(text: str, at: int) -> int:
    """Return the end of a row of links below a banner, such as "Block sender <https://...>", 0 without one."""
    buttons = _BUTTONS.match(text, at)
    return buttons.end() if buttons else 0


def _is_command(text: str, at: int) -> bool:
    return _COMMAND.match(text, text.rfind("\n", 0, at) + 1) is not None


def _banner_unit(text: str, at: int, *, follows: bool) -> int:
    """Return the end of the banner sentence at an offset, or the offset if there is none; it may span lines."""
    if _is_command(text, at):
        return at
    head = text[at : at + _MAX_UNIT]
    if head.startswith(_OPENING) and (tags := len(head) - len(without_gateway_tags(head))):
        return at + tags
    stop = at
    for _ in range(_MAX_LINES):
        match = _UNIT_END.search(text, stop, at + _MAX_UNIT)
        end = match.end() if match else min(len(text), at + _MAX_UNIT)
        unit = text[at:end]
        if is_first_contact(unit):
            return _LINE_END.match(text, end).end()  # type: ignore[union-attr]  # it matches the empty string
        if _is_banner(unit, follows=follows):
            return _rest_of_sentence(text, at, end) if unit.endswith("\n") and not is_gateway_label(unit) else end
        if not match or match[0] != "\n" or text[end : end + 1] == "\n" or not text[end:].strip():
            return at
        stop = end
    return at


def _rest_of_sentence(text: str, start: int, at: int) -> int:
    """Return the end of a sentence that was wrapped at `at`.

    The next line begins in lower case, or, after a line with advice, speaks of attachments, links or the sender.
    """
    is_wrapped_advice = is_advice(text[start:at])
    for _ in range(_MAX_LINES):
        match = _UNIT_END.search(text, at, at + _MAX_UNIT)
        following = text[at : match.end()] if match else ""
        goes_on = following[:1].islower() or (is_wrapped_advice and _GOES_ON.search(fold(following)))
        if not match or not goes_on or has_own_words(following):
            return at
        at = match.end()
        if match[0] != "\n":
            return at
    return at


def _is_banner(unit: str, *, follows: bool) -> bool:
    """Return whether a sentence is one of a banner; advice counts only after the words that name the origin."""
    if is_announcement(unit) or _is_label(unit):
        return True
    folded = _normalised(unit).lstrip(" *[(!-")
    is_one = (
        (names_origin(unit) and folded.startswith(SUBJECTS))
        or ((follows or announces_advice(unit)) and is_general_advice(unit))
        or _is_scan_note(folded)
    )
    return is_one and not has_own_words(unit)


def _normalised(text: str) -> str:
    return " ".join(fold(text).replace("\u2019", "'").split())


def _is_scan_note(folded: str) -> bool:
    """Return whether a text is the note of a scanner: in its phrases, or on "this email" and viruses."""
    note = folded.lstrip(_NOTE_BARS)
    if len(folded) >= _MAX_NOTE or _ABOUT_A_SCAN.search(note):
        return False
    is_scanned = len(folded) < _MAX_SCAN and _SCAN.search(folded) and _THREAT.search(folded)
    if is_scanned and any(phrase in folded for phrase in SUBJECTS):
        return True
    places = [place for phrase in SCANNED if (place := note.find(phrase)) >= 0]
    if not places:
        return False
    return min(places) <= _NEAR_START or note.startswith((*NOTES, *SUBJECTS))


def _without_notes(text: str) -> str:
    """Cut scan notes and banners from the end: whole paragraphs, so that a sentence about a scan stays."""
    for _ in range(_MAX_UNITS):
        head, gap, last = text.rstrip().rpartition("\n\n")
        note = _normalised(last[: _MAX_NOTE + 1])
        is_note = _is_scan_note(note) or (bool(gap) and (is_banner_block(last) or not any(c.isalnum() for c in last)))
        is_note = is_note or (bool(gap) and _IMAGE.fullmatch(last.strip()) is not None)
        if not is_note or len(note) >= _MAX_NOTE or has_own_words(last[:_MAX_NOTE]):
            break
        text = head
    return text
