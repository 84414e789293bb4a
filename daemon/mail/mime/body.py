"""Find the readable text of an email among its parts (RFC 2046 section 5.1.4, RFC 3676)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from daemon.mail.encoding.charset import codec, decode
from daemon.mail.encoding.transfer import base64_text, without_uuencode
from daemon.mail.encoding.utf7 import decode_utf7, is_utf7
from daemon.mail.mime.attachment import declared_name
from daemon.mail.mime.calendar import CALENDAR_TYPES, is_calendar, method_of, read_invitations, says_as_much, unfold
from daemon.mail.mime.tree import Entity
from daemon.mail.text.html import MAX_LAID_OUT, html_to_text
from daemon.mail.text.pgp import without_pgp_lines
from daemon.mail.text.rtf import is_rtf, rtf_text

MAX_TEXT: Final = 1 << 20
_MAX_ALL_TEXT: Final = 2 << 20

_READABLE: Final = frozenset(
    ("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-amp-html")
)
_RTF: Final = "application/rtf"
_FILE: Final = "application/octet-stream"
# Exchange makes files of the parts of a report.
_REPORT_START: Final = re.compile(rb"\s{0,9}(?:reporting-mta|(?:final|original)-recipient)[ \t]{0,8}:", re.IGNORECASE)
_REPORT_HEAD: Final = 200
_HTML: Final = frozenset(("text/html", "text/x-amp-html"))
_LITTLE: Final = 40
_NOTICE: Final = 300
_MAX_COMPARED: Final = 20_000
_MADE_UP: Final = re.compile(
    r"(?:att|message|msg|mail|email|body|text|part|noname|unnamed|untitled|unknown|inline|content|plain|html|index|reply"
    r"|footer|disclaimer|mime-attachment|smime)[\s\d._()-]*(?:txt|text|html?|eml)?"
)
# Exchange makes files of the texts that follow an image in an email of Apple Mail.
_SPLIT_OFF: Final = re.compile(r"att\d{4,6}\.(?:txt|html?)")
# What some programs write into the plain text, instead of the words that stand in the HTML.
_HTML_ONLY: Final = re.compile(
    r"html[- ](?:capable|compatible|enabled|format|version|e-?mail|mail|message|fähig)"
    r"|(?:display|view|show|read|support)s? (?:the |this |an? )?(?:message |e-?mail )?(?:as |in )?html"
    r"|html(?:-(?:e-?mail|mail|nachricht|format))? (?:nicht|anzeigen|darstellen)|in html|formato? html|en html",
    re.IGNORECASE,
)
_VISIBLE: Final = re.compile(r">[^<>&\w]{0,20}\w")
_META_CHARSET: Final = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
_REPORT_FIELD: Final = re.compile(
    r"^(?:final-recipient|original-recipient|x-actual-recipient|reporting-mta|reporting-ua|action|status|remote-mta"
    r"|diagnostic-code|arrival-date|received-from-mta|original-envelope-id|original-message-id|dsn-gateway|mdn-gateway"
    r"|disposition|feedback-type|x-postfix-queue-id)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_LINE_ENDS: Final = re.compile(r"\r\r?\n?")


def read_texts(entities: Iterable[Entity]) -> tuple[Mapping[int, str], tuple[str, ...]]:
    """Return the decoded text of every text and report part by index, and the defects."""
    texts: dict[int, str] = {}
    defects: list[str] = []
    left = _MAX_ALL_TEXT
    for entity in entities:
        if _has_readable_type(entity):
            text, wrong = _read_text(entity, min(MAX_TEXT, left))
            texts[entity.index] = text
            left -= len(text)
            defects.extend(wrong)
    return texts, tuple(dict.fromkeys(defects))


def _has_readable_type(entity: Entity) -> bool:
    kind = entity.content_type
    if kind == _RTF:
        return not entity.names
    if kind == _FILE and _REPORT_START.match(entity.decoded(_REPORT_HEAD)[0]):
        return True
    return kind.startswith("text/") or _is_calendar(entity) or entity.is_report or _is_lost_multipart(entity)


def _is_calendar(entity: Entity) -> bool:
    return is_calendar(entity.content_type, entity.names)


def _is_lost_multipart(entity: Entity) -> bool:
    """Return whether the parts of a multipart were not found; it is then read as text, so that none is lost."""
    return entity.content_type.startswith("multipart/") and not entity.children


def _read_text(entity: Entity, limit: int) -> tuple[str, list[str]]:
    # Quoted-printable uses at most three bytes for one, base64 less.
    encoded = None if entity.may_hold_uuencode else limit * 3 + 3
    data, sound = entity.decoded(encoded)
    if not sound and entity.encoding == "base64":
        data = base64_text(entity.body(encoded))
    if entity.may_hold_uuencode and entity.content_type == "text/plain":
        data = without_uuencode(data)
    if _is_calendar(entity):
        data = unfold(data)
    defects = [] if sound else [f"bad-{entity.encoding}"]
    if len(data) > limit:
        defects.append("long-text")
    charset = entity.type.params.get("charset", "")
    if is_utf7(charset) and (entity.content_type in _READABLE or _is_calendar(entity)):
        text = decode_utf7(data[:limit])
    else:
        defects += ["unknown-charset"] if charset and codec(charset) is None else []
        if entity.content_type == "text/html":
            charset = charset if codec(charset) else _meta_charset(data)
        text = decode(data[:limit], charset)
    return _LINE_ENDS.sub("\n", text) if "\r" in text else text, defects


def _meta_charset(data: bytes) -> str:
    match = _META_CHARSET.search(data, 0, 4096)
    return match[1].decode("ascii") if match else ""


def text_parts(entity: Entity, texts: Mapping[int, str]) -> list[Entity]:
    """Return the parts of the readable text, in order; for a forward without text, those of the nested email.

    Inline text with the name of a file is read where the other text says little.
    """
    chosen = _chosen(entity, texts)
    if sum(len(texts[part.index].strip()) for part in chosen) < _LITTLE:
        chosen = _chosen(entity, texts, named=True)
    opening = _opening(entity)
    if opening not in chosen and _is_shown_first(opening, texts):
        chosen = [opening, *chosen]
    is_blank = _is_blank(chosen, texts)
    if is_blank and (found := _last_resort(entity, texts)):
        chosen, is_blank = found, _is_blank(found, texts)
    if not is_blank or entity.content_type == "multipart/report":
        return chosen
    nested = (node.children[0] for node in entity.walk() if node.children and node.is_message)
    return next((text_parts(inner, texts) for inner in nested), chosen)


def _opening(entity: Entity) -> Entity:
    """Return the part that an email begins with; alternative forms of one text count as one part."""
    while entity.is_wrapper and entity.content_type != "multipart/alternative":
        entity = entity.children[0]
    return entity


def _is_shown_first(part: Entity, texts: Mapping[int, str]) -> bool:
    """Return whether a part at the beginning is text with a name: a person attaches files below the text."""
    is_text = part.content_type in _READABLE and part.index in texts and not _is_calendar(part)
    return is_text and part.depth > 0 and part.disposition.value != "attachment" and bool(texts[part.index].strip())


def _has_text(parts: Iterable[Entity], texts: Mapping[int, str]) -> bool:
    return any(texts[part.index].strip() for part in parts)


def _is_blank(parts: Sequence[Entity], texts: Mapping[int, str]) -> bool:
    """Return whether parts show nothing: mail programs write HTML without words around an attached email."""
    if not _has_text(parts, texts):
        return True
    filled = [part for part in parts if texts[part.index].strip()]
    if not all(part.content_type in _HTML for part in filled):
        return False
    return not any(_may_show_text(texts[part.index]) for part in filled)


def _may_show_text(markup: str) -> bool:
    """Return whether HTML has words; a long one or one with letters after its styles has, without laying it out."""
    low = markup[:_MAX_COMPARED].lower()
    start = max(low.rfind("</style>"), low.find("<body"), 0)
    if len(markup) > _MAX_COMPARED or _VISIBLE.search(markup, start):
        return True
    return bool(html_to_text(markup).strip())


def _last_resort(entity: Entity, texts: Mapping[int, str]) -> list[Entity]:
    """Return the text part to read in an email without other text.

    This is the whole email, whatever it calls itself, else the first text with a name and without a disposition, or
    with a name that a program made up.
    """
    if entity.content_type.startswith(("text/", _RTF)) and entity.content_type not in CALENDAR_TYPES:
        return [entity] if entity.index in texts else []
    named = (part for part in entity.walk() if part.index in texts and not part.embedded and _may_be_the_body(part))
    return [part for part in named if texts[part.index].strip()][:1]


def _may_be_the_body(part: Entity) -> bool:
    """Return whether a part may be the text; text of an unknown kind is plain text (RFC 2046 section 4.1.4)."""
    name = declared_name(part).lower()
    is_unnamed = not name or bool(_MADE_UP.fullmatch(name))
    if part.content_type not in _READABLE:
        return is_unnamed and part.content_type.startswith("text/") and not _is_calendar(part)
    return not _is_calendar(part) and (is_unnamed or not part.disposition.value)


def _chosen(entity: Entity, texts: Mapping[int, str], *, named: bool = False) -> list[Entity]:
    """Return the parts that are text to be read; with `named`, also inline text that a person's file name names."""
    if entity.content_type == "multipart/alternative" and entity.children:
        return _best([_chosen(child, texts, named=named) for child in entity.children], texts)
    if entity.is_wrapper:
        return _joined([_chosen(child, texts, named=named) for child in entity.children])
    return [entity] if _is_body(entity, texts, named=named) else []


