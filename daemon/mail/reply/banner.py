"""Find what mail gateways write into every email: external-sender banners, subject tags, rewritten links, scan notes.

Such text stays in the email that people read. It says nothing about the subject, so decisions are made without it.
"""

import re
from typing import Final
from urllib.parse import unquote

from daemon.mail.reply.banner_phrases import ADVICE, ANNOUNCED, FIRST_CONTACT, LABELS, NOTES, OUTSIDE, SCANNED, SUBJECTS
from daemon.mail.text.line import fold

# The target of a rewritten link that cannot be read.
UNREADABLE: Final = "https://unreadable.invalid"
_MAX_READ: Final = 100_000
_MAX_UNITS: Final = 12
_MAX_UNIT: Final = 400
_MAX_LINES: Final = 4
_MAX_NOTE: Final = 600

_BAR: Final = re.compile(r"[\s\-_=*#|~+.:!>\u2013\u2014\u2500\u26a0\ufe0f\u200b]*")
_UNIT_END: Final = re.compile(r"[.!?:]+[\])*]?(?=\s|$)|[\u3002\uff01\uff1f]|\n")
_GOES_ON: Final = re.compile(
    r"attachment|links?\b|the sender|anhäng|anlagen|absender|pièces jointes|liens|adjuntos|enlaces|allegati|bijlagen"
    r"|anexos|linków|załączników|länkar|bilagor|vedhæftede|vedlegg"
)
# A command of a team member, such as "#spam"; gateways write "# SPAM #" and "##SPAM##".
_COMMAND: Final = re.compile(r"\s*[#\uff03\ufe5f][^\W\d_]+(?![^\s.:,;!])")
_OWN_WORDS: Final = re.compile(
    r"\b(?:i|i['\u2019](?:m|ve|ll|d)|my|we|us|ich|mein\w?|wir|je|mon|nous|yo|mi|io|mio|ik|eu)\b|\?", re.IGNORECASE
)
_TAG: Final = re.compile(
    r"\s*(?:[\[({<*\u3010\uff3b]{1,6}\s*([^\[\](){}<>*\u3010\u3011\uff3b\uff3d]{2,60}?)\s*[\])}>*\u3011\uff3d]{1,6}:?"
    r"|(ext(?:ern(?:al|e|o)?)?|spam)(?:\s?[:|]|\s[-\u2013]\s))\s*",
    re.IGNORECASE,
)
_TAG_WORDS: Final = re.compile(r"[^\w?]+")
_TAG_ADDRESS: Final = re.compile(r"[^\s()]{1,64}@[^\s()]{1,255}")
# What a customer writes about a scan.
_ABOUT_A_SCAN: Final = re.compile(r"\b(?:your?|but|still|lost|missing|cannot|fails?)\b")
_NOTE_BARS: Final = " -_=*~\u2013\u2014"
_NEAR_START: Final = 3
_PROOFPOINT_START: Final = re.compile(r"(?<=\w{4})BannerStart\b")
_PROOFPOINT_END: Final = re.compile(r"BannerEnd\b")
_MAX_PROOFPOINT: Final = 2000
_ANY_LINK: Final = re.compile(r"https?://[^\s<>]{1,2000}")
# The name of the style sheet that stands before both words.
_PROOFPOINT_NAME: Final = re.compile(r"\w{4,24}\Z")
_LINK: Final = re.compile(
    r"https?://[\w.-]{0,80}(?:safelinks\.protection\.outlook\.com|urldefense(?:\.proofpoint)?\.com|mimecast\.com"
    r"|cudasvc\.com|secure-web\.cisco\.com|fireeye\.com|trendmicro\.com|sophos\.com|avanan\.click|hornetsecurity\.com"
    r"|mailcontrol\.com|spamgourmet\.com|url-protection\.com|ppe-hosted\.com)/[^\s<>\"]{0,2000}",
    re.IGNORECASE,
)
_TARGET: Final = re.compile(
    r"[?&](?:url|u|a|domain|q)=(https?(?::|%3A|-3A)[^&\s]{1,1000})|/__(https?:[^\s]{1,1000}?)__;"
)


def without_gateway_text(text: str) -> str:
    """Return a text without banners, scan notes and rewritten links; "" if there is nothing else."""
    text = _LINK.sub(_original_link, text) if "//" in text else text
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


def original_link(link: str) -> str:
    """Return the target of a link that a gateway rewrote, another link unchanged."""
    return _LINK.sub(_original_link, link) if "//" in link else link


def notes_start(text: str) -> int:
    """Return the offset of the scan notes and banners at the end of a text, its length without one."""
    head = text[-_MAX_READ:]
    kept = _without_notes(head)
    return len(text) - len(head) + len(kept) if len(kept) < len(head.rstrip()) else len(text)


def without_gateway_tags(subject: str) -> str:
    """Return a subject without the tags of gateways at its start, such as [EXTERNAL]; other tags stay."""
    for _ in range(4):
        match = _TAG.match(subject)
        if not match or not is_gateway_label(match[1] or match[2]):
            break
        subject = subject[match.end() :]
    return subject


def is_gateway_label(text: str) -> bool:
    """Return whether a few words are a label that gateways write, whatever the case and punctuation."""
    return _words_of(text) in _LABEL_WORDS


