"""Check our own check of senders: whether it is on, what it covers, and whether the name servers answer."""

from collections.abc import Iterator
from time import monotonic
from typing import Final

from config.settings import Settings
from config.values import name_server
from daemon.authentication.lookup import DnsUnavailableError
from daemon.authentication.resolver import NoNameServerError, Resolver
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from daemon.policies import believed_borders, dmarc_sources, own_authserv_id
from daemon.text import domain_of

WHAT: Final = "senders"
ADVICE: Final = "correct authentication.nameservers, or the name servers of this host; until then no sender is verified"


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is believed about senders, and what hinders it."""
    own = settings.authentication
    if not own.check:
        sources = dmarc_sources(settings)
        believed = (
            f"those of {', '.join(sources)} are believed" if sources else "no other server's results are believed"
        )
        yield ok(WHAT, f"not checked by triaged (authentication.check is off); {believed}")
        return
    yield _resolver(settings)
    if len(believed_borders(settings)) < len(settings.support.trusted_authserv_ids):
        name = own_authserv_id(settings)
        advice = "give triaged another name (authentication.authserv_id), if a border server uses this one"
        yield warn(WHAT, f"{name} in support.trusted_authserv_ids is our own name: its results are ignored", advice)
    if not settings.smtp.enabled:
        advice = "set border of each mailbox in [[imap]] instead: the check needs the address of the client"
        yield warn(WHAT, "authentication.check has no effect without the listener", advice)
    elif settings.smtp.protocol == "lmtp":
        advice = "let the server in front check, and name it in support.trusted_authserv_ids and smtp.trusted_networks"
        yield warn(WHAT, "over LMTP every client is your own server, so SPF fails for all email", advice)


def _resolver(settings: Settings) -> Finding:
    """Ask for the policy of our own domain; that there is none is an answer too."""
    own, domain = settings.authentication, domain_of(settings.support.address)
    try:
        resolver = Resolver([name_server(one) for one in own.nameservers])
        resolver.until(monotonic() + own.timeout_seconds).txt(f"_dmarc.{domain}")
    except NoNameServerError:
        return fail(WHAT, "this host has no name server", "set authentication.nameservers")
    except DnsUnavailableError:
        asked = ", ".join(own.nameservers) or "the name servers of this host"
        return fail(WHAT, f"no answer from {asked} on _dmarc.{domain}", ADVICE, temporary=True)
    outside = ", ".join(settings.smtp.trusted_networks)
    trusted = ", ".join(own.trusted_intermediaries) or "nobody"
    return ok(
        WHAT,
        f"checked by SPF, DKIM and DMARC{f' outside {outside}' if outside else ''}; the name server answers; "
        f"ARC of {trusted} is believed",
    )