def _is_body(entity: Entity, texts: Mapping[int, str], *, named: bool) -> bool:
    if _is_lost_multipart(entity):
        return True
    if entity.is_report:
        return entity.index in texts and not has_report_fields(texts[entity.index])
    name = declared_name(entity)
    if entity.index in texts and entity.depth > 0 and _SPLIT_OFF.fullmatch(name.lower()):
        return entity.content_type in _READABLE
    if entity.content_type not in _READABLE or entity.disposition.value == "attachment":
        return False
    # Netscape and Apple Mail show text files inline; a name that a program made up is not that of a file.
    is_shown = entity.disposition.value == "inline" and (named or _MADE_UP.fullmatch(name.lower()))
    return entity.index in texts and (not name or bool(is_shown))


def _best(options: list[list[Entity]], texts: Mapping[int, str]) -> list[Entity]:
    """Choose among alternatives: plain text if not empty, else the last one that is not empty."""
    filled = [option for option in options if _has_text(option, texts)]
    plain = [option for option in filled if all(part.content_type == "text/plain" for part in option)]
    if plain and len(filled) > 1 and _points_to_html(plain[0], filled[-1], texts):
        plain = []
    return next(iter(plain or filled[::-1] or options), [])


def _points_to_html(plain: list[Entity], html: list[Entity], texts: Mapping[int, str]) -> bool:
    """Return whether a plain text only says that the words of the email stand in its HTML."""
    notice = "\n".join(texts[part.index] for part in plain).strip()
    if len(notice) > _NOTICE or not _HTML_ONLY.search(notice) or all(part in plain for part in html):
        return False
    words = {word for part in html for word in html_to_text(texts[part.index], _MAX_COMPARED).lower().split()}
    return len(words.difference(notice.lower().split())) > len(words) / 2


