"""Texts of similar meaning: packed vectors, the nearest of a pool, and what the real encoder finds alike."""

import numpy as np
import pytest

from tests.support import encoders
from workers.learning import semantic
from workers.triage import encoder, preprocess, similar
from workers.triage.features import Floats
from workers.triage.similar import nearest, pack, says_enough

needs_encoder = pytest.mark.skipif(bool(encoders.missing()), reason=encoders.missing() or "installed")
QUESTION = ("New phone", "I changed my phone and the authenticator app on it is empty, so I have no code to sign in.")
LIKE = (
    ("Authenticator lost", "My phone broke with the authenticator app on it, so I have no code to sign in with."),
    ("Neues Handy", "Seit ich ein neues Telefon habe, fehlt mir der Code aus der Authenticator-App für die Anmeldung."),
)
UNLIKE = (
    ("School visit", "Could my class of twelve-year-olds visit your factory in spring?"),
    ("Page stays white", "After signing in I only get a white page, in Firefox and in Chrome."),
    ("Gift wrapping", "Can you wrap the watch and add a card with a few words from me?"),
    ("Refund", "I returned the kettle in May, and I'm still waiting for the money back."),
)


def vectors(count: int, seed: int = 1) -> Floats:
    found = np.random.default_rng(seed).normal(size=(count, 512)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_a_packed_vector_has_a_byte_for_each_number_and_keeps_its_direction() -> None:
    one, other = vectors(2)
    assert len(pack(one)) == 512
    [[(place, likeness)]] = nearest([pack(one)], pack(other), close=-1)
    assert place == 0
    assert likeness == pytest.approx(float(one @ other), abs=0.005)
    assert nearest([pack(one)], pack(one * 7))[0][0][1] == pytest.approx(1, abs=1e-5)


def test_the_nearest_come_first_and_none_below_the_limit() -> None:
    own = vectors(1)[0]
    noise = vectors(3, seed=2)
    pool = b"".join(pack(0.9 * own + share * one) for share, one in zip((0.9, 0.1, 0.5), noise, strict=True))
    found = nearest([pack(own)], pool + pack(-own))[0]
    assert [place for place, _ in found] == [1, 2, 0]
    assert all(likeness >= similar.CLOSE for _, likeness in found)


def test_a_pool_of_more_than_one_block_keeps_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = vectors(11)
    pool = b"".join(map(pack, rows))
    monkeypatch.setattr(similar, "BLOCK", 4)
    found = nearest([pack(row) for row in rows], pool)
    assert [[place for place, _ in places] for places in found] == [[at] for at in range(11)]


@pytest.mark.parametrize("pool", [b"", bytes(512)])
def test_an_empty_pool_and_a_vector_of_zeros_are_like_nothing(pool: bytes) -> None:
    assert nearest([pack(vectors(1)[0])], pool) == [[]]
    assert nearest([pack(np.zeros(512, np.float32))], pack(vectors(1)[0])) == [[]]
    assert nearest([b""], b"") == [[]]


@pytest.mark.parametrize(
    ("subject", "body", "enough"),
    [
        ("", "", False),
        ("Help", "please!!!", False),
        ("refund", "", False),
        ("App crashes", "when I take a photo", True),
    ],
)
def test_a_text_needs_some_letters_to_be_compared(subject: str, body: str, enough: bool) -> None:
    assert says_enough(preprocess.clean(subject, body)) == enough


@needs_encoder
def test_the_same_problem_in_other_words_and_languages_is_found_and_others_are_not() -> None:
    real = semantic.shared(enabled=True)
    texts = [encoder.text(preprocess.clean(*one)) for one in (QUESTION, *LIKE, *UNLIKE)]
    rows = real.encode(texts)
    assert rows is not None
    own, *others = map(pack, rows)
    found = {place for place, _ in nearest([own], b"".join(others))[0]}
    assert found == set(range(len(LIKE)))
