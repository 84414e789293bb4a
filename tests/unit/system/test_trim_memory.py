"""Freed memory goes back to the system."""

import ctypes
import gc
from pathlib import Path

import pytest

from daemon.system import tuning

PAGE = 4096
BLOCK = 2000


def resident() -> int:
    """Return the bytes that this process holds in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc has malloc_trim")
def test_what_lies_between_blocks_in_use_is_given_back() -> None:
    blocks = [bytearray(BLOCK) for _ in range(40_000)]
    kept = blocks[::500]
    del blocks
    gc.collect()
    before = resident()
    tuning.trim_memory()
    assert before - resident() > 20_000 * BLOCK
    assert len(kept) == 80
