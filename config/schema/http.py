"""The HTTP server: the API, its documentation and the pages."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from config.schema.section import Section
from config.values import AddressOrDomain, Count, Endpoint, Network, Seconds, Secret, Title

KILOBYTE = 1024
RootPath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~-]{1,64}){0,8}$")]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,253}$")]
PublicUrl = Annotated[str, StringConstraints(pattern=r"^(https?://[^/?#@\s]{1,255}(/[A-Za-z0-9._~-]{1,64}){0,8})?$")]

Issuer = Annotated[
    str,
    StringConstraints(
        pattern=r"^https://[^/?#@\s]{1,255}(/[^?#\s]{0,255})?$|^http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/[^?#\s]{0,255})?$"
    ),
]
ClientId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]


class Oidc(Section):
    """Sign-in to the pages by an OpenID Connect provider, beside the link by email.

    Those may sign in who may by a link: the provider must have verified the address of a member, viewer or admin.
    """

    issuer: Annotated[Issuer, Field(examples=["https://login.example.com/realms/staff"])]
    """Issuer of the provider, exactly as its discovery document names it; https, except on this host."""
    client_id: Annotated[ClientId, Field(examples=["triaged"])]
    """Identifier of triaged at the provider, where it is registered with the redirect URI
    PUBLIC_URL/ui/oidc/callback; see public_url."""
    client_secret: Secret = SecretStr("")
    """Secret of that registration; empty: a public client, protected by PKCE alone."""
    label: Title = "Company login"
    """Label of the button on the sign-in page."""


class Http(Section):
    """HTTP: the inbox, the API with its documentation, and the metrics. `triaged run`, `daemon` and `web` serve it."""

    enabled: bool = True
    """Whether triaged serves HTTP; false: nothing of it is loaded."""
    listen: Endpoint = "127.0.0.1:8080"
    """Address and port to listen on; a socket from systemd takes precedence. Not set: where 8080 is in use, one of the
    next ports."""
    public_url: Annotated[PublicUrl, Field(examples=["https://help.example.com"])] = ""
    """URL by which people reach triaged, for links in emails; empty: the address that is listened on."""
    root_path: RootPath = ""
    """Path below which a reverse proxy serves triaged, such as /helpdesk, where it removes that path."""
    trusted_proxies: Annotated[tuple[Network, ...], Field(examples=[["127.0.0.1/32"]])] = ()
    """Networks of your reverse proxies, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    allowed_hosts: Annotated[tuple[HostName, ...], Field(examples=[["help.example.com"]])] = ()
    """Further host names by which clients may call; localhost, IP addresses, the name of this host and that in
    public_url always may."""
    requests: Count = 32
    """Number of requests that are handled at a time; further ones are answered 503."""
    connections: Count = 200
    """Number of HTTP clients at a time; requests of further ones are answered 503."""
    event_clients: Count = 10
    """Number of clients that may follow /events at a time; further ones are answered 503."""
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    """Number of threads that ask the database for HTTP requests."""
    body_bytes: Annotated[int, Field(ge=KILOBYTE)] = KILOBYTE * KILOBYTE
    """Size of the largest request body."""
    request_seconds: Seconds = 30
    """Longest time to receive and to answer a request."""
    viewers: Annotated[tuple[AddressOrDomain, ...], Field(examples=[["lead@example.com"]])] = ()
    """Addresses that may look at the pages and change nothing; `@domain`: every address of exactly that domain.
    service.admin may do everything there, the members of teams may work on tickets."""
    session_days: Annotated[float, Field(gt=0, le=366)] = 14
    """Number of days for which a browser stays signed in."""
    login_header: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9-]{1,64})?$")] = ""
    """Header in which a proxy of http.trusted_proxies names the address of the user, such as X-Forwarded-Email; empty:
    people sign in by a link that they get by email."""
    oidc: Oidc | None = None
    """Sign-in by an OpenID Connect provider: see [http.oidc]."""
    token_requests_per_minute: Count = 600
    """Number of API requests in a minute with one token; further ones are answered 429."""
    metrics_networks: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    """Networks that may get /metrics without a token, unless through a proxy; everybody else needs a token with the
    scope metrics:read. Empty: always."""
