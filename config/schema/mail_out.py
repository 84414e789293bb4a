"""Email out."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from config.schema.section import Section
from config.values import FilePath, Host, Name, OneLine, Port, Secret


class Outgoing(Section):
    """Email out: through your mail server, or into files for a first look."""

    transport: Literal["maildir", "smtp"] = "maildir"
    """maildir: write emails to files and send nothing; smtp: send through your mail server."""
    maildir: Annotated[FilePath | None, Field(examples=["/var/lib/triaged/outgoing"])] = None
    """Maildir that emails are written to when `transport` is "maildir"; not set: outgoing in service.state_dir."""
    host: Host = "localhost"
    """Host name of your mail server."""
    port: Port = 587
    """Port of your mail server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; the certificate of the server is always verified."""
    username: OneLine = ""
    """User name to log in with; empty: no login."""
    password: Secret = SecretStr("")
    """Password to log in with."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60
    """Longest wait for an answer of your mail server."""
    servers: "tuple[OutgoingServer, ...]" = ()
    """Further mail servers, for addresses in support.addresses that name one; see [[outgoing.servers]]."""


class OutgoingServer(Section):
    """A further mail server.

    Email about a ticket goes through the server that the address of the ticket names in support.addresses, and only
    through that one; all other email goes through the server in [outgoing]. While outgoing.transport is "maildir",
    none of them is used.
    """

    name: Annotated[Name, Field(examples=["shop"])]
    """Name of the server in support.addresses, and of its credential, such as outgoing.servers.shop.password."""
    host: Annotated[Host, Field(examples=["mail.shop.example"])]
    """Host name of the mail server."""
    port: Port = 587
    """Port of the mail server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; the certificate of the server is always verified."""
    username: OneLine = ""
    """User name to log in with; empty: no login."""
    password: Secret = SecretStr("")
    """Password to log in with."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60
    """Longest wait for an answer of the mail server."""
