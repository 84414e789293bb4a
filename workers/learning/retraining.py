"""Train a model again on what people verified, and test it on the newest of these tickets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from workers.learning import training, undecided
from workers.learning.examples import Example
from workers.learning.gate import MIN_NEWEST, MIN_TO_COMPARE, Comparison, compare, without_second
from workers.learning.training import Made, Report, own_once
from workers.learning.undecided import MIN_UNDECIDED, Quality
from workers.triage import tokens
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.features import Floats
from workers.triage.lexicon import Lexicon
from workers.triage.linear import Probabilities, shifted

HELD_BACK_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Retrained:
    """The result of a retraining: the model trained on everything, its report, and the verdict."""

    model: Model
    report: Report
    verdict: Comparison


@dataclass(frozen=True, slots=True)
class Step:
    """What was learned from undecided tickets with its figures, and whether the best model uses it."""

    learned: str
    used: bool

    def in_words(self, objections: Sequence[str] = ()) -> str:
        """Say whether it is used; `objections` are those for which the model that uses it was refused."""
        if self.used and objections:
            return f"tried and refused ({'; '.join(objections)}): {self.learned}"
        return f"{'used' if self.used else 'not used'}: {self.learned}"


@dataclass(frozen=True, slots=True)
class Learned:
    """A plain model, and the best one, which may have learned from undecided tickets too, in these steps."""

    plain: Made
    best: Made
    steps: tuple[Step, ...] = ()


class OnceEncoded:
    """An encoder that encodes each text once: the trainings of one retraining share nearly all of their examples."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {}

    @property
    def name(self) -> str:
        """Return the name of the encoder."""
        return self._encoder.name

    @property
    def problem(self) -> str:
        """Return why the encoder cannot be used, or ""."""
        return self._encoder.problem

    @property
    def languages(self) -> frozenset[str]:
        """Return the languages of the encoder."""
        return self._encoder.languages

    def encode(self, texts: Sequence[str]) -> Floats | None:
        """Return a row for each text, None if the encoder cannot be used."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            found = self._encoder.encode(new)
            if found is None:
                return None
            self._known.update(zip(new, found, strict=True))
        return np.array([self._known[text] for text in texts])

    def remembered(self, texts: tuple[str, ...]) -> Floats | None:
        """Return what encode returns."""
        return self.encode(texts)


@dataclass(frozen=True, slots=True)
class Retraining:
    """What all trainings of one retraining share; `now` is the time in the version of the model."""

    corpus: Sequence[Example]
    undecided: Sequence[Example]
    lexicon: Lexicon
    now: datetime
    encoder: Encoder | None

    def learn(self, verified: Sequence[Example]) -> Learned:
        """Train on the corpus and verified tickets, and on undecided ones if that is better; raises TrainingError.

        Better on the verified tickets, by what a model says of them that did not learn from them.
        """
        plain = best = self.make(verified)
        if len(verified) < MIN_TO_COMPARE or len(self.undecided) < MIN_UNDECIDED:
            return Learned(plain, plain)
        steps, before = [], quality_on(verified, plain)
        for name, step in (("own answers", self.with_answers), ("the mix of categories", self.with_frequencies)):
            changed = step(best, verified)
            after = quality_on(verified, changed)
            used = after.is_better_than(before)
            figures = f"{after} on {len(verified)} verified ones; without: {before}"
            steps.append(Step(f"{name} in {len(self.undecided)} undecided tickets ({figures})", used))
            if used:
                best, before = changed, after
        return Learned(plain, best, tuple(steps))

    def make(self, verified: Sequence[Example], guessed: Sequence[Example] = ()) -> Made:
        """Train on the corpus, guessed and verified tickets."""
        return training.make([*self.corpus, *guessed, *verified], self.lexicon, self.now, self.encoder)

    def with_answers(self, made: Made, verified: Sequence[Example]) -> Made:
        """Train also on the undecided tickets of whose category a model is sure."""
        guessed = undecided.sure_answers(self.undecided, made.model.category.labels, self.chances(made.model))
        return self.make(verified, guessed) if guessed else made

    def with_frequencies(self, made: Made, verified: Sequence[Example]) -> Made:
        """Assume that categories are as frequent as in the undecided tickets."""
        del verified
        found = undecided.frequencies(self.chances(made.model))
        return Made(replace(made.model, frequencies=found), made.report, shifted(made.held_out, found))

    def chances(self, model: Model) -> Probabilities:
        """Return the probabilities that a model gives to the undecided tickets."""
        vectors = training.encode(self.encoder, self.undecided) if model.second else None
        return model.predict_many([one.case for one in self.undecided], vectors)


def quality_on(verified: Sequence[Example], made: Made) -> Quality:
    """Return what a model would reach on verified tickets, the last of its examples, without learning from them.

    Tickets with the same words count once.
    """
    counts = own_once(verified, [tokens.forms(one.case.read) for one in verified])
    once = [at for at, counted in enumerate(counts) if counted]
    truths = [verified[at].category for at in once]
    return undecided.quality(truths, made.model.category.labels, made.held_out[-len(verified) :][once])


def newest(verified: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Split verified tickets, oldest first, into those to train a probe on and the newest, held back to test it.

    Of tickets with the same words the newest alone is held back, and none of the others is trained on.
    """
    texts = [tuple(tokens.forms(example.case.read)) for example in verified]
    distinct = [at for at, counts in enumerate(own_once(verified, texts)) if counts]
    number = int(len(distinct) * HELD_BACK_SHARE)
    held = distinct[-number:] if number >= MIN_NEWEST else []
    seen = {texts[at] for at in held}
    older = [example for example, words in zip(verified, texts, strict=True) if words not in seen]
    return older, [verified[at] for at in held]


def retrain(
    corpus: Sequence[Example],
    verified: Sequence[Example],
    current: Model | None,
    regression: Sequence[Example],
    lexicon: Lexicon,
    now: datetime,
    encoder: Encoder | None = None,
    categories: Collection[str] | None = None,
    undecided: Sequence[Example] = (),
    learned_until: datetime | None = None,
) -> Retrained:
    """Train on the corpus and all verified tickets, oldest first; raises TrainingError.

    `categories` are the configured ones. `undecided` are tickets of which nobody confirmed the category. The verdict is
    on a probe trained without the newest tickets, so that these can test it. Where it is against a model that learned
    from undecided tickets, the one that did not is judged. The current model learned from tickets until
    `learned_until`, the time in its report: on these it is better than it is, so they test nothing.
    """
    older, held_back = newest(verified)
    held_back = [e for e in held_back if not (e.at and learned_until and e.at <= learned_until)]
    work = Retraining(corpus, undecided, lexicon, now, OnceEncoded(encoder) if encoder else None)
    learned = work.learn(verified)
    probe = work.learn(older) if held_back else learned

    def judged(made: Made, tested: Made, refused: Sequence[str] = ()) -> Retrained:
        verdict = compare(tested.model, current, held_back, regression, work.encoder, categories)
        # The probe may have a second opinion although the model has none: the encoder can fail in between.
        objections = (*without_second(made.model, current, work.encoder), *verdict.objections)
        facts = (*verdict.facts, *(step.in_words(refused) for step in learned.steps))
        return Retrained(made.model, made.report, Comparison(objections, facts))

    found = judged(learned.best, probe.best)
    if found.verdict.promote or (learned.best is learned.plain and probe.best is probe.plain):
        return found
    return judged(learned.plain, probe.plain, found.verdict.objections)
