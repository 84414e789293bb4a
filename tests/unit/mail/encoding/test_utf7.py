import pytest

from daemon.mail.encoding.utf7 import decode_utf7, is_utf7

TEXTS = [
    (b"I can+ACc-t log in, Gr+APwA3w-e", "I can't log in, Grüße"),
    (b"1 +- 1", "1 + 1"),
    (b"+2D3eAA-", "\N{GRINNING FACE}"),
    (b"+AGE.", "a."),
    (b"+AGE", "a"),
    # What is not valid stays: odd bits, less than one unit, a telephone number.
    (b"+AGF-", "+AGF-"),
    (b"1+1=2, C++, a+b", "1+1=2, C++, a+b"),
    (b"+4917012345678", "+4917012345678"),
    # Text that every database accepts.
    (b"a+AAA-b", "ab"),
    (b"+2AA-", "\N{REPLACEMENT CHARACTER}"),
    (b"gr\xc3\xbcn +AGE-", "grün a"),
]


@pytest.mark.parametrize(("data", "text"), TEXTS)
def test_valid_sequences_are_decoded_and_others_stay(data: bytes, text: str) -> None:
    assert decode_utf7(data) == text


@pytest.mark.parametrize(
    "label", ["utf-7", "UTF7", "utf_7", "unicode-1-1-utf-7", "csUnicode11UTF7", "csUTF7", "x-utf-7", "cp65000"]
)
def test_the_labels_of_utf_7_are_known(label: str) -> None:
    assert is_utf7(label)


@pytest.mark.parametrize("label", ["", "utf-8", "utf-16", "utf-70", "x", "65000"])
def test_other_labels_are_not_utf_7(label: str) -> None:
    assert not is_utf7(label)
