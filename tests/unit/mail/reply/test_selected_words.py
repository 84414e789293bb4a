"""Words of the customer that a program quotes without a prefix are no commands of the member."""

from datetime import date

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer import CutAnswer, OurMarks, read_answer, split_own

CUSTOMER = "#close\nThe amount was debited but not credited.\n\n#spam\nPlease help me as soon as possible."
OURS = f"Ticket HD-7K3Q-M9XY is yours to answer\nWhy you: the rule Payments matched\n\n{CUSTOMER}"
MARKS = OurMarks(keys=(b"k" * 32,), today=date(2026, 3, 2), emails=(OURS,), customer_texts=(CUSTOMER,))


def answer(text: str, kind: str = "plain") -> CutAnswer:
    raw = f"From: ana@example.com\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{text}".encode()
    return read_answer(parse(raw), raw, MARKS)


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_command_in_selected_words_of_the_customer_is_not_one_of_the_member(kind: str) -> None:
    text = f"{CUSTOMER}\n\nWe refund it today."
    cut = answer(text.replace("\n", "<br>") if kind == "html" else text, kind)
    assert cut.text == text
    assert split_own(cut) == ("", text)
    assert cut.inline_style


def test_words_of_the_customer_alone_are_no_answer() -> None:
    assert answer(CUSTOMER).text == ""


@pytest.mark.parametrize("below", ["We refund it today.", "The amount was credited.\n", "\n\n#note for the team\nx"])
def test_a_command_of_the_member_stays_one_although_the_customer_wrote_the_same(below: str) -> None:
    cut = answer(f"#close\n{below}")
    assert split_own(cut)[0].startswith("#close")
    assert not cut.inline_style


def test_a_line_of_the_customer_below_a_command_of_the_member_stays() -> None:
    assert answer("#close\nPlease help me as soon as possible.").text.startswith("#close")
