"""Process limits and memory settings for a process that receives email."""

import contextlib
import ctypes
import gc
import resource
from typing import Final

LARGE: Final = 1 << 20
NEW_OBJECTS: Final = 10_000
RESERVED_FILES: Final = 200
# The numbers of mallopt(3).
TRIM_THRESHOLD: Final = -1
MMAP_THRESHOLD: Final = -3


def allow_many_files() -> None:
    """Raise the limit of open files to the hard limit: each client needs one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_within_limit(wanted: int) -> int:
    """Return how many of the wanted connections the limit of open files allows.

    The reserve is for the database, mailboxes, the smarthost, the log, and clients that are refused at the moment.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - min(RESERVED_FILES, soft // 2)))


def requests_within_limit(wanted: int, connections: int) -> int:
    """Return how many HTTP requests at a time the limit of open files allows beside `connections` of email.

    Twice as many HTTP connections may be open. They get half of what email leaves, everything else the other half.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    left = soft - (connections_within_limit(connections) if connections else 0)
    return max(1, min(wanted, left // 4))


def give_memory_back() -> None:
    """Let glibc return the memory of a large email at once; by default it keeps up to twice the largest freed block."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        libc = ctypes.CDLL(None)
        for option in (MMAP_THRESHOLD, TRIM_THRESHOLD):
            libc.mallopt(option, LARGE)


def trim_memory() -> None:
    """Let glibc return all freed memory now, after work that needed much of it for a moment.

    It keeps what lies between small blocks that are still in use: 94 of 301 MB after the training of a model.
    """
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def collect_less_often() -> None:
    """Collect garbage every 10,000 new objects instead of 700, and exempt all objects that exist now."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
