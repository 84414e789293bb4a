"""What the attributes of an element say in mail: hidden, quote, divider, signature, margin, link."""

import re
from collections.abc import Mapping
from typing import Final

Attributes = Mapping[str, str | None]

_HIDDEN: Final = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|font-size:0(?:px|pt|em|%)?(?:;|!|$)"
    r"|max-height:0(?:px)?(?:;|!|$)|opacity:0(?:;|!|$))"
)
_NO_MARGIN: Final = re.compile(r"(?:^|;)margin(?:-top|-bottom)?:0")
# Outlook draws this line above the header of the email it quotes; Windows Mail and Outlook 2003 draw it in other units.
_RULE_ABOVE: Final = re.compile(r"border-top:solid#[0-9a-f]{6}1\.0pt|border-top:1pxsolid|border-top-style:solid")
_LINK: Final = re.compile(r"(?:https?|ftp|mailto|tel):", re.IGNORECASE)

# What mail programs call the element that holds nothing but the email that is answered.
_QUOTE: Final = re.compile(
    r"(?:x_)*(?:yahoo_quoted\w*|ydp\w*yahoo_quoted|OLK_SRC_BODY_SECTION"  # Yahoo; Outlook 2011 for Mac
    r"|mail-editor-reference-message-container|ms-outlook-mobile-reference-message"  # Outlook on the web; on phones
    r"|isReplyContent|zmail_extra|sh-quoted-content)"  # NetEase; Zoho; Superhuman
)
# What Outlook on the web, Windows Live Mail and Zimbra put above the header of what they quote without any mark.
_DIVIDER: Final = re.compile(r"(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr)")
_SIGNATURE: Final = re.compile(
    r"(?:x_)*(?:gmail_signature|Signature|signature|AppleMailSignature|moz-signature|ms-outlook-mobile-signature"
    r"|protonmail_signature_block|zmail_signature|tutanota_signature)"
)


def is_hidden(attributes: Attributes) -> bool:
    """Tell what no reader sees, such as the preview text of newsletters."""
    return "hidden" in attributes or _HIDDEN.search(style(attributes)) is not None


def is_tracker(attributes: Attributes) -> bool:
    """Tell an image that is there to be counted."""
    return bool({attributes.get("width"), attributes.get("height")} & {"0", "1"})


def is_quote(attributes: Attributes) -> bool:
    """Tell the container of the answered mail."""
    return _is_named(_QUOTE, attributes)


def is_divider(tag: str, attributes: Attributes) -> bool:
    """Tell what stands for the line between an answer and the email below it."""
    if tag not in {"div", "hr"}:
        return False
    return _is_named(_DIVIDER, attributes) or _RULE_ABOVE.search(style(attributes)) is not None


def is_signature(attributes: Attributes) -> bool:
    """Tell the container of a signature."""
    return _is_named(_SIGNATURE, attributes)


def has_margin(attributes: Attributes) -> bool:
    """Return whether a blank line belongs around a paragraph; Outlook and Apple take it away."""
    if (attributes.get("class") or "").startswith(("Mso", "p1", "p2")):
        return False
    return not _NO_MARGIN.search(style(attributes))


def quote_prefix(attributes: Attributes) -> str:
    """Tell a quote from the indentation that the buttons of Gmail and Outlook make of the same element."""
    is_cite = attributes.get("type") or attributes.get("class") or attributes.get("cite")
    return "    " if not is_cite and "border:none" in style(attributes) else "> "


def link_target(attributes: Attributes) -> str:
    """Return where a link leads, "" for anything but an address that a person can use."""
    target = (attributes.get("href") or "").strip()
    return target if _LINK.match(target) else ""


def style(attributes: Attributes) -> str:
    """Return the start of the inline style without white space, in lower case."""
    text = attributes.get("style")
    return "".join(text[:2000].split()).lower() if text else ""


def _is_named(names: re.Pattern[str], attributes: Attributes) -> bool:
    given = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
    return bool(given.strip()) and any(names.fullmatch(word) for word in given[:500].split())
