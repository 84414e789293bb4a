"""Cut the answer to a customer from the email of a team member: its new text and HTML, and nothing of ours."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from daemon.mail.message import Attachment, Message
from daemon.mail.reply.answer_clean import CID, clean_html, restore_shown_links, without_rewritten_links
from daemon.mail.reply.answer_hidden import remove_hidden
from daemon.mail.reply.answer_html import HtmlLines
from daemon.mail.reply.answer_leaks import line_leaks, token_leaks
from daemon.mail.reply.answer_lines import KeptLines, kept_lines
from daemon.mail.reply.answer_parts import INLINE_TYPES, by_content_id, files_of, part_leaks, shown_ids
from daemon.mail.reply.attribution import separate_attributions
from daemon.mail.reply.our_marks import LineKind, OurMarks, Ours, squeeze
from daemon.mail.text.html import can_be_laid_out, has_small_tree, html_to_text

__all__ = ["UNSHOWN_IMAGES", "CutAnswer", "OurMarks", "from_text", "html_of", "keep_rest", "read_answer", "split_own"]

_MAX_LEAKS: Final = 10
_SAME_WORDS: Final = 0.8
# How a text part names an image that the HTML shows: Outlook, Gmail, Apple Mail.
_IMAGE_IN_TEXT: Final = re.compile(
    r"\[(?:cid:[^\[\]\s]{1,300}|image: ?[^\[\]\n]{0,300})\]|<image\d{0,6}\.\w{3,4}>", re.IGNORECASE
)
_NOT_IN_EMAIL: Final = "an image that is not in the email"
_UNSAFE_IMAGE: Final = "an image of a type that mail programs do not show"
UNSHOWN_IMAGES: Final = (_NOT_IN_EMAIL, _UNSAFE_IMAGE)


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """The new text of an answer, safe to send, with the part numbers of the files that go along.

    `text` and `html` have the same words; `html` is a cleaned fragment, "" where there is no text. `inline` are the
    images that it shows, as `src="cid:part-NUMBER"`; `files` are the others. `omitted` names in short words what was
    left out, such as "an image that is not in the email". `leaks` names what of ours was found in the rest, or what may
    be ours: unless it is empty, the answer must be held. `inline_style` says that words of the customer are quoted
    between the answers; `above` then has the letters and digits of what the agent wrote above the first of them.
    """

    text: str
    html: str
    inline: tuple[int, ...] = ()
    files: tuple[int, ...] = ()
    leaks: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()
    inline_style: bool = False
    above: str = ""


@dataclass(frozen=True, slots=True)
class _Cut:
    """The text that leaves, before it is searched for leaks; `alone` are the Content-IDs that only the quote shows."""

    text: str
    html: str
    lines: KeptLines
    inline: tuple[int, ...] = ()
    omitted: tuple[str, ...] = ()
    alone: frozenset[str] = frozenset()


def read_answer(message: Message, raw: bytes, marks: OurMarks) -> CutAnswer:
    """Return the new text of an answer; never raises, whatever the email contains."""
    ours = Ours(marks)
    plain = _cut_text(_own_text(message), ours)
    cut = _chosen(_cut_html(message, ours), plain)
    files = _sent_files(message, cut)
    leaks = dict.fromkeys(
        [
            *(f"a line that may be ours: {line[:100]}" for line in cut.lines.doubts),
            *_text_leaks(cut, ours, marks),
            *part_leaks(message, raw, {*files, *cut.inline}, ours, marks),
        ]
    )
    return CutAnswer(
        text=cut.text,
        html=cut.html,
        inline=cut.inline,
        files=files,
        leaks=tuple(leaks)[:_MAX_LEAKS],
        omitted=(*cut.omitted, *(f"a line below the quote: {line[:100]}" for line in cut.lines.unclear)),
        inline_style=cut.lines.inline,
        above=cut.lines.above,
    )


def from_text(text: str) -> CutAnswer:
    """Return an answer of plain text only, such as one from the command line."""
    text = text.strip("\n").rstrip()
    return CutAnswer(text, _as_html(text))


def split_own(answer: CutAnswer) -> tuple[str, str]:
    """Return the start of the text that the agent wrote, and the text from the first words of the customer on.

    Only the first may hold commands: a customer whom an inline answer quotes must not give any.
    """
    if not answer.inline_style:
        return answer.text, ""
    lines = answer.text.split("\n")
    own, number = "", 0
    for line in lines:
        own += squeeze(line)
        if not answer.above.startswith(own):
            break
        number += 1
    return "\n".join(lines[:number]), "\n".join(lines[number:])


def keep_rest(answer: CutAnswer, rest: str) -> CutAnswer:
    """Return an answer without what is before `rest`, the end of its text: the commands at the top."""
    gone = len(squeeze(answer.text)) - len(squeeze(rest))
    if gone <= 0:
        return answer
    text = rest.strip("\n").rstrip()
    return replace(answer, text=text, html=_without_start(answer.html, gone) or _as_html(text))


def _without_start(html: str, gone: int) -> str:
    """Return HTML without the lines that make up its first letters and digits, "" if no lines do exactly."""
    if not has_small_tree(html):
        return ""
    tree = LexborHTMLParser(html)
    lines = HtmlLines(tree)
    keep = []
    for text in lines.texts:
        keep.append(gone <= 0)
        gone -= len(squeeze(text)) if gone > 0 else 0
    lines.keep(keep)
    return _inner(tree).strip() if gone == 0 else ""


def _cut_text(text: str, ours: Ours) -> _Cut:
    lines = separate_attributions(text).split("\n")
    kept = kept_lines(lines, ours)
    chosen = [line for line, keep in zip(lines, kept.keep, strict=True) if keep]
    shown = without_rewritten_links(_joined(chosen))
    return _Cut(shown, _as_html(shown), kept)


def _sent_files(message: Message, cut: _Cut) -> tuple[int, ...]:
    """Return the files that go along; an attached email alone is a forward, which its sender may not mean to send."""
    files = files_of(message, cut.inline, cut.alone)
    is_forward = not cut.text.strip() and not cut.inline and all(f.content_type.startswith("message/") for f in files)
    return () if is_forward else tuple(file.part for file in files)


def _own_text(message: Message) -> str:
    """Return the text of an email that its author wrote and saw.

    An attached email is somebody else's. Text that was made from the HTML has what the HTML hides.
    """
    if message.has_attached_text or not any(part.text.strip() and not part.embedded for part in message.parts):
        return ""
    html = html_of(message)
    if not can_be_laid_out(html):
        return message.text
    if html_to_text(html).strip() != message.text.strip():
        return message.text
    tree = LexborHTMLParser(html)
    remove_hidden(tree)
    return html_to_text(_inner(tree))


def html_of(message: Message) -> str:
    """Return the HTML body of an email, without attached HTML."""
    return "\n".join(part.text for part in message.parts if _is_html_body(message, part.index))


def _chosen(html: _Cut | None, plain: _Cut) -> _Cut:
    """Return the cut of the HTML, or that of the plain text where it says all that the HTML does and more.

    A program may send one of them empty or damaged. Where each has words of its own, the longer one is held.
    """
    said = _IMAGE_IN_TEXT.sub("", plain.text)
    if html is not None and _has_words_of(html.text, said):
        return html
    if html is None or _has_words_of(plain.text, html.text):
        return plain
    chosen, other = (html, plain) if len(html.text) >= len(plain.text) else (plain, html)
    known = squeeze(chosen.text)
    left = next((line.strip() for line in other.text.split("\n") if squeeze(line) not in known), "")
    return replace(chosen, lines=replace(chosen.lines, doubts=(*chosen.lines.doubts, left)))


def _cut_html(message: Message, ours: Ours) -> _Cut | None:
    """Return the cut of the HTML body, None without one."""
    html = html_of(message)
    if not can_be_laid_out(html):
        return None
    tree = LexborHTMLParser(html)
    unseen = remove_hidden(tree)
    lines = HtmlLines(tree)
    kept = kept_lines(lines.texts, ours)
    lines.keep(kept.keep)
    inline, omitted = _show_images(tree, by_content_id(message))
    omitted = (*omitted, *_unseen_lines(unseen, ours))
    restore_shown_links(tree)
    _keep_margins(tree)
    cleaned = clean_html(_inner(tree))
    text = _joined(html_to_text(cleaned).split("\n"))
    shown = shown_ids(cleaned)
    alone = frozenset(name for name in shown_ids(html) if name not in shown)
    return _Cut(text, cleaned if text or inline else "", kept, inline, omitted, alone)


def _unseen_lines(texts: Iterable[str], ours: Ours) -> Iterator[str]:
    """Yield the first line of each text in an invisible colour that is neither ours nor the customer's."""
    for text in texts:
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        kinds = ours.kinds(lines)
        yield from [
            f"text that cannot be seen: {line[:100]}"
            for line, kind in zip(lines, kinds, strict=True)
            if kind is LineKind.UNKNOWN
        ][:1]


