"""One request for a page: who asks, what the form says, and the ways to answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from daemon.tickets.actor import Actor
from daemon.tickets.sign_in import People, Role
from daemon.web.pages.templates import environment
from daemon.web.services import WebServices

T = TypeVar("T")

SESSION: Final = "triaged_session"
# The key in the scope of a request of somebody who is signed in.
SIGNED_IN: Final = "triaged.signed_in"
BROWSER: Final = "triaged_browser"
SAID: Final = "triaged_said"
NEXT: Final = "triaged_next"
# The ID token of a sign-in by a provider. It is sent back with sign-outs only, which are below this path.
ID_HINT: Final = "triaged_id_token"
SIGN_OUT: Final = "/ui/sign-out"
# Scripts and styles are our own files; the only frames are emails, which have a policy of their own.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
LONGEST_ID: Final = 9
# A path of ours with its query: neither a host nor anything that a browser reads as one.
OWN_PATH: Final = re.compile(r"/ui(?:/[A-Za-z0-9._~-]{1,80}){0,4}(?:\?[A-Za-z0-9._~=&%+-]{0,300})?")


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in; `email` is "" for the operator. `csrf` is what each of their forms must send back."""

    email: str
    role: Role
    csrf: str
    secret: str = ""

    @property
    def name(self) -> str:
        """Return the name that actions are recorded with."""
        return self.email or "operator"


class PageError(Exception):
    """A page cannot be shown, or an action not be done; the message is for people."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class ForeignFormError(PageError):
    """A form comes from another site, which may have filled it in."""

    def __init__(self) -> None:
        super().__init__(403, "This form comes from another site.")


def row_id(text: str) -> int:
    """Return the id that a text names; 0, which no row has, where it is none."""
    return int(text) if len(text) <= LONGEST_ID and text.isascii() and text.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class Page:
    """A request, with the parts of the process. `user` is None only on pages that need no sign-in."""

    services: WebServices
    request: Request
    people: People
    user: User | None
    form: Mapping[str, str]

    @property
    def base(self) -> str:
        """Return the path below which we are served."""
        return self.services.settings.http.root_path

    @property
    def signed_in(self) -> User:
        """Return the user; a route with a role has one."""
        if self.user is None:
            raise PageError(401, "Sign in first.")
        return self.user

    @property
    def query(self) -> Mapping[str, str]:
        """Return the query of the URL."""
        return self.request.query_params

    def value(self, name: str, most: int = 200) -> str:
        """Return a parameter of the path, or "" where it cannot be one of ours."""
        found = str(self.request.path_params.get(name, ""))
        return found if len(found) <= most and found.isprintable() else ""

    def number(self, name: str) -> int:
        """Return an id in the path; 0, which no row has, where it is none."""
        return row_id(self.value(name))

    def actor(self, present_team: str | None = None) -> Actor:
        """Return who acts, for the present team of a ticket where it is theirs."""
        email = self.signed_in.email
        return Actor(self.signed_in.name, self.people.team_of(email, present_team), "web")

    def read(self, work: Callable[[Session], T]) -> T:
        """Return the result of a function that reads."""
        with self.services.store.read() as session:
            return work(session)

    def render(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page."""
        said = self.request.cookies.get(SAID, "")
        context = {
            "base": self.base,
            "user": self.user,
            "said": _decoded(said),
            "path": self.request.url.path.removeprefix(self.base),
            "support": self.services.settings.support.name,
            "now": self.services.clock.now(),
            **values,
        }
        answer = html_page(template, status, context)
        if said:
            answer.delete_cookie(SAID, path=f"{self.base}/ui")
        return answer

    def redirect(self, path: str, said: str = "") -> Response:
        """Send the browser to a path of ours, where `said` is shown once."""
        if not OWN_PATH.fullmatch(path):
            path = "/ui"
        answer = RedirectResponse(f"{self.base}{path}", 303)
        if said:
            self.say(answer, said)
        return answer

    def say(self, answer: Response, said: str) -> None:
        """Let the next page show a sentence once."""
        self.set_cookie(answer, SAID, said.encode("utf-8", "replace")[:600].hex(), 60)

    def set_cookie(self, answer: Response, name: str, value: str, seconds: int, path: str = "/ui") -> None:
        """Set a cookie that no script reads and that no other site sends with a form."""
        secure = self.request.url.scheme == "https"
        answer.set_cookie(name, value, seconds, path=f"{self.base}{path}", secure=secure, httponly=True, samesite="lax")


def html_page(template: str, status: int, context: Mapping[str, object]) -> Response:
    """Return a page with the headers of every page."""
    text = environment().get_template(template).render(context)
    return HTMLResponse(text, status, headers={"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"})


def _decoded(text: str) -> str:
    try:
        return bytes.fromhex(text).decode("utf-8", "ignore")
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Route:
    """A page: its method and path, what answers it, and the least role that may ask for it; None: anybody.

    `again` shows a form that could not be carried out again, with what was typed, a status and the mistake.
    """

    method: str
    path: str
    handle: Callable[[Page], Response]
    role: Role | None
    again: Callable[[Page, int, str], Response] | None = None
