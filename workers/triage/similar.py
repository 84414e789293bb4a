"""Find texts of similar meaning by the vectors of a sentence encoder."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from workers.triage.features import Floats
from workers.triage.preprocess import Case

# Cosine from which two texts are about the same thing: docs/BENCHMARKS.md says how often they are.
CLOSE: Final = 0.6
# A text without this many letters says too little: each "please help" resembles every other one.
MIN_LETTERS: Final = 20
# Rows at a time: bounds the memory that vectors take as numbers of four bytes.
BLOCK: Final = 5_000
_LARGEST: Final = 127


def says_enough(case: Case) -> bool:
    """Return whether a ticket has enough text of its own to be compared."""
    return sum(sign.isalnum() for sign in f"{case.subject}{case.body}") >= MIN_LETTERS


def pack(vector: Floats) -> bytes:
    """Return a vector as a signed byte for each number; only its direction is kept."""
    largest = float(np.abs(vector).max(initial=0.0)) or 1.0
    packed: bytes = np.rint(vector * (_LARGEST / largest)).astype(np.int8).tobytes()
    return packed


def nearest(owns: Sequence[bytes], pool: bytes, close: float = CLOSE) -> list[list[tuple[int, float]]]:
    """Return, for each packed vector, those of a pool with at least this cosine, the closest first.

    All vectors have one length, and the pool has one after the other. They are named by their place in the pool.
    """
    width = len(owns[0])
    if not width:
        return [[] for _ in owns]
    wanted, lengths = _rows(b"".join(owns), width)
    wanted /= lengths[:, None]
    found: list[list[tuple[int, float]]] = [[] for _ in owns]
    for start in range(0, len(pool) // width, BLOCK):
        rows, lengths = _rows(pool[start * width : (start + BLOCK) * width], width)
        # OpenBLAS may read memory beside a small matrix and report an invalid number there (numpy issue 24067).
        # Our numbers are finite: they come from signed bytes, and no length is zero.
        with np.errstate(invalid="ignore"):
            likeness = wanted @ rows.T / lengths
        for own, at in np.argwhere(likeness >= close):
            found[own].append((start + int(at), float(likeness[own, at])))
    for places in found:
        places.sort(key=lambda place: (-place[1], place[0]))
    return found


def _rows(packed: bytes, width: int) -> tuple[Floats, Floats]:
    """Return packed vectors as rows, and their lengths; that of a row of zeros is 1."""
    rows = np.frombuffer(packed, np.int8).reshape(-1, width).astype(np.float32)
    return rows, np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.float32(1))
