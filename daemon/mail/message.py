"""The parsed email as frozen values, independent of the email package."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox as written in a header.

    `email` is the addr-spec with its domain as lower-case A-labels, or None if the text is not exactly one
    address: a crafted string never becomes another address. `grouped` marks an address of a field with group syntax.
    """

    name: str
    email: str | None
    grouped: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that people see as a file. `part` is the index of its Part; `size` is in decoded bytes."""

    filename: str
    content_type: str
    size: int
    part: int
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the MIME tree, in walk order.

    `headers` maps lower-case names to decoded values in order. `text` is the decoded, bounded text of text/*,
    calendar and report parts (message/delivery-status, text/rfc822-headers, message/disposition-notification,
    message/feedback-report), else "". `depth` is 0 for the whole email; `embedded` is true inside a nested
    message/rfc822.
    """

    index: int
    depth: int
    content_type: str
    headers: Mapping[str, tuple[str, ...]]
    text: str = ""
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    r"""An email as people read it. `defects` names damage by short words such as "bad-base64" or "too-deep".

    `text` is the whole readable text (the plain part, else made from the HTML); `daemon.mail.reply.split`
    finds what is new in it. `has_attached_text` says that it has the text of an attached email, which is read where
    there is no other. `message_id` has its angle brackets, or is "". `headers` maps lower-case names to
    decoded values in order. `trace` has the fields Received and Authentication-Results from the top, as lower-case
    name and value, with encoded words left as they are: servers repeat the sender's text in these fields. Text has
    no NUL and no lone surrogates; line ends are "\n".
    """

    message_id: str
    subject: str
    date: datetime | None
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    text: str
    attachments: tuple[Attachment, ...]
    parts: tuple[Part, ...]
    headers: Mapping[str, tuple[str, ...]]
    defects: tuple[str, ...]
    trace: tuple[tuple[str, str], ...] = ()
    has_attached_text: bool = False

    def header(self, name: str) -> str:
        """Return the first value of a header, or ""."""
        values = self.headers.get(name.lower())
        return values[0] if values else ""
