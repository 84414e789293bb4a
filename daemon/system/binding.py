"""Bind the address of a listener, and say why it cannot be bound."""

import errno
import socket
from dataclasses import dataclass
from typing import Final

from daemon.system.os_errors import reason

LARGEST_PORT: Final = 65535
ALL_IPV4: Final = "0.0.0.0"  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Address:
    """The host and port of a listener."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return host:port, with an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenError(Exception):
    """A listener cannot use its address. `cause` tells a port in use from a wrong address."""

    def __init__(self, setting: str, endpoint: str, cause: OSError) -> None:
        super().__init__(f"{setting}: {endpoint} cannot be bound: {reason(cause)}")
        self.cause = cause


def bind(setting: str, endpoint: str) -> socket.socket:
    """Return a socket that is bound to HOST:PORT, which `setting` names; raises ListenError."""
    host, _, port = endpoint.rpartition(":")
    return _bound(setting, endpoint, host, int(port))


def bind_near(setting: str, endpoint: str, more: int) -> socket.socket:
    """Return a socket that is bound to HOST:PORT or, where it is in use, to one of the next `more` ports.

    Raises ListenError.
    """
    host, _, number = endpoint.rpartition(":")
    first = int(number)
    last = min(first + more, LARGEST_PORT)
    for port in range(first, last):
        try:
            return _bound(setting, f"{host}:{port}", host, port)
        except ListenError as error:
            if error.cause.errno != errno.EADDRINUSE:
                raise
    return _bound(setting, f"{host}:{last}", host, last)


def check(setting: str, endpoint: str) -> None:
    """Raise ListenError if the host of HOST:PORT is not an address of this machine. The port may be in use."""
    _bound(setting, endpoint, endpoint.rpartition(":")[0], 0).close()


def overlap(one: str, other: str) -> bool:
    """Say whether two HOST:PORT cannot both be bound: the same port, and the same host or one that stands for all."""
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    if int(port) != int(other_port) or not int(port):
        return False
    hosts = {host.strip("[]").lower(), other_host.strip("[]").lower()}
    # Linux lets the IPv6 address for all take IPv4 too.
    return len(hosts) == 1 or "::" in hosts or (ALL_IPV4 in hosts and not any(":" in name for name in hosts))


def _bound(setting: str, endpoint: str, host: str, port: int) -> socket.socket:
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # asyncio sets TCP_NODELAY only if the socket names its protocol; else a reply of several lines waits for an
        # ACK.
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    except OSError as error:
        raise ListenError(setting, endpoint, error) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, UnicodeError, TypeError) as error:
        # TypeError: a name that cannot be encoded.
        sock.close()
        cause = error if isinstance(error, OSError) else OSError(0, "not a host name")
        raise ListenError(setting, endpoint, cause) from None
    return sock
