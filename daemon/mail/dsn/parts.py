"""Find the parts of a report, also where a gateway labelled or wrapped them incorrectly."""

import re
from collections.abc import Collection
from typing import Final

from daemon.mail.message import Message, Part
from daemon.mail.mime.body import has_report_fields

STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
RECEIPT: Final = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
FEEDBACK: Final = frozenset({"message/feedback-report"})

_RECIPIENT: Final = re.compile(r"^(?:final|original)-recipient[ \t]{0,8}:.{0,20};", re.IGNORECASE | re.MULTILINE)
_RESULT: Final = re.compile(r"^(?:action|status)[ \t]{0,8}:", re.IGNORECASE | re.MULTILINE)
_MAX_TEXT: Final = 65_536


def find_report(message: Message, types: Collection[str]) -> str:
    """Return the text of the parts of these types outside of nested emails, or "".

    Where several parts have a type, those without fields are notes that were labelled incorrectly.
    """
    texts = [part.text or " " for part in message.parts if part.content_type in types and not part.embedded]
    reports = [text for text in texts if has_report_fields(text)]
    return "\n\n".join(reports or texts[:1])[:_MAX_TEXT]


def status_text(message: Message) -> str:
    """Return the text of the delivery report (RFC 3464), whatever its label, or "".

    In a report without a part of the right type, it is the part that has its fields; in a wrapped report, the nested
    one.
    """
    return find_report(message, STATUS) or _mislabelled(message) or wrapped_status(message)


def attached_status(message: Message) -> str:
    """Return the text of a delivery report among the files of an email, or ""; a customer may attach one, too."""
    return next((part.text for part in message.parts[1:] if not part.embedded and is_status(part.text)), "")


def wrapped_status(message: Message) -> str:
    """Return the text of a delivery report that a relay sends on as a nested email, or "".

    Such a report was addressed to us. What a customer forwards was addressed to the customer.
    """
    to = {address.email for address in message.to if address.email}
    for part in message.parts:
        if part.content_type == "multipart/report" and part.embedded and _addresses(part) & to:
            inner = (other for other in message.parts[part.index :] if other.content_type in STATUS)
            return next((other.text for other in inner if has_report_fields(other.text)), "")
    return ""


def status_index(message: Message) -> int:
    """Return the index of the first part with a delivery report, 0 without one; the returned email follows it."""
    return next((part.index for part in message.parts if part.content_type in STATUS), 0)


def _mislabelled(message: Message) -> str:
    if not any(part.content_type == "multipart/report" and not part.embedded for part in message.parts):
        return ""
    return next((text for text in map(_with_headers, message.parts[1:]) if is_status(text)), "")


def is_status(text: str) -> bool:
    """Return whether a text has the fields of a delivery report: a recipient, and what happened."""
    return bool(_RECIPIENT.search(text[:_MAX_TEXT]) and _RESULT.search(text[:_MAX_TEXT]))


def _with_headers(part: Part) -> str:
    """Return the text of a part; the fields of a report that was labelled as an email were read as its headers."""
    if "final-recipient" not in part.headers and "reporting-mta" not in part.headers:
        return part.text
    lines = [f"{name}: {value}" for name, values in part.headers.items() for value in values]
    return "\n".join([*lines, "", part.text])


def _addresses(part: Part) -> set[str]:
    values = " ".join(part.headers.get("to", ()))[:_MAX_TEXT]
    return set(re.findall(r"[^\s<>,;:\"()]{1,64}@[^\s<>,;:\"()]{1,255}", values.lower()))
