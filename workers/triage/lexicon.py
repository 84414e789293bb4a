"""Find words of groups such as "refund" or "locked out", which people can edit, in several languages."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from workers.triage import tokens

MIN_STEM = 3
MAX_PHRASE = 6
MAX_CACHED = 30_000
NONE: frozenset[str] = frozenset()


# Index of the group, index of the first word, number of words.
Entry = tuple[int, int, int]


class LexiconError(ValueError):
    """The lexicon cannot be read: which group or word is wrong, and why."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word groups. `exact` and `stems` map folded words or phrases to indexes into `groups`.

    `following` maps the start of each phrase to the letters with which its next word may begin, which saves look-ups.
    An entry that ends in `*` is a stem: "refund*" also counts "refunded". In a phrase only the last word may.
    """

    groups: tuple[str, ...]
    exact: Mapping[str, tuple[int, ...]]
    stems: Mapping[str, tuple[int, ...]]
    following: Mapping[str, frozenset[str]]
    remembered: dict[str, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def find(self, forms: Sequence[str]) -> list[Entry]:
        """Return (group, first word, words) for each entry found in a list of folded words."""
        distinct = set(forms)
        alone = {form: groups for form in distinct if (groups := self.groups_of(form))}
        begun = {form: self.following[form] for form in distinct if form in self.following}
        found: list[Entry] = []
        for at, (first, second) in enumerate(pairwise([*forms, ""])):
            if first in alone:
                found += [(group, at, 1) for group in alone[first]]
            if first in begun and second[:MIN_STEM] in begun[first]:
                found += self.phrases(forms, at)
        return found

    def phrases(self, forms: Sequence[str], at: int) -> list[Entry]:
        """Return the entries of two or more words that start at a word, shortest first."""
        text, found = forms[at], []
        for size, word in enumerate(forms[at + 1 : at + MAX_PHRASE], 2):
            if word[:MIN_STEM] not in self.following.get(text, NONE):
                break
            text = f"{text} {word}"
            found += [(group, at, size) for group in self.groups_of(text)]
        return found

    def groups_of(self, text: str) -> tuple[int, ...]:
        """Return the groups of a folded word or phrase, from a cache if possible."""
        known = self.remembered.get(text)
        if known is None:
            known = self.lookup(text)
            if len(self.remembered) < MAX_CACHED:
                self.remembered[text] = known
        return known

    def lookup(self, text: str) -> tuple[int, ...]:
        """Return the groups that contain a folded word or phrase, exactly or by a stem of its last word."""
        found = set(self.exact.get(text, ()))
        for end in range(text.rfind(" ") + 1 + MIN_STEM, len(text) + 1):
            found.update(self.stems.get(text[:end], ()))
        return tuple(sorted(found))

    def knows(self, word: str) -> bool:
        """Return whether a folded word is an entry."""
        return bool(self.groups_of(word))


def build(groups: Mapping[str, Iterable[str]]) -> Lexicon:
    """Build a lexicon from group names and their entries; raises LexiconError."""
    exact: dict[str, tuple[int, ...]] = {}
    stems: dict[str, tuple[int, ...]] = {}
    following: dict[str, frozenset[str]] = {}
    for index, (name, entries) in enumerate(groups.items()):
        for entry in entries:
            parts = tokens.forms(entry)
            stem = entry.rstrip().endswith("*")
            if not parts or len(parts) > MAX_PHRASE or (stem and len(parts[-1]) < MIN_STEM):
                raise LexiconError(f"group {name!r}: {entry!r} is empty, too long, or too short for a stem")
            table = stems if stem else exact
            table[" ".join(parts)] = (*table.get(" ".join(parts), ()), index)
            for size in range(1, len(parts)):
                start = " ".join(parts[:size])
                following[start] = following.get(start, NONE) | {parts[size][:MIN_STEM]}
    return Lexicon(tuple(groups), exact, stems, following)


def parse(text: str) -> Lexicon:
    """Read the text of a TOML file: `[group]` tables from language to list of words; raises LexiconError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(str(error)) from error
    return build({name: entries(name, table) for name, table in tables.items()})


def entries(name: str, table: object) -> list[str]:
    """Flatten the languages of one group; raises LexiconError if it is not a table of lists of words."""
    if not isinstance(table, dict):
        raise LexiconError(f"{name!r} must be a table of languages")
    found: list[str] = []
    for language, listed in table.items():
        if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
            raise LexiconError(f"{name}.{language} must be a list of words")
        found += listed
    return found
