"""Email in: the listener and the mailboxes."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from config.schema.section import Section
from config.values import (
    CONTROL,
    AuthservId,
    Endpoint,
    FilePath,
    Host,
    MailAddress,
    Name,
    Network,
    OneLine,
    OptionalHost,
    Port,
    Seconds,
    Secret,
)


class Smtp(Section):
    """Email in by SMTP or LMTP."""

    enabled: bool = True
    """Whether triaged listens; false: email comes from mailboxes only."""
    listen: Endpoint = "127.0.0.1:2525"
    """Address and port to listen on; a socket from systemd takes precedence."""
    protocol: Literal["smtp", "lmtp"] = "smtp"
    """Protocol to speak; use lmtp behind Postfix."""
    hostname: OptionalHost = ""
    """Host name in the greeting, also used when sending; empty: the name of this host."""
    certificate: Annotated[FilePath | None, Field(examples=["/etc/triaged/tls/fullchain.pem"])] = None
    """Certificate chain in PEM; with it triaged offers STARTTLS."""
    key: Annotated[FilePath | None, Field(examples=["/etc/triaged/tls/privkey.pem"])] = None
    """Private key of the certificate, in PEM; set both or neither."""
    require_tls: bool = False
    """Whether email without STARTTLS is refused; needs a certificate."""
    users: Annotated[dict[str, Secret], Field(examples=[{"relay": "password"}])] = {}
    """User names and passwords; where there are any, clients must log in, over TLS only."""

    trusted_networks: Annotated[tuple[Network, ...], Field(examples=[["192.0.2.0/24", "2001:db8::/32"]])] = ()
    """Networks of your border mail servers: Authentication-Results from other clients are not believed."""

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together; set both or neither")
        if not all(self.users) or not all(secret.get_secret_value() for secret in self.users.values()):
            raise ValueError("users need a name and a password, neither of them empty")
        if any(CONTROL.search(name) for name in self.users):
            raise ValueError("names of users must not have control characters")
        if (self.users or self.require_tls) and self.certificate is None:
            raise ValueError("users and require_tls need TLS; set certificate and key")
        return self


class OAuth2(Section):
    """Access to a mailbox by OAuth 2 (RFC 6749): with a refresh token where one is set, else client credentials."""

    token_url: Annotated[
        str,
        StringConstraints(pattern=r"^https://[^/?#@\s]+([/?#]\S*)?$|^http://(127\.0\.0\.1|localhost)[:/][^@\s]*$"),
        Field(examples=["https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"]),
    ]
    """Token endpoint of the provider; https, except on this host."""
    client_id: Annotated[OneLine, Field(examples=["00000000-0000-0000-0000-000000000000"])]
    """Identifier of the application that you registered at the provider."""
    client_secret: Secret = SecretStr("")
    """Secret of the application."""
    refresh_token: Secret = SecretStr("")
    """Refresh token, where the provider needs the consent of a person (Gmail); empty: client credentials."""
    scope: Annotated[OneLine, Field(examples=["https://outlook.office365.com/.default"])] = ""
    """Scope to request; empty: none."""


class Imap(Section):
    """A mailbox to poll; there may be any number.

    It is read from the first start on; `triaged imap backfill` takes in older email.
    """

    name: Annotated[Name, Field(examples=["work"])]
    """Name of the mailbox in logs and in the names of its credentials, such as imap.work.password."""
    host: Annotated[Host, Field(examples=["imap.example.com"])]
    """Host name of the IMAP server."""
    port: Port = 993
    """Port of the IMAP server."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """How the connection is encrypted; the certificate of the server is always verified."""
    username: Annotated[OneLine, Field(examples=["support@example.com"])]
    """User name to log in with."""
    password: Secret = SecretStr("")
    """Password to log in with; set either password or oauth2."""
    oauth2: OAuth2 | None = None
    """Access by OAuth 2 (XOAUTH2) instead of a password."""
    folders: Annotated[tuple[OneLine, ...], Field(min_length=1)] = ("INBOX",)
    """Folders to read."""
    after: Literal["mark_seen", "move", "nothing"] = "mark_seen"
    """What happens to an email in the mailbox once it is stored."""
    move_to: OneLine = "Done"
    """Folder that stored emails are moved to when `after` is "move"."""
    idle: bool = True
    """Whether the server may announce new email at once (IMAP IDLE), where it can."""
    poll_seconds: Seconds = 60
    """Time between two looks where the server does not announce new email."""

    address: Annotated[MailAddress | None, Field(examples=["support@example.com"])] = None
    """The one of support.addresses that email of this mailbox was written to where it names none of them; not set:
    the first one."""
    border: Annotated[AuthservId, Field(examples=["mx.google.com"])] = ""
    """Name (authserv-id) of the server that receives all email of this mailbox; empty: no results are believed."""

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        if bool(self.password.get_secret_value()) == (self.oauth2 is not None):
            raise ValueError(f"mailbox {self.name!r} needs either password or oauth2")
        if self.after == "move" and self.move_to in self.folders:
            raise ValueError(f"mailbox {self.name!r} reads the folder {self.move_to!r}, so move_to must be another one")
        return self
