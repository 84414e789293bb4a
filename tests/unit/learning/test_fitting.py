"""How the experts are fitted: which words count, and how much the word groups do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack

from tests.support.small_model import small_corpus
from workers.learning import fitting
from workers.learning.fitting import Expert, Matrix, Names, Numbers
from workers.triage import features, tokens
from workers.triage.features import Features
from workers.triage.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Learned:
    """The features, the text columns and the names of a corpus."""

    features: Features
    matrix: csr_array
    names: Names
    labels: tuple[str, ...]

    @property
    def words(self) -> int:
        """Return the number of columns of words and pairs of words."""
        return self.features.widths[0]

    def scores(self, expert: fitting.Expert, text: str) -> dict[str, float]:
        """Return the score of each label for a text."""
        matrix = self.features.matrix([tokens.forms(text)])[:, : self.features.text_width]
        return dict(zip(self.labels, expert.logits(matrix)[0].tolist(), strict=True))


def learn(texts: list[str], names: list[str], words: Lexicon) -> Learned:
    forms = [tokens.forms(text) for text in texts]
    learned = features.learn(forms, words)
    labels = tuple(sorted(set(names)))
    return Learned(learned, learned.matrix(forms)[:, : learned.text_width], np.array(names), labels)


@pytest.fixture
def learned(words: Lexicon) -> Learned:
    corpus = small_corpus()
    return learn([e.case.read for e in corpus], [e.category for e in corpus], words)


@pytest.fixture
def shadowed(words: Lexicon) -> Learned:
    """Return fault reports that "crash" alone tells apart, although "scrolls" and "jerks" do so too."""
    faults = ["crash crash crash when the list scrolls in jerks", "crash crash crash as the page scrolls in jerks"]
    bills = ["receipt for the list of march", "receipt for the page of april"]
    return learn(faults * 6 + bills * 6, ["Technical"] * 12 + ["Payments"] * 12, words)


def test_a_word_beside_a_stronger_one_keeps_its_weight(shadowed: Learned) -> None:
    regression = fitting.fit_expert(shadowed.matrix, shadowed.names, shadowed.labels, 3.0)
    both = fitting.fit_text(shadowed.words, shadowed.matrix, shadowed.names, shadowed.labels, 3.0)
    text = "the receipt scrolls in jerks"
    alone, added = shadowed.scores(regression, text), shadowed.scores(both, text)
    assert added["Technical"] - added["Payments"] > alone["Technical"] - alone["Payments"] + 1


def test_naive_bayes_adds_to_words_alone_and_to_no_label_on_average(learned: Learned) -> None:
    regression = fitting.fit_expert(learned.matrix, learned.names, learned.labels, 3.0)
    both = fitting.fit_text(learned.words, learned.matrix, learned.names, learned.labels, 3.0)
    added = both.weights - regression.weights
    assert np.abs(added[:, : learned.words]).max() > 1
    assert not added[:, learned.words :].any()
    assert np.allclose(added.sum(axis=0), 0.0)
    assert np.array_equal(both.bias, regression.bias)


@pytest.mark.parametrize("known", [2, 3])
def test_a_label_without_a_ticket_in_a_fold_gets_the_lowest_score(learned: Learned, known: int) -> None:
    kept = np.isin(learned.names, learned.labels[:known])
    expert = fitting.fit_text(learned.words, learned.matrix[kept], learned.names[kept], learned.labels, 3.0)
    scores = learned.scores(expert, "my payment was taken")
    assert max(list(scores.values())[known:]) < min(list(scores.values())[:known])


@pytest.mark.parametrize(("times", "chosen"), [(1, fitting.STRENGTHS[1]), (30, fitting.STRENGTHS[0])])
def test_no_sample_of_many_tickets_chooses_the_regularisation(learned: Learned, times: int, chosen: float) -> None:
    def fit_well_with_the_second(matrix: Matrix, names: Names, labels: Sequence[str], strength: float) -> Expert:
        return fitting.fit_expert(matrix, names if strength == fitting.STRENGTHS[1] else names[::-1], labels, strength)

    matrix, names = vstack([learned.matrix] * times, format="csr"), np.tile(learned.names, times)
    groups = [str(at % len(learned.names)) for at in range(len(names))]
    assert (len(names) > fitting.MAX_FOR_CHOICE) is (times > 1)
    found = fitting.choose_strength(matrix, names, groups, learned.labels, fit_well_with_the_second)
    assert found[0] == chosen


def scored(scale: float, seed: int) -> Numbers:
    """Return scores of 400 tickets, the more of them right the larger `scale` is."""
    truth = np.arange(400) % 4
    return np.random.default_rng(seed).normal(size=(400, 4)) + scale * np.eye(4)[truth]


@dataclass(frozen=True, slots=True)
class Told:
    """What a model is fitted on, and what it was fitted to."""

    learned: Learned
    fitted: fitting.Fitted

    def likeliest(self, text: str) -> str:
        """Return the likeliest label of a text."""
        matrix = self.learned.features.matrix([tokens.forms(text)])
        scores = matrix @ self.fitted.linear.weights + self.fitted.linear.bias
        return self.learned.labels[int(scores.argmax())]


def tell(words: Lexicon, *, own: int) -> Told:
    """Fit on examples in which a voucher is a payment, and on 120 tickets, `own` of the company, in which it is not."""
    ours = [f"the voucher {at} is refused" for at in range(600)] + [f"sign in with password {at}" for at in range(600)]
    theirs = [f"my voucher {at} again" for at in range(90)] + [f"the bill {at} again" for at in range(30)]
    names = ["Payments"] * 600 + ["Login"] * 600 + ["Login"] * 90 + ["Payments"] * 30
    forms = [tokens.forms(text) for text in (*ours, *theirs)]
    measured = features.learn(forms, words)
    matrix = measured.matrix(forms)
    labels = tuple(sorted(set(names)))
    learned = Learned(measured, matrix[:, : measured.text_width], np.array(names), labels)
    groups = [str(at) for at in range(len(names))]
    company = [False] * (len(names) - own) + [True] * own
    return Told(learned, fitting.fit(matrix, np.array(names), groups, company, measured.widths, [0] * len(names)))


def test_word_groups_count_less_than_text_without_tickets_of_the_company(words: Lexicon) -> None:
    first, second = tell(words, own=0).fitted.shares
    assert second == pytest.approx(fitting.GROUP_SHARE * first)


def test_what_a_word_means_at_a_company_is_learned_from_its_tickets_alone(words: Lexicon) -> None:
    assert tell(words, own=0).likeliest("a voucher") == "Payments"
    told = tell(words, own=120)
    assert told.likeliest("a voucher") == "Login"
    assert len(told.fitted.shares) == 3
    assert told.fitted.shares[2] > 0.1


def test_examples_that_are_all_of_the_company_need_no_expert_of_their_own(words: Lexicon) -> None:
    assert len(tell(words, own=1320).fitted.shares) == 2


def test_tickets_of_the_company_say_nothing_of_a_category_that_none_of_them_has(learned: Learned) -> None:
    kept = np.isin(learned.names, learned.labels[:3])
    expert = fitting.fit_own(learned.words, learned.matrix[kept], learned.names[kept], learned.labels, 3.0)
    scores = learned.scores(expert, "my payment was taken")
    assert scores[learned.labels[3]] == 0.0
    assert max(scores.values()) > 0


def test_an_expert_whose_tickets_are_of_one_category_knows_nothing(learned: Learned) -> None:
    taught = learned.names == learned.labels[0]
    groups = [str(at) for at in range(len(learned.names))]
    assert not fitting.held_out(learned.matrix, learned.names, groups, learned.labels, 3.0, taught=taught).any()


def test_tickets_of_the_company_decide_how_much_word_groups_count() -> None:
    truth = np.arange(400) % 4
    poor = fitting.calibrate([scored(2.0, 1), scored(0.1, 2)], truth)
    good = fitting.calibrate([scored(0.1, 1), scored(2.0, 2)], truth)
    assert poor[1] < 0.2 * poor[0]
    assert good[0] < 0.2 * good[1]
