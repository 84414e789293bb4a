"""The meaning of the attributes of an HTML element in email: hidden, quote, divider, signature, margin, link."""

import re
from collections.abc import Mapping
from typing import Final

Attributes = Mapping[str, str | None]

_HIDDEN: Final = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|font-size:0(?:px|pt|em|%)?(?:;|!|$)"
    r"|max-height:0(?:px)?(?:;|!|$)|opacity:0(?:;|!|$))"
)
_PIXEL_SIDES: Final = frozenset({"0", "1", "0px", "1px"})
_PIXEL_STYLE: Final = re.compile(r"(?:^|;)(?:max-)?(?:width|height):[01](?:px)?(?:;|!|$)")
_NO_MARGIN: Final = re.compile(r"(?:^|;)margin(?:-top|-bottom)?:0")
# Outlook draws this line above the header of the quoted email; Windows Mail and Outlook 2003 use other units.
_RULE_ABOVE: Final = re.compile(r"border-top:solid#[0-9a-f]{6}1\.0pt|border-top:1pxsolid|border-top-style:solid")
_LINK: Final = re.compile(r"(?:https?|ftp|mailto|tel):", re.IGNORECASE)

# Names that mail programs give to the element with the quoted email.
_QUOTE: Final = re.compile(
    r"(?:x_)*(?:yahoo_quoted\w*|ydp\w*yahoo_quoted|OLK_SRC_BODY_SECTION"  # Yahoo; Outlook 2011 for Mac
    r"|mail-editor-reference-message-container|ms-outlook-mobile-reference-message"  # Outlook on the web; on phones
    r"|isReplyContent|zmail_extra|sh-quoted-content)"  # NetEase; Zoho; Superhuman
)
# Names of the element that Outlook on the web, Windows Live Mail and Zimbra put above a quote without prefix.
_DIVIDER: Final = re.compile(r"(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr)")
_SIGNATURE: Final = re.compile(
    r"(?:x_)*(?:gmail_signature|Signature|signature|AppleMailSignature|moz-signature|ms-outlook-mobile-signature"
    r"|protonmail_signature_block|zmail_signature|tutanota_signature)"
)


def is_hidden(attributes: Attributes) -> bool:
    """Return whether an element is invisible, such as the preview text of newsletters."""
    return "hidden" in attributes or _HIDDEN.search(style(attributes)) is not None


def is_tracker(attributes: Attributes) -> bool:
    """Return whether an image is a tracking pixel."""
    if any((attributes.get(side) or "").strip().lower() in _PIXEL_SIDES for side in ("width", "height")):
        return True
    return _PIXEL_STYLE.search(style(attributes)) is not None


def is_quote(attributes: Attributes) -> bool:
    """Return whether an element contains the quoted email."""
    return _is_named(_QUOTE, attributes)


def is_divider(tag: str, attributes: Attributes) -> bool:
    """Return whether an element separates a reply from the email below it."""
    if tag not in {"div", "hr"}:
        return False
    return _is_named(_DIVIDER, attributes) or _RULE_ABOVE.search(style(attributes)) is not None


def is_signature(attributes: Attributes) -> bool:
    """Return whether an element contains a signature."""
    return _is_named(_SIGNATURE, attributes)


def has_margin(attributes: Attributes) -> bool:
    """Return whether a paragraph has blank lines around it; Outlook and Apple Mail remove them."""
    if (attributes.get("class") or "").startswith(("Mso", "p1", "p2")):
        return False
    return not _NO_MARGIN.search(style(attributes))


def quote_prefix(attributes: Attributes) -> str:
    """Return the prefix for a blockquote: spaces for the indentation that Gmail and Outlook make with it, else "> "."""
    is_cite = attributes.get("type") or attributes.get("class") or attributes.get("cite")
    return "    " if not is_cite and "border:none" in style(attributes) else "> "


def link_target(attributes: Attributes) -> str:
    """Return the target of a link, or "" unless a person can use it."""
    target = (attributes.get("href") or "").strip()
    return target if _LINK.match(target) else ""


def style(attributes: Attributes) -> str:
    """Return the start of the inline style without white space, in lower case."""
    text = attributes.get("style")
    return "".join(text[:2000].split()).lower() if text else ""


def _is_named(names: re.Pattern[str], attributes: Attributes) -> bool:
    given = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
    return bool(given.strip()) and any(names.fullmatch(word) for word in given[:500].split())
