"""What the systems of one test run share, made once and removed at the end."""

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final, Self

from tests.faults.zygote import Zygote
from tests.support.few_examples import few_examples
from tests.support.paths import ROOT
from tests.support.servers import PostgresServer

PACKAGES: Final = ("daemon", "workers", "config", "templates", "tests")
EXAMPLES_EACH: Final = 25


class Kit:
    """What the systems of one test run share: the zygote, trained models, and the servers once they are wanted."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="triaged-faults-"))
        source = self.directory / "source"
        for package in PACKAGES:
            # What runs is what stood there at the beginning, whatever happens to the working directory meanwhile.
            shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("emails", "__pycache__"))
        self.zygote = Zygote(source)
        self.examples = self.directory / "examples"
        self._names = count(1)
        self._postgres: PostgresServer | None = None
        self._lock = threading.Lock()
        self.examples.mkdir()
        few_examples(self.examples, EXAMPLES_EACH)

    def room(self) -> Path:
        """Return a fresh directory."""
        room = self.directory / f"system-{next(self._names)}"
        room.mkdir()
        return room

    def models(self, target: Path, train: Callable[[], None]) -> None:
        """Put the models into a state directory; the first that asks trains them."""
        shared = self.directory / "models"
        with self._lock:
            if not shared.exists():
                train()
                shutil.copytree(target, shared)
                return
        shutil.copytree(shared, target)

    def postgres(self) -> PostgresServer:
        """Return the PostgreSQL that runs shared, started when it is first wanted."""
        with self._lock:
            if self._postgres is None:
                self._postgres = PostgresServer().__enter__()
            return self._postgres

    def database(self) -> str:
        """Return the URL of a fresh database on the shared PostgreSQL."""
        server, name = self.postgres(), f"faults_{next(self._names)}"
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return server.url_of(name)

    def close(self) -> None:
        self.zygote.close()
        if self._postgres is not None:
            self._postgres.__exit__()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def at_once(works: Iterable[Callable[[], None]]) -> None:
    """Do works in a thread each, and return when all are done."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def verdict(problems: Mapping[str, Sequence[str]]) -> int:
    """Name what is wrong on each kind of system; return the exit code."""
    for kind, found in problems.items():
        for problem in found:
            print(f"VIOLATION on {kind}: {problem}", file=sys.stderr)
    return 1 if any(problems.values()) else 0
