"""Percent signs in sentences and in what people write."""

from workers.notify.phrases import phrase


def test_a_doubled_sign_is_one_in_a_sentence_and_stays_in_a_value() -> None:
    said = phrase("%(share)s of 100%% in %(name)s", share="7%%", name="%(share)s.txt")
    assert str(said) == "7%% of 100% in %(share)s.txt"
