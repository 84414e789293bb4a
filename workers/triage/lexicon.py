"""Find words of groups such as "refund" or "locked out", which people can edit, in many languages and scripts."""

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from workers.triage import tokens

MIN_STEM = 3
MAX_PHRASE = 6
# The longest entry in a script without spaces, in characters.
MAX_CHARACTERS = 20
# A stem does not match a word with more letters after it.
MAX_ENDING = 20
MAX_CACHED = 30_000
# A language counts in a text if it has this share of the signs that the strongest language has.
MIN_SHARE = 0.4
# The languages of the shipped examples. Their words count in every text that is not clearly in another language.
EVERYWHERE = frozenset(("de", "en", "es", "fr", "it", "nl", "pt"))
# A text is clearly in another language if it has so many signs of it, and so many times the signs of any of these.
MIN_SIGNS = 2
MARGIN = 1.25
# Letters that decomposition keeps, and what people write for them; only entries are changed, never the text.
PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae"})
# The table of a file whose words are no group, but signs of the language: "the", "of", "not".
COMMON = "common"
NO_GROUP = -1
NONE: frozenset[str] = frozenset()
UNKNOWN: "Senses" = ((), ())

# Index of the group, index of the first word, number of words.
Entry = tuple[int, int, int]
# What an entry means: (group, languages in which it does, as bits); and all its languages, as indexes.
Senses = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]


