"""Test the HTTP listener: its address, whether it answers, and whether what leaves the machine is encrypted."""

import http.client
import ipaddress
from collections.abc import Iterator
from typing import Final

from config.settings import ConfigError, Settings
from daemon.cli.support import startup
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from daemon.system import binding
from daemon.system.binding import ListenError

SECONDS: Final = 5.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is known of HTTP; nothing where it is not enabled."""
    if not settings.http.enabled:
        return
    listen = settings.http.listen
    try:
        startup.check_addresses(settings)
        binding.check("http.listen", listen)
    except (ConfigError, ListenError) as error:
        yield fail("http", str(error), "set http.listen to an address of this machine, such as 127.0.0.1:8080")
        return
    host, _, port = listen.rpartition(":")
    yield ok("http", f"{listen} {_answer(host.strip('[]'), int(port))}")
    if not _is_local(host.strip("[]")) and not settings.http.trusted_proxies:
        yield warn(
            "http",
            f"{listen} is reached from other machines, and tokens are not encrypted on their way",
            "listen on 127.0.0.1 behind a reverse proxy with TLS, and set http.trusted_proxies",
        )


def _is_local(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _answer(host: str, port: int) -> str:
    """Say who answers at an address; 0.0.0.0 and :: reach this machine."""
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        # As a name that every triaged serves.
        connection.request("GET", "/openapi.json", headers={"Host": "localhost"})
        answer = connection.getresponse()
        ours = answer.status == http.client.OK and b"triaged" in answer.read(1_000_000)
    except (OSError, http.client.HTTPException):
        return "does not answer: nothing is running there, or systemd gives another socket"
    finally:
        connection.close()
    return "answers" if ours else "is used by another program; where it is not set, one of the next ports is taken"
