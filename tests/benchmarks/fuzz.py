"""Mutate emails for a number of seconds: nothing raises, nothing takes long, every Message keeps its promises.

python -m tests.benchmarks.fuzz SECONDS [SEED]
"""

import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daemon.mail.dsn.read import read_dsn
from daemon.mail.envelope import Envelope
from daemon.mail.mime.parse import parse
from daemon.mail.screening.screen import OwnIdentity, screen
from tests.support.message_invariants import broken_promises
from tests.support.paths import ROOT

FOLDERS: Final = (ROOT / "tests" / "emails", ROOT.parent / "shared" / "corpus" / "mail")
MAX_SECONDS: Final = 2.0
MAX_SIZE: Final = 200_000
ENVELOPE: Final = Envelope("", (), "192.0.2.1", datetime(2026, 3, 2, tzinfo=UTC))
OWN: Final = OwnIdentity(frozenset({"support@shop.example"}))
TOKENS: Final = (
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"\xff", b"\x1b$B", b"=?utf-8?q?", b"?=", b"=?utf-8?b?", b'"', b"<", b">",
    b"(", b")",
    b"@", b",", b";", b":", b"\\", b"--", b"boundary=", b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: text/html\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"charset=utf-7", b"charset=iso-2022-jp", b"name*0*=utf-8''%", b"<blockquote>",
    b"<!--", b"<div style='display:none'>",

    b"begin 644 a\nM", b"\n> ", b"On Mon, 2 Mar 2026 Ann wrote:\n", b"\n-- \n", b"9" * 40, b" " * 500, b"(" * 500,
)  # fmt: skip


def seeds() -> list[bytes]:
    """Return our own emails, and those of the shared corpus where it is present."""
    paths = sorted(path for folder in FOLDERS for path in folder.rglob("*.eml"))
    return [path.read_bytes()[:MAX_SIZE] for path in paths]


def flip(chance: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.randbytes(chance.randint(1, 4)) + raw[at + chance.randint(0, 4) :]


def insert(chance: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.choice(TOKENS) * chance.choice((1, 1, 2, 50)) + raw[at:]


def delete(chance: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + raw[at + chance.choice((1, 10, 100, 10_000)) :]


def repeat(chance: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    at = chance.randrange(len(raw) + 1)
    piece = raw[at : at + chance.choice((1, 5, 80, 1000))]
    return raw[:at] + piece * min(chance.choice((2, 10, 5000)), MAX_SIZE // (len(piece) + 1)) + raw[at:]


def cross(chance: random.Random, raw: bytes, pool: list[bytes]) -> bytes:
    other = chance.choice(pool)
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other) + 1) :]


def shuffle_lines(chance: random.Random, raw: bytes, _: list[bytes]) -> bytes:
    lines = raw.splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    window = lines[at : at + 20]
    chance.shuffle(window)
    return b"".join(lines[:at] + window + lines[at + 20 :])


MUTATIONS: Final[tuple[Callable[[random.Random, bytes, list[bytes]], bytes], ...]] = (
    flip, insert, delete, repeat, cross, shuffle_lines,
)  # fmt: skip


def mutated(chance: random.Random, pool: list[bytes]) -> bytes:
    """Return a mail of the pool after one to six mutations."""
    raw = chance.choice(pool)
    for _ in range(chance.randint(1, 6)):
        raw = chance.choice(MUTATIONS)(chance, raw, pool)[: 2 * MAX_SIZE]
    return raw


def failure(raw: bytes) -> str:
    """Return what went wrong with a mail, or ""."""
    start = time.process_time()
    try:
        message = parse(raw)
        screen(message, ENVELOPE, OWN)
        read_dsn(message, null_sender=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return f"raised {error!r}"
    taken = time.process_time() - start
    if taken > MAX_SECONDS:
        return f"took {taken:.1f} s"
    return "; ".join(broken_promises(raw, message))


def main(argv: list[str]) -> int:
    """Fuzz; the first mail that fails is left in the current directory, and is the exit code."""
    seconds, seed = float(argv[1]), int(argv[2]) if len(argv) > 2 else random.SystemRandom().randrange(1 << 32)
    chance, pool = random.Random(seed), seeds()
    end, runs = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        raw = mutated(chance, pool)
        runs += 1
        if found := failure(raw):
            Path("fuzz-failure.eml").write_bytes(raw)
            sys.stderr.write(f"seed {seed}, mail {runs}: {found}; kept as fuzz-failure.eml\n")
            return 1
    sys.stdout.write(f"{runs} emails from {len(pool)} in {seconds:g} s, seed {seed}: all were read\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
