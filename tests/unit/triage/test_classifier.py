"""The model: features, probabilities and the most important words."""

from dataclasses import replace

import numpy as np
import pytest

from workers.triage import lexicon, tokens
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon, LexiconError
from workers.triage.preprocess import clean


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Can't pay", ["cant", "pay"]),
        ("l'abonnement d’été", ["l", "abonnement", "d", "ete"]),  # noqa: RUF001 - the apostrophe of phones
        ("Straße GRÖSSE", ["strasse", "grosse"]),
        ("why?!", ["why", "?", "!"]),
        ("x" * 100, ["x" * 40]),
        ("rock'n'roll, it's", ["rockn", "roll", "its"]),
        ("ŞİFREMİ kayıt KAYIT", ["sifremi", "kayit", "kayit"]),  # noqa: RUF001 - Turkish
        ("पासवर्ड भूल", ["पासवरड", "भूल"]),
        ("والحساب حساب", ["حساب", "حساب"]),
        ("비밀 app闪退", ["비", "밀", "app", "闪", "退"]),
        ("o'clock!?s_ab", ["o", "clock", "!", "?", "s", "ab"]),
    ],
)
def test_words_compare_equal_regardless_of_typing(text: str, forms: list[str]) -> None:
    assert tokens.forms(text) == forms


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Refunded", ["refund"]),
        ("my money back", ["refund"]),
        ("I sign in with passwords", ["sign in", "sign in"]),
        ("signing money", []),
        ("prerefund", []),
    ],
)
def test_the_lexicon_finds_words_stems_and_phrases(text: str, groups: list[str], words: Lexicon) -> None:
    found = words.find(tokens.forms(text))
    assert [words.groups[group] for group, _, _ in found.entries] == groups


@pytest.mark.parametrize("entry", ["", "  ", "ab*", "clear* cache", "one two three four five six seven"])
def test_an_entry_that_cannot_match_is_refused(entry: str) -> None:
    with pytest.raises(LexiconError):
        lexicon.build({"en": {"group": [entry]}})


def test_probabilities_add_up_and_the_batch_agrees_with_the_single_ticket(model: Model) -> None:
    cases = [clean("", text) for text in ("refund my card", "the app crashes", "zzz", "")]
    many = model.predict_many(cases)
    assert many.sum(axis=1) == pytest.approx(np.ones(len(cases)))
    for case, row in zip(cases, many, strict=True):
        single = dict(model.predict(case).categories)
        assert [single[label] for label in model.category.labels] == pytest.approx(row.tolist())


@pytest.mark.parametrize(
    ("text", "first", "last", "found"),
    [("I can't pay", 1, 1, "can't"), ("a, b\nc. D!", 1, 3, "b\nc. D"), ("why?!", 0, 1, "why?")],
)
def test_an_excerpt_keeps_the_original_text(text: str, first: int, last: int, found: str) -> None:
    assert tokens.excerpt(text, first, last) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("out of the house", [("short", 0, 2), ("exact", 0, 4)]),
        ("out of them", [("short", 0, 2)]),
        ("out of", [("short", 0, 2)]),
        ("locked my accounts out of the houses", [("stem", 0, 3), ("short", 3, 2)]),
    ],
)
def test_whole_phrases_are_found_and_may_end_in_a_stem(text: str, found: list[tuple[str, int, int]]) -> None:
    book = lexicon.build({"en": {"exact": ["out of the house"], "short": ["out of"], "stem": ["locked my account*"]}})
    assert [(book.groups[group], at, size) for group, at, size in book.find(tokens.forms(text)).entries] == found


def test_the_most_important_words_are_shown_as_written(model: Model) -> None:
    shown = [word for word, _ in model.predict(clean("", "Please REFUND my Çard")).words]
    assert shown[0] == "REFUND"
    assert "Çard" in shown


def test_unknown_words_lower_the_confidence(model: Model) -> None:
    sure = model.predict(clean("", "refund")).categories[0][1]
    unsure = model.predict(clean("", "refund qwxy vbnm zxcv plkj mnbv")).categories[0][1]
    assert unsure < sure


def test_a_mark_without_a_letter_is_a_word_that_nobody_knows(model: Model) -> None:
    assert model.predict(clean("", "\u0301 refund")).known == model.predict(clean("", "refund")).known


def test_a_model_without_text_features_still_answers(model: Model) -> None:
    bare = replace(model, features=replace(model.features, ids={}))
    assert bare.predict(clean("", "日本")).known == 0.0
