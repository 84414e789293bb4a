"""Texts in languages that the model has no examples of: by word groups alone, and what the encoder is asked about."""

from collections import Counter
from dataclasses import replace

import pytest

from daemon.vocabulary import MANUAL_REVIEW
from tests.support.encoders import FakeEncoder
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.learning.examples import Example
from workers.learning.trainer import shipped_lexicon
from workers.triage import language, lexicon, tokens
from workers.triage.classifier import Model
from workers.triage.decide import consider, decide
from workers.triage.lexicon import Lexicon
from workers.triage.linear import softmax
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


# Own emails that the lexicon of a neighbour language reads, with the code of that language.
SLOVAK = ("cs", "Objednávku som zrušila pred dvomi týždňami, ale peniaze mi stále neprišli späť. Kedy ich dostanem?")
CROATIAN = (
    "cs",
    "Htio bih predložiti da je tema tamna. Inače sam jako zadovoljan, samo tako dalje, hvala, ali za web.",
)
BULGARIAN = ("ru", "Може ли да ми изпратите фактура за 12 май? Сумата в тази, която получих, не е вярна за това.")  # noqa: RUF001
SERBIAN = ("ru", "Хвала, иначе сам веома задовољна, али бих да променим адресу за доставу, где се то ради?")  # noqa: RUF001
MALAY = ("id", "Saya nak tanya, kedai awak buka hari Ahad ini? Ada tempat untuk kereta saya di sana?")
CATALAN = ("es", "Voldria saber si es pot passar amb un nen per la oficina de la plaza, que es de tres plantas.")


@pytest.fixture(scope="module")
def shipped() -> Lexicon:
    return shipped_lexicon()


def shown(shipped: Lexicon, text: str) -> str:
    forms = tokens.forms(text)
    return language.shown(shipped, shipped.find(forms), Counter(forms))


@pytest.mark.parametrize("code", language.NEIGHBOUR_WORDS)
def test_no_word_of_a_neighbour_is_one_of_the_language(code: str, shipped: Lexicon) -> None:
    words = language.NEIGHBOUR_WORDS[code]
    assert {tokens.form(word) for word in words} == words
    at = shipped.languages.index(code)
    assert [word for word in words if shipped.counts(shipped.senses(word)[1])[at]] == []


@pytest.mark.parametrize("own", [SLOVAK, CROATIAN, BULGARIAN, SERBIAN, MALAY, CATALAN])
def test_a_neighbour_of_a_language_with_one_word_of_a_group_is_not_known(
    own: tuple[str, str], shipped: Lexicon
) -> None:
    code, text = own
    assert language.may_be_neighbour(code, tokens.forms(text))
    assert shown(shipped, text) == ""


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("cs", "Prišla mi faktúra, ktorú som už zaplatil. Môžete mi prosím poslať potvrdenie o platbe?"),
        ("ru", "Не мога да вляза в профила си от вчера, сайтът казва, че паролата е грешна. Моля помогнете с парола."),  # noqa: RUF001 - letters of Bulgarian
        ("id", "Kad saya kena bayar dua kali untuk pesanan ini. Boleh pulangkan uang saya ke akaun awak?"),
    ],
)
def test_more_words_of_groups_count_in_a_neighbour_too(code: str, text: str, shipped: Lexicon) -> None:
    assert shown(shipped, text) == code


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("cs", "Dobrý den, chci vrátit peníze, protože to je jiný kabát než ten na obrázku."),
        ("ru", "Добрый день, прошу вернуть то, что я оплатила, потому что это не мой заказ."),
        ("id", "Halo, saya mau tanya apakah toko ini buka hari Minggu dan apa ada tempat parkir."),
        ("es", "Hola, quiero saber si abren los sábados y si hay que pedir cita antes de ir."),
    ],
)
def test_the_language_itself_is_known(code: str, text: str, shipped: Lexicon) -> None:
    assert not language.may_be_neighbour(code, tokens.forms(text))
    assert shown(shipped, text) == code


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


@pytest.mark.parametrize(
    ("words", "trusted"),
    [("fejl", False), ("fejl fejl", False), ("", False), ("fejl fejlen", True), ("fejl penge", False)],
)
def test_one_word_alone_is_not_fully_trusted(words: str, trusted: bool, taught: Model) -> None:
    found = taught.features.find(tokens.forms(f"jeg er ikke og {words}"))
    assert (taught.read(found).trust == 1) is trusted


def test_less_trust_is_less_confidence(taught: Model) -> None:
    case = clean("", "jeg er ikke og fejl")
    reading = taught.read(taught.features.find(tokens.forms(case.read)))
    assert reading.opinion is not None
    assert taught.predict(case).categories[0][1] < softmax(reading.opinion.scores).max()


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
