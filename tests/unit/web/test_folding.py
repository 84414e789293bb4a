"""A long text is folded, so that the answer form stays near; no character of it is lost."""

import pytest

from daemon.web.pages.marking import HEAD_LINES, HEAD_TEXT, LONG_LINES, LONG_TEXT, folded, marked

LOG = "".join(f"line {number} of the log\n" for number in range(600))


@pytest.mark.parametrize("text", ["", "short", "\n" * LONG_LINES, "x" * LONG_TEXT])
def test_a_text_of_usual_length_stays_whole(text: str) -> None:
    assert folded(((text, False),)) == (((text, False),), ())


@pytest.mark.parametrize(
    "text", [LOG, "x" * 20_000, "\n" * 500, "one\n" + "x" * 20_000, ("y" * 300 + "\n") * 60, "a\n" * 3 + "b " * 9000]
)
def test_a_long_text_is_cut_and_whole_together(text: str) -> None:
    head, rest = folded(tuple(marked(text, ["log"])))
    shown = "".join(piece for piece, _ in head)
    assert shown + "".join(piece for piece, _ in rest) == text
    assert 0 < len(shown) <= HEAD_TEXT
    assert shown.count("\n") <= HEAD_LINES
    assert rest


def test_it_is_cut_after_a_line_and_its_words_stay_marked() -> None:
    head, rest = folded(tuple(marked(LOG, ["log"])))
    assert head[-1][0].endswith("\n")
    assert ("log", True) in head
    assert ("log", True) in rest


def test_a_marked_word_on_the_cut_stays_marked_in_both_parts() -> None:
    head, rest = folded((("x" * (HEAD_TEXT - 2), False), ("word", True), ("y" * LONG_TEXT, False)))
    assert (head[-1], rest[0]) == (("wo", True), ("rd", True))
