"""The same documents give the same terms, and a term that is dropped takes no room."""

from workers.triage.features import Block

WORDS = ["invoice", "refund", "login", "password", "crash", "delivery", "parcel", "address"]


def learned(*documents: list[str], most: int) -> list[str]:
    return list(Block.learn(documents, lambda term: " " not in term, most).terms)


def test_of_equally_frequent_terms_the_first_of_the_alphabet_are_kept() -> None:
    # The order of a set of words differs from process to process; the terms may not.
    assert learned(WORDS, most=3) == ["address", "crash", "delivery"]
    assert learned(WORDS[::-1], most=3) == ["address", "crash", "delivery"]


def test_frequent_terms_are_kept_first() -> None:
    assert learned(WORDS, ["refund", "password"], most=2) == ["password", "refund"]


def test_a_pair_of_one_document_takes_no_room_of_a_word() -> None:
    pairs = [f"{first} {second}" for first in WORDS for second in WORDS]

    assert learned(pairs, ["refund", "address"], most=2) == ["address", "refund"]
