"""Which IP addresses are public, and which are in a network that an admin named."""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses that carry an IPv4 address inside, which may be internal: NAT64, 6to4 and Teredo.
TRANSLATED: Final = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
LOOPBACK: Final = ipaddress.ip_address("127.0.0.1")


def is_allowed(address: Address, networks: Sequence[str]) -> bool:
    """Return whether an address is public, or in one of the networks."""
    inner = getattr(address, "ipv4_mapped", None) or address
    public = inner.is_global and not inner.is_multicast and not any(inner in network for network in TRANSLATED)
    return public or is_within(inner, networks)


def is_within(address: Address, networks: Sequence[str]) -> bool:
    """Return whether an address is in one of the networks."""
    return any(address in ipaddress.ip_network(network) for network in networks)


def literal(host: str) -> Address | None:
    """Return the address that a host stands for without a look-up; None for a name.

    Numbers in every form that a connection understands, such as 127.1 or 0x7f000001, and localhost (RFC 6761).
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return LOOPBACK
    try:
        [found, *_] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return ipaddress.ip_address(str(found[4][0]).partition("%")[0])
