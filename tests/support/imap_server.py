"""An IMAP server on loopback that follows the protocol, except for injected faults."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

CAPABILITIES = "IMAP4rev1 IDLE MOVE UIDPLUS AUTH=PLAIN AUTH=XOAUTH2"
LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


@dataclass
class Box:
    uidvalidity: int = 1
    emails: dict[int, bytes] = field(default_factory=dict)
    arrived: dict[int, datetime] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    next_uid: int = 1

    def add(self, raw: bytes, at: datetime | None = None) -> int:
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.emails[uid], self.arrived[uid], self.flags[uid] = raw, at or datetime.now(UTC), set()
        return uid


@dataclass
class Fault:
    """What to do instead of a command, `times` times. If `act` returns True, the command is executed after it."""

    command: str
    act: "Callable[[Connection, str], bool | None]"
    times: int


class Connection:
    def __init__(self, server: "ImapServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.file = sock.makefile("rb")
        self.folder = ""

    @property
    def box(self) -> Box:
        return self.server.boxes[self.folder]

    def send(self, *lines: str | bytes) -> None:
        self.sock.sendall(b"".join((x.encode() if isinstance(x, str) else x) + b"\r\n" for x in lines))

    def hang_up(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        with suppress(OSError, ValueError), self.sock, self.file:
            self.send("* OK ready")
            while line := self.file.readline():
                self._obey(line.decode("latin-1").strip())

    def _obey(self, line: str) -> None:
        self.server.received.append(line.partition(" ")[2])
        tag, _, command = line.partition(" ")
        for fault in self.server.faults:
            if fault.times and command.upper().startswith(fault.command):
                fault.times -= 1
                if not fault.act(self, tag):
                    return
        words = command.split(" ")
        name = "_".join(words[:2] if words[0].upper() == "UID" else words[:1]).lower()
        getattr(self, f"do_{name}", self._bad)(tag, command)

    def _bad(self, tag: str, command: str) -> None:
        self.send(f"{tag} BAD what is {command[:20]}")

    def do_capability(self, tag: str, command: str) -> None:
        del command
        self.send(f"* CAPABILITY {self.server.capabilities}", f"{tag} OK done")

    def do_login(self, tag: str, command: str) -> None:
        good = command.endswith(f'"{self.server.password}"')
        self.send(f"{tag} OK in" if good else f"{tag} NO [AUTHENTICATIONFAILED] wrong")

    def do_authenticate(self, tag: str, command: str) -> None:
        del command
        self.send("+ ")
        answer = self.file.readline().strip()
        self.server.tokens.append(answer)
        self.send(f"{tag} OK in" if self.server.likes(answer) else f"{tag} NO [AUTHENTICATIONFAILED] wrong")

    def do_logout(self, tag: str, command: str) -> None:
        del command
        self.send("* BYE", f"{tag} OK bye")

    def do_list(self, tag: str, command: str) -> None:
        name = command.rsplit(" ", maxsplit=1)[-1].strip('"')
        self.send(*[f'* LIST () "/" "{name}"'] * (name in self.server.boxes), f"{tag} OK listed")

    def do_create(self, tag: str, command: str) -> None:
        self.server.boxes.setdefault(command.rsplit(" ", maxsplit=1)[-1].strip('"'), Box())
        self.send(f"{tag} OK made")

    def do_select(self, tag: str, command: str) -> None:
        name = command.rsplit(" ", maxsplit=1)[-1].strip('"')
        if name not in self.server.boxes:
            self.send(f"{tag} NO no such folder")
            return
        self.folder = name
        box = self.box
        self.send(
            f"* {len(box.emails)} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen)", f"* OK [UIDVALIDITY {box.uidvalidity}]"
        )
        self.send(f"* OK [UIDNEXT {box.next_uid}]", f"{tag} OK [READ-{'WRITE' if 'SELECT' in command else 'ONLY'}] on")

    do_examine = do_select

    def do_uid_search(self, tag: str, command: str) -> None:
        self.send("* SEARCH" + "".join(f" {uid}" for uid in self._found(command)), f"{tag} OK found")

    def _found(self, command: str) -> list[int]:
        uids = sorted(self.box.emails)
        if match := re.search(r"SEARCH (\d+):(\d+|\*) ", command):
            uids = uids[int(match[1]) - 1 : None if match[2] == "*" else int(match[2])]
        if match := re.search(r"SINCE (\S+)", command):
            day = datetime.strptime(match[1], "%d-%b-%Y").replace(tzinfo=UTC)
            return [uid for uid in uids if self.box.arrived[uid] >= day]
        if match := re.search(r"UNDELETED UID ([\d,]+)$", command):
            wanted = {int(uid) for uid in match[1].split(",")}
            return [uid for uid in uids if uid in wanted and "\\Deleted" not in self.box.flags[uid]]
        match = re.search(r"UID (\d+|\*)(:\*)?$", command)
        assert match, command
        first = uids[-1] if match[1] == "*" and uids else int(match[1])
        if not match[2]:
            return [uid for uid in uids if uid == first]
        return [uid for uid in uids if uid >= first] or uids[-1:]

    def do_uid_fetch(self, tag: str, command: str) -> None:
        match = re.match(r"UID FETCH (\d+) \((\S+)\)$", command, re.IGNORECASE)
        assert match, command
        uid, item = int(match[1]), match[2].upper()
        if uid in self.box.emails:
            self.send(
                f"* {sorted(self.box.emails).index(uid) + 1} FETCH (UID {uid} ".encode() + self._item(uid, item) + b")"
            )
        self.send(f"{tag} OK fetched")

    def _item(self, uid: int, item: str) -> bytes:
        raw = self.box.emails[uid]
        if item == "RFC822.SIZE":
            return b"RFC822.SIZE %d" % (len(raw) + self.server.size_error)
        part = re.match(r"BODY\.PEEK\[\](?:<0\.(\d+)>)?$", item)
        assert part, item
        if part[1]:
            raw = raw[: int(part[1])]
        return b"BODY[]%s {%d}\r\n%s" % (b"<0>" if part[1] else b"", len(raw), raw)

    def do_uid_store(self, tag: str, command: str) -> None:
        match = re.match(r"UID STORE (\S+) \+FLAGS\.SILENT \((\S+)\)", command)
        assert match, command
        for uid in map(int, match[1].split(",")):
            self.box.flags.get(uid, set()).add(match[2])
        self.send(f"{tag} OK stored")

    def do_uid_copy(self, tag: str, command: str) -> None:
        uids, folder = command.split(" ")[2:]
        target = self.server.boxes.get(folder.strip('"'))
        if target is None:
            self.send(f"{tag} NO [TRYCREATE] no such folder")
            return
        for uid in map(int, uids.split(",")):
            target.add(self.box.emails[uid])
        self.send(f"{tag} OK copied")

    def do_uid_move(self, tag: str, command: str) -> None:
        uids, folder = command.split(" ", 3)[2:]
        target = self.server.boxes.get(folder.strip('"'))
        if target is None:
            self.send(f"{tag} NO [TRYCREATE] no such folder")
            return
        for uid in map(int, uids.split(",")):
            self.send(f"* {sorted(self.box.emails).index(uid) + 1} EXPUNGE")
            target.add(self.box.emails.pop(uid))
        self.send(f"{tag} OK moved")

    def do_uid_expunge(self, tag: str, command: str) -> None:
        for uid in map(int, command.split(" ")[2].split(",")):
            if "\\Deleted" in self.box.flags[uid]:
                del self.box.emails[uid]
        self.send(f"{tag} OK expunged")

    def do_idle(self, tag: str, command: str) -> None:
        del command
        before = len(self.box.emails)
        self.send("+ idling")
        self.server.idling.set()
        self.sock.settimeout(0.02)
        while True:
            with suppress(TimeoutError):
                if self.sock.recv(100).upper().startswith(b"DONE"):
                    break
                return
            if len(self.box.emails) > before:
                before = len(self.box.emails)
                self.send(f"* {before} EXISTS")
        self.sock.settimeout(None)
        self.send(f"{tag} OK idled")


class ImapServer:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.boxes = {"INBOX": Box()}
        self.faults: list[Fault] = []
        self.received: list[str] = []
        self.tokens: list[bytes] = []
        self.password = "pass"
        self.capabilities = CAPABILITIES
        self.size_error = 0
        self.likes: Callable[[bytes], bool] = lambda answer: True  # noqa: ARG005
        self.connections: list[Connection] = []
        self.idling = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    @property
    def inbox(self) -> Box:
        return self.boxes["INBOX"]

    def fault(self, command: str, act: Callable[[Connection, str], bool | None], times: int = 1) -> None:
        self.faults.append(Fault(command, act, times))

    def commands(self, start: str) -> list[str]:
        return [command for command in list(self.received) if command.upper().startswith(start)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *args: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.hang_up()
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.tls:
                    sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                connection = Connection(self, sock)
                self.connections.append(connection)
                thread = threading.Thread(target=connection.run, daemon=True)
                self._threads.append(thread)
                thread.start()
