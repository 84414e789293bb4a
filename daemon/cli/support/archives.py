"""Stream the emails of a file, an mbox, a Maildir, a directory of .eml files or standard input."""

import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

MAX_MAIL: Final = 100 << 20
# Not a header field with a blank before its colon (RFC 5322 section 4.5).
_ENVELOPE: Final = re.compile(rb"From (?![ \t]*:)")
_LINE: Final = 1 << 20
_FOLDERS: Final = ("cur", "new")

log = logging.getLogger(__name__)


def read_emails(paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, raw) of each email, one in memory at a time, cut at 100 MiB.

    Names are relative to a directory given, `name#n` within an mbox, "-" for standard input. OSError for a path that
    cannot be read; such a file within a directory is logged and skipped.
    """
    for path in paths:
        if path == "-":
            yield from _read("-", sys.stdin.buffer)
        elif os.path.isdir(path):  # noqa: PTH112 - no need of a Path for names that are not UTF-8
            yield from _directory(Path(path))
        else:
            with open(path, "rb") as file:  # noqa: PTH123 - the name is shown as it was given
                yield from _read(path, file)


def _directory(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the emails of a Maildir, or of every .eml file below a directory, sorted."""
    is_maildir = all((root / folder).is_dir() for folder in _FOLDERS)
    for path in _maildir(root) if is_maildir else _tree(root):
        raw = _content(path)
        if raw is not None:
            yield path.relative_to(root).as_posix(), raw


def _maildir(root: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        yield from sorted(path for path in (root / folder).iterdir() if path.is_file())


def _tree(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        paths = (Path(folder, name) for name in sorted(names) if name.lower().endswith(".eml"))
        yield from (path for path in paths if path.is_file())


def _content(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_MAIL)
    except OSError:
        log.warning("email not readable", extra={"path": str(path)})
        return None


def _read(name: str, file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield one email, or those of an mbox, which its first line shows; an .eml file is always one email."""
    first = file.readline(_LINE)
    if _ENVELOPE.match(first) and not name.lower().endswith(".eml"):
        mbox = _mbox(file)
        yield from ((f"{name}#{number}", raw) for number, raw in enumerate(mbox, 1))
    else:
        yield name, first + file.read(MAX_MAIL - len(first))


def _mbox(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the emails of an mbox (RFC 4155, mboxrd quoting) whose first envelope line has been read."""
    lines: list[bytes] = []
    room, after_blank = MAX_MAIL, True
    while line := file.readline(_LINE):
        if after_blank and _ENVELOPE.match(line):
            yield b"".join(lines)
            lines, room = [], MAX_MAIL
            continue
        after_blank = line in {b"\n", b"\r\n"}
        if line.startswith(b">") and _ENVELOPE.match(line.lstrip(b">")):
            line = line[1:]
        if room > 0:
            lines.append(line[:room])
            room -= len(line)
    yield b"".join(lines)
