"""The configuration of the listener."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """How to listen.

    `recipients` are in lower case, and so are `tagged`, which take tokens after a plus sign too. `users` maps user
    names to passwords, accepted over TLS only.
    """

    recipients: frozenset[str]
    hostname: str
    message_bytes: int
    max_recipients: int
    connections: int
    connections_per_address: int
    session_seconds: float
    idle_seconds: float
    lmtp: bool
    tagged: frozenset[str]
    tls: ssl.SSLContext | None
    require_tls: bool
    users: Mapping[str, str]
