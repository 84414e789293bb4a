"""A real listener on the loopback, and a raw client that says what no library would."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from daemon.mail.roster import Team
from daemon.smtp.listener import Listener
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from tests.support.domain_values import identity, listener_config
from tests.support.emails import ANN, SUPPORT
from tests.support.fakes import SteppingClock, Woken

KEY = b"k" * 32
SALES = "sales@example.com"
POLICY = identity(
    own_addresses=frozenset({SUPPORT, SALES}),
    teams=(Team.of("TEAM", "team@example.com"),),
    keys=(KEY,),
    trusted_authserv_ids=frozenset({"mx.example.com"}),
    trusted_networks=(ipaddress.ip_network("192.0.2.0/24"),),
)
HOW = listener_config(
    recipients=frozenset({SUPPORT, SALES}),
    hostname="mx.example.com",
    message_bytes=1_000_000,
    max_recipients=5,
    connections=100,
    connections_per_address=100,
    session_seconds=60,
    idle_seconds=60,
)
PATIENCE = 30.0


class Running:
    """A listener on a loop of its own thread, from `with` on; `errors` is what the loop complained of."""

    def __init__(
        self, store: Store, *, enough_space: Callable[[], bool] = lambda: True, send_buffer: int = 0, **how: Any
    ) -> None:
        self.woken = Woken()
        self.errors: list[Mapping[str, Any]] = []
        self.clients: list[Client] = []
        self.intake = Intake(store, POLICY, self.woken)
        self.how = replace(HOW, **how)
        self.listener = Listener(self.intake, self.how, SteppingClock(), enough_space)
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _loop, context: self.errors.append(context))
        self._thread = threading.Thread(target=self._run, name="listening", daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        if send_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.port = int(self._socket.getsockname()[1])

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.close()

    def call(self, coroutine: Any) -> Any:
        """Run a coroutine on the listener's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def close(self, patience: float = 5.0) -> None:
        """Close the listener in order."""
        self.call(self.listener.close(patience))

    def __enter__(self) -> Self:
        self._thread.start()
        self.call(self.listener.listen(self._socket))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self.close(0.0 if kind else 5.0)
        self.call(_let_go())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        for client in self.clients:
            client.close()
        assert kind is not None or not self.errors

    def client(self, **options: Any) -> "Client":
        """Return a client that has read the greeting."""
        client = self.connect(**options)
        client.greeting = client.reply()
        return client

    def connect(self, **options: Any) -> "Client":
        """Return a client that has read nothing yet."""
        client = Client(self.port, **options)
        self.clients.append(client)
        return client


async def _let_go() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Client:
    """Speaks octets; a reply is its lines joined by newlines, "" once the server has closed."""

    def __init__(self, port: int, *, receive_buffer: int = 0) -> None:
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(("127.0.0.1", port))
        self._buffer = b""
        self.greeting = ""

    def send(self, data: bytes | str) -> None:
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def say(self, line: bytes | str) -> str:
        """Send a line and return the reply."""
        with contextlib.suppress(ConnectionError):
            self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.reply()

    def reply(self) -> str:
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = self._line()
            if not line:
                break
            lines.append(line)
        return "\n".join(lines)

    def rest(self) -> str:
        """Return everything up to the end of the connection."""
        with contextlib.suppress(ConnectionResetError):
            while octets := self.sock.recv(65536):
                self._buffer += octets
        rest, self._buffer = self._buffer.decode(), b""
        return rest

    def hello(self, verb: str = "EHLO") -> Self:
        assert self.say(f"{verb} client.example").startswith("250")
        return self

    def begin(self, *recipients: str, mail_from: str = ANN) -> Self:
        """Go on up to the answer 354."""
        self.envelope(*recipients, mail_from=mail_from)
        assert self.say("DATA").startswith("354")
        return self

    def envelope(self, *recipients: str, mail_from: str = ANN) -> Self:
        assert self.say(f"MAIL FROM:<{mail_from}>").startswith("250")
        for recipient in recipients or (SUPPORT,):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        return self

    def deliver(self, raw: bytes, *recipients: str, mail_from: str = ANN) -> str:
        """Send a whole mail, with transparency dots, and return the last reply."""
        self.begin(*recipients, mail_from=mail_from)
        self.send((b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
        return self.reply()

    def starttls(self, context: ssl.SSLContext) -> None:
        """Change to TLS after the answer 220."""
        self.sock = context.wrap_socket(self.sock, server_hostname="127.0.0.1")

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self) -> str:
        while b"\n" not in self._buffer:
            try:
                octets = self.sock.recv(65536)
            except ConnectionResetError:
                octets = b""
            if not octets:
                return ""
            self._buffer += octets
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode().rstrip("\r")
