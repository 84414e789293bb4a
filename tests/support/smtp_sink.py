"""A real SMTP server for tests that takes mail and can be told to misbehave."""

import asyncio
import contextlib
import ipaddress
import ssl
import threading
from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANG = "HANG"
"""Never answer; the mail at DATA is taken all the same."""
DROP = "DROP"
"""Cut the connection instead of an answer; the mail at DATA is taken all the same."""


class Received(NamedTuple):
    """A mail that the sink has taken."""

    mail_from: str
    rcpts: list[str]
    content: bytes


class Sink:
    """Listens on a free port of the loopback from `with` on; `received` holds what it took.

    `tls` makes it offer STARTTLS, or speak TLS at once with `implicit`. `users` makes it ask for AUTH. Each answer to
    a scriptable command takes `delay` seconds.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, users: dict[str, str] | None = None
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.seconds_a_byte = 0.0
        self.commands: list[str] = []
        self.options: list[list[str]] = []
        self.delay = 0.0
        self.host, self.port = "127.0.0.1", 0
        self._tls, self._implicit, self._users = tls, implicit, users
        self._sessions: list[SMTP] = []
        self._answers: dict[str, deque[str]] = defaultdict(deque)
        self._refused: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)
        self._listening = threading.Event()
        self._stop = asyncio.Event()

    def script(self, command: str, *answers: str) -> None:
        """Give the next answers to MAIL, RCPT, DATA (after the mail), NOOP or AUTH: a reply line, HANG or DROP."""
        self._answers[command].extend(answers)

    def refuse(self, recipient: str, answer: str) -> None:
        """Answer every RCPT for this recipient so."""
        self._refused[recipient] = answer

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait(10)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        wrapped = self._tls if self._implicit else None
        server = await self._loop.create_server(self._session, self.host, self.port, ssl=wrapped)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stop.wait()
        server.close()
        rest = [task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for session in self._sessions:
            if session.transport is not None:
                session.transport.abort()  # type: ignore[attr-defined]  # sockets have it
        await asyncio.sleep(0.01)

    def _session(self) -> SMTP:
        self.connections += 1
        session = _Session(
            self,
            _Handler(self),
            hostname="sink.test",
            enable_SMTPUTF8=True,
            tls_context=None if self._implicit else self._tls,
            require_starttls=bool(self._tls and not self._implicit),
            authenticator=self._authenticate if self._users is not None else None,
            auth_required=self._users is not None,
            auth_require_tls=not self._implicit,
            loop=self._loop,
        )
        self._sessions.append(session)
        return session

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        if self._answers["AUTH"]:
            return AuthResult(success=False, handled=False, message=self._answers["AUTH"].popleft())
        assert isinstance(data, LoginPassword)
        known = (self._users or {}).get(data.login.decode())
        return AuthResult(success=known == data.password.decode(), handled=False)

    def scripted(self, command: str, usual: str) -> str:
        """Take what was scripted for this command, or the usual answer."""
        self.commands.append(command)
        return self._answers[command].popleft() if self._answers[command] else usual

    async def answer(self, server: SMTP, command: str, usual: str) -> str:
        """Return what was scripted for this command, or the usual answer."""
        return await self.give(server, self.scripted(command, usual), usual)

    async def give(self, server: SMTP, answer: str, usual: str) -> str:
        """Return an answer when its time has come; hang or drop the connection where it says so."""
        await asyncio.sleep(self.delay)
        if answer == HANG:
            await self._stop.wait()
        if answer == DROP and server.transport is not None:
            server.transport.abort()  # type: ignore[attr-defined]  # sockets have it
        return usual if answer in {HANG, DROP} else answer

    def refusal(self, recipient: str) -> str | None:
        """Return the answer with which this recipient is refused."""
        return self._refused.get(recipient)


class _Session(SMTP):
    """A session that writes its replies byte by byte where the sink is slow."""

    def __init__(self, sink: Sink, handler: object, **options: Any) -> None:
        super().__init__(handler, **options)
        self._sink = sink

    async def push(self, status: Any) -> None:
        """Write one reply line; the name is of aiosmtpd."""
        if not self._sink.seconds_a_byte:
            await super().push(status)
            return
        for byte in (status if isinstance(status, bytes) else status.encode()) + b"\r\n":
            self._writer.write(bytes([byte]))  # type: ignore[union-attr]  # there is one while a session lasts
            await asyncio.sleep(self._sink.seconds_a_byte)


class _Handler:
    """Hooks of aiosmtpd; the names are its own."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_MAIL(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._sink.answer(server, "MAIL", "250 2.1.0 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
            self._sink.options.append(options)
        return answer

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self._sink.answer(server, "RCPT", self._sink.refusal(address) or "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        usual = "250 2.0.0 taken"
        # Before anything is awaited: another session must not get the answer by which this mail is taken or refused.
        answer = self._sink.scripted("DATA", usual)
        if answer in {HANG, DROP} or answer.startswith("2"):
            taken = Received(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content or b"")
            self._sink.received.append(taken)
        return await self._sink.give(server, answer, usual)

    async def handle_NOOP(self, server: SMTP, _session: Session, _envelope: Envelope, _arg: str) -> str:
        return await self._sink.answer(server, "NOOP", "250 OK")

    async def handle_exception(self, error: Exception) -> str:
        with contextlib.suppress(Exception):
            self._sink.commands.append(f"exception {type(error).__name__}")
        return "451 the sink failed"


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a self-signed certificate for a name or an address, and its key; return both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    alternative: x509.GeneralName
    try:
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


def server_context(files: tuple[Path, Path]) -> ssl.SSLContext:
    """Return the TLS context of a server with this certificate and key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    return context


def trusting(files: tuple[Path, Path]) -> ssl.SSLContext:
    """Return the TLS context of a client that trusts this certificate only."""
    return ssl.create_default_context(cafile=files[0])
