"""Read an HTML body as lines that know the nodes they are made of, so that lines can be taken out of the HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from daemon.mail.text.html_attributes import Attributes, has_margin, is_divider, is_quote, quote_prefix
from daemon.mail.text.html_walk import BLOCKS, CELLS, PARAGRAPHS, VERBATIM

_RULE: Final = "_" * 32
_NO_BREAK: Final = "\u00a0"
_ROWS: Final = frozenset(("tbody", "thead", "tfoot"))
_LEAVES: Final = frozenset(("img", "br", "hr"))
# An element of these without content shows nothing; empty cells keep their row in shape.
_KEPT_EMPTY: Final = _LEAVES | {"td", "th", "col", "colgroup"}


@dataclass(slots=True)
class _Line:
    """A line with its quote prefix. `pieces` are text nodes and their lines in preformatted text; -1 is the node."""

    prefix: str
    text: list[str] = field(default_factory=list)
    pieces: list[tuple[LexborNode, int]] = field(default_factory=list)

    @property
    def has_words(self) -> bool:
        return any(text.strip() for text in self.text)


class HtmlLines:
    """The lines of a body; `keep` may be called once, because it changes the tree."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._lines: list[_Line] = []
        self._line = _Line("")
        self._last_has_words = False
        self._depth = 0
        self._verbatim = 0
        if tree.body is not None:
            self._walk(tree.body)
        self._break()

    @property
    def texts(self) -> list[str]:
        """Return the text of each line, quoted ones with "> " for each level."""
        return [f"{line.prefix}{' '.join(''.join(line.text).split())}".rstrip() for line in self._lines]

    def keep(self, chosen: Sequence[bool]) -> None:
        """Remove the lines that are not chosen from the tree, and the elements that are empty then."""
        dropped: dict[int, tuple[LexborNode, set[int]]] = {}
        for line, kept in zip(self._lines, self._with_images(chosen), strict=True):
            for node, piece in () if kept else line.pieces:
                dropped.setdefault(node.mem_id, (node, set()))[1].add(piece)
        for node, pieces in dropped.values():
            rest = [] if -1 in pieces else (node.text_content or "").split("\n")
            left = [text for number, text in enumerate(rest) if number not in pieces]
            if any(text.strip() for text in left):
                node.replace_with("\n".join(left))
            else:
                node.decompose()
        if self._tree.body is not None:
            _prune(self._tree.body)

    def _with_images(self, chosen: Sequence[bool]) -> list[bool]:
        """Return the choice in which an image without text stays with the line before it, as the logo of a signature.

        An empty line at the end of a text is not chosen, and an image has no words by which it could be.
        """
        kept, before = list(chosen), False
        for at, (line, text) in enumerate(zip(self._lines, self.texts, strict=True)):
            if text:
                before = chosen[at]
            elif before and any(node.tag == "img" for node, _ in line.pieces):
                kept[at] = True
        return kept

    def _walk(self, body: LexborNode) -> None:
        """Visit every node, in order, without recursion: trees can be deeper than Python's stack."""
        path: list[tuple[LexborNode, str, Attributes]] = []
        node: LexborNode | None = body
        while node is not None:
            opened = self._visit(node)
            if opened is not None and node.child is not None:
                path.append(opened)
                node = node.child
                continue
            if opened is not None:
                self._leave(*opened[1:])
            while node.next is None and path:
                node, tag, attributes = path.pop()
                self._leave(tag, attributes)
            node = node.next if path else None

    def _visit(self, node: LexborNode) -> tuple[LexborNode, str, Attributes] | None:
        if node.is_text_node:
            self._write(node)
        if not node.is_element_node:
            return None
        tag, attributes = node.tag or "", node.attributes
        if tag in _LEAVES:
            self._leaf(node, tag)
            return None
        self._enter(tag, attributes)
        return node, tag, attributes

    def _leaf(self, node: LexborNode, tag: str) -> None:
        if tag == "hr":
            self._break()
            self._line.text.append(_RULE)
        self._line.pieces.append((node, -1))
        if tag != "img":
            self._break(blank=tag == "br")

    def _enter(self, tag: str, attributes: Attributes) -> None:
        if tag in CELLS:
            self._line.text.append("\t")
        elif _is_block(tag):
            self._break()
        if tag == "blockquote" or tag in VERBATIM or (tag in PARAGRAPHS and has_margin(attributes)):
            self._gap()
        self._verbatim += tag in VERBATIM
        if _is_quoting(tag, attributes):
            self._break()
            self._depth += 1
            self._line.prefix = "> " * self._depth
        elif is_divider(tag, attributes):
            self._break()
            self._line.text.append(_RULE)
            self._break()

    def _leave(self, tag: str, attributes: Attributes) -> None:
        self._verbatim -= tag in VERBATIM
        if _is_block(tag):
            self._break()
        if _is_quoting(tag, attributes):
            self._break()
            self._depth -= 1
            self._line.prefix = "> " * self._depth
        if tag == "blockquote" or tag in VERBATIM or (tag in PARAGRAPHS and has_margin(attributes)):
            self._gap()

    def _write(self, node: LexborNode) -> None:
        text = node.text_content or ""
        if not self._verbatim or "\n" not in text:
            if text.strip() or _NO_BREAK in text or self._line.pieces:
                self._line.text.append(text)
                self._line.pieces.append((node, -1))
            return
        for number, line in enumerate(text.split("\n")):
            if number:
                self._break(blank=True)
            self._line.text.append(line)
            self._line.pieces.append((node, number))

    def _break(self, *, blank: bool = False) -> None:
        """End the line; an empty one counts only if it is `blank` on purpose."""
        has_words = self._line.has_words
        if blank or self._line.pieces or has_words:
            self._lines.append(self._line)
            # Below one long line a gap may be asked for as often as there are elements.
            self._last_has_words = has_words
            self._line = _Line("")
        self._line.text.clear()
        self._line.prefix = "> " * self._depth

    def _gap(self) -> None:
        """Separate paragraphs by an empty line that has no nodes."""
        if self._last_has_words:
            self._lines.append(_Line("> " * self._depth))
            self._last_has_words = False


def _is_block(tag: str) -> bool:
    return (
        tag in BLOCKS or tag in PARAGRAPHS or tag in VERBATIM or tag in {"tr", "table", "ul", "ol", "li", "blockquote"}
    )


def _is_quoting(tag: str, attributes: Attributes) -> bool:
    if tag == "blockquote":
        return quote_prefix(attributes) == "> "
    return bool(attributes) and is_quote(attributes)


def _prune(body: LexborNode) -> None:
    """Remove elements without content, the inner ones first."""
    for node in reversed(list(body.traverse(include_text=True))):
        if _is_empty(node):
            node.decompose()


def _is_empty(node: LexborNode) -> bool:
    tag = node.tag or ""
    if node.is_text_node:
        parent = node.parent
        alone = node.prev is None and node.next is None and parent is not None and _is_block(parent.tag or "")
        return alone and not (node.text_content or "").strip()
    if tag == "tr":
        return not any(cell.child is not None for cell in node.iter(include_text=False))
    if not node.is_element_node or tag in _KEPT_EMPTY or tag == "body":
        return False
    return node.child is None or ((_is_block(tag) or tag in _ROWS) and not _shows(node))


def _shows(node: LexborNode) -> bool:
    """Return whether a block has more than the white space between elements that are gone."""
    children = node.iter(include_text=True)
    return any(not child.is_text_node or (child.text_content or "").strip(" \t\r\n") for child in children)
