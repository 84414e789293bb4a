"""Find text that a mail program or company adds at the end: signature, footer, contact block, legal notice."""

import re
from collections.abc import Sequence
from typing import Final

from daemon.mail.reply.phrases import (
    CONFIDENTIAL,
    DEVICES,
    DISCLAIMER_GROUPS,
    FOOTER_OPENERS,
    GET_PROGRAM,
    MISTAKEN,
    SAVE_PAPER,
    SENT_FROM,
    SENT_FROM_PARTS,
)
from daemon.mail.text.line import fold, plain

_MAX_CUTS: Final = 50
_MAX_FOOTER: Final = 140
_MAX_FOOTER_WORDS: Final = 12
_MAX_PARAGRAPH_LINES: Final = 40
_MAX_NOTICE: Final = 6000
_MAX_DELIMITER: Final = 100
_MAX_SIGNATURE_LINES: Final = 14
_DELIMITED_LINES: Final = 40
_CONTACT_LINES: Final = range(3, 13)
_CONTACT_LINE: Final = 70
_CONTACTS_NEEDED: Final = 2
_SMALL: Final = 60
_NOTICE_GROUPS: Final = 4
_SHORT_NOTICE: Final = 300
_LONG_LINE: Final = 90
_SENTENCE: Final = 6

_LONG_DASHES: Final = "\u2013\u2014"
_EXACT_DELIMITER: Final = re.compile(r"--\s?|\u2014\s?")
_DELIMITER: Final = re.compile(rf"\s?(?:-{{2,}}|_{{2,}}|[{_LONG_DASHES}]+|\*{{5,}}|={{5,}}|[~+#]{{3,}})\s*")
_DEVICE: Final = re.compile(f"(?<![a-z])(?:{'|'.join(DEVICES)})")
_LINK: Final = re.compile(r"[<(\[]+(?:https?:|mailto:)[^\s<>()]{0,500}[>)\]]*|https?:\S{1,500}")
_CLAUSE: Final = re.compile(r"[,.;!(\u3002]\s|[.!\u3002]$")
_FROM_DEVICE: Final = re.compile(
    r"(?:\S{1,30} )?from (?:my |an? |the )?(?:mobile|phone|iphone|ipad|android|blackberry|cell)\b.{0,30}"
)
_SENT_HOW: Final = re.compile(r"sent (?:from|via|with|using|by|on|through)\b")
_PRODUCTS: Final = ("get bluemail", "secured with tuta", "gesichert mit tuta")
_CONTACT: Final = re.compile(r"[^\s@]{1,80}@[^\s@]{1,120}\.\w|www\.|https?:|\+?[\d(][\d\s()./-]{6,24}\d")
_NAME: Final = re.compile(r"(?:[^\W\d_a-z]|#|\*)[^:?!\uff0c\u3001\u3002]{2,50}")
_ANTIVIRUS: Final = re.compile(r"(?:virus|avast|\bavg\b|norton).{0,80}?(?:virus|avast|\bavg\b|norton|\.com)")
_SCANNED: Final = re.compile(
    r"\b(?:this|diese|ce|cet|este|questa|questo|dit|deze)\b.{0,40}\b(?:scanned|checked|geprüft|analysé|vérifié|gescand)\b"
    r".{0,60}(?:virus|viren|malware|spam|security)"
)
_HEADINGS: Final = frozenset(
    (
        *("disclaimer", "legal notice", "legal disclaimer", "confidentiality notice", "confidentiality"),
        *("email disclaimer", "haftungsausschluss", "vertraulichkeitshinweis", "rechtlicher hinweis"),
        *("avis de confidentialité", "aviso legal"),
    )
)
_FIRST_PERSON: Final = re.compile(
    r"\bi(?:['\u2019](?:m|ve|ll)| am| have| was| got| received| will| did| would| need| want| can)\b"
    r"|\b(?:my|ich|meine?)\b|\bj['\u2019]ai\b|\bje (?:suis|vous|ne)\b"
)


def cut_signature(lines: Sequence[str], *, whole: bool = False) -> int:
    """Return the index at which the signature starts, `len(lines)` without one.

    Some text is kept before it, unless `whole` is true: below a quote, everything may be signature.
    """
    end = full = _rstrip(lines, len(lines))
    for _ in range(_MAX_CUTS):
        cut = _rstrip(lines, _cut_once(lines, end))
        if cut == end or not (cut or whole):
            break
        end = cut
    return end if end < full else len(lines)


def _cut_once(lines: Sequence[str], end: int) -> int:
    cuts = (rule(lines, end) for rule in (_footer, _legal_notice, _delimited, _contact_block)) if end else ()
    return next((cut for cut in cuts if cut < end), end)


def _rstrip(lines: Sequence[str], end: int) -> int:
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _paragraph(lines: Sequence[str], end: int) -> int:
    """Return the start of the paragraph that ends at `end`, within a bounded number of lines."""
    start = end
    while start and end - start < _MAX_PARAGRAPH_LINES and lines[start - 1].strip():
        start -= 1
    return start


def _footer(lines: Sequence[str], end: int) -> int:
    """Match a last line such as "Sent from my phone"."""
    return end - 1 if _is_footer(lines[end - 1]) else end


