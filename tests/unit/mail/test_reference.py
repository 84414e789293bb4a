"""References have a check character and are found in subjects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.reference import ALPHABET, RANDOM, REFERENCES, _check, find_references, make_reference

codes = st.text(ALPHABET, min_size=RANDOM, max_size=RANDOM).map(lambda body: body + _check(body))


def written(code: str) -> str:
    return f"HD-{code[:4]}-{code[4:]}"


REFERENCE = make_reference("HD", 12_345_678_901)


@given(st.integers(0, REFERENCES - 1))
def test_every_reference_is_found_in_a_subject(number: int) -> None:
    reference = make_reference("HD", number)
    assert find_references(f"Re: [{reference}] Payment failed", "HD") == (reference,)


@given(codes, st.integers(0, RANDOM), st.sampled_from(ALPHABET))
def test_a_single_wrong_character_is_detected(code: str, position: int, slip: str) -> None:
    wrong = code[:position] + slip + code[position + 1 :]
    expected = (written(code),) if wrong == code else ()
    assert find_references(written(wrong), "HD") == expected


@pytest.mark.parametrize("letter", "ILOU01")
def test_easily_misread_characters_are_not_used(letter: str) -> None:
    assert letter not in ALPHABET


@pytest.mark.parametrize("shape", ["HD-{}-{}", "hd-{}-{}", "HD{}{}", "HD-{}{}", "(HD-{}-{})", "Re: HD-{}-{}: hello"])
def test_a_reference_is_found_however_people_type_it(shape: str) -> None:
    _, one, two = REFERENCE.split("-")
    assert find_references(shape.format(one, two), "HD") == (REFERENCE,)
    assert find_references(shape.format(one, two).lower(), "HD") == (REFERENCE,)


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    assert isinstance(find_references(text, "HD"), tuple)


@pytest.mark.parametrize("letter", ["\u212a", "\u017f", "\u0130"])
def test_a_letter_that_only_folds_into_the_alphabet_is_not_accepted(letter: str) -> None:
    # KELVIN SIGN and LONG S match [KS] under IGNORECASE without re.ASCII.
    assert find_references(f"HD-{letter}BCD-EFGH HD-2{letter}34-5678", "HD") == ()


def test_a_reference_with_another_prefix_is_not_found() -> None:
    assert find_references(make_reference("XY", 1), "HD") == ()
    assert find_references("A" + REFERENCE, "HD") == ()


def test_every_number_has_a_reference_of_its_own() -> None:
    numbers = range(0, REFERENCES, REFERENCES // 1000)
    assert len({make_reference("HD", number) for number in numbers}) == len(numbers)