class LexiconError(ValueError):
    """The lexicon cannot be read: which group or word is wrong, and why."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What a text has of the lexicon: entries, languages, and words.

    `languages` are the indexes of the languages that the text may be in, strongest first, and `signs` is the number of
    signs of the first. `words` are the folded words that count as known. `other` means that the text is clearly in a
    language that is not one of EVERYWHERE.
    """

    entries: Sequence[Entry]
    languages: Sequence[int]
    words: frozenset[str]
    signs: int
    other: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word groups. `exact` and `stems` map folded words or phrases to their groups and languages.

    `everywhere` are the languages of EVERYWHERE as bits. `following` maps the start of each phrase to the letters with
    which its next word may begin, which saves look-ups.
    An entry that ends in `*` is a stem: "refund*" also counts "refunded". In a phrase only the last word may.
    The words of other languages than those of EVERYWHERE count only where the text shows its language.
    """

    groups: tuple[str, ...]
    languages: tuple[str, ...]
    exact: Mapping[str, Senses]
    stems: Mapping[str, Senses]
    following: Mapping[str, frozenset[str]]
    everywhere: int
    remembered: dict[str, Senses] = field(default_factory=dict, compare=False, repr=False)

    def find(self, forms: Sequence[str]) -> Matches:
        """Find the entries in a list of folded words, in one pass, and the languages of the text."""
        distinct = dict.fromkeys(forms)
        alone = {form: senses for form in distinct if (senses := self.senses(form))[1]}
        begun = {form: self.following[form] for form in distinct if form in self.following}
        found: list[tuple[Senses, int, int]] = []
        phrases: list[tuple[Senses, int, int]] = []
        for at, (first, second) in enumerate(pairwise([*forms, ""])):
            if first in alone:
                found.append((alone[first], at, 1))
            if first in begun and second[:MIN_STEM] in begun[first]:
                more = self.phrases(forms, at)
                found += more
                phrases += more
        signs = self.signs([*alone.values(), *(senses for senses, _, _ in phrases)])
        languages = strongest(signs)
        counted = self.counted(signs, languages)
        entries = [
            (group, at, size)
            for (senses, _), at, size in found
            for group, known in senses
            if known & counted and group != NO_GROUP
        ]
        other = counted != self.everywhere
        known_words = self.words_of(languages, alone, forms, phrases) if other else self.words_everywhere(alone)
        return Matches(entries, languages, known_words, max(signs, default=0), other)

    def words_everywhere(self, alone: Mapping[str, Senses]) -> frozenset[str]:
        """Return the words that belong to a group in one of the languages of EVERYWHERE."""
        return frozenset(
            form
            for form, (senses, _) in alone.items()
            if any(group != NO_GROUP and known & self.everywhere for group, known in senses)
        )

    def words_of(
        self,
        languages: Iterable[int],
        alone: Mapping[str, Senses],
        forms: Sequence[str],
        phrases: Iterable[tuple[Senses, int, int]],
    ) -> frozenset[str]:
        """Return the words that are signs of some languages, alone or in a phrase."""
        by = frozenset(languages)
        words = {form for form, (_, known) in alone.items() if not by.isdisjoint(known)}
        for (_, known), at, size in phrases:
            if not by.isdisjoint(known):
                words.update(forms[at : at + size])
        return frozenset(words)

    def signs(self, found: Iterable[Senses]) -> list[int]:
        """Count the signs of each language."""
        signs = [0] * len(self.languages)
        for _, languages in found:
            for language in languages:
                signs[language] += 1
        return signs

    def counted(self, signs: Sequence[int], languages: Sequence[int]) -> int:
        """Return the languages whose entries count in a text, as bits.

        The languages of EVERYWHERE do, unless the text is clearly in another one; then those that the text is in do.
        """
        best = max((n for at, n in enumerate(signs) if self.everywhere >> at & 1), default=0)
        others = max((n for at, n in enumerate(signs) if not self.everywhere >> at & 1), default=0)
        if others < MIN_SIGNS or others < MARGIN * best:
            return self.everywhere
        return sum(1 << language for language in languages)

    def phrases(self, forms: Sequence[str], at: int) -> list[tuple[Senses, int, int]]:
        """Return the entries of two or more words that start at a word, shortest first.

        In a script without spaces only the longest counts, because a part of a word need not be a word.
        """
        text, found = forms[at], []
        for size, word in enumerate(forms[at + 1 : at + MAX_CHARACTERS], 2):
            if word[:MIN_STEM] not in self.following.get(text, NONE):
                break
            text = f"{text} {word}"
            senses = self.senses(text)
            if senses[1]:
                found.append((senses, at, size))
        return found[-1:] if tokens.unspaced(forms[at]) else found

    def senses(self, text: str) -> Senses:
        """Return the groups and languages of a folded word or phrase, from a cache if possible."""
        known = self.remembered.get(text)
        if known is None:
            known = self.lookup(text)
            if len(self.remembered) < MAX_CACHED:
                self.remembered[text] = known
        return known

    def lookup(self, text: str) -> Senses:
        """Return what an entry means, exactly, by a stem of its last word, or without prefixes; UNKNOWN if nothing."""
        for form in (text, *tokens.without_prefixes(text)):
            found = [self.exact[form]] if form in self.exact else []
            shortest = max(form.rfind(" ") + 1 + MIN_STEM, len(form) - MAX_ENDING)
            ends = range(shortest, len(form) + 1)
            found += [self.stems[form[:end]] for end in ends if form[:end] in self.stems]
            if found:
                return merged(found)
        return UNKNOWN

    def knows(self, word: str) -> bool:
        """Return whether a folded word is an entry."""
        return bool(self.senses(word)[1])


def strongest(signs: Sequence[int]) -> list[int]:
    """Return the languages with the most signs, strongest first."""
    least = max(1.0, MIN_SHARE * max(signs, default=0))
    return sorted((at for at, count in enumerate(signs) if count >= least), key=lambda at: -signs[at])


def merged(found: Sequence[Senses]) -> Senses:
    """Merge the meanings of several entries that match the same text."""
    if len(found) == 1:
        return found[0]
    groups: dict[int, int] = {}
    for senses, _ in found:
        for group, known in senses:
            groups[group] = groups.get(group, 0) | known
    return tuple(sorted(groups.items())), tuple(sorted({each for _, languages in found for each in languages}))


def build(languages: Mapping[str, Mapping[str, Iterable[str]]]) -> Lexicon:
    """Build a lexicon from languages, their groups and the entries of each; raises LexiconError."""
    groups = list(dict.fromkeys(name for table in languages.values() for name in table if name != COMMON))
    exact: dict[str, list[tuple[int, int]]] = {}
    stems: dict[str, list[tuple[int, int]]] = {}
    following: dict[str, set[str]] = {}
    for language, table in enumerate(languages.values()):
        for name, entries in table.items():
            group = NO_GROUP if name == COMMON else groups.index(name)
            for entry in spellings(entries):
                parts = words(name, entry)
                known = stems if entry.rstrip().endswith("*") else exact
                known.setdefault(" ".join(parts), []).append((group, language))
                for size in range(1, len(parts)):
                    following.setdefault(" ".join(parts[:size]), set()).add(parts[size][:MIN_STEM])
    return Lexicon(
        tuple(groups),
        tuple(languages),
        {text: meaning(found) for text, found in exact.items()},
        {text: meaning(found) for text, found in stems.items()},
        {text: frozenset(letters) for text, letters in following.items()},
        sum(1 << at for at, language in enumerate(languages) if language in EVERYWHERE),
    )


def spellings(entries: Iterable[str]) -> Iterable[str]:
    """Return entries also as people write them on a keyboard without their letters."""
    return dict.fromkeys(spelling for entry in entries for spelling in (entry, entry.casefold().translate(PLAIN)))


def words(group: str, entry: str) -> list[str]:
    """Return the folded words of an entry; raises LexiconError if it cannot match or could match anything."""
    parts = tokens.forms(unicodedata.normalize("NFKC", entry))
    spaced = [part for part in parts if not tokens.unspaced(part)]
    stem = entry.rstrip().endswith("*")
    if "*" in entry.rstrip()[:-1]:
        raise LexiconError(f"group {group!r}: {entry!r} has a * that is not at its end")
    too_short = stem and (len(parts[-1]) < MIN_STEM or tokens.unspaced(parts[-1])) if parts else True
    if too_short or len(spaced) > MAX_PHRASE or len(parts) > MAX_CHARACTERS:
        raise LexiconError(f"group {group!r}: {entry!r} is empty, too long, or too short for a stem")
    return parts


def meaning(found: Iterable[tuple[int, int]]) -> Senses:
    """Collect the languages of each group of an entry."""
    groups: dict[int, int] = {}
    for group, language in found:
        groups[group] = groups.get(group, 0) | 1 << language
    return tuple(sorted(groups.items())), tuple(sorted({language for _, language in found}))


def parse(files: Mapping[str, str]) -> Lexicon:
    """Read the texts of TOML files, one for each language: `group = ["word", ...]`; raises LexiconError."""
    return build({language: table(language, text) for language, text in files.items()})


def table(language: str, text: str) -> dict[str, list[str]]:
    """Read the groups of one language; raises LexiconError if one is not a list of words."""
    try:
        groups = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"{language}: {error}") from error
    for name, listed in groups.items():
        if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
            raise LexiconError(f"{language}: {name} must be a list of words")
    return groups
