"""Which host names a request may name: a page in a browser must not reach us under a name that its author controls."""

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from config.settings import Settings

AUTHORITY: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?")


def allowed_names(settings: Settings) -> frozenset[str]:
    """Return the host names by which clients may call, in lower case."""
    public = urlsplit(settings.http.public_url).hostname or ""
    names = ("localhost", socket.gethostname(), public, *settings.http.allowed_hosts)
    return frozenset(name.lower().rstrip(".") for name in names if name)


def is_allowed(host: str, names: frozenset[str]) -> bool:
    """Return whether a Host header names an IP address or one of the names; DNS cannot make it name an address."""
    found = AUTHORITY.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower().rstrip(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name in names
    return True
