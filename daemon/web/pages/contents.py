"""What emails contain: their HTML in a frame without any right, their files and raw bytes as downloads."""

from typing import Final

from fastapi import Response
from fastapi.responses import HTMLResponse

from daemon.mail.mime.attachment import part_contents
from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer_clean import clean_html
from daemon.store import ledger
from daemon.store.queries import inbox
from daemon.store.queries.ticket_detail import find_attachment
from daemon.tickets.sign_in import Role
from daemon.web.api.files import download
from daemon.web.pages.page import Page, PageError, Route

# No script, no form, no request, and no origin: not even ours. A link that a person clicks opens a page of its own; in
# the frame, which may show only our pages, it would replace the email by an error.
RIGHTS: Final = "allow-popups allow-popups-to-escape-sandbox"
POLICY: Final = (
    f"sandbox {RIGHTS}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Email</title><base target="_blank">'
    # Not "anywhere", by which a column beside a wide one is as narrow as a letter.
    "<style>body{{margin:8px;font:16px/1.5 sans-serif;overflow-wrap:break-word;color:#111;background:#fff}}"
    "table{{max-width:100%}}</style></head><body>{}</body></html>"
)
NO_HTML: Final = "<p>This email has no HTML.</p>"
LONGEST_HTML: Final = 500_000


def html(page: Page) -> Response:
    """Show the HTML of an email, cleaned by an allow-list: nothing of it is loaded from elsewhere."""
    raw = _raw_of_message(page)
    parts = parse(raw).parts
    found = next((one.text for one in parts if one.content_type == "text/html" and one.text), "")
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(PAGE.format(clean_html(found[:LONGEST_HTML]) or NO_HTML), headers=headers)


def attachment(page: Page) -> Response:
    """Download a file."""
    message_id, wanted = page.number("message"), page.number("file")
    found = page.read(lambda session: find_attachment(session, wanted))
    if found is None or found[1].id != message_id:
        raise PageError(404, "There is no such file.")
    file, _ = found
    contents = part_contents(_raw_of_message(page), {file.part})
    if file.part not in contents:
        raise PageError(404, "The content of this file is not stored.")
    return download(contents[file.part], file.filename)


def raw(page: Page) -> Response:
    """Download an email as it came."""
    number = page.number("mail")
    return download(page.read(lambda session: ledger.raw_of(session, number)), f"{number}.eml")


def _raw_of_message(page: Page) -> bytes:
    message_id = page.number("message")
    place = page.read(lambda session: inbox.place_of_message(session, message_id))
    if place is None or (inbound_id := place[1]) is None:
        raise PageError(404, "This did not come by email.")
    return page.read(lambda session: ledger.raw_of(session, inbound_id))


ROUTES: Final = (
    Route("GET", "/ui/messages/{message}/html", html, Role.VIEWER),
    Route("GET", "/ui/messages/{message}/files/{file}", attachment, Role.VIEWER),
    Route("GET", "/ui/mail/{mail}/raw", raw, Role.MEMBER),
)
