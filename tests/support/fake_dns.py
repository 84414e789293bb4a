"""A DNS in memory for checks of senders: names with records, and names that do not answer."""

from collections.abc import Mapping, Sequence

from daemon.authentication.lookup import DnsUnavailableError

Records = Mapping[str, str | Sequence[str]]


class FakeDns:
    """Answers from tables; `down` are names that do not answer. `asked` are the questions, in order."""

    def __init__(
        self,
        txt: Records | None = None,
        a: Records | None = None,
        aaaa: Records | None = None,
        mx: Records | None = None,
        ptr: Records | None = None,
        down: Sequence[str] = (),
    ) -> None:
        self._tables = {"TXT": txt or {}, "A": a or {}, "AAAA": aaaa or {}, "MX": mx or {}, "PTR": ptr or {}}
        self._down = frozenset(down)
        self.asked: list[tuple[str, str]] = []

    def txt(self, name: str) -> tuple[str, ...]:
        return self._find("TXT", name)

    def addresses(self, name: str, version: int) -> tuple[str, ...]:
        return self._find("A" if version == 4 else "AAAA", name)

    def mx(self, name: str) -> tuple[str, ...]:
        return self._find("MX", name)

    def ptr(self, address: str) -> tuple[str, ...]:
        return self._find("PTR", address)

    def _find(self, kind: str, name: str) -> tuple[str, ...]:
        self.asked.append((kind, name))
        if name in self._down:
            raise DnsUnavailableError
        found = self._tables[kind].get(name, ())
        return (found,) if isinstance(found, str) else tuple(found)
