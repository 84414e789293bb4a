"""Convert HTML to readable text in bounded time and memory."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from daemon.mail.encoding.charset import clean
from daemon.mail.text.html_walk import write_page

MAX_LAID_OUT: Final = 512 * 1024
_MAX_DEPTH: Final = 1000
_MAX_REOPENED: Final = 200_000
# The parser compares each attribute with all others of its element; those of every <body> become one element's.
_MAX_ATTRIBUTES: Final = 100
_MAX_BODIES: Final = 50

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})[^<>]{0,4096}>?")
# As the HTML Standard reads them (section 13.2.5.32): an attribute may follow another without a space.
_MANY_ATTRIBUTES: Final = re.compile(
    r"</?[a-zA-Z][^ \t\n\f\r/>]*+(?:[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+"
    rf"(?:\"[^\"]*+\"|'[^']*+'|[^ \t\n\f\r>\"'][^ \t\n\f\r>]*+)?)?+){{{_MAX_ATTRIBUTES}}}"
)
_BODY: Final = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_MARKUP: Final = re.compile(r"<(?:!--[^>]{0,4096}|/?[a-zA-Z!?][^<>]{0,4096})>?")
_CODE: Final = re.compile(r"<(script|style|title)\b")
# Elements that never nest in themselves: the parser closes them, or they have no content.
_UNNESTED: Final = frozenset(
    ("br", "img", "hr", "input", "meta", "link", "wbr", "area", "base", "col", "p", "li", "td", "th", "tr", "dd", "dt",
     "option", "tbody", "thead", "tfoot", "html", "head", "body"),
)  # fmt: skip
# Elements that the parser reopens in each block if they were left open (HTML Standard, section 13.2.4.3).
_FORMATTING: Final = frozenset(
    ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"),
)  # fmt: skip


def html_to_text(html: str, limit: int = MAX_LAID_OUT) -> str:
    r"""Return the readable text of HTML, lines ended by "\n".

    Blockquotes become "> " lines, lists and tables stay legible, links keep their target, hidden text is dropped.
    Beyond `limit` characters, or if the nesting is too deep for bounded time, only the tags are removed.
    """
    head, rest = html[:limit], html[limit:]
    text = clean(write_page(LexborHTMLParser(head).body)) if has_small_tree(head) else strip_tags(head)
    return f"{text}\n{strip_tags(rest)}" if rest else text


def strip_tags(html: str) -> str:
    """Remove the tags from HTML, in linear time."""
    shown = unescape(_MARKUP.sub(" ", "".join(_without_code(html))))
    lines = (line.strip() for line in shown.splitlines())
    return clean("\n".join(line for line in lines if line))


def _without_code(html: str) -> Iterator[str]:
    """Yield the text outside of scripts and style sheets."""
    lower, at = html.lower(), 0
    if len(lower) != len(html):
        lower = html
    while match := _CODE.search(lower, at):
        yield html[at : match.start()]
        end = lower.find(f"</{match[1]}", match.end())
        if end < 0:
            return
        at = end
    yield html[at:]


def can_be_laid_out(html: str) -> bool:
    """Return whether HTML says anything, and is small enough for its whole tree to be walked in bounded time."""
    return bool(html.strip()) and len(html) <= MAX_LAID_OUT and has_small_tree(html)


def has_small_tree(html: str) -> bool:
    """Return whether the tree will be small: not too deep, with few attributes and reopened formatting elements."""
    if _MANY_ATTRIBUTES.search(html) or len(_BODY.findall(html)) > _MAX_BODIES:
        return False
    depth = formatting = reopened = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        step = -1 if match[1] else 1
        if name in _FORMATTING:
            formatting = max(formatting + step, 0)
        else:
            reopened += formatting
        if name not in _UNNESTED:
            depth = max(depth + step, 0)
        if depth > _MAX_DEPTH or reopened > _MAX_REOPENED:
            return False
    return True
