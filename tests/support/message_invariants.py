"""What holds of every Message, whatever it was made from."""

from collections.abc import Iterator

from daemon.mail.address import canonical
from daemon.mail.message import Message
from daemon.mail.mime.attachment import part_contents, safe_name
from daemon.mail.reply.split import new_text

_EXACT = 100_000
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def broken_promises(raw: bytes, message: Message) -> list[str]:
    """Return what a Message promises and does not keep."""
    return [*_text(message), *_addresses(message), *_parts(raw, message)]


def _text(message: Message) -> Iterator[str]:
    names = [address.name for address in message.from_ + message.to + message.cc]
    values = [value for part in message.parts for values in part.headers.values() for value in values]
    lines = [message.subject, message.message_id, *names, *values, *(file.filename for file in message.attachments)]
    if any(mark in line for line in lines for mark in _LINE_ENDS):
        yield "a header is more than one line"
    texts = [*lines, message.text, new_text(message.text), *(part.text for part in message.parts)]
    if any("\0" in text or "\r" in text for text in texts):
        yield "NUL or CR in a text"
    "".join(texts).encode()


def _addresses(message: Message) -> Iterator[str]:
    for address in message.from_ + message.sender + message.reply_to + message.to + message.cc:
        if address.email is not None and canonical(address.email) != address.email:
            yield f"{address.email} is not canonical"


def _parts(raw: bytes, message: Message) -> Iterator[str]:
    if [part.index for part in message.parts] != list(range(len(message.parts))):
        yield "the parts are not numbered in order"
    for file in message.attachments:
        if file.filename != safe_name(file.filename) or not file.filename:
            yield f"{file.filename!r} is not safe"
        if message.parts[file.part].content_type != file.content_type:
            yield f"{file.filename!r} is not its part"
    for file in message.attachments[:3]:
        # The size of a long part is counted, not decoded, and damage is not seen.
        if file.size < _EXACT and len(part_contents(raw, {file.part})[file.part]) != file.size:
            yield f"{file.filename!r} has another size"