def _is_html_body(message: Message, index: int) -> bool:
    part = message.parts[index] if index < len(message.parts) else None
    if part is None or part.embedded or part.content_type != "text/html":
        return False
    return not any(file.part == index for file in message.attachments)


def _show_images(tree: LexborHTMLParser, files: Mapping[str, Attachment]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Let images show their parts; remove those that are not in the email, or that mail programs do not show."""
    shown: dict[int, None] = {}
    omitted: dict[str, None] = {}
    for image in tree.css("img"):
        source = (image.attributes.get("src") or "").strip()
        file = files.get(source[4:].strip("<>").lower()) if source[:4].lower() == "cid:" else None
        if file is not None and file.content_type in INLINE_TYPES:
            shown[file.part] = None
            image.attrs["src"] = f"{CID}{file.part}"
            continue
        omitted[_NOT_IN_EMAIL if file is None else _UNSAFE_IMAGE] = None
        image.decompose()
    return tuple(shown), tuple(omitted)


def _keep_margins(tree: LexborHTMLParser) -> None:
    """Write into paragraphs of Outlook and Apple Mail what their style sheets say: there is no space between them."""
    for paragraph in tree.css("p"):
        names = paragraph.attributes.get("class") or ""
        if names.startswith(("Mso", "x_Mso", "p1", "p2")):
            paragraph.attrs["style"] = f"margin:0;{paragraph.attributes.get('style') or ''}"


def _text_leaks(cut: _Cut, ours: Ours, marks: OurMarks) -> Iterator[str]:
    yield from token_leaks("the text", [cut.text], marks)
    yield from line_leaks("the text", cut.text, ours)
    yield from token_leaks("the HTML", [cut.html], marks)


def _has_words_of(text: str, other: str) -> bool:
    """Return whether one text says what another says, wrapped in whatever way."""
    wanted = {word for word in map(squeeze, other.split()[:5000]) if word}
    shown = {word for word in map(squeeze, text.split()) if word}
    return len(wanted & shown) >= _SAME_WORDS * len(wanted) or squeeze(other) in squeeze(text)


def _inner(tree: LexborHTMLParser) -> str:
    return (tree.body.inner_html or "") if tree.body is not None else ""


def _as_html(text: str) -> str:
    r"""Return plain text as HTML: one element a line keeps "> " and indents."""
    return escape(text, quote=False).replace("  ", "\u00a0 ").replace("\n", "<br>\n")


def _joined(lines: list[str]) -> str:
    """Join lines, without empty ones at the ends and with one empty line at most where quotes were taken out."""
    shown: list[str] = []
    for line in lines:
        if line.strip() or (shown and shown[-1].strip()):
            shown.append(line.rstrip())
    return "\n".join(shown).rstrip()
