"""Clean the HTML of an answer by an allow-list: no remote content, nothing that hides, overlaps or tracks."""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Final

import nh3
from selectolax.lexbor import LexborHTMLParser

from daemon.mail.reply.colours import luminance
from daemon.mail.reply.rewritten_link import UNREADABLE, original_link
from daemon.mail.text.html import has_small_tree, strip_tags

CID: Final = "cid:part-"
_TAGS: Final = frozenset(
    ("a", "abbr", "address", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "dd",
     "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
     "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong",
     "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"),
)  # fmt: skip
_DROPPED_WHOLE: Final = frozenset(
    ("script", "style", "title", "template", "object", "iframe", "svg", "math", "noscript")
)
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "*": frozenset(("style", "dir", "lang", "align", "class")),
    "a": frozenset(("href",)),
    "img": frozenset(("src", "alt", "width", "height")),
    "font": frozenset(("color", "face", "size")),
    "td": frozenset(("colspan", "rowspan", "valign")),
    "th": frozenset(("colspan", "rowspan", "valign")),
    "table": frozenset(("border", "cellpadding", "cellspacing")),
    "ol": frozenset(("start", "type")),
}
_SCHEMES: Final = frozenset(("http", "https", "mailto", "tel", "cid"))
_LINK: Final = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"]{1,2000}", re.IGNORECASE)
_SHOWN_LINK: Final = re.compile(r"https?://[^\s<>\"]{1,2200}", re.IGNORECASE)
_PLAIN_VALUE: Final = re.compile(r"[\w#%.,() +-]{1,60}")
_NAME_VALUE: Final = re.compile(r"[\w .,'\"-]{1,120}")
_NUMBER: Final = re.compile(r"\d{1,4}")
_SPACE: Final = re.compile(r"(?:(?:\d{1,2}(?:\.\d{1,3})?|\.\d{1,3})(?:px|pt|em|rem|in|cm|ch|ex|%)?|auto)")
_FONT_SIZE: Final = re.compile(
    r"(\d{1,2}(?:\.\d{1,3})?)(px|pt)|(?:x-|xx-)?(?:small|large)|medium|smaller|larger|1(?:\.\d)?em"
)
_FONT_SIZES: Final = (7, 40)
_WORDS: Final = {
    "font-weight": re.compile(r"bold|bolder|lighter|normal|[1-9]00"),
    "font-style": re.compile(r"italic|oblique|normal"),
    "text-decoration": re.compile(r"(?:underline|line-through|none|solid| ){1,4}"),
    "text-decoration-line": re.compile(r"underline|line-through|none"),
    "text-align": re.compile(r"left|right|center|justify|start|end"),
    "vertical-align": re.compile(r"top|middle|bottom|baseline|sub|super"),
    "list-style-type": re.compile(r"[a-z-]{1,30}"),
    "white-space": re.compile(r"pre|pre-wrap|normal|nowrap"),
    "border-collapse": re.compile(r"collapse|separate"),
}
_SPACES: Final = frozenset(
    f"{kind}{side}" for kind in ("margin", "padding") for side in ("", "-top", "-bottom", "-left", "-right")
)
# Text darker than _BLACK keeps the colour of the reader's program, so that it can be read on a dark page too.
_BLACK: Final = 0.02
_DARK: Final = 0.4
_LIGHT: Final = 0.6


def clean_html(html: str) -> str:
    """Return a fragment with allowed elements only; images are those with `src="cid:part-NUMBER"`.

    Of HTML that the parser needs too long for, it has the text.
    """
    if not has_small_tree(html):
        return escape(strip_tags(html), quote=False).replace("\n", "<br>\n")
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_allowed,
        url_schemes=set(_SCHEMES),
        link_rel=None,
        strip_comments=True,
    ).strip()


def without_rewritten_links(text: str) -> str:
    """Return a text with the links that a gateway rewrote as they were: its links name the address of the member."""
    return _SHOWN_LINK.sub(_original, text) if "//" in text else text


def restore_shown_links(tree: LexborHTMLParser) -> None:
    """Write the links that a gateway rewrote in the text of an HTML tree as they were."""
    nodes = tree.body.traverse(include_text=True) if tree.body is not None else ()
    for node in [node for node in nodes if node.is_text_node and "//" in (node.text_content or "")]:
        text = node.text_content or ""
        shown = without_rewritten_links(text)
        if shown != text:
            node.replace_with(shown)


def _original(match: re.Match[str]) -> str:
    target = original_link(match[0])
    return match[0] if target == UNREADABLE else target


def _allowed(tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute as it may stay, None to remove it."""
    rule = _RULES.get(name)
    return rule(tag, value.strip()) if rule else None


def _style(_tag: str, value: str) -> str | None:
    kept: dict[str, str] = {}
    for declaration in value[:4000].split(";"):
        name, colon, text = declaration.partition(":")
        name, text = name.strip().lower(), text.replace("!important", "").strip()
        if colon and _is_allowed_style(name, text):
            kept["background-color" if name == "background" else name] = text
    if "background-color" in kept:
        # On a dark page the text would be light by default.
        kept.setdefault("color", "#111111")
    return ";".join(f"{name}:{text}" for name, text in kept.items()) or None


def _is_allowed_style(name: str, text: str) -> bool:
    lowered = text.lower()
    if name in _WORDS:
        return _WORDS[name].fullmatch(lowered) is not None
    if name in _SPACES:
        return all(_SPACE.fullmatch(part) for part in lowered.split()[:4]) and lowered != ""
    if name == "font-size":
        match = _FONT_SIZE.fullmatch(lowered)
        return match is not None and (not match[1] or _FONT_SIZES[0] <= float(match[1]) <= _FONT_SIZES[1])
    if name == "font-family":
        return _NAME_VALUE.fullmatch(text) is not None
    return _is_allowed_colour(name, lowered)


def _is_allowed_colour(name: str, text: str) -> bool:
    shade = luminance(text) if _PLAIN_VALUE.fullmatch(text) else None
    if shade is None:
        return False
    if name == "color":
        return _BLACK < shade < _DARK
    return name in {"background", "background-color"} and _LIGHT < shade < 1.0


def _link(_tag: str, value: str) -> str | None:
    target = original_link(value)
    return target if _LINK.fullmatch(target) and target != UNREADABLE else None


def _image(_tag: str, value: str) -> str | None:
    return value if value.startswith(CID) else None


def _number(_tag: str, value: str) -> str | None:
    return value if _NUMBER.fullmatch(value) else None


def _matching(pattern: str) -> Callable[[str, str], str | None]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda _tag, value: value if compiled.fullmatch(value) else None


_RULES: Final[Mapping[str, Callable[[str, str], str | None]]] = {
    "style": _style,
    "href": _link,
    "src": _image,
    "alt": lambda _tag, value: value[:200],
    "dir": _matching("ltr|rtl|auto"),
    "lang": _matching("[a-z0-9-]{1,20}"),
    "align": _matching("left|right|center|justify|middle|top|bottom"),
    "valign": _matching("top|middle|bottom|baseline"),
    "type": _matching("[1aAiI]"),
    "face": _matching(r"[\w ,'-]{1,100}"),
    "size": _matching(r"[2-6]|[+-]1"),
    "color": lambda _tag, value: value if _is_allowed_colour("color", value.lower()) else None,
    "class": lambda _tag, _value: None,
    **dict.fromkeys(
        ("width", "height", "colspan", "rowspan", "border", "cellpadding", "cellspacing", "start"), _number
    ),
}
