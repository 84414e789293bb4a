"""The sentence encoder: what triage needs of it, and the text that it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.triage.features import Floats
from workers.triage.preprocess import Case

# Longer texts take longer and lose their subject among details: the vector is a mean over all words.
MAX_CHARACTERS = 600


class Encoder(Protocol):
    """Turns texts into vectors: texts of similar meaning, in whatever language, get similar vectors."""

    @property
    def name(self) -> str:
        """Return the name of its weights, "" while it cannot be used. Vectors of two names are not comparable."""

    @property
    def problem(self) -> str:
        """Return why it cannot be used although it is enabled, or ""."""

    @property
    def languages(self) -> frozenset[str]:
        """Return the codes of the languages that it was made for; vectors of texts in others mean little."""

    def encode(self, texts: Sequence[str]) -> Floats | None:
        """Return a row of length one for each text, None if the encoder cannot be used. Never raises Exception."""

    def remembered(self, texts: tuple[str, ...]) -> Floats | None:
        """Return what encode returns, kept for the next call with the same texts."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an encoder says of a ticket: the vector of its text, and a row for the description of each category.

    There are no rows unless a category has a description and no examples.
    """

    encoder: str
    vector: Floats
    descriptions: Floats


def text(case: Case) -> str:
    """Return the part of an email that is encoded: the subject and the start of the body, as the person wrote them."""
    return f"{case.subject}\n{case.body}".strip()[:MAX_CHARACTERS]


def meaning(encoder: Encoder, vector: Floats | None, descriptions: tuple[str, ...]) -> Meaning | None:
    """Return the vector of a ticket with those of the descriptions, None if the encoder cannot be used."""
    rows = encoder.remembered(descriptions) if vector is not None else None
    return None if vector is None or rows is None else Meaning(encoder.name, vector, rows)
