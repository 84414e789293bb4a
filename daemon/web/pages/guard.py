"""What surrounds every page: who is signed in, their role, and the proof that a form is one of ours."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import structlog
from fastapi import APIRouter, Request, Response

from daemon.mail.address import canonical
from daemon.mail.roster import comparable
from daemon.store import web_sessions
from daemon.store.errors import UNREACHABLE
from daemon.tickets.action_base import ActionError
from daemon.tickets.answer_values import AnswerError
from daemon.tickets.sign_in import People, digest_of
from daemon.web.pages.page import NEXT, OWN_PATH, SESSION, SIGNED_IN, ForeignFormError, Page, PageError, Route, User
from daemon.web.peer import is_trusted_peer
from daemon.web.problems import ProblemError
from daemon.web.services import WebServices, services_of

log = structlog.get_logger(__name__)

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 100
# The number of slashes in /ui/tickets/REFERENCE.
TICKET_DEPTH: Final = 3


def add(router: APIRouter, route: Route) -> None:
    """Add a page to a router."""

    async def answer(request: Request) -> Response:
        services = services_of(request)
        body = await request.body()
        return await services.run(lambda: _answer(services, request, body, route))

    router.add_api_route(route.path, answer, methods=[route.method], include_in_schema=False, response_model=None)


def _answer(services: WebServices, request: Request, body: bytes, route: Route) -> Response:
    page = Page(services, request, People.of(services.settings), None, {})
    try:
        page = replace(page, user=_user(services, request, page.people))
        request.scope[SIGNED_IN] = page.user is not None
        if route.method != "GET":
            page = replace(page, form=_form(request, body))
            _refuse_foreign(page)
        return _sign_in_first(page) if _needs_sign_in(page, route) else route.handle(page)
    except (PageError, ActionError, AnswerError) as error:
        return _again(page, route, error)
    except ProblemError as error:
        return _failed(page, error.problem.status, error.detail)
    except LookupError as error:
        log.info("page not found", reason=type(error).__name__, path=request.url.path)
        return _failed(page, 404, "There is nothing here.")
    except UNREACHABLE:
        return _failed(page, 503, "The database cannot be reached now. Try again in a moment.")


def _needs_sign_in(page: Page, route: Route) -> bool:
    """Say whether somebody has to sign in first; raises PageError for a role that may not."""
    if route.role is None:
        return False
    if page.user is not None and not page.user.role.includes(route.role):
        raise PageError(403, f"This needs the role {route.role}; yours is {page.user.role}.")
    return page.user is None


def _user(services: WebServices, request: Request, people: People) -> User | None:
    """Return who is signed in: by the header of a trusted proxy, or by a session."""
    header = services.settings.http.login_header
    if header and is_trusted_peer(request.scope, services.settings.http.trusted_proxies):
        email = comparable(canonical(request.headers.get(header, "").strip()) or "")
        role = people.role_of(email) if email else None
        return User(email, role, _csrf(services.keyring.value[0].hex() + email)) if role else None
    secret = request.cookies.get(SESSION, "")
    if not secret:
        return None
    with services.store.read() as session:
        email_or_none = web_sessions.email_of(session, digest_of(secret), services.clock.now())
    role = people.role_of(email_or_none) if email_or_none is not None else None
    return User(email_or_none, role, _csrf(secret), secret) if email_or_none is not None and role else None


def _csrf(secret: str) -> str:
    return hmac.digest(secret.encode(), b"form", "sha256").hex()


def _form(request: Request, body: bytes) -> Mapping[str, str]:
    if not body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise PageError(415, "Send the form as a form.")
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise PageError(400, "This form has too many fields.") from None


def _refuse_foreign(page: Page) -> None:
    """Refuse a form that is not one of ours: browsers say where it comes from, and ours prove who it was made for."""
    headers, user = page.request.headers, page.user
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    same = (
        site in ("same-origin", "none")
        if site is not None
        else origin is None or urlsplit(origin).netloc == headers.get("host")
    )
    if not same:
        raise ForeignFormError
    if user is not None and not hmac.compare_digest(page.form.get("csrf", "").encode(), user.csrf.encode()):
        raise PageError(403, "Nothing was done, because you signed in again since this form was loaded. Send it again.")


def _sign_in_first(page: Page) -> Response:
    """Lead to the sign-in, and from there to the page that was asked for; a text that was typed is not lost."""
    url = page.request.url
    wanted = url.path.removeprefix(page.base) + (f"?{url.query}" if url.query else "")
    if page.request.method != "GET":
        wanted = f"/ui/tickets/{page.value('ticket', 40)}"
    text = page.form.get("text", "").strip()
    answer = _signed_out(page) if text else page.redirect("/ui/sign-in")
    if OWN_PATH.fullmatch(wanted):
        page.set_cookie(answer, NEXT, wanted.encode().hex(), 1800)
    return answer


def _signed_out(page: Page) -> Response:
    """Give back a text that was typed: it can be sent from this page after a sign-in in another tab."""
    others = {name: value for name, value in page.form.items() if name not in ("csrf", "text")}
    return page.render("signed-out.html", status=401, text=page.form["text"], others=others)


def _again(page: Page, route: Route, error: PageError | ActionError | AnswerError) -> Response:
    """Show the form again, with what was typed, to somebody who may send it."""
    status, text = (error.status, error.text) if isinstance(error, PageError) else (409, str(error))
    user = page.user
    may_send = user is not None and (route.role is None or user.role.includes(route.role))
    if route.again is None or not may_send or isinstance(error, ForeignFormError):
        return _failed(page, status, text)
    try:
        return route.again(page, status, text)
    except PageError:
        return _failed(page, status, text)


def _failed(page: Page, status: int, text: str) -> Response:
    path = page.request.url.path.removeprefix(page.base)
    # Not of the page of a ticket itself, which is what could not be shown.
    ticket = page.value("ticket", 40) if page.user and path.count("/") > TICKET_DEPTH else ""
    return page.render(
        "error.html",
        status=status,
        text=text,
        form=page.form,
        stranger=page.user is None,
        ticket=ticket if OWN_PATH.fullmatch(f"/ui/tickets/{ticket}") else "",
    )
