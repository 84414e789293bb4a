"""Remember which host a request really comes from, before a proxy's headers name another client."""

import ipaddress
from collections.abc import Sequence
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from daemon.text import plain_address

PEER: Final = "triaged.peer"


class Peer:
    """The middleware that remembers it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the peer of a request."""
        if client := scope.get("client"):
            scope["client"] = (plain_address(client[0]), client[1])
        scope[PEER] = (scope.get("client") or ("", 0))[0]
        await self._app(scope, receive, send)


def is_trusted_peer(scope: Any, networks: Sequence[str]) -> bool:  # noqa: ANN401 - Starlette's scope
    """Say whether a request comes directly from one of these networks."""
    try:
        address = ipaddress.ip_address(scope.get(PEER, ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
