"""Find words of groups such as "refund" or "locked out", which people can edit, in many languages and scripts."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from struct import unpack
from typing import TypeVar

from daemon.text import normalized
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
# The language of the shipped examples.
ENGLISH = "en"
# Words of these languages count in every text that is not clearly in another language than English.
EVERYWHERE = frozenset(("de", "en", "es", "fr", "it", "nl", "pt"))
# A text is clearly in another language if it has MIN_SIGNS signs of it, and MARGIN times the signs of English.
MIN_SIGNS = 2
MARGIN = 1.25
# Letters that decomposition keeps, and what people write for them; only entries are changed, never the text.
PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae"})
# The table of a file whose words are no group, but signs of the language: "the", "of", "not".
COMMON = "common"
UNKNOWN: "Senses" = ((), 0)
# Signs are counted for all languages at once: each language has this many bits of one integer.
COUNT_BITS = 32
COUNT_FORMAT = "I"
NO_LETTERS: tuple[str, ...] = ()
BY_PLACE = itemgetter(1)

Value = TypeVar("Value")
# Index of the group, index of the first word, number of words.
Entry = tuple[int, int, int]
# The groups that an entry belongs to, each with the languages in which it does, as bits.
Groups = tuple[tuple[int, int], ...]
# What an entry means: its groups, and one sign of each of its languages, as counts.
Senses = tuple[Groups, int]


class LexiconError(ValueError):
    """The lexicon cannot be read: which group or word is wrong, and why."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What a text has of the lexicon: entries, languages, and words.

    `languages` are the indexes of the languages that the text may be in, strongest first, and `signs` is the number of
    signs of each. `words` are the folded words that count as known. `other` means that the text is clearly in another
    language than English.
    """

    entries: Sequence[Entry]
    languages: Sequence[int]
    words: frozenset[str]
    signs: Sequence[int]
    other: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word groups. `exact` and `stems` map folded words or phrases to their groups and languages.

    `everywhere` are the languages of EVERYWHERE as bits, `english` is the index of English, -1 without it. `following`
    maps the start of each phrase to the letters with which its next word may begin, which saves look-ups.
    An entry that ends in `*` is a stem: "refund*" also counts "refunded". In a phrase only the last word may.
    In a text that shows another language than English only words of this language count, and of those like it.
    """

    groups: tuple[str, ...]
    languages: tuple[str, ...]
    exact: Mapping[str, Senses]
    stems: Mapping[str, Senses]
    following: Mapping[str, tuple[str, ...]]
    everywhere: int
    english: int
    remembered: dict[str, Senses] = field(default_factory=dict, compare=False, repr=False)

    def find(self, forms: Sequence[str]) -> Matches:
        """Find the entries in a list of folded words, in one pass, and the languages of the text."""
        distinct = dict.fromkeys(forms)
        remembered, following = self.remembered, self.following
        senses = {form: remembered[form] if form in remembered else self.senses(form) for form in distinct}
        alone = {form: groups for form, (groups, _) in senses.items() if groups}
        begun = {form: following[form] for form in distinct if form in following}
        phrases = [
            phrase
            for at, (first, second) in enumerate(pairwise(forms))
            if first in begun and second[:MIN_STEM] in begun[first]
            for phrase in self.phrases(forms, at)
        ]
        signs = self.counts(sum([sign for _, sign in senses.values()] + [sign for (_, sign), _, _ in phrases]))
        languages = strongest(signs)
        other = self.is_other(signs, languages)
        counted = self.counted(signs, languages, other=other)
        found = [(alone[form], at, 1) for at, form in enumerate(forms) if form in alone]
        if phrases:
            # The sort is stable: at each word the entry of one word comes first, then the phrases, shortest first.
            found = sorted(found + [(groups, at, size) for (groups, _), at, size in phrases], key=BY_PLACE)
        entries = [(group, at, size) for groups, at, size in found for group, known in groups if known & counted]
        words = self.words_of(languages, senses, forms, phrases) if other else self.words_everywhere(alone)
        return Matches(entries, languages, words, [signs[language] for language in languages], other)

    def words_everywhere(self, alone: Mapping[str, Groups]) -> frozenset[str]:
        """Return the words that belong to a group in one of the languages of EVERYWHERE."""
        return frozenset([form for form, groups in alone.items() for _, known in groups if known & self.everywhere])

    def words_of(
        self,
        languages: Iterable[int],
        senses: Mapping[str, Senses],
        forms: Sequence[str],
        phrases: Iterable[tuple[Senses, int, int]],
    ) -> frozenset[str]:
        """Return the words that are signs of some languages, alone or in a phrase."""
        by = sum(one_sign(language) for language in languages)
        words = {form for form, (_, signs) in senses.items() if signs & by}
        for (_, signs), at, size in phrases:
            if signs & by:
                words.update(forms[at : at + size])
        return frozenset(words)

    def counts(self, signs: int) -> Sequence[int]:
        """Return the number of signs of each language."""
        count = len(self.languages)
        return unpack(f"<{count}{COUNT_FORMAT}", signs.to_bytes(count * COUNT_BITS // 8, "little"))

    def counted(self, signs: Sequence[int], languages: Sequence[int], *, other: bool) -> int:
        """Return the languages whose entries count in a text, as bits: those that it is clearly in, else EVERYWHERE."""
        if other:
            return sum(1 << language for language in languages)
        if languages and languages[0] == self.english and signs[self.english] >= MIN_SIGNS:
            return 1 << self.english
        return self.everywhere

    def is_other(self, signs: Sequence[int], languages: Sequence[int]) -> bool:
        """Return whether a text with these signs, and these strongest languages, is clearly not in English."""
        if not languages or languages[0] == self.english:
            return False
        most = signs[languages[0]]
        return most >= MIN_SIGNS and most >= MARGIN * (signs[self.english] if self.english >= 0 else 0)

    def phrases(self, forms: Sequence[str], at: int) -> list[tuple[Senses, int, int]]:
        """Return the entries of two or more words that start at a word, shortest first.

        In a script without spaces only the longest counts, because a part of a word need not be a word.
        """
        text, found = forms[at], []
        for size, word in enumerate(forms[at + 1 : at + MAX_CHARACTERS], 2):
            if word[:MIN_STEM] not in self.following.get(text, NO_LETTERS):
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
        found = self.direct(text)
        for form in [] if found else tokens.without_prefixes(text):
            found = found or self.direct(form)
        return merged(found) if found else UNKNOWN

    def direct(self, text: str) -> list[Senses]:
        """Return the meanings of the entry that is a folded word or phrase, and of the stems that its last word has."""
        stems, shortest = self.stems, max(text.rfind(" ") + 1 + MIN_STEM, len(text) - MAX_ENDING)
        found = [stems[text[:end]] for end in range(shortest, len(text) + 1) if text[:end] in stems]
        return [self.exact[text], *found] if text in self.exact else found


def strongest(signs: Sequence[int]) -> list[int]:
    """Return the languages with the most signs, strongest first."""
    least = max(1.0, MIN_SHARE * max(signs, default=0))
    return sorted([at for at, count in enumerate(signs) if count >= least], key=lambda at: -signs[at])


def one_sign(language: int) -> int:
    """Return one sign of a language, as a count."""
    return 1 << language * COUNT_BITS


def merged(found: Sequence[Senses]) -> Senses:
    """Merge the meanings of several entries that match the same text."""
    if len(found) == 1:
        return found[0]
    groups: dict[int, int] = {}
    signs = 0
    for senses, more in found:
        signs |= more
        for group, known in senses:
            groups[group] = groups.get(group, 0) | known
    return tuple(sorted(groups.items())), signs


def build(languages: Mapping[str, Mapping[str, Iterable[str]]]) -> Lexicon:
    """Build a lexicon from languages, their groups and the entries of each; raises LexiconError."""
    groups = list(dict.fromkeys(name for table in languages.values() for name in table if name != COMMON))
    exact: dict[str, Senses] = {}
    stems: dict[str, Senses] = {}
    following: dict[str, tuple[str, ...]] = {}
    one = dict[str, str]().setdefault
    for language, table in enumerate(languages.values()):
        for name, entries in table.items():
            meant = () if name == COMMON else ((groups.index(name), 1 << language),)
            meaning: Senses = (meant, one_sign(language))
            for entry in spellings(entries):
                parts = words(name, entry)
                known, text = stems if entry.rstrip().endswith("*") else exact, " ".join(parts)
                known[text] = merged((known[text], meaning)) if text in known else meaning
                for size in range(1, len(parts)):
                    start, letters = " ".join(parts[:size]), parts[size][:MIN_STEM]
                    following[start] = tuple(dict.fromkeys((*following.get(start, NO_LETTERS), one(letters, letters))))
    return Lexicon(
        groups=tuple(groups),
        languages=tuple(languages),
        exact=shared(exact),
        stems=shared(stems),
        following=shared(following),
        everywhere=sum(1 << at for at, language in enumerate(languages) if language in EVERYWHERE),
        english=[*languages].index(ENGLISH) if ENGLISH in languages else -1,
    )


def shared(table: Mapping[str, Value]) -> dict[str, Value]:
    """Return a table in which equal values are one object: most entries mean the same as hundreds of others."""
    values: dict[Value, Value] = {}
    return {text: values.setdefault(value, value) for text, value in table.items()}


def spellings(entries: Iterable[str]) -> Iterable[str]:
    """Return entries also as people write them on a keyboard without their letters."""
    return dict.fromkeys(spelling for entry in entries for spelling in (entry, entry.casefold().translate(PLAIN)))


def words(group: str, entry: str) -> list[str]:
    """Return the folded words of an entry; raises LexiconError if it cannot match or could match anything."""
    parts = tokens.forms(normalized("NFKC", entry))
    spaced = [part for part in parts if not tokens.unspaced(part)]
    stem = entry.rstrip().endswith("*")
    if "*" in entry.rstrip()[:-1]:
        raise LexiconError(f"group {group!r}: {entry!r} has a * that is not at its end")
    too_short = stem and (len(parts[-1]) < MIN_STEM or tokens.unspaced(parts[-1])) if parts else True
    if too_short or len(spaced) > MAX_PHRASE or len(parts) > MAX_CHARACTERS:
        raise LexiconError(f"group {group!r}: {entry!r} is empty, too long, or too short for a stem")
    return parts


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