def _joined(options: list[list[Entity]]) -> list[Entity]:
    return [part for option in options for part in option]


def readable(parts: Iterable[Entity], texts: Mapping[int, str]) -> str:
    """Return the text of the chosen parts, joined."""
    shown: list[str] = []
    room = MAX_LAID_OUT
    for part in parts:
        text = texts[part.index]
        if part.content_type in _HTML:
            shown.append(html_to_text(text, room))
            room = max(room - len(text), 0)
        else:
            shown.append(_as_plain(part, text))
    return "\n".join(text.rstrip("\n") + "\n" for text in shown if text.strip())


def has_report_fields(text: str) -> bool:
    """Return whether the text of a report part has fields of a report; one without them is a note for people."""
    return _REPORT_FIELD.search(text) is not None


def with_invitations(text: str, subject: str, entities: Iterable[Entity], texts: Mapping[int, str]) -> str:
    """Return the text with the words of the invitations that it and the subject do not say.

    A calendar file that somebody attached, and a reply to our own invitation, count only where there is no text.
    """
    for part in entities:
        if not _is_calendar(part) or part.embedded or part.index not in texts:
            continue
        calendar = texts[part.index]
        if text.strip() and (part.disposition.value == "attachment" or method_of(calendar) == "reply"):
            continue
        for event in read_invitations(calendar):
            if not text.strip() or not says_as_much(f"{subject}\n{text}", event):
                text = f"{text.rstrip()}\n\n{event.as_text()}\n".lstrip("\n")
    return text


def _as_plain(part: Entity, text: str) -> str:
    if is_rtf(text):
        return rtf_text(text)
    if part.content_type in {"text/enriched", "text/richtext"}:
        return _without_commands(text)
    text = without_pgp_lines(text) if "-----BEGIN PGP" in text else text
    if part.type.params.get("format", "").lower() == "flowed":
        return unflow(text, delete_space=part.type.params.get("delsp", "").lower() == "yes")
    return text


def _without_commands(text: str) -> str:
    """Remove the formatting commands from enriched text (RFC 1896)."""
    text = re.sub(r"<param>[^<]{0,1000}</param>", "", text, flags=re.IGNORECASE)
    return re.sub(r"</?[A-Za-z0-9-]{1,60}>", "", text.replace("<<", "\0")).replace("\0", "<")


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join flowed lines to paragraphs (RFC 3676 section 4.2); a change of quote depth ends one."""
    lines: list[str] = []
    pieces: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        quotes = len(line) - len(content)
        if pieces and quotes != depth:
            lines.append(_paragraph(pieces, depth))
            pieces = []
        depth = quotes
        content = content.removeprefix(" ")
        is_flowed = content.endswith(" ") and content != "-- "
        pieces.append(content[:-1] if is_flowed and delete_space else content)
        if not is_flowed:
            lines.append(_paragraph(pieces, depth))
            pieces = []
    return "\n".join([*lines, _paragraph(pieces, depth)] if pieces else lines)


def _paragraph(pieces: list[str], depth: int) -> str:
    return ">" * depth + (" " if depth else "") + "".join(pieces)
