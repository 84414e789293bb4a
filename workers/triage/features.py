"""Turn text into numbers: words and pairs of words, character n-grams inside words, and lexicon groups."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from workers.triage import tokens
from workers.triage.lexicon import Lexicon, Matches

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]

GROUP_WEIGHT = 1.5
GROUP_SMOOTHING = 5
NGRAM_SIZES = range(2, 6)
MAX_WORDS = 40_000
MAX_CHARS = 30_000
MAX_CACHED = 30_000
# The words that stand for numbers, addresses and URLs begin so.
MASK = "xx"
NOTHING = np.zeros(0, np.float32)


@lru_cache(maxsize=MAX_CACHED)
def char_ngrams(word: str) -> tuple[str, ...]:
    """Return the character n-grams of one word, its ends marked by spaces."""
    padded = f" {word} "
    return tuple(padded[at : at + n] for n in NGRAM_SIZES for at in range(len(padded) - n + 1))


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of features. `terms` maps terms to columns, `idf` is their rarity, `unseen` that of an unknown term."""

    terms: dict[str, int]
    idf: Floats
    unseen: float

    @classmethod
    def learn(cls, documents: Sequence[Iterable[str]], once: Callable[[str], bool], most: int) -> "Block":
        """Keep the `most` frequent terms; a term of only one document is dropped unless `once` accepts it.

        Of equally frequent terms the first of the alphabet are kept, so that the same documents give the same terms.
        """
        seen = Counter(term for document in documents for term in set(document))
        known = (term for term, n in seen.items() if n > 1 or once(term))
        kept = sorted(sorted(known, key=lambda term: (-seen[term], term))[:most])
        total = len(documents)
        idf = np.array([np.log((1 + total) / (1 + seen[term])) + 1 for term in kept], np.float32)
        return cls({term: at for at, term in enumerate(kept)}, idf, float(np.log(1 + total) + 1))


@dataclass(frozen=True, slots=True)
class Row:
    """The features of one text: column numbers and values."""

    columns: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Found:
    """The features found in one text.

    `counts` has each distinct word in the order of the text. `grams` are the columns of their character n-grams, word
    after word, and `sizes` the number of n-grams of each word. `matches` are the lexicon entries and the languages.
    """

    forms: Sequence[str]
    counts: Mapping[str, int]
    grams: Ints
    sizes: Sequence[int]
    matches: Matches


