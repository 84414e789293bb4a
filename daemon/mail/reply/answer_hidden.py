"""Remove from an HTML tree what its author could not see: hidden elements, scripts, text in the colour behind it."""

import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from daemon.mail.reply.colours import luminance
from daemon.mail.text.html_attributes import Attributes, is_hidden, is_tracker, style

# What is never shown as text, and what runs or embeds.
UNSEEN_TAGS: Final = frozenset(
    ("script", "style", "title", "template", "object", "embed", "iframe", "frame", "frameset", "svg", "math", "audio",
     "video", "canvas", "map", "noembed", "noframes", "noscript", "meta", "link", "base", "xml", "select", "option",
     "input", "button", "textarea", "applet", "dialog"),
)  # fmt: skip
_HIDING: Final = re.compile(
    r"(?:^|;)(?:visibility:collapse|opacity:0?\.0|line-height:0(?:px|pt|em|%)?(?:;|!|$)|color:transparent"
    r"|font-size:(?:0?\.\d+|[12](?:\.\d+)?)(?:px|pt)|text-indent:-\d{3}|(?:left|top|margin-left|margin-top):-\d{3}"
    r"|clip:rect\(0|clip-path:inset\((?:50|100)%|transform:scale\(0|content-visibility:hidden)"
)
_NO_SIZE: Final = re.compile(r"(?:^|;)(?:max-)?(?:height|width):0(?:px|pt|em|%)?(?:;|!|$)")
_COLOUR: Final = re.compile(r"(?:^|;)color:([^;!]{1,60})")
_BACKGROUND: Final = re.compile(r"(?:^|;)background(?:-color)?:([^;!]{1,60})")
_RULE: Final = re.compile(r"([^{}@;]{1,200})\{([^{}]{0,1000})\}")
_MEDIA: Final = re.compile(
    r"@[a-z-]{1,20}[^{}]{0,300}\{(?:[^{}]{0,2000}\{[^{}]{0,2000}\}){0,200}\s{0,20}\}", re.IGNORECASE
)
_SELECTOR: Final = re.compile(r"[a-zA-Z0-9]{0,20}(?:[.#][\w-]{1,60})+")
_NAME: Final = re.compile(r"[.#][\w-]+")
_MAX_RULES: Final = 200
_MAX_COMPOUND: Final = 50
_MAX_STYLE: Final = 60_000
_CLOSE: Final = 0.04


def remove_hidden(tree: LexborHTMLParser) -> tuple[str, ...]:
    """Remove the elements that nobody sees; return the text of those that have the colour of what is behind them.

    Programs write the others; in a colour that cannot be seen a person may have written, too.
    """
    _mark_hidden_by_sheet(tree)
    unseen = list(_unseen(tree.body)) if tree.body is not None else []
    coloured = tuple(node.text(deep=True, separator="\n") for node, is_coloured in unseen if is_coloured)
    for node, _ in unseen:
        node.decompose()
    return coloured


def _mark_hidden_by_sheet(tree: LexborHTMLParser) -> None:
    """Mark the elements that a style sheet in the email hides, in one pass, however many selectors it has."""
    selectors = _hiding_selectors(tree)
    if not selectors or tree.body is None:
        return
    # Without a DOCTYPE browsers ignore the case of names.
    fold = str if (tree.html or "")[:9].lower() == "<!doctype" else str.lower
    wanted = [(tag.lower(), frozenset(fold(name) for name in names)) for tag, names in selectors]
    alone = {(tag, *names) for tag, names in wanted if len(names) == 1}
    together = [(tag, names) for tag, names in wanted if len(names) > 1][:_MAX_COMPOUND]
    for node in tree.body.traverse():
        given = {fold(name) for name in _names(node.attributes)} if node.attributes else ()
        tag = node.tag or ""
        if any(("", name) in alone or (tag, name) in alone for name in given) or any(
            of in {"", tag} and names.issubset(given) for of, names in together if given
        ):
            node.attrs["hidden"] = ""


def _names(attributes: Attributes) -> Iterator[str]:
    """Yield the classes and the id of an element as a selector has them."""
    yield from (f".{name}" for name in (attributes.get("class") or "").split())
    if attributes.get("id"):
        yield f"#{attributes['id']}"


def _hiding_selectors(tree: LexborHTMLParser) -> list[tuple[str, list[str]]]:
    """Return the simple selectors that a style sheet in the email hides, those for certain media apart.

    Each is the name of an element, which may be "", and the classes and ids that it must have.
    """
    sheets = "\n".join(node.text(deep=True) for node in tree.css("style"))[:_MAX_STYLE]
    found: dict[str, None] = {}
    for rule in list(_RULE.finditer(_MEDIA.sub("", sheets)))[:_MAX_RULES] if "{" in sheets else ():
        if is_hidden({"style": rule[2]}) or _HIDING.search(style({"style": rule[2]})):
            found |= dict.fromkeys(part for part in map(str.strip, rule[1].split(",")) if _SELECTOR.fullmatch(part))
    return [(_NAME.split(selector, maxsplit=1)[0], _NAME.findall(selector)) for selector in found]


def _unseen(body: LexborNode) -> list[tuple[LexborNode, bool]]:
    """Return the outermost elements that are not visible, and whether their colour alone hides them."""
    found: list[tuple[LexborNode, bool]] = []
    path: list[tuple[LexborNode, str]] = []
    behind = ""
    node: LexborNode | None = body
    while node is not None:
        inside = False
        if node.is_element_node:
            colour = _background(node.attributes) or behind
            if node.tag in UNSEEN_TAGS or _hides(node.tag or "", node.attributes):
                found.append((node, False))
            elif _is_invisible(_foreground(node.attributes), colour):
                found.append((node, True))
            elif node.child is not None:
                path.append((node, behind))
                node, behind, inside = node.child, colour, True
        elif node.is_comment_node:
            found.append((node, False))
        if inside:
            continue
        while node.next is None and path:
            node, behind = path.pop()
        node = node.next if path else None
    return found


def _hides(tag: str, attributes: Attributes) -> bool:
    if not attributes:
        return False
    written = style(attributes)
    if is_hidden(attributes) or _HIDING.search(written) or (tag == "img" and is_tracker(attributes)):
        return True
    return _NO_SIZE.search(written) is not None and "overflow:hidden" in written


def _is_invisible(colour: str, background: str) -> bool:
    """Return whether text of a colour cannot be told from what is behind it.

    White text without a background was written on a dark screen: its author saw it.
    """
    seen, behind = luminance(colour), luminance(background)
    return seen is not None and behind is not None and abs(seen - behind) < _CLOSE


def _foreground(attributes: Attributes) -> str:
    if not attributes:
        return ""
    match = _COLOUR.search(style(attributes))
    return match[1] if match else (attributes.get("color") or "")


def _background(attributes: Attributes) -> str:
    if not attributes:
        return ""
    match = _BACKGROUND.search(style(attributes))
    return match[1] if match else (attributes.get("bgcolor") or "")
