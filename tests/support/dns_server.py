"""A name server on the loopback, over UDP and TCP, that answers from a table and misbehaves where a test asks it to."""

import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]

TTL: Final = 300
UDP_BYTES: Final = 1232


def quoted(text: str) -> str:
    """Return a text as the strings of a TXT record."""
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


def texts(records: Mapping[str, str]) -> dict[str, dict[str, Sequence[str]]]:
    """Return a zone of TXT records."""
    return {name: {"TXT": [quoted(text)]} for name, text in records.items()}


class DnsServer:
    """Serves from `with` on. `zone` maps names to records by type, and may be changed at any time.

    Names in `silent` get no answer, those in `failing` SERVFAIL. `asked` are the names that were asked for.
    """

    def __init__(self, zone: Zone | None = None) -> None:
        self.zone: dict[str, Mapping[str, Sequence[str]]] = dict(zone or {})
        self.silent: set[str] = set()
        self.failing: set[str] = set()
        self.is_down = False
        self.asked: list[str] = []
        self.by_tcp = 0
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket()
        self._bind()
        self._closing = False
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]

    def _bind(self) -> None:
        for _ in range(20):
            self._udp.bind(("127.0.0.1", 0))
            try:
                self._tcp.bind(self._udp.getsockname())
            except OSError:
                self._udp.close()
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            else:
                return
        raise OSError("no port is free for UDP and TCP")

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._udp.getsockname()
        return host, port

    @property
    def setting(self) -> str:
        return "{}:{}".format(*self.address)

    def __enter__(self) -> Self:
        self._tcp.listen()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing = True
        # Wakes both threads.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
            waking.sendto(b"", self.address)
        with socket.create_connection(self.address, 5):
            pass
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while not self._closing:
            data, client = self._udp.recvfrom(4096)
            self._respond(data, lambda answer, to=client: self._udp.sendto(answer, to), UDP_BYTES)

    def _serve_tcp(self) -> None:
        while not self._closing:
            connection, _ = self._tcp.accept()
            with connection:
                connection.settimeout(5)
                length = connection.recv(2)
                if len(length) < 2:
                    continue
                data = connection.recv(struct.unpack("!H", length)[0])
                self.by_tcp += 1
                self._respond(data, lambda a, c=connection: c.sendall(struct.pack("!H", len(a)) + a), 65535)

    def _respond(self, data: bytes, send: Callable[[bytes], object], most: int) -> None:
        if not data or self._closing:
            return
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if self.is_down or name in self.silent:
            return
        answer = self._answer(query, name)
        wire = answer.to_wire(max_size=65535)
        if len(wire) > most:
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.TC
            wire = answer.to_wire()
        send(wire)

    def _answer(self, query: dns.message.Message, name: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        if name not in self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        for _ in range(40):
            records = self.zone.get(name, {})
            wanted = kind if kind in records else "CNAME"
            if wanted not in records:
                break
            answer.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", wanted, *records[wanted]))
            if wanted == kind:
                break
            name = records["CNAME"][0].rstrip(".")
        return answer