def _words_of(text: str) -> str:
    return " ".join(_TAG_WORDS.sub(" ", _TAG_ADDRESS.sub(" ", fold(text))).split())


_LABEL_WORDS: Final = frozenset(map(_words_of, LABELS))


def is_first_contact(text: str) -> bool:
    """Return whether a text has what Microsoft writes above the first email of somebody, and no person does."""
    folded = _normalised(text)
    return any(phrase in folded for phrase in FIRST_CONTACT)


def banner_end(text: str) -> int:
    """Return the offset after the banner at the start of a text, 0 without one."""
    at = _BAR.match(text).end()  # type: ignore[union-attr]  # it matches the empty string
    end = 0
    follows = False
    for _ in range(_MAX_UNITS):
        stop = _banner_unit(text, at, follows=follows)
        if stop <= at:
            break
        # A label with a colon counts only with the sentence that it announces. "Caution:" may be a customer's.
        is_complete = text[stop - 1] != ":"
        follows = follows or is_complete or any(phrase in fold(text[at:stop]) for phrase in OUTSIDE)
        at = _BAR.match(text, stop).end()  # type: ignore[union-attr]
        end = at if is_complete else end
    return end


def _banner_unit(text: str, at: int, *, follows: bool) -> int:
    """Return the end of the banner sentence at an offset, or the offset if there is none; it may span lines."""
    if _COMMAND.match(text, text.rfind("\n", 0, at) + 1):
        return at
    stop = at
    for _ in range(_MAX_LINES):
        match = _UNIT_END.search(text, stop, at + _MAX_UNIT)
        end = match.end() if match else min(len(text), at + _MAX_UNIT)
        unit = text[at:end]
        if _is_banner(unit, follows=follows):
            return _rest_of_sentence(text, at, end) if unit.endswith("\n") else end
        if not match or text[end : end + 1] == "\n" or not text[end:].strip():
            return at
        stop = end
    return at


def _rest_of_sentence(text: str, start: int, at: int) -> int:
    """Return the end of a sentence that was wrapped at `at`.

    The next line begins in lower case, or, after a line with advice, speaks of attachments, links or the sender.
    """
    line = _normalised(text[start:at])
    is_advice = any(phrase in line for phrase in ADVICE)
    for _ in range(_MAX_LINES):
        match = _UNIT_END.search(text, at, at + _MAX_UNIT)
        if not match or not (text[at].islower() or (is_advice and _GOES_ON.search(fold(text[at : match.end()])))):
            return at
        at = match.end()
        if match[0] != "\n":
            return at
    return at


def _is_banner(unit: str, *, follows: bool) -> bool:
    """Return whether a sentence is one of a banner; advice counts only after the words that name the origin."""
    # "us-" is a country; "i nie" is Polish for "and do not".
    if _OWN_WORDS.search(_ANY_LINK.sub(" ", unit).replace("us-", "").replace(" i nie ", " ")):
        return False
    folded = _normalised(unit)
    if is_gateway_label(folded):
        return True
    if is_first_contact(unit):
        return True
    outside = any(phrase in folded for phrase in OUTSIDE)
    advice = any(phrase in folded for phrase in ADVICE)
    is_announced = _is_announced(folded)
    speaks_of_email = any(phrase in folded for phrase in SUBJECTS)
    if outside and (advice or follows or speaks_of_email):
        return True
    return (advice and (follows or is_announced)) or _is_scan_note(folded)


def _is_announced(folded: str) -> bool:
    """Return whether advice follows a word such as "caution", as in "Warning: do not click"."""
    head = folded.lstrip(" *[(!")
    word = next((word for word in ANNOUNCED if head.startswith(word)), "")
    rest = head[len(word) :].lstrip(" :!*]).,-\uff1a")
    return bool(word) and rest.removeprefix("please ").removeprefix("bitte ").startswith((*ADVICE, *OUTSIDE))


def _normalised(text: str) -> str:
    return " ".join(fold(text).replace("\u2019", "'").split())


def _is_scan_note(folded: str) -> bool:
    note = folded.lstrip(_NOTE_BARS)
    places = [place for phrase in SCANNED if (place := note.find(phrase)) >= 0]
    if not places or len(folded) >= _MAX_NOTE or _ABOUT_A_SCAN.search(note):
        return False
    return min(places) <= _NEAR_START or note.startswith((*NOTES, *SUBJECTS))


def _without_notes(text: str) -> str:
    """Cut scan notes and banners from the end: whole paragraphs, so that a sentence about a scan stays."""
    for _ in range(_MAX_UNITS):
        head, gap, last = text.rstrip().rpartition("\n\n")
        note = _normalised(last[: _MAX_NOTE + 1])
        is_banner = any(p in note for p in OUTSIDE) and any(p in note for p in ADVICE)
        if not gap and not _is_scan_note(note):
            break
        if _OWN_WORDS.search(last[:_MAX_NOTE]) or len(note) >= _MAX_NOTE:
            break
        if not (_is_scan_note(note) or is_banner or not any(c.isalnum() for c in last)):
            break
        text = head
    return text


def _original_link(match: re.Match[str]) -> str:
    """Return the link that a gateway rewrote, or a bare one if it cannot be read."""
    target = _TARGET.search(match[0])
    if not target:
        return UNREADABLE
    found = target[1] or target[2]
    return unquote(found.replace("-3A", "%3A").replace("_", "/") if "-3A" in found[:8] else found)
