"""Training, reading examples, and comparing a candidate with the current model."""

import gc
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from daemon.vocabulary import Priority
from tests.support.small_model import NOW, small_corpus
from workers.learning import gate, retraining, training
from workers.learning.examples import Example, ExampleError, parse
from workers.learning.metrics import Answer, measure
from workers.learning.training import TrainingError
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon

HEADER = b"subject,body,category,priority\n"


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"", 1, "column"),
        (b"subject,text\na,b\n", 1, "body, category"),
        (HEADER + b"a,b,Login,High\nc,d,Nonsense,Low\n", 3, "'Nonsense' is unknown"),
        (HEADER + b"a,b,Login,Huge\n", 2, "priority"),
        (HEADER + b"a,b,Login\n", 2, "fields"),
        (HEADER + b"a,b,Login,High,more\n", 2, "fields"),
        (HEADER + b"a,b,Login,High\na,\xff,Login,High\n", 3, "UTF-8"),
        (HEADER + b"a,\0,Login,High\n", 2, "NUL"),
        (HEADER + b'a,"b,Login,High\n', 2, "unexpected end"),
        (HEADER + b"a," + b"x" * 300_000 + b",Login,High\n", 2, "field"),
        (HEADER + b'a,"two\nlines",,High\n', 3, "''"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(content: bytes, line: int, problem: str) -> None:
    with pytest.raises(ExampleError) as caught:
        list(parse(content, "tickets.csv", {"Login", "Payments"}))
    assert caught.value.line == line
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"tickets.csv, line {line}: ")


def test_a_file_may_name_its_category_column_label() -> None:
    content = '\ufeffid,subject,body,label,priority\n7,Ünïcode,"two\nlines",Login,\n'.encode()
    assert list(parse(content, "x")) == [Example("Ünïcode", "two\nlines", "Login", None, key="7")]


def test_the_same_examples_make_the_same_model_in_any_order(words: Lexicon) -> None:
    first, report = training.train(small_corpus(), words, NOW)
    second, _ = training.train(small_corpus()[::-1], words, NOW)
    assert first.version == second.version == f"20250102-030405-{report.corpus[:8]}"
    assert np.array_equal(first.category.weights, second.category.weights)
    assert np.array_equal(first.groups.weights, second.groups.weights)
    assert first.priority is not None
    assert second.priority is not None
    assert np.array_equal(first.priority.weights, second.priority.weights)
    assert training.evaluate(first, small_corpus()).accuracy == 1.0


def test_what_is_held_out_belongs_to_its_example_in_any_order(words: Lexicon) -> None:
    first, second = (training.make(examples, words, NOW) for examples in (small_corpus(), small_corpus()[::-1]))
    assert np.array_equal(first.held_out, second.held_out[::-1])


def test_two_categories_of_any_name_can_be_learned(words: Lexicon) -> None:
    two = [replace(e, category="A" if e.category == "Login" else "B") for e in small_corpus()]
    model, _ = training.train(two, words, NOW)
    assert model.category.labels == ("A", "B")
    assert training.evaluate(model, two).accuracy > 0.9


def test_a_category_with_one_example_does_not_break_training(words: Lexicon) -> None:
    model, _ = training.train([*small_corpus(), Example("", "a lonely giraffe", "Zoo")], words, NOW)
    assert model.counts["Zoo"] == 1


@pytest.mark.parametrize("examples", [[], [Example("", "a", "Login")], [Example("", "a", "Login")] * 5])
def test_one_category_is_not_enough_to_train_on(examples: list[Example], words: Lexicon) -> None:
    with pytest.raises(TrainingError):
        training.train(examples, words, NOW)


def test_empty_texts_and_odd_characters_can_be_trained_on(words: Lexicon) -> None:
    odd = [
        Example("", text, "Login" if n % 2 else "General") for n, text in enumerate(["", "?", "日本", "x" * 9999] * 4)
    ]
    model, _ = training.train(odd, words, NOW)
    assert set(model.counts) == {"Login", "General"}


def test_priorities_are_learned_from_examples_that_have_them(model: Model) -> None:
    case = Example("", "I cannot sign in", "Login").case
    assert model.predict(case).priorities[0][0] is Priority.HIGH


def worse_model(model: Model) -> Model:
    labels = model.category.labels
    return replace(model, category=replace(model.category, labels=(*labels[1:], labels[0])))


def test_a_candidate_that_is_not_worse_is_promoted(model: Model) -> None:
    assert gate.compare(model, model, small_corpus(), small_corpus()).promote
    assert gate.compare(model, None, [], small_corpus()).promote


