"""Leave out the tags that mail gateways write at the start of a subject or text, such as [EXTERNAL]."""

import re
from typing import Final

from daemon.mail.reply.banner_block import is_banner_block
from daemon.mail.reply.gateway_label import is_gateway_label

_MAX_TAGS: Final = 4
_TAG: Final = re.compile(
    r"\s*(?:[\[({<*|~=\u3010\uff3b]{1,6}\s*([^\[\](){}<>*|~=\u3010\u3011\uff3b\uff3d]{2,90}?)\s*"
    r"[\])}>*|~=\u3011\uff3d]{1,6}:?|(ext(?:ern(?:al|e|o)?)?|spam)(?:\s?[:|]|\s[-\u2013]\s)"
    # More words without brackets are a label in capitals: "External sender: refused" is a customer's.
    r"|((?-i:EXTERN(?:AL|E|O)?|[A-Z]{3,20}(?:[ -][A-Z]{2,20}){1,3}))(?:\s?[:|!]|\s[-\u2013]\s))\s*(?:[-\u2013]\s)?",
    re.IGNORECASE,
)


def without_gateway_tags(subject: str) -> str:
    """Return a subject without the tags of gateways at its start, such as [EXTERNAL]; other tags stay."""
    for _ in range(_MAX_TAGS):
        match = _TAG.match(subject)
        words = (match[1] or match[2] or match[3]) if match else ""
        if not match or not (is_gateway_label(words) or (match[1] and is_banner_block(words))):
            break
        subject = subject[match.end() :]
    return subject
