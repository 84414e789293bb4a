"""Train a model on examples."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from workers.learning import fitting, second_opinion
from workers.learning.examples import Example
from workers.learning.metrics import Answer, Figures, measure
from workers.triage import encoder as encoding
from workers.triage import features, language, tokens
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.features import Floats
from workers.triage.lexicon import Lexicon, Matches
from workers.triage.linear import Linear

PRIORITY_STRENGTH = 3.0
# A model knows a language from this number of examples on, or from this share of all where there are few.
MIN_IN_LANGUAGE = 50
MIN_LANGUAGE_SHARE = 0.1
MIN_INDUSTRIES = 10
MAX_KEY = 200


class TrainingError(ValueError):
    """There are too few examples to train on; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Report:
    """The examples of a model, its parameters, and its figures on held-out examples.

    `learned_until` is the time of the newest verified ticket among them (ISO 8601), "" where there is none.
    """

    examples: int
    verified: int
    corpus: str
    strength: float
    shares: tuple[float, ...]
    held_out: Figures
    learned_until: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a manifest or JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Made:
    """A model, its report, and the probabilities that it would give to its examples if it had not learned from them."""

    model: Model
    report: Report
    held_out: fitting.Numbers


def train(
    examples: Sequence[Example], lexicon: Lexicon, now: datetime, encoder: Encoder | None = None
) -> tuple[Model, Report]:
    """Train a model and report on it; see make."""
    made = make(examples, lexicon, now, encoder)
    return made.model, made.report


def make(examples: Sequence[Example], lexicon: Lexicon, now: datetime, encoder: Encoder | None = None) -> Made:
    """Train a model; its version consists of the time and a digest of the examples. Raises TrainingError.

    With an encoder that can be used, the model gets a second opinion.
    """
    fitting.pin_threads()
    labels = Counter(e.category for e in examples)
    if len(labels) < 2:  # noqa: PLR2004 - there is nothing to tell apart
        raise TrainingError(f"examples of at least two categories are needed, found {len(labels)}")
    texts = [tokens.forms(example.case.read) for example in examples]
    measured = features.learn(texts, lexicon)
    if not measured.text_width:
        raise TrainingError(f"the {len(examples)} examples have no words to learn from")
    together = groups(examples)
    if len(set(together)) < 2:  # noqa: PLR2004 - one is held out from the other
        raise TrainingError(f"the {len(examples)} examples all have the same text")
    matrix = measured.matrix(texts)
    names = np.array([e.category for e in examples])
    own = own_once(examples, texts)
    matches = [lexicon.find(forms) for forms in texts]
    entries = [len(found.entries) for found in matches]
    order = in_order(examples, texts, own)
    fitted = fitting.fit(
        matrix[order],
        names[order],
        [together[at] for at in order],
        [own[at] for at in order],
        measured.widths,
        [entries[at] for at in order],
    )
    back = np.argsort(order)
    fitted = replace(fitted, held_out=fitted.held_out[back], groups_held_out=fitted.groups_held_out[back])
    second, chances = None, fitted.held_out
    if encoder is not None and (vectors := encode(encoder, examples)) is not None:
        second, chances = second_opinion.fit(
            encoder,
            vectors,
            names,
            together,
            own,
            fitted.linear.labels,
            fitted.held_out,
            fitted.groups_held_out,
            [second_opinion.title(example) for example in examples],
        )
    corpus = digest(examples)
    # What the model guessed shows neither that it knows a language nor how good it is.
    told = [at for at, example in enumerate(examples) if not example.guessed]
    truths = [examples[at].category for at in told]
    model = Model(
        version=f"{now:%Y%m%d-%H%M%S}-{corpus[:8]}",
        features=replace(measured, ids={}, lexicon=replace(lexicon, remembered={})),
        category=fitted.linear,
        groups=fitted.groups,
        fading=fitted.fading,
        learned=learned([texts[at] for at in told], [matches[at] for at in told], lexicon),
        priority=priority_model([examples[at] for at in order], matrix[order]),
        counts=dict(Counter(truths)),
        second=second,
    )
    held_out = measure(answers(truths, fitted.linear.labels, chances[told]))
    until = max((e.at for e in examples if e.at), default=None)
    report = Report(
        examples=len(told),
        verified=sum(e.verified for e in examples),
        corpus=corpus,
        strength=fitted.strength,
        shares=fitted.shares,
        held_out=held_out,
        learned_until=until.isoformat() if until else "",
    )
    return Made(model, report, chances)


