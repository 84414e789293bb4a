"""Sign in and out by an OpenID Connect provider: lead the browser there, and receive it back."""

import secrets
from datetime import timedelta
from typing import Final

import structlog
from fastapi import Response
from fastapi.responses import RedirectResponse

from config.schema import Oidc
from daemon.system.clock import Clock
from daemon.system.logs import RateLimitedLog
from daemon.tickets import sign_in
from daemon.web.limits import TokenBuckets
from daemon.web.oidc import flow as flows
from daemon.web.oidc.errors import OidcError, SignInRefusedError, UnavailableError
from daemon.web.oidc.flow import Flow
from daemon.web.oidc.provider import CALLBACK, Provider, Vouched, error_code, redirect_uri, sign_out_uri
from daemon.web.pages.page import ID_HINT, SIGN_OUT, Page, Route
from daemon.web.pages.sign_in import REQUESTS_PER_MINUTE, bound, enter

log = structlog.get_logger(__name__)

COOKIE: Final = "triaged_oidc"
# A browser refuses a cookie of more than 4096 bytes; the provider asks people whose ID token is not kept.
LONGEST_KEPT: Final = 3500
UNKNOWN: Final = "-"


class NotAllowedError(OidcError):
    """Who signed in is known to the provider, but may not use the pages."""


class OidcPages:
    """The addresses of the flow, and the sign-out; at most half of the HTTP threads wait for the provider."""

    def __init__(self, settings: Oidc, clock: Clock, threads: int) -> None:
        self._provider = Provider(settings, clock, max(1, threads // 2))
        self._log = RateLimitedLog(log)
        self._buckets = TokenBuckets(REQUESTS_PER_MINUTE * 2)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            Route("GET", "/ui/oidc/start", self.start, None),
            Route("GET", CALLBACK, self.callback, None),
            Route("GET", SIGN_OUT, self.leave, None),
        )

    def start(self, page: Page) -> Response:
        """Lead the browser to the provider, with a cookie that proves on its way back that it is the same one."""
        if page.user is not None:
            return page.redirect("/ui")
        bound(self._buckets, page)
        services = page.services
        flow = flows.begin(secrets.token_urlsafe(32), services.keyring.value[0], services.clock.now())
        try:
            url = self._provider.authorization_url(flow, _redirect_uri(page))
        except OidcError as error:
            return self._failed(page, error)
        answer = RedirectResponse(url, 303)
        page.set_cookie(answer, COOKIE, flow.cookie, int(flows.LIFETIME.total_seconds()))
        return answer

    def callback(self, page: Page) -> Response:
        """Begin a session for whom the provider vouches; the cookie is used up, whatever happens."""
        bound(self._buckets, page)
        try:
            answer = self._enter(page, self._vouched(page, _flow(page)))
        except OidcError as error:
            answer = self._failed(page, error)
        answer.delete_cookie(COOKIE, path=f"{page.base}/ui")
        return answer

    def leave(self, page: Page) -> Response:
        """Lead who signed out here to the sign-out of the provider, which would sign them in again without a question.

        By a page, not by a redirect: browsers let a form lead to our own pages only.
        """
        token = page.request.cookies.get(ID_HINT, "")
        if page.user is not None or not token:
            return page.redirect("/ui")
        bound(self._buckets, page)
        try:
            back = sign_out_uri(page.services.url())
            url = self._provider.sign_out_url("" if token == UNKNOWN else token, back)
        except OidcError as error:
            self._log.warning("sign-out at provider failed", key=type(error).__name__, reason=str(error))
            url = None
        answer = page.render("oidc-sign-out.html", url=url) if url else page.redirect("/ui/sign-in")
        page.say(answer, "You are signed out.")
        answer.delete_cookie(ID_HINT, path=f"{page.base}{SIGN_OUT}")
        return answer

    def _vouched(self, page: Page, flow: Flow) -> Vouched:
        if "error" in page.query:
            raise SignInRefusedError(f"the provider did not sign you in ({error_code(page.query['error'])})")
        code, issuer = page.query.get("code", ""), page.query.get("iss")
        return self._provider.vouched(code, issuer, flow, _redirect_uri(page))

    def _enter(self, page: Page, vouched: Vouched) -> Response:
        services, people, email = page.services, page.people, vouched.email
        now, lifetime = services.clock.now(), timedelta(days=services.settings.http.session_days)
        signed_in = services.store.write(lambda session: sign_in.begin_verified(session, email, people, now, lifetime))
        if signed_in is None:
            raise NotAllowedError(f"nobody with the address {email} may use these pages; ask an admin of triaged")
        answer = enter(page, signed_in, lifetime)
        token = vouched.token if len(vouched.token) <= LONGEST_KEPT else UNKNOWN
        page.set_cookie(answer, ID_HINT, token, int(lifetime.total_seconds()), SIGN_OUT)
        return answer

    def _failed(self, page: Page, error: OidcError) -> Response:
        """Say what is wrong; the log does not name the person."""
        reason = "address may not sign in" if isinstance(error, NotAllowedError) else str(error)
        self._log.warning("sign-in by provider failed", key=type(error).__name__, reason=reason)
        status = 403 if isinstance(error, NotAllowedError) else 502 if isinstance(error, UnavailableError) else 400
        return page.render("oidc-failed.html", status=status, text=str(error))


def _flow(page: Page) -> Flow:
    cookie, state = page.request.cookies.get(COOKIE, ""), page.query.get("state", "")
    flow = flows.resume(cookie, state, page.services.keyring.value, page.services.clock.now())
    if flow is None:
        raise SignInRefusedError(
            "this sign-in did not begin in this browser within the last ten minutes; "
            f"begin at {page.services.url()}/ui/sign-in"
        )
    return flow


def _redirect_uri(page: Page) -> str:
    return redirect_uri(page.services.url())
