"""Normal forms of Unicode in linear time."""

import sys
import unicodedata

import pytest

from daemon.mail.reply.our_marks import squeeze
from daemon.text import normalized
from tests.support.work import no_hang
from workers.triage.preprocess import clean

SIZE = 500_000


@pytest.mark.parametrize("unit", ["\u0301\u0327", "\uff9e\u0338", "\u0f73\u0301\u0327"])
@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_a_run_of_marks_is_normalized_in_linear_time(form: str, unit: str) -> None:
    with no_hang():
        found = normalized(form, f"e{unit * SIZE}x")  # type: ignore[arg-type]
    assert len(found) < 100
    assert found[-1] == "x"


def test_what_people_write_is_normalized_as_a_whole() -> None:
    texts = [
        "Zoe\u0308 e\u0301crit",
        "\u1112\u1161\u11ab",
        "\u0e01\u0e48\u0e33" * 50,
        "\U0001f600\u200d" * 100,
        "!?\u2026" * 100,
    ]
    texts += ["\uff76\uff9e" * 100, "e" + "\u0301" * 30 + "x", "\u0915\u094d\u0937" * 100, "\u05d0\u05b8\u05bc" * 100]
    for text in texts:
        assert normalized("NFKC", text) == unicodedata.normalize("NFKC", text)


def test_every_character_that_starts_with_a_mark_in_a_normal_form_counts_as_one() -> None:
    for code in range(0x80, sys.maxunicode + 1):
        shown = chr(code)
        if unicodedata.combining(unicodedata.normalize("NFKD", shown)[0]):
            assert len(normalized("NFC", shown * 100)) < 100, hex(code)


def test_an_email_of_marks_costs_triage_and_answers_no_more_than_others() -> None:
    text = "\u0301\u0327" * SIZE
    with no_hang():
        assert clean("Payment failed", text).subject == "Payment failed"
        assert squeeze(f"a{text}") in {"a", "\u00e1"}
