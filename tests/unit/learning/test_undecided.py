"""What undecided tickets tell, and a retraining that learns from them only where the verified tickets show a gain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.support.encoders import FakeEncoder
from tests.support.small_model import small_corpus
from workers.learning import gate, retraining, training, undecided
from workers.learning.examples import Example
from workers.learning.fitting import Numbers
from workers.learning.retraining import Learned, OnceEncoded, Retrained, Retraining, Step
from workers.learning.training import Made
from workers.learning.undecided import Quality
from workers.triage.classifier import Model
from workers.triage.features import Floats
from workers.triage.lexicon import Lexicon

NOW = datetime(2025, 1, 2, tzinfo=UTC)
LABELS = ("Login", "Payments")


def drawn(count: int, share: float, seed: int = 5) -> tuple[list[str], Numbers]:
    """Return the true labels of tickets, of which the first has this share, and probabilities as if both were alike."""
    draw = np.random.default_rng(seed)
    first = draw.random(count) < share
    one = 1 / (1 + np.exp(-2 * np.where(first, draw.normal(1, 1, count), draw.normal(-1, 1, count))))
    return [LABELS[0] if is_first else LABELS[1] for is_first in first], np.stack([one, 1 - one], axis=1)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.95])
def test_the_mix_of_a_stream_is_found(share: float) -> None:
    assert undecided.estimate_mix(drawn(4000, share)[1])[0] == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("certain", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
def test_a_flood_of_one_category_at_most_halves_the_others(certain: tuple[float, ...]) -> None:
    found = undecided.frequencies(np.array([certain] * 400))
    assert found.min() >= 0.5 - 1e-9
    assert found.max() <= 2.0 + 1e-9
    assert found.mean() == pytest.approx(1)


def test_only_sure_answers_are_taken_and_none_counts_as_verified() -> None:
    stream = [Example("", str(at), "", verified=True) for at in range(3)]
    taken = undecided.sure_answers(stream, ("A", "B"), np.array([[0.95, 0.05], [0.11, 0.89], [0.02, 0.98]]))
    assert [(one.body, one.category, one.guessed, one.verified) for one in taken] == [
        ("0", "A", True, False),
        ("2", "B", True, False),
    ]


def test_better_is_a_loss_that_is_not_smaller_by_chance_and_no_smaller_macro_f1() -> None:
    old = Quality(np.full(50, 0.5), 0.8)
    assert Quality(np.full(50, 0.4), 0.8).is_better_than(old)
    assert not Quality(np.full(50, 0.4), 0.79).is_better_than(old)
    assert not Quality(np.full(50, 0.5), 0.9).is_better_than(old)
    # Some tickets gain, and nearly as many lose as much.
    assert not Quality(np.array([0.1] * 26 + [0.9] * 24), 0.8).is_better_than(old)


def test_frequencies_change_what_is_predicted_but_not_what_is_unknown(model: Model) -> None:
    labels = model.category.labels
    often = replace(model, frequencies=np.array([4.0 if name == "Login" else 0.5 for name in labels]))
    known, unknown = (Example("", text, "").case for text in ("the card is refused", "zzz qqq xxx vvv"))
    before, after = (dict(one.predict(known).categories)["Login"] for one in (model, often))
    assert after > before
    assert often.predict(unknown).categories == model.predict(unknown).categories
    many = often.predict_many([known, unknown])
    for row, case in zip(many, (known, unknown), strict=True):
        assert dict(zip(labels, row, strict=True)) == pytest.approx(dict(often.predict(case).categories))


def tickets(name: str, count: int) -> list[Example]:
    """Return tickets of a category, verified unless it has no name."""
    texts = [one.body for one in small_corpus() if one.category == (name or "Payments")]
    return [Example("", f"{texts[at % len(texts)]} number {at}", name, verified=bool(name)) for at in range(count)]


@dataclass(frozen=True, slots=True)
class Drawn(Retraining):
    """A retraining with drawn probabilities; `share` is that of the first category in the stream."""

    model: Model
    held_out: Numbers
    share: float

    def make(self, verified: Sequence[Example], guessed: Sequence[Example] = ()) -> Made:
        """Return probabilities that get worse with guessed tickets."""
        del verified
        report = training.make(small_corpus()[:32], self.lexicon, NOW).report
        return Made(self.model, report, self.held_out if not guessed else self.held_out[:, ::-1])

    def chances(self, model: Model) -> Numbers:
        """Return the probabilities of the stream."""
        del model
        return drawn(len(self.undecided), self.share, seed=6)[1]


@pytest.fixture(scope="module")
def two(words: Lexicon) -> Model:
    return training.train([one for one in small_corpus() if one.category in LABELS], words, NOW)[0]


def learned(words: Lexicon, two: Model, share: float, of_stream: float) -> tuple[Model, tuple[str, ...]]:
    """Return what is learned where the first category has a share of 60 verified tickets, and another in the stream."""
    truths, held_out = drawn(60, share)
    verified = [Example("", str(at), name, verified=True) for at, name in enumerate(truths)]
    work = Drawn([], tickets("", 200), words, NOW, None, two, held_out, of_stream)
    found = work.learn(verified)
    return found.best.model, tuple(step.in_words() for step in found.steps)


def test_the_mix_of_the_stream_is_used_where_verified_tickets_have_it_too(words: Lexicon, two: Model) -> None:
    model, reasons = learned(words, two, 0.9, 0.9)
    assert model.frequencies is not None
    assert model.frequencies[0] > 1.2
    assert model.frequencies[1] < 0.8
    assert reasons[0].startswith("not used: own answers in 200 undecided tickets (log-loss ")
    assert reasons[1].startswith("used: the mix of categories in 200 undecided tickets (log-loss ")
    assert " on 60 verified ones; without: log-loss " in reasons[1]


def test_a_flood_of_emails_does_not_change_what_verified_tickets_show(words: Lexicon, two: Model) -> None:
    model, reasons = learned(words, two, 0.9, 0.0)
    assert model.frequencies is None
    assert reasons[1].startswith("not used: the mix of categories in 200 undecided tickets (log-loss ")


def test_answers_of_the_model_are_used_where_they_are_better(words: Lexicon) -> None:
    verified = [*tickets("Payments", 20), *tickets("Login", 20)]
    work = Retraining(small_corpus(), tickets("", 120), words, NOW, None)
    found = work.learn(verified)
    used = [step.used for step in found.steps]
    assert used[0] == (found.best.report.corpus != found.plain.report.corpus)
    assert used[1] == (found.best.model.frequencies is not None)


def retrain(words: Lexicon, verified: Sequence[Example], stream: Sequence[Example]) -> Retrained:
    return retraining.retrain(small_corpus(), verified, None, [], words, NOW, undecided=stream)


@pytest.mark.parametrize(("verified", "stream"), [(29, 150), (40, 99)])
def test_too_few_tickets_change_nothing(words: Lexicon, verified: int, stream: int) -> None:
    made = retrain(words, tickets("Payments", verified), tickets("", stream))
    assert made.model.frequencies is None
    assert not any("undecided" in reason for reason in made.verdict.reasons)


def test_the_reasons_of_a_retraining_say_what_undecided_tickets_changed(words: Lexicon) -> None:
    made = retrain(words, tickets("Payments", 40), tickets("", 120))
    assert [" 120 undecided tickets (" in reason for reason in made.verdict.reasons[-2:]] == [True, True]


def test_answers_of_the_model_are_no_examples_in_its_counts_and_figures(words: Lexicon) -> None:
    guessed = [replace(one, verified=False, guessed=True) for one in tickets("Payments", 60)]
    made = training.make([*small_corpus(), *guessed], words, NOW)
    assert sum(made.model.counts.values()) == made.report.examples == len(small_corpus())
    assert made.report.held_out.count == len(small_corpus())
    assert len(made.held_out) == len(small_corpus()) + 60


def test_where_the_gate_refuses_what_undecided_tickets_taught_the_plain_model_is_judged(
    words: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[bool] = []

    def learn(work: Retraining, verified: Sequence[Example]) -> Learned:
        plain = work.make(verified)
        often = replace(plain, model=replace(plain.model, frequencies=np.full(4, 1.0)))
        return Learned(plain, often, (Step("answers", used=False), Step("the mix", used=True)))

    def compare(candidate: Model, *args: object) -> gate.Comparison:
        del args
        judged.append(candidate.frequencies is not None)
        return gate.Comparison(("F1 falls", "recall falls") if candidate.frequencies is not None else (), ("judged",))

    monkeypatch.setattr(Retraining, "learn", learn)
    monkeypatch.setattr(retraining, "compare", compare)
    made = retrain(words, tickets("Payments", 40), [])
    assert judged == [True, False]
    assert made.verdict.promote
    assert made.verdict.reasons == (
        "judged",
        "not used: answers",
        "tried and refused (F1 falls; recall falls): the mix",
    )
    assert made.model.frequencies is None


def test_the_regression_set_is_judged_without_the_mix_of_this_company(model: Model) -> None:
    labels = model.category.labels
    often = replace(model, frequencies=np.array([1.0 if name == "Login" else 0.0 for name in labels]))
    assert gate.compare(often, model, [], small_corpus()).promote
    assert not gate.compare(often, model, small_corpus(), []).promote


def test_the_trainings_of_a_retraining_encode_each_text_once(words: Lexicon) -> None:
    encoder = FakeEncoder()
    work = Retraining(small_corpus(), tickets("", 120), words, NOW, OnceEncoded(encoder))
    work.learn(tickets("Payments", 40))
    asked = [text for texts in encoder.asked for text in texts]
    assert len(asked) == len(set(asked)) == 64 + 120


def test_an_encoder_that_fails_in_a_retraining_is_not_used() -> None:
    class Failing(FakeEncoder):
        def encode(self, texts: Sequence[str]) -> Floats | None:
            return None if "bad" in texts else super().encode(texts)

    once = OnceEncoded(Failing())
    assert once.encode(["good"]) is not None
    assert once.encode(["good", "bad"]) is None
    found = once.encode(["good", "good"])
    assert found is not None
    assert found.shape[0] == 2