def _is_footer(line: str) -> bool:
    """Return whether a line advertises a mail program or device: its first clause says "sent" and names a product."""
    text = _LINK.sub(" ", plain(line)).strip(" <>()[]*_-")
    clause = _CLAUSE.split(text, maxsplit=1)[0]
    folded = fold(clause)
    words = folded.split()
    if not words or len(text) > _MAX_FOOTER or len(words) > _MAX_FOOTER_WORDS:
        return False
    if _DEVICE.search(folded) and _says_sent(folded, words):
        return True
    if "outlook" in folded and (
        not GET_PROGRAM.isdisjoint(words) or any(w in folded for w in ("下载", "获取", "入手"))
    ):
        return True
    if folded.startswith(_PRODUCTS):
        return True
    return _sent_by_product(clause, folded) or _FROM_DEVICE.fullmatch(folded) is not None


def is_device_footer(line: str) -> bool:
    """Return whether a line certainly advertises a device or its mail program: "Sent from my phone", "Get Outlook"."""
    if not _is_footer(line) or line.rstrip().endswith((".", "!", "?")):
        return False
    words = fold(_LINK.sub(" ", plain(line))).strip(" <>()[]*_-").split()
    return bool(words) and (words[0] in GET_PROGRAM or _DEVICE.search(" ".join(words)) is not None)


def has_contact(line: str) -> bool:
    """Return whether a line has a telephone number, an address of email or a web site."""
    return _CONTACT.search(line) is not None


def _says_sent(folded: str, words: Sequence[str]) -> bool:
    """Return whether a line starts with "sent", or with "this message" or a device followed by it."""
    if words[0] in SENT_FROM:
        return words[0] != "sent" or _SENT_HOW.match(folded) is not None
    if (words[0] in FOOTER_OPENERS or _DEVICE.match(folded)) and not SENT_FROM.isdisjoint(words):
        return True
    return any(part in folded for part in SENT_FROM_PARTS)


def _sent_by_product(clause: str, folded: str) -> bool:
    """Match "Sent with Airmail": an unknown product, but written like a name."""
    match = _SENT_HOW.match(folded)
    return match is not None and any(w[0].isupper() or w[-1].isdigit() for w in clause[match.end() :].split())


def _legal_notice(lines: Sequence[str], end: int) -> int:
    """Match a notice in the last paragraphs; short ones between them are a company's name and address."""
    cut, start, length = end, end, 0
    while start and length < _MAX_NOTICE:
        begin = _paragraph(lines, start)
        paragraph = fold(" ".join(lines[begin:start])[:_MAX_NOTICE])
        if _is_notice(paragraph):
            cut = begin
        elif len(paragraph) > _SMALL:
            break
        length += len(paragraph) + 1
        start = _rstrip(lines, begin)
    return _heading(lines, cut) if cut < end else cut


def _heading(lines: Sequence[str], cut: int) -> int:
    """Return where the heading of a legal notice begins, or the notice itself if it has none."""
    last = _rstrip(lines, cut)
    above = fold(lines[last - 1]).strip(" *_:") if last else ""
    return last - 1 if above in _HEADINGS else cut


def _is_notice(text: str) -> bool:
    """Return whether a casefolded paragraph is a legal notice: several groups of phrases, no question, no "I"."""
    if "?" in text or not (_is_small_print(text) or _is_disclaimer(text)):
        return False
    return _FIRST_PERSON.search(text) is None


def _is_small_print(text: str) -> bool:
    if len(text) >= _SHORT_NOTICE:
        return False
    if _ANTIVIRUS.search(text) or _SCANNED.search(text):
        return True
    return all(_has(text, group) for group in SAVE_PAPER)


def _is_disclaimer(text: str) -> bool:
    marked = len(text) > _SMALL and (_has(text, CONFIDENTIAL) or _has(text, MISTAKEN))
    groups = sum(_has(text, group) for group in DISCLAIMER_GROUPS) + text.lstrip(" *_").startswith(tuple(_HEADINGS))
    return marked and groups >= _NOTICE_GROUPS


def _has(text: str, parts: Sequence[str]) -> bool:
    return any(part in text for part in parts)


def _delimited(lines: Sequence[str], end: int) -> int:
    """Match the first delimiter line (RFC 3676 section 4.3, and others in use) with only a signature below it."""
    for at in range(max(end - _DELIMITED_LINES, 0), end):
        line = lines[at]
        if len(line) < _MAX_DELIMITER and _DELIMITER.fullmatch(line) and _below_is_signature(lines, at, end):
            return at
    return end


def _below_is_signature(lines: Sequence[str], at: int, end: int) -> bool:
    if any(line.lstrip().startswith("```") for line in lines[at + 1 : end]):
        return False
    if lines[at] == "-- ":
        return True
    if not _EXACT_DELIMITER.fullmatch(lines[at]) and at and lines[at - 1].strip():
        return False
    below = [line.strip() for line in lines[at + 1 : end] if line.strip()]
    prose = sum(len(line) > _LONG_LINE or _is_sentence(line) for line in below)
    return len(below) <= _MAX_SIGNATURE_LINES and prose <= len(below) // 4


def _is_sentence(line: str) -> bool:
    return line[-1] in ".!?" and len(line.split()) > _SENTENCE


def _contact_block(lines: Sequence[str], end: int) -> int:
    """Match a last paragraph that starts with a name and has at least two of telephone, address and web site."""
    start = _paragraph(lines, end)
    above = _rstrip(lines, start)
    if end - start not in _CONTACT_LINES or not above or lines[above - 1].rstrip().endswith((":", "\uff1a")):
        return end
    block = [line.strip() for line in lines[start:end]]
    if not _NAME.fullmatch(block[0]) or _CONTACT.search(block[0]):
        return end
    if any(
        len(line) > _CONTACT_LINE or _DELIMITER.fullmatch(line) or line[-1] in "?!" or _is_sentence(line)
        for line in block
    ):
        return end
    return start if sum(_CONTACT.search(line) is not None for line in block) >= _CONTACTS_NEEDED else end
