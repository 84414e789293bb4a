"""The inbox: tickets by status, team, category and words, the newest first; each choice is a URL."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from fastapi import Response

from daemon.mail.reply.split import new_text
from daemon.store.queries import inbox, ticket_pages
from daemon.store.queries.inbox import COUNTED, LastWords
from daemon.store.queries.text_search import SEARCHED
from daemon.store.queries.ticket_detail import reference_or_none
from daemon.store.queries.ticket_pages import TicketQuery
from daemon.store.queries.tickets import find_ticket_id
from daemon.text import harmless_line
from daemon.tickets.sign_in import Role
from daemon.vocabulary import PENDING, Status
from daemon.web.pages.page import Page, PageError, Route
from daemon.web.pagination import decode, encode
from daemon.web.problems import ProblemError

ROWS: Final = 30
SHOWN: Final = 160
ALL: Final = "ALL"
RELOAD_SECONDS: Final = 5


def show(page: Page) -> Response:
    """Show a page of tickets."""
    chosen = page.query.get("status", Status.OPEN)
    status = Status(chosen) if chosen in list(Status) else None
    team, category, text = (_choice(page, name) for name in ("team", "category", "text"))
    wanted = TicketQuery(status=status, team=team, category=category, text=text)
    after = _after(page)
    prefix = page.services.settings.support.reference_prefix
    with page.services.store.read() as session:
        named = find_ticket_id(session, text, prefix) if text else None
        if named is not None:
            return page.redirect(f"/ui/tickets/{reference_or_none(session, named)}")
        rows = ticket_pages.page(session, wanted, after, ROWS + 1)
        words = inbox.last_words(session, [row.newest_message for row in rows if row.newest_message])
        # The tickets of a category or with a text are not counted: a number beside the list would be of others.
        counts = dict[Status, int]() if category or text else inbox.counts(session, team)
        nothing = not rows and inbox.is_empty(session)
    last = rows[ROWS - 1].ticket if len(rows) > ROWS else None
    settings = page.services.settings
    return page.render(
        "inbox.html",
        rows=[(row, _shown(words.get(row.newest_message or 0))) for row in rows[:ROWS]],
        tabs=[(str(one), _count(counts.get(one)), _url(page, status=str(one))) for one in Status],
        all_url=_url(page, status=ALL),
        shown=str(status) if status else ALL,
        chosen={"team": team or "", "category": category or "", "text": text or ""},
        teams=[one.name for one in settings.teams],
        categories=[one.name for one in settings.categories],
        older=_url(page, cursor=encode(last.created_at, last.id)) if last else "",
        nothing=nothing,
        searched=f"{SEARCHED:,}",
        filtered=any((team, category, text)),
        reload=RELOAD_SECONDS if nothing or any(row.ticket.category == PENDING for row in rows) else 0,
        pending=PENDING,
        may_act=page.signed_in.role.includes(Role.MEMBER),
    )


def _after(page: Page) -> tuple[datetime, int] | None:
    """Return the last row of the page before; raises PageError for what is not one of our addresses."""
    try:
        return decode(page.query.get("cursor") or None)
    except ProblemError:
        raise PageError(422, "This address is not one of the inbox. Begin with its first page.") from None


def _choice(page: Page, name: str) -> str | None:
    return harmless_line(page.query.get(name, ""), 200).strip() or None


def _url(page: Page, **changed: str) -> str:
    """Return the URL of the inbox with other choices; another list begins with its first page."""
    kept = {name: page.query[name] for name in ("status", "team", "category", "text") if page.query.get(name)}
    return f"{page.base}/ui?{urlencode({**kept, **changed})}"


def _count(number: int | None) -> str:
    if number is None:
        return ""
    return f"{COUNTED - 1}+" if number >= COUNTED else str(number)


def _shown(words: LastWords | None) -> LastWords | None:
    return LastWords(words.role, harmless_line(new_text(words.text), SHOWN)) if words else None


ROUTES: Final = (Route("GET", "/ui", show, Role.VIEWER),)
