"""Ask the OpenID Connect provider of the pages for its discovery document and its keys, as a sign-in does."""

from collections.abc import Iterator

from config.settings import Settings
from daemon.cli.support.checks.finding import Finding, fail, ok, warn


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield one finding; none where no provider is set."""
    oidc = settings.http.oidc
    if oidc is None or not settings.http.enabled:
        return
    from daemon.system.clock import SystemClock
    from daemon.web.oidc.errors import UnavailableError
    from daemon.web.oidc.provider import Provider, redirect_uri, sign_out_uri

    try:
        number, ends = Provider(oidc, SystemClock()).probe()
    except UnavailableError as error:
        advice = "check http.oidc.issuer, and whether this host reaches it; people can sign in by a link meanwhile"
        yield fail("oidc", f"{oidc.issuer}: {error}", advice, temporary=True)
        return
    keys = "1 key" if number == 1 else f"{number} keys"
    if not settings.http.public_url:
        advice = "set http.public_url: the provider sends people back to it"
        yield warn("oidc", f"{oidc.issuer} answers, with {keys}; only this host can sign in", advice)
        return
    back = redirect_uri(settings.http.public_url)
    after = f", the one after a sign-out {sign_out_uri(settings.http.public_url)}" if ends else ""
    yield ok("oidc", f"{oidc.issuer} answers, with {keys}; the redirect URI is {back}{after}")
