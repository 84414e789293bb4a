"""The shipped lexicon and the examples that the default model learns from."""

import tomllib
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from tests.support.paths import CONFIG
from workers.learning.examples import Example, read_file
from workers.learning.trainer import shipped_lexicon
from workers.triage import tokens
from workers.triage.lexicon import Lexicon

LEXICON = sorted((CONFIG / "lexicon").glob("*.toml"))
LEAST_LANGUAGES = 25
FILES = sorted((CONFIG / "examples").glob("*.csv"))


@pytest.fixture(scope="module")
def corpus() -> list[Example]:
    return [example for path in FILES for example in read_file(path, {"Payments", "Login", "Technical", "General"})]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return shipped_lexicon()


@pytest.mark.parametrize("path", LEXICON, ids=lambda path: path.stem)
def test_every_language_of_the_lexicon_has_words_in_every_group(path: Path, lexicon: Lexicon) -> None:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(table) == {"common", *lexicon.groups}
    assert all(len(words) >= 5 for words in table.values())


def test_the_lexicon_has_the_languages(lexicon: Lexicon) -> None:
    assert len(lexicon.languages) >= LEAST_LANGUAGES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_has_a_priority_and_a_group(path: Path) -> None:
    for example in read_file(path):
        assert example.priority, example.subject
        assert example.situation, example.subject
        assert example.voice, example.subject
        assert example.industry, example.subject


def test_the_categories_are_balanced_and_varied(corpus: list[Example]) -> None:
    assert len(corpus) >= 4000
    assert all(count >= 300 for count in Counter(e.category for e in corpus).values())
    assert len({e.industry for e in corpus}) >= 60
    assert len({e.voice for e in corpus}) >= 10


def test_no_two_examples_are_near_copies(corpus: list[Example]) -> None:
    texts = [tokens.forms(f"{e.subject} {e.body}") for e in corpus]
    grams = [{tuple(text[at : at + 5]) for at in range(len(text) - 4)} for text in texts]
    owners: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, found in enumerate(grams):
        for gram in found:
            owners[gram].append(at)
    shared = Counter(pair for holders in owners.values() for pair in combinations(holders, 2))
    alike = [
        (texts[a], texts[b]) for (a, b), n in shared.items() if n > 3 and n > 0.2 * min(len(grams[a]), len(grams[b]))
    ]
    assert alike == []
