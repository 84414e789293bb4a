"""What a process asks of its system before it takes in strangers' mail."""

import contextlib
import ctypes
import gc
import resource
from typing import Final

LARGE: Final = 1 << 20
NEW_OBJECTS: Final = 10_000
# The numbers of mallopt(3).
TRIM_THRESHOLD: Final = -1
MMAP_THRESHOLD: Final = -3


def allow_many_files() -> None:
    """Raise the limit of open files to what the system allows: each client is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def give_memory_back() -> None:
    """Let glibc return at once what a large mail took: by itself it keeps up to twice the largest block ever freed."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        libc = ctypes.CDLL(None)
        for option in (MMAP_THRESHOLD, TRIM_THRESHOLD):
            libc.mallopt(option, LARGE)


def collect_less_often() -> None:
    """Look for cycles every 10,000 new objects instead of 700, and never among what the start made, which stays."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