def test_a_worse_candidate_is_refused_with_the_reason(model: Model) -> None:
    verdict = gate.compare(worse_model(model), model, small_corpus(), [])
    assert not verdict.promote
    assert any("macro-F1 falls" in reason for reason in verdict.reasons)
    assert any("recall of Login falls" in reason for reason in verdict.reasons)


def test_an_overconfident_candidate_is_refused() -> None:
    honest = [Answer("A", "A", 0.9)] * 900 + [Answer("A", "B", 0.9)] * 100
    shouting = [Answer("A", "A", 1.0)] * 850 + [Answer("A", "B", 1.0)] * 150
    assert gate.worse(honest, None, by_chance=True) == []
    assert any("calibration" in problem for problem in gate.worse(shouting, None, by_chance=True))


@pytest.mark.parametrize(
    ("losses", "gains", "shown"),
    [(1, 0, False), (4, 0, False), (5, 0, True), (3, 2, False), (8, 2, False), (9, 2, True), (0, 1, False)],
)
def test_a_fall_counts_among_verified_tickets_if_it_is_more_than_chance(losses: int, gains: int, shown: bool) -> None:
    right, wrong = Answer("A", "A", 0.5), Answer("A", "B", 0.5)
    others = [Answer("B", "B", 0.5)] * 5
    old = [right] * losses + [wrong] * gains + others
    new = [wrong] * losses + [right] * gains + others
    assert gate.is_shown(new, old) == gate.is_shown(new, old, "A") == shown
    assert not gate.is_shown(new, old, "B")
    problems = [one for one in gate.worse(new, old, by_chance=True) if "falls" in one]
    assert bool(problems) == shown
    # On plain tickets each error counts.
    strict = [one for one in gate.worse(new, old, by_chance=False) if "falls" in one]
    assert bool(strict) == (losses > gains)


def test_tickets_that_the_model_in_use_learned_from_do_not_judge_it(words: Lexicon, model: Model) -> None:
    distinct = [replace(e, body=f"{e.body} {word}") for word in ("thanks", "regards", "cheers") for e in small_corpus()]
    verified = [replace(e, verified=True, at=NOW + timedelta(hours=at)) for at, e in enumerate(distinct[:150])]
    for learned, judging in ((None, 30), (NOW + timedelta(hours=118), 30), (NOW + timedelta(hours=119), 30)):
        made = retraining.retrain(small_corpus(), verified, model, [], words, NOW, learned_until=learned)
        assert any(f"of {judging};" in reason for reason in made.verdict.reasons)
    made = retraining.retrain(small_corpus(), verified, model, [], words, NOW, learned_until=NOW + timedelta(hours=130))
    assert "only 19, too few to compare" in made.verdict.reasons[0]
    assert made.report.learned_until == verified[-1].at.isoformat()  # type: ignore[union-attr]


def test_the_newest_tickets_test_a_probe_and_train_the_model(words: Lexicon, model: Model) -> None:
    distinct = [replace(e, body=f"{e.body} {word}") for word in ("thanks", "regards", "cheers") for e in small_corpus()]
    verified = [replace(e, verified=True) for e in distinct[:150]]
    older, held = retraining.newest(verified)
    assert len(held) == 30
    assert older + held == verified
    outcome = retraining.retrain(small_corpus(), verified, model, [], words, NOW)
    assert outcome.report.verified == len(verified)
    assert sum(outcome.model.counts.values()) == len(verified) + len(small_corpus())
    gc.collect()


def test_figures_match_their_definitions() -> None:
    answers = [Answer("A", "A", 0.95), Answer("A", "B", 0.9), Answer("B", "B", 0.6), Answer("B", "B", 0.6)]
    figures = measure(answers, promised=0.75)
    assert figures.accuracy == 0.75
    assert figures.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures.ece == pytest.approx((abs(0.95 - 1) + 0.9 + abs(1.2 - 2)) / 4)
    assert figures.coverage == 1.0
    assert measure(answers, promised=0.9).coverage == 0.25
    assert figures.classes["A"].recall == 0.5
    with pytest.raises(ValueError, match="no predictions"):
        measure([])


def test_tickets_with_equal_confidence_are_routed_together_or_not_at_all() -> None:
    answers = [Answer("A", "A", 0.5), Answer("A", "B", 0.5)]
    assert measure(answers).coverage == 0.0
    assert np.isclose(measure([Answer("A", "A", 0.5)]).coverage, 1.0)
