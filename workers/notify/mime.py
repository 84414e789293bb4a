"""Fill an email with text, the same as HTML, and files that no program opens by itself."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from typing import Final

from daemon.mail.mime.attachment import safe_name
from daemon.mail.reply.answer_parts import INLINE_TYPES
from daemon.text import harmless_line

# RFC 5322 section 2.1.1 allows 998; relays may add characters in front of a line.
MAX_LINE: Final = 990
_SAFE_TYPES: Final = INLINE_TYPES | {"application/pdf", "text/plain"}
# Files that run or open in a browser on a double click; many mail servers refuse an email with such a name.
_ACTIVE: Final = re.compile(
    r"ade|adp|apk|appx?|bat|cab|ch[mn]|cmd|com|cpl|dll|dmg|exe|hta|img|ins|iso|isp|jar|jse?|jsp|lib|lnk|mde|ms[cip]"
    r"|msix|mst|nsh|pif|ps[12]|psc1|reg|sc[frt]|sh|shb|sys|url|vbe?|vbs|vhdx?|vxd|ws[cfh]|xll"
    r"|[xs]?html?|mht|mhtml|svgz?|xht|xml|xslt?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class File:
    """A file to attach; name and type are as the sender wrote them. HTML shows one with a `content_id` in its text."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""


def fill(mail: EmailMessage, text: str, html: str, files: Sequence[File], seed: str) -> None:
    """Set the content of an email: multipart/alternative, inside multipart/mixed if there are files.

    Images that the HTML shows are with it in multipart/related (RFC 2387).
    """
    shown = [file for file in files if file.content_id and _safe_type(file.content_type) in INLINE_TYPES]
    attached = [file for file in files if file not in shown]
    page = _text_part("html", html, mail)
    if shown:
        related = MIMEPart(policy=mail.policy)
        _join(
            related, "related", [page, *(_file_part(file, number) for number, file in enumerate(shown, start=1))], seed
        )
        page = related
    texts = [_text_part("plain", text, mail), page]
    if not attached:
        _join(mail, "alternative", texts, seed)
        return
    body = MIMEPart(policy=mail.policy)
    _join(body, "alternative", texts, seed)
    _join(mail, "mixed", [body, *(_file_part(file, number) for number, file in enumerate(attached, start=1))], seed)


def attached_name(name: str) -> str:
    """Return the name of an attached file; one that would run or open in a browser gets the ending .txt."""
    # On Windows, a colon in a name writes into a hidden stream of the file.
    safe = safe_name(name).replace(":", "_")
    return f"{safe}.txt" if _ACTIVE.fullmatch(safe.rpartition(".")[2]) else safe


def _safe_type(content_type: str) -> str:
    lowered = content_type.strip().lower()
    return lowered if lowered in _SAFE_TYPES else "application/octet-stream"


def _file_part(file: File, number: int) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    maintype, _, subtype = _safe_type(file.content_type).partition("/")
    name = attached_name(file.filename) or f"attachment-{number}"
    shown = bool(file.content_id) and f"{maintype}/{subtype}" in INLINE_TYPES
    disposition = "inline" if shown else "attachment"
    part.set_content(file.content, maintype=maintype, subtype=subtype, disposition=disposition, filename=name)
    if shown:
        part["Content-ID"] = f"<{harmless_line(file.content_id)}>"
    return part


def _join(whole: MIMEPart, subtype: str, pieces: Sequence[MIMEPart], seed: str) -> None:
    whole["Content-Type"] = f'multipart/{subtype}; boundary="{subtype}-{seed}"'
    for piece in pieces:
        whole.attach(piece)


def _text_part(subtype: str, text: str, mail: EmailMessage) -> MIMEPart:
    part = MIMEPart(policy=mail.policy)
    encoding, payload = _encoded(text)
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(payload)
    return part


def _encoded(text: str) -> tuple[str, str]:
    """Return a transfer encoding (RFC 2045 section 6) and the text in it; NUL and lone surrogates are removed."""
    content = text.encode("utf-8", "replace").replace(b"\0", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if content.isascii() and max(map(len, content.split(b"\n"))) <= MAX_LINE:
        return "7bit", content.decode("ascii")
    quoted = binascii.b2a_qp(content, istext=True)
    if len(quoted) * 2 > len(content) * 3:
        return "base64", base64.encodebytes(content.replace(b"\n", b"\r\n")).decode("ascii")
    return "quoted-printable", quoted.decode("ascii")
