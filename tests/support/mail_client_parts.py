"""What the forms of mail programs share: the email that is answered, what a person writes, and ways to quote."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default as parsing
from email.utils import parseaddr
from html import escape
from textwrap import wrap

from daemon.mail.text.html import html_to_text

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*?(/?)>")
_VOID = frozenset({"br", "img", "hr", "meta", "link", "input", "col", "wbr"})


@dataclass(frozen=True)
class Original:
    """An email as a mail program has it before it is answered; `html` is the content of its body."""

    subject: str
    text: str
    html: str
    sender: str
    recipient: str
    reply_to: str
    message_id: str
    references: str

    @classmethod
    def read(cls, raw: bytes) -> "Original":
        """Read an email as it goes over the wire."""
        mail = message_from_bytes(raw, policy=parsing)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        page = html.get_content() if html else f"<pre>{escape(text.get_content())}</pre>" if text else ""
        body = re.search(r"<body[^>]*>(.*)</body>", page, re.DOTALL)
        return cls(
            subject=str(mail["Subject"]),
            text=text.get_content() if text else html_to_text(page),
            html=body[1] if body else page,
            sender=str(mail["From"]),
            recipient=str(mail["To"]),
            reply_to=str(mail["Reply-To"] or mail["From"]),
            message_id=str(mail["Message-ID"]),
            references=str(mail["References"] or ""),
        )


@dataclass(frozen=True)
class Written:
    """What an agent writes: paragraphs, or with style "inline" a paragraph below a line that contains each key."""

    paragraphs: tuple[str, ...]
    below: Mapping[str, str]
    signature: tuple[str, ...]
    style: str


def name(mailbox: str) -> str:
    shown, plain = parseaddr(mailbox)
    return shown or plain


def address(mailbox: str) -> str:
    return parseaddr(mailbox)[1]


def link(mailbox: str) -> str:
    target = escape(address(mailbox))
    return f'&lt;<a href="mailto:{target}">{target}</a>&gt;'


def paragraphs_text(written: Written) -> str:
    return "\n\n".join(written.paragraphs)


def shown_text(original: Original) -> str:
    """Return the text that a program derives from the HTML that it shows."""
    return html_to_text(f"<body>{original.html}</body>")


def prefixed(text: str, written: Written, width: int = 0, mark: str = "> ") -> str:
    """Quote a text with a prefix; inline answers stand below the line that they answer."""
    lines: list[str] = []
    for line in text.split("\n"):
        pieces = (wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]) if width else [line]
        lines += [(mark + piece).rstrip() if not piece.startswith(">") else f">{piece}" for piece in pieces]
        lines += _answers_below(line, written)
    return "\n".join(lines)


def bare(text: str, written: Written) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        lines += [line, *_answers_below(line, written)]
    return "\n".join(lines)


def _answers_below(line: str, written: Written) -> list[str]:
    if written.style != "inline":
        return []
    return [text for part, answer in written.below.items() if part in line for text in ("", answer, "")]


def arranged(quote: str, written: Written, delimiter: str = "-- ", break_: str = "\n\n") -> str:
    """Put the answer above, below or between the lines of a quote; `quote` has inline answers already."""
    signature = "\n".join([delimiter, *written.signature]) if written.signature else ""
    if written.style == "bottom":
        return break_.join(part for part in (quote, paragraphs_text(written), signature) if part) + "\n"
    if written.style == "inline":
        return break_.join(part for part in (quote, signature) if part) + "\n"
    return break_.join(part for part in (paragraphs_text(written), signature, quote) if part) + "\n"


def with_answers(html: str, written: Written, answer: Callable[[str], str], *, split: bool) -> str:
    """Put inline answers into quoted HTML; with `split`, the quote is closed above and opened again below."""
    if written.style != "inline":
        return html
    for part, words in written.below.items():
        at = html.find(escape(part))
        if at < 0:
            continue
        ends = [end for end in (html.find("<br", at), html.find("</", at)) if end >= 0]
        at = min(ends, default=len(html))
        inside = _TAG.match(html, at)
        at = inside.end() if inside and inside[2] == "br" else at
        opened = _open_tags(html[:at]) if split else []
        closing = "".join(f"</{name}>" for _, name in reversed(opened))
        opening = "".join(tag for tag, _ in opened)
        html = f"{html[:at]}{closing}{answer(words)}{opening}{html[at:]}"
    return html


def _open_tags(html: str) -> list[tuple[str, str]]:
    opened: list[tuple[str, str]] = []
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _VOID or match[3]:
            continue
        if not match[1]:
            opened.append((match[0], name))
        elif any(name == other for _, other in opened):
            while opened.pop()[1] != name:
                pass
    return opened


def page(head: str, *parts: str) -> str:
    return f"<html><head>{head}</head><body>{''.join(parts)}</body></html>"


def order(written: Written, answer: str, signature: str, quote: str) -> tuple[str, ...]:
    if written.style == "bottom":
        return (quote, answer, signature)
    return (quote, signature) if written.style == "inline" else (answer, signature, quote)
