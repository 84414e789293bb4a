"""Texts in languages that the model has no examples of: by word groups alone, and what the encoder is asked about."""

from dataclasses import replace

import pytest

from daemon.vocabulary import MANUAL_REVIEW
from tests.support.encoders import FakeEncoder
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.learning.examples import Example
from workers.triage import lexicon
from workers.triage.classifier import Model
from workers.triage.decide import consider, decide
from workers.triage.lexicon import Lexicon
from workers.triage.policy import Mode, TriagePolicy
from workers.triage.preprocess import clean

ENGLISH = {
    "common": ["i", "my", "the", "is", "please", "for", "was", "of", "to", "do", "how", "where", "you", "at", "a"],
    "money": ["refund*", "charged", "invoice", "bill", "payment"],
    "entry": ["sign in", "password", "locked out"],
    "fault": ["crash*", "error", "broken"],
}
# "thank" and "theme" are words of thanks in English, and are meant to be none in this language.
DANISH = {"common": ["er", "jeg", "og", "ikke", "theme"], "money": ["penge"], "entry": ["kode*"], "fault": ["fejl*"]}
LATVIAN = {"common": ["ir", "un", "ne"], "money": ["nauda*"]}
ASKING = "jeg er ikke thank theme lamp export og fejl"


@pytest.fixture(scope="module")
def book() -> Lexicon:
    return lexicon.build({"en": ENGLISH, "da": DANISH, "lv": LATVIAN})


@pytest.fixture(scope="module")
def taught(book: Lexicon) -> Model:
    return trained(book, [])


def trained(book: Lexicon, more: list[Example], encoder: FakeEncoder | None = None) -> Model:
    return training.train([*small_corpus(), *more], book, NOW, encoder)[0]


def test_english_words_in_another_language_say_nothing(taught: Model) -> None:
    assert taught.learned == {"en"}
    found = taught.predict(clean("", ASKING))
    assert (found.language, found.categories[0][0]) == ("Danish", "Technical")
    assert [word for word, _ in found.words] == ["fejl"]


def test_words_of_other_languages_say_nothing_in_english() -> None:
    found = lexicon.build({"en": ENGLISH, "de": {"common": ["ist"], "money": ["rate*"], "fault": ["hang"]}})
    matches = found.find(["please", "hang", "the", "rates", "on", "my", "invoice"])
    assert [(found.groups[group], at) for group, at, _ in matches.entries] == [("money", 6)]
    assert [found.groups[group] for group, _, _ in found.find(["hang"]).entries] == ["fault"]


def test_the_more_entries_a_text_has_the_less_each_counts(taught: Model) -> None:
    case = clean("", ASKING + " fejl fejl fejl")
    fading = [dict(replace(taught, fading=power).predict(case).categories)["Technical"] for power in (0.0, 0.5)]
    assert fading[0] > fading[1]
    many = replace(taught, fading=0.5).predict_many([case])[0]
    assert many[taught.category.labels.index("Technical")] == pytest.approx(fading[1])


def test_many_and_one_are_predicted_alike(taught: Model) -> None:
    case = clean("", ASKING)
    one = dict(taught.predict(case).categories)
    many = taught.predict_many([case, clean("", "my password please")])[0]
    assert [one[label] for label in taught.category.labels] == pytest.approx(many.tolist())


def test_all_words_count_in_a_language_with_enough_examples(book: Lexicon) -> None:
    own = [Example("", f"jeg er ikke {word} og {other}", "General") for word in ("lamp", "export") for other in "xyz"]
    model = trained(book, [*own, *own])
    assert model.learned == {"en", "da"}
    assert "lamp" in [word for word, _ in model.predict(clean("", "jeg er ikke lamp og")).words]


def test_the_encoder_is_asked_only_in_its_languages(book: Lexicon, policy: TriagePolicy) -> None:
    encoder = FakeEncoder(languages=frozenset(("en", "lv")))
    model, careful = trained(book, [], encoder), replace(policy, mode=Mode.AUTO)
    assert consider(clean("", "nauda un ir ne un"), careful, model).asks("fake-1")
    assert not consider(clean("", ASKING), careful, model).asks("fake-1")
    asked = decide(clean("", ASKING), policy, model, {}, 1.0, encoder=encoder)
    assert asked == decide(clean("", ASKING), policy, model, {}, 1.0)


def test_a_vector_of_a_text_in_no_language_of_the_encoder_is_not_read(book: Lexicon) -> None:
    encoder = FakeEncoder(languages=frozenset(("en",)))
    model, case = trained(book, [], encoder), clean("", ASKING)
    vector = encoder.encode(["refund payment bill"])
    assert vector is not None
    assert model.predict(case, vector[0]) == model.predict(case)
    assert model.predict_many([case], vector).tolist() == model.predict_many([case]).tolist()


@pytest.mark.parametrize("text", ["va tak zi ir dol mana kos pil", "er ta mo ka jeg li so na pa re to ki"])
def test_a_few_words_of_many_show_no_language(text: str, taught: Model, policy: TriagePolicy) -> None:
    triage = decide(clean("", text), policy, taught, {}, 1.0)
    assert (triage.team, triage.confidence) == (MANUAL_REVIEW, dict(taught.prior())["General"])
    assert triage.reasons[0] == "nothing in this email is known to me (language: unknown, Latin script)"
