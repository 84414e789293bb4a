"""Free ports that stay ours until a server of the test listens on them."""

import socket
from typing import Final

# Bound, but not listening: no other process and no outgoing connection gets the port, a server of ours may bind it all
# the same, since both allow the reuse of addresses (SO_REUSEADDR in socket(7)).
_reserved: Final[list[socket.socket]] = []


def free_port() -> int:
    """Return a port of the loopback for a server that is started later; reserved as long as this process lives.

    A port that is only looked up and given back can be taken by another process before the server starts, and the
    client then talks to a stranger.
    """
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    _reserved.append(sock)
    return int(sock.getsockname()[1])
