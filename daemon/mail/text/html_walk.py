"""Walk through an HTML tree and write the visible text to a page."""

from typing import Final

from selectolax.lexbor import LexborNode

from daemon.mail.text.html_attributes import (
    Attributes,
    has_margin,
    is_divider,
    is_hidden,
    is_quote,
    is_signature,
    is_tracker,
    link_target,
    quote_prefix,
)
from daemon.mail.text.page import Page

_MAX_NODES: Final = 150_000
_MAX_ALT: Final = 200

_SKIPPED: Final = frozenset(
    ("head", "script", "style", "title", "template", "object", "iframe", "svg", "math", "map", "audio", "video",
     "select", "option", "noembed", "noframes", "meta", "link", "base", "xml"),
)  # fmt: skip
BLOCKS: Final = frozenset(
    ("address", "article", "aside", "body", "caption", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset",
     "figcaption", "figure", "footer", "form", "header", "html", "legend", "main", "menu", "nav", "section", "summary",
     "tbody", "tfoot", "thead"),
)  # fmt: skip
PARAGRAPHS: Final = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6"))
VERBATIM: Final = frozenset(("pre", "textarea", "listing", "xmp", "plaintext"))
_LISTS: Final = frozenset(("ul", "ol"))
CELLS: Final = frozenset(("td", "th"))


def write_page(root: LexborNode | None) -> str:
    """Return the text of a tree, up to limits of nodes and of text."""
    page = Page()
    if root is not None:
        _Walk(page).run(root)
    return page.text()


class _Walk:
    """Walks iteratively, because trees can be deeper than Python's stack."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._counts: list[int] = []
        self._first_cells: list[bool] = []

    def run(self, root: LexborNode) -> None:
        """Visit every visible node, in order."""
        path: list[tuple[LexborNode, str, Attributes]] = []
        node: LexborNode | None = root
        for _ in range(_MAX_NODES):
            if node is None or self._page.full:
                return
            opened = self._visit(node)
            if opened:
                path.append(opened)
                node = node.child
                continue
            while node.next is None and path:
                node, tag, attributes = path.pop()
                self._leave(tag, attributes)
            node = node.next if path else None

    def _visit(self, node: LexborNode) -> tuple[LexborNode, str, Attributes] | None:
        """Write a node; return it if its children must be visited before it is left."""
        if node.is_text_node:
            self._page.write(node.text_content or "")
        if not node.is_element_node:
            return None
        tag, attributes = node.tag or "", node.attributes
        if tag in _SKIPPED or (attributes and is_hidden(attributes)):
            return None
        self._enter(tag, attributes)
        if node.child is not None:
            return node, tag, attributes
        self._leave(tag, attributes)
        return None

    def _enter(self, tag: str, attributes: Attributes) -> None:
        if tag == "br":
            self._page.line_break()
        elif tag == "a":
            self._page.start_link()
        elif tag == "img":
            self._image(attributes)
        elif tag in BLOCKS:
            self._page.gap()
        elif tag in PARAGRAPHS:
            self._page.gap(blank=has_margin(attributes))
        else:
            self._enter_rare(tag, attributes)
        if attributes:
            self._enter_container(tag, attributes)

    def _enter_rare(self, tag: str, attributes: Attributes) -> None:
        if tag in CELLS:
            self._cell()
        elif tag in {"tr", "table"}:
            self._row(tag)
        elif tag == "li":
            self._page.gap()
            self._page.indent("  ", self._bullet())
        elif tag in _LISTS:
            self._page.gap(blank=not self._counts)
            self._counts.append(0 if tag == "ol" else -1)
        elif tag == "blockquote":
            self._page.gap(blank=True)
            self._page.indent(quote_prefix(attributes))
        elif tag in VERBATIM:
            self._page.gap(blank=True)
            self._page.verbatim += 1
        elif tag == "hr":
            self._page.rule()
        elif "@" in tag:
            # "<ann@example.com>" that a program did not escape is text to a person.
            self._page.write(f"<{tag}>")

    def _leave(self, tag: str, attributes: Attributes) -> None:
        if tag == "a":
            self._page.end_link(link_target(attributes))
        elif tag in BLOCKS or tag == "tr":
            self._page.gap()
        elif tag in PARAGRAPHS:
            self._page.gap(blank=has_margin(attributes))
        else:
            self._leave_rare(tag)
        if attributes and is_quote(attributes):
            self._page.gap()
            self._page.outdent()

    def _leave_rare(self, tag: str) -> None:
        if tag in {"li", "blockquote"}:
            self._page.gap()
            self._page.outdent()
            self._page.gap(blank=tag == "blockquote")
        elif tag in _LISTS:
            self._counts.pop()
            self._page.gap(blank=not self._counts)
        elif tag == "table":
            self._page.gap()
            self._first_cells.pop()
        elif tag in VERBATIM:
            self._page.verbatim -= 1
            self._page.gap(blank=True)

    def _enter_container(self, tag: str, attributes: Attributes) -> None:
        """Write what the name of an element means: quote, divider or signature."""
        if is_quote(attributes):
            self._page.gap(blank=True)
            self._page.indent("> ")
        elif is_divider(tag, attributes):
            self._page.rule()
        elif is_signature(attributes):
            self._page.signature()

    def _bullet(self) -> str:
        if not self._counts or self._counts[-1] < 0:
            return "* "
        self._counts[-1] += 1
        return f"{self._counts[-1]}. "

    def _row(self, tag: str) -> None:
        self._page.gap()
        if tag == "table":
            self._first_cells.append(True)
        elif self._first_cells:
            self._first_cells[-1] = True

    def _cell(self) -> None:
        if not self._first_cells:
            return
        if not self._first_cells[-1]:
            self._page.cell()
        self._first_cells[-1] = False

    def _image(self, attributes: Attributes) -> None:
        alt = (attributes.get("alt") or "").strip()
        if alt and not is_tracker(attributes):
            self._page.write(f"[{alt[:_MAX_ALT]}]")
