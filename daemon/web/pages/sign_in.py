"""Sign in by a link that is sent by email, and sign out."""

import secrets
from datetime import timedelta
from typing import Final

from fastapi import Response

from daemon.mail.address import canonical
from daemon.tickets import sign_in
from daemon.tickets.sign_in import Role, SignedIn, digest_of
from daemon.web.limits import TokenBuckets
from daemon.web.pages.page import BROWSER, ID_HINT, NEXT, SESSION, SIGN_OUT, Page, PageError, Route

# Of one client; more are a program that guesses. Those who share an address rarely sign in within one minute.
REQUESTS_PER_MINUTE: Final = 10


class SignInPages:
    """The pages of the sign-in; they bound how often one client may ask."""

    def __init__(self) -> None:
        self._buckets = TokenBuckets(REQUESTS_PER_MINUTE)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            Route("GET", "/ui/sign-in", self.show, None),
            Route("POST", "/ui/sign-in", self.ask, None),
            Route("GET", "/ui/sign-in/{token}", self.open, None),
            Route("POST", "/ui/sign-in/{token}", self.redeem, None),
            Route("POST", SIGN_OUT, sign_out, Role.VIEWER),
            Route("GET", "/ui/account", account, Role.VIEWER),
            Route("POST", f"{SIGN_OUT}/everywhere", sign_out_everywhere, Role.VIEWER),
        )

    def show(self, page: Page) -> Response:
        """Show the form that asks for a link."""
        if page.user is not None:
            return page.redirect("/ui")
        return _form(page)

    def ask(self, page: Page) -> Response:
        """Send a link, if the address is one of ours; the page does not say whether it is."""
        bound(self._buckets, page)
        typed = page.form.get("email", "").strip()[:320]
        email = canonical(typed)
        if email is None:
            mistake = "This is not an email address."
            return _form(page, 422, email=typed, mistake=mistake)
        browser, services = secrets.token_urlsafe(32), page.services
        settings, now = services.settings, services.clock.now()
        # Not waited for: the answer takes as long for an address that is not known.
        domain, base = settings.support.message_id_domain, services.url()
        done = services.store.submit(
            lambda session: sign_in.request_link(session, page.people, email, digest_of(browser), base, domain, now)
        )
        done.add_done_callback(lambda future: None if future.exception() else services.wake(future.result()))
        answer = _form(page, sent=True, email=typed)
        page.set_cookie(answer, BROWSER, browser, sign_in.LINK_MINUTES * 60)
        return answer

    def open(self, page: Page) -> Response:
        """Ask for one click: programs that look at links in emails do not click."""
        bound(self._buckets, page)
        services, token = page.services, page.value("token", sign_in.LONGEST_TOKEN)
        browser, now = digest_of(page.request.cookies.get(BROWSER, "")), services.clock.now()
        link = page.read(lambda session: sign_in.check(session, token, browser, services.keyring.value, now))
        if link is None:
            return _failed(page)
        return page.render("sign-in-link.html", token=token, email=link.email)

    def redeem(self, page: Page) -> Response:
        """Begin a session."""
        bound(self._buckets, page)
        services, token = page.services, page.value("token", sign_in.LONGEST_TOKEN)
        browser, now = digest_of(page.request.cookies.get(BROWSER, "")), services.clock.now()
        lifetime = timedelta(days=services.settings.http.session_days)
        keys, people = services.keyring.value, page.people
        signed_in = services.store.write(
            lambda session: sign_in.redeem(session, token, browser, keys, people, now, lifetime)
        )
        if signed_in is None:
            return _failed(page)
        return enter(page, signed_in, lifetime)


def bound(buckets: TokenBuckets, page: Page) -> None:
    """Count a request of a client; raises PageError for one that asks too often."""
    client = page.request.client.host if page.request.client else ""
    if buckets.wait(hash(client)):
        raise PageError(429, "Too many attempts. Try again in a minute.")


def enter(page: Page, signed_in: SignedIn, lifetime: timedelta) -> Response:
    """Give the browser the cookie of its new session, and lead it to the page that was asked for."""
    answer = page.redirect(_next(page))
    page.set_cookie(answer, SESSION, signed_in.secret, int(lifetime.total_seconds()))
    for name in (BROWSER, NEXT):
        answer.delete_cookie(name, path=f"{page.base}/ui")
    return answer


def _form(page: Page, status: int = 200, *, sent: bool = False, email: str = "", mistake: str = "") -> Response:
    oidc = page.services.settings.http.oidc
    return page.render(
        "sign-in.html",
        status=status,
        sent=sent,
        email=email,
        mistake=mistake,
        minutes=sign_in.LINK_MINUTES,
        provider=oidc.label if oidc else "",
        printed=_printed(page),
    )


def _failed(page: Page) -> Response:
    return page.render("link-failed.html", status=410, minutes=sign_in.LINK_MINUTES, printed=_printed(page))


def _printed(page: Page) -> bool:
    """Say whether the link in the terminal is the way in for the admin, who has no address to ask from."""
    return page.people.admin is None


def _next(page: Page) -> str:
    try:
        return bytes.fromhex(page.request.cookies.get(NEXT, "")).decode("ascii", "ignore") or "/ui"
    except ValueError:
        return "/ui"


def account(page: Page) -> Response:
    """Show who is signed in."""
    return page.render("account.html")


def sign_out(page: Page) -> Response:
    """End this session."""
    user, now = page.signed_in, page.services.clock.now()
    page.services.store.write(lambda session: sign_in.sign_out(session, user.secret, user.email, now))
    return _forget(page, "You are signed out.")


def sign_out_everywhere(page: Page) -> Response:
    """End all sessions of the user."""
    user, now = page.signed_in, page.services.clock.now()
    page.services.store.write(lambda session: sign_in.sign_out_everywhere(session, user.email, now))
    return _forget(page, "You are signed out in every browser.")


def _forget(page: Page, said: str) -> Response:
    by_provider = page.services.settings.http.oidc is not None and ID_HINT in page.request.cookies
    answer = page.redirect(SIGN_OUT if by_provider else "/ui/sign-in", said)
    answer.delete_cookie(SESSION, path=f"{page.base}/ui")
    return answer