def in_order(examples: Sequence[Example], texts: Sequence[Sequence[str]], own: Sequence[bool]) -> list[int]:
    """Return the order in which examples are fitted, by their content.

    Sums are rounded in it: the same examples make the same model. The second opinion is fitted in the given order.
    """

    def content(at: int) -> tuple[Sequence[str], str, str, bool]:
        return texts[at], examples[at].category, str(examples[at].priority), own[at]

    return sorted(range(len(examples)), key=content)


def learned(texts: Sequence[Sequence[str]], matches: Sequence[Matches], lexicon: Lexicon) -> frozenset[str]:
    """Return the languages that a model knows, because enough of its texts, given as folded words, are in them."""
    each = zip(matches, texts, strict=True)
    shown = Counter(language.shown(lexicon, found, Counter(forms)) for found, forms in each)
    least = min(MIN_IN_LANGUAGE, len(texts) * MIN_LANGUAGE_SHARE)
    return frozenset(code for code, count in shown.items() if code and count >= least)


def encode(encoder: Encoder | None, examples: Sequence[Example]) -> Floats | None:
    """Return the vectors of examples, None without an encoder that can be used."""
    return encoder.encode([encoding.text(example.case) for example in examples]) if encoder else None


def own_once(examples: Sequence[Example], texts: Sequence[Sequence[str]]) -> list[bool]:
    """Return which examples show what this company gets: of those with the same words, the newest alone.

    `texts` are the folded words of each, in which numbers are masked. Otherwise a form, a machine or a scanner without
    any text decides how sure the model may be of everything else.
    """
    own = [example.verified or example.own for example in examples]
    newest = {tuple(words): at for at, words in enumerate(texts) if own[at]}
    return [ours and newest[tuple(words)] == at for at, (ours, words) in enumerate(zip(own, texts, strict=True))]


def groups(examples: Sequence[Example]) -> list[str]:
    """Return the group of each example: its industry, because a new company may be of one that we did not learn from.

    With few industries it is the situation. Examples without either are a group if they have the same text: one that
    was sent twice must not be held out from itself.
    """
    alone = [group_of_text(f"#{e.subject}\n{e.body}") for e in examples]
    industries = {e.industry for e in examples if e.industry}
    if len(industries) >= MIN_INDUSTRIES:
        return [e.industry or text for e, text in zip(examples, alone, strict=True)]
    return [f"{e.category}/{e.situation}" if e.situation else text for e, text in zip(examples, alone, strict=True)]


def group_of_text(text: str) -> str:
    """Return a short key of a text: numpy gives each key of all examples the room of the longest one."""
    if len(text) <= MAX_KEY:
        return text
    return text[:MAX_KEY] + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def priority_model(examples: Sequence[Example], matrix: Any) -> Linear | None:  # noqa: ANN401 - scipy has no types
    """Fit the priority on the same features; returns None without examples of two priorities."""
    rows = [at for at, example in enumerate(examples) if example.priority]
    names = np.array([str(examples[at].priority) for at in rows])
    labels = tuple(sorted(set(names.tolist())))
    if len(labels) < 2:  # noqa: PLR2004 - there is nothing to tell apart
        return None
    expert = fitting.fit_expert(matrix[rows], names, labels, PRIORITY_STRENGTH)
    return Linear(labels, np.ascontiguousarray(expert.weights.T, np.float32), expert.bias.astype(np.float32))


def answers(truths: Sequence[str], labels: Sequence[str], chances: fitting.Numbers) -> list[Answer]:
    """Pair each prediction with the true label."""
    best = chances.argmax(axis=1)
    return [Answer(t, labels[at], float(row[at])) for t, at, row in zip(truths, best, chances, strict=True)]


def evaluate(model: Model, examples: Sequence[Example], encoder: Encoder | None = None) -> Figures:
    """Measure a model on labelled tickets, with its second opinion if the encoder is the one that it was made with."""
    return measure(answered(model, examples, encoder))


def answered(model: Model, examples: Sequence[Example], encoder: Encoder | None = None) -> list[Answer]:
    """Return what a model says of labelled tickets."""
    vectors = encode(encoder, examples) if encoder and model.second_of(encoder.name) else None
    chances = model.predict_many([example.case for example in examples], vectors)
    return answers([e.category for e in examples], model.category.labels, chances)


def digest(examples: Sequence[Example]) -> str:
    """Return the SHA-256 of the examples, regardless of their order."""
    lines = sorted(repr((e.subject, e.body, e.category, str(e.priority))) for e in examples)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "backslashreplace")).hexdigest()
