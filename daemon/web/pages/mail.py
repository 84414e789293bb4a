"""Every received email with its state; replay parked ones, release those that were screened out."""

import zlib
from typing import Final
from urllib.parse import urlencode

from fastapi import Response
from sqlalchemy.orm import Session

from daemon.mail.mime.parse import parse
from daemon.store import ledger
from daemon.store.queries import lists
from daemon.store.queries.lists import EmailHead
from daemon.store.queries.text_search import SEARCHED
from daemon.store.queries.timeline import timeline
from daemon.text import harmless_line, shorten
from daemon.tickets.last_email import read_header
from daemon.tickets.release import ReleaseError, release
from daemon.tickets.replay import NotParkedError, replay
from daemon.tickets.sign_in import Role
from daemon.vocabulary import SCREENED_OUT, Disposition
from daemon.web.pages.page import Page, PageError, Route
from daemon.web.pagination import decode_id, encode

ROWS: Final = 50
LONGEST_WORDS: Final = 200
HEADER_BYTES: Final = 32 * 1024
LONGEST_TEXT: Final = 5_000


def show(page: Page) -> Response:
    """Show the emails of one state or of all, the newest first."""
    chosen, sender = page.query.get("state", ""), harmless_line(page.query.get("from", ""), 200).strip()
    state = Disposition(chosen) if chosen in list(Disposition) else None
    before = decode_id(page.query.get("cursor") or None)
    states = (state,) if state else tuple(Disposition)
    rows = page.read(
        lambda session: lists.list_emails(session, states, ROWS + 1, sender=sender, searched=SEARCHED, before=before)
    )
    heads = page.read(lambda session: lists.heads(session, [row["id"] for row in rows[:ROWS]]))
    return page.render(
        "mail.html",
        rows=[row | _shown(heads[row["id"]]) for row in rows[:ROWS]],
        states=[(str(one), _url(page, one, sender)) for one in Disposition],
        all_url=_url(page, "", sender),
        state=str(state or ""),
        sender=sender,
        searched=f"{SEARCHED:,}",
        older=f"{_url(page, state or '', sender)}&cursor={encode(None, rows[ROWS - 1]['id'])}" if rows[ROWS:] else "",
    )


def _shown(head: EmailHead) -> dict[str, str]:
    """Return name, address and subject of an email for a list."""
    found = _parked_head(head.raw) if head.raw is not None else head
    return {
        "name": _line(found.name),
        "author": _line(found.email),
        "subject": _line(found.subject),
    }


def _line(text: str) -> str:
    return shorten(harmless_line(text, LONGEST_WORDS + 1), LONGEST_WORDS)


def _parked_head(compressed: bytes) -> EmailHead:
    """Return the head of an email that our own code could not read; its header may be why."""
    try:
        header = read_header(zlib.decompressobj().decompress(compressed, HEADER_BYTES))
    except Exception:  # noqa: BLE001 - whatever failed when it came may fail again
        return EmailHead()
    author = header.from_[0] if header.from_ else None
    return EmailHead(author.name if author else "", (author.email or "") if author else "", header.subject)


def _url(page: Page, state: str, sender: str) -> str:
    return f"{page.base}/ui/mail?{urlencode({'state': str(state), 'from': sender})}"


def show_one(page: Page) -> Response:
    """Show one email: where it came from, what it says, what became of it, and every step.

    A parked email is one that our own code could not read: it is not read here either.
    """
    number = page.number("mail")
    with page.services.store.read() as session:
        row = lists.mail(session, number)
        entries = timeline(session, [number]) if row else []
        raw = _raw(session, number) if row and row["disposition"] != Disposition.PARKED else b""
    if row is None:
        raise PageError(404, "There is no such email.")
    message = parse(raw) if raw else None
    return page.render(
        "mail-one.html",
        row=row,
        message=message,
        text=message.text[:LONGEST_TEXT].strip() if message else "",
        entries=entries,
        may_replay=row["disposition"] == Disposition.PARKED,
        may_release=row["disposition"] in SCREENED_OUT,
        is_admin=page.signed_in.role.includes(Role.ADMIN),
        may_download=page.signed_in.role.includes(Role.MEMBER),
    )


def _raw(session: Session, number: int) -> bytes:
    """Return an email as it came, b"" where it is not stored any more."""
    try:
        return ledger.raw_of(session, number)
    except LookupError:
        return b""


def replay_one(page: Page) -> Response:
    """Process a parked email again."""
    number, services = page.number("mail"), page.services
    try:
        done = replay(services.store, services.intake, number, page.signed_in.name, services.clock.now())
    except NotParkedError as error:
        raise PageError(409, f"This email {error}.") from None
    return page.redirect(f"/ui/mail/{number}", f"Processed again: {done.text}.")


def release_one(page: Page) -> Response:
    """Process an email as if a person wrote it."""
    number, services = page.number("mail"), page.services
    try:
        receipt = release(services.intake, number, page.signed_in.name, services.clock.now())
    except ReleaseError as error:
        raise PageError(409, f"This email {error}.") from None
    return page.redirect(f"/ui/mail/{number}", f"Released: {receipt.disposition} {receipt.reference or ''}.")


ROUTES: Final = (
    Route("GET", "/ui/mail", show, Role.VIEWER),
    Route("GET", "/ui/mail/{mail}", show_one, Role.VIEWER),
    Route("POST", "/ui/mail/{mail}/replay", replay_one, Role.ADMIN),
    Route("POST", "/ui/mail/{mail}/release", release_one, Role.ADMIN),
)
