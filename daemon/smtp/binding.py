"""Bind the address of the listener, and say why it cannot be bound."""

import socket

from daemon.system.causes import reason


class ListenError(Exception):
    """The listener cannot use its address. `cause` tells a port in use from a wrong address."""

    def __init__(self, endpoint: str, cause: OSError) -> None:
        super().__init__(f"smtp.listen: {endpoint} cannot be bound: {reason(cause)}")
        self.cause = cause


def bind(endpoint: str) -> socket.socket:
    """Return a socket that is bound to HOST:PORT; raises ListenError."""
    host, _, port = endpoint.rpartition(":")
    return _bound(endpoint, host, int(port))


def check(endpoint: str) -> None:
    """Raise ListenError if the host of HOST:PORT is not an address of this machine. The port may be in use."""
    _bound(endpoint, endpoint.rpartition(":")[0], 0).close()


def _bound(endpoint: str, host: str, port: int) -> socket.socket:
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # asyncio sets TCP_NODELAY only if the socket names its protocol; else a reply of several lines waits for an
        # ACK.
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    except OSError as error:
        raise ListenError(endpoint, error) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, UnicodeError) as error:
        sock.close()
        raise ListenError(endpoint, error if isinstance(error, OSError) else OSError(0, "not a host name")) from None
    return sock