@dataclass(slots=True)
class Features:
    """Turns a text into numbers; learned once, then only read.

    Words that the corpus lacks still count in the length of the vector. A text full of them gets small values, so the
    model is less confident about it.
    """

    pairs: Block
    chars: Block
    lexicon: Lexicon
    ids: dict[str, Ints] = field(default_factory=dict, repr=False)

    @property
    def text_width(self) -> int:
        """Return the number of columns of word terms and character n-grams; the groups come after them."""
        return len(self.pairs.terms) + len(self.chars.terms)

    @property
    def widths(self) -> tuple[int, int]:
        """Return the number of columns of word terms, which come first, and of all text."""
        return len(self.pairs.terms), self.text_width

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return self.text_width + len(self.lexicon.groups)

    def find(self, forms: Sequence[str]) -> Found:
        """Find the features of one text, given as folded words."""
        counts = Counter(forms)
        ids = self.ids
        grams = [ids[word] if word in ids else self.char_ids(word) for word in counts]
        columns = np.concatenate(grams) if grams else np.empty(0, np.int32)
        return Found(forms, counts, columns, [len(found) for found in grams], self.lexicon.find(forms))

    def row(self, found: Found) -> Row:
        """Return the features of one text as numbers."""
        parts = (self.word_part(found), self.char_part(found), self.group_part(found))
        return Row(np.concatenate([p.columns for p in parts]), np.concatenate([p.values for p in parts]))

    def word_part(self, found: Found) -> Row:
        """Return the numbers for words and pairs of words."""
        terms = self.pairs.terms
        pairs = Counter(map(" ".join, pairwise(found.forms)))
        known = {terms[term]: n for term, n in chain(found.counts.items(), pairs.items()) if term in terms}
        columns = np.array(list(known), np.int32)
        values = (1 + np.log(np.array(list(known.values()), np.float32))) * self.pairs.idf[columns]
        unknown = [n for term, n in found.counts.items() if term not in terms]
        rest = (1 + np.log(np.array(unknown, np.float32))) * self.pairs.unseen if unknown else NOTHING
        return Row(columns, scaled(values, float(rest @ rest)))

    def char_part(self, found: Found) -> Row:
        """Return the numbers for character n-grams."""
        weights = np.repeat(np.array(list(found.counts.values()), np.float32), found.sizes)
        totals = np.bincount(found.grams, weights)
        columns = (totals > 0).nonzero()[0].astype(np.int32)
        values = (1 + np.log(totals[columns])).astype(np.float32) * self.chars.idf[columns]
        return Row(columns + len(self.pairs.terms), scaled(values, 0.0))

    def char_ids(self, word: str) -> Ints:
        """Return the columns of the character n-grams of a word, and cache them."""
        terms = self.chars.terms
        found = np.array([terms[gram] for gram in char_ngrams(word) if gram in terms], np.int32)
        if len(self.ids) < MAX_CACHED:
            self.ids[word] = found
        return found

    def group_part(self, found: Found) -> Row:
        """Return the numbers for lexicon groups: occurrences divided by the square root of the number of words."""
        counts = Counter(group for group, _, _ in found.matches.entries)
        columns = np.array(list(counts), np.int32)
        scale = GROUP_WEIGHT / np.sqrt(tokens.length(found.counts) + GROUP_SMOOTHING)
        return Row(columns + np.int32(self.text_width), np.array(list(counts.values()), np.float32) * np.float32(scale))

    def matrix(self, texts: Iterable[Sequence[str]]) -> csr_array:
        """Return the numbers for many texts as a sparse matrix with a row per text."""
        rows = [self.row(self.find(forms)) for forms in texts]
        starts = np.concatenate([[0], np.cumsum([len(row.columns) for row in rows])])
        columns = np.concatenate([row.columns for row in rows])
        values = np.concatenate([row.values for row in rows])
        return csr_array((values, columns, starts), shape=(len(rows), self.width))

    def known(self, found: Found) -> float:
        """Return the share of distinct words seen in training or found in the lexicon, 0.0 to 1.0."""
        distinct = [word for word in found.counts if word[:1].isalpha()]
        if not distinct:
            return 0.0
        return sum(word in self.pairs.terms or word in found.matches.words for word in distinct) / len(distinct)

    def word_weights(self, found: Found, contributions: Floats) -> dict[str, float]:
        """Return the sum of each distinct word's own columns, without its pairs, given a value per column."""
        count = len(found.counts)
        owners = np.repeat(np.arange(count), found.sizes)
        sums = np.bincount(owners, contributions[found.grams + len(self.pairs.terms)], minlength=count).tolist()
        terms = self.pairs.terms
        return {
            word: total + (float(contributions[terms[word]]) if word in terms else 0.0)
            for word, total in zip(found.counts, sums, strict=True)
        }


def scaled(values: Floats, rest: float) -> Floats:
    """Scale values to length one; `rest` is the squared length of the terms that have no column."""
    length = float(np.sqrt(float(values @ values) + rest))
    return values / np.float32(length) if length else values


def learn(texts: Sequence[Sequence[str]], lexicon: Lexicon) -> Features:
    """Learn the terms from texts given as folded words."""
    pairs = [[*forms, *(f"{a} {b}" for a, b in pairwise(forms))] for forms in texts]
    chars = [{gram for word in set(forms) for gram in char_ngrams(word)} for forms in texts]
    return Features(
        Block.learn(pairs, lambda term: " " not in term, MAX_WORDS),
        Block.learn(chars, lambda _: False, MAX_CHARS),
        lexicon,
    )
