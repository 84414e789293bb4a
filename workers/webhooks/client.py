"""Post to an address that an admin named, and reach nothing that they may not: no internal address, no redirect.

The name is resolved once and that address is connected to, so DNS cannot answer differently in between.
"""

import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError

from daemon.system.networks import Address, is_allowed, is_within

ANSWER_BYTES: Final = 1024


class PostError(Exception):
    """A webhook could not be posted; the message says why."""


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """Where webhooks may go besides public addresses by TLS, and the longest silence in seconds."""

    networks: tuple[str, ...]
    seconds: float


def post(url: str, body: bytes, headers: Mapping[str, str], policy: PostPolicy) -> tuple[int, str]:
    """Return status and beginning of the answer; raises PostError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = resolve(host, port, policy.networks)
    if parts.scheme != "https" and not is_within(address, policy.networks):
        raise PostError("only https:// reaches a public address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "triaged", **headers}
    with _pool(parts.scheme, host, port, address, policy.seconds) as pool:
        try:
            answer = pool.urlopen(
                "POST", path, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
            text = answer.read(ANSWER_BYTES, decode_content=False)
            # Not given back to the pool: the rest of a long answer must not be read.
            answer.close()
        except (HTTPError, OSError, ValueError) as error:
            raise PostError(f"{type(error).__name__}: {error}"[:300]) from error
    return answer.status, text.decode("utf-8", "replace")


def resolve(host: str, port: int, networks: Sequence[str]) -> Address:
    """Return the address to connect to; raises PostError where any address of the name is not allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PostError(f"{host} has no address") from error
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        if not is_allowed(address, networks):
            raise PostError(f"{host} is at {address}, which is not public; see webhooks.allowed_networks")
    return addresses[0]


@cache
def _trust() -> ssl.SSLContext:
    """Return the certificates that we trust; to read them takes longer than to post."""
    return ssl.create_default_context()


def _pool(scheme: str, host: str, port: int, address: Address, seconds: float) -> HTTPConnectionPool:
    timeout = Timeout(connect=seconds, read=seconds)
    if scheme != "https":
        return urllib3.HTTPConnectionPool(str(address), port, timeout=timeout)
    return HTTPSConnectionPool(
        str(address),
        port,
        timeout=timeout,
        ssl_context=_trust(),
        server_hostname=host,
    )
