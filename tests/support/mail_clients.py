"""Answers in the form in which mail programs write them: what each quotes, how it marks the quote, and where.

`reply(client, original, ...)` answers an email; `press(client, link, ...)` sends what a mailto link opens.
"""

from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from urllib.parse import parse_qsl, unquote

from tests.support.mail_client_forms import CLIENTS
from tests.support.mail_client_parts import Original, Written

__all__ = ["AGENT", "CLIENTS", "SIGNATURE", "STYLES", "Original", "press", "reply"]

STYLES = ("top", "bottom", "inline")
AGENT = "Ana Silva <ana@example.com>"
SIGNATURE = ("Ana Silva", "Example Support, Lisbon", "Tel. +351 21 555 0147")


def reply(
    client: str,
    original: Original,
    paragraphs: tuple[str, ...],
    *,
    style: str = "top",
    below: Mapping[str, str] | None = None,
    signature: tuple[str, ...] = SIGNATURE,
    author: str = AGENT,
    cc: str = "",
) -> bytes:
    """Return the answer of a program to an email; `below` maps a part of a quoted line to the answer under it."""
    written = Written(paragraphs, below or {}, signature, style)
    program = CLIENTS[client]
    subject = original.subject if original.subject.lower().startswith("re:") else program.prefix + original.subject
    mail = _mail(author, original.reply_to, subject, cc)
    mail["In-Reply-To"] = original.message_id
    mail["References"] = f"{original.references} {original.message_id}".strip()
    return _with_body(mail, program.text(original, written), program.html(original, written) if program.html else "")


def press(client: str, link: str, *, author: str = AGENT, signature: tuple[str, ...] = SIGNATURE) -> bytes:
    """Return the email that a program sends when a person opens a mailto link (RFC 6068) and presses Send."""
    address, _, query = link.removeprefix("mailto:").partition("?")
    # A plus sign is no blank in such a link.
    fields = {name.lower(): value for name, value in parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)}
    body = fields.get("body", "").replace("\r\n", "\n")
    mail = _mail(author, unquote(address), fields.get("subject", ""), fields.get("cc", ""))
    text = "\n".join([body, "", "-- ", *signature]) if signature else body
    html = "<br>".join(escape(line) for line in text.split("\n")) if CLIENTS[client].html else ""
    return _with_body(mail, text, f"<html><body><div>{html}</div></body></html>" if html else "")


def _mail(author: str, to: str, subject: str, cc: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = author, to, subject
    if cc:
        mail["Cc"] = cc
    mail["Date"] = "Mon, 02 Nov 2026 11:05:00 +0000"
    mail["Message-ID"] = "<answer-4711@mail.example.com>"
    return mail


def _with_body(mail: EmailMessage, text: str, html: str) -> bytes:
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()
