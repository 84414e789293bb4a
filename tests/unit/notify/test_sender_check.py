"""What teams read of our own check of a sender."""

import pytest

from tests.support.ticket_snapshots import team_view
from workers.notify.render import Renderer
from workers.notify.wording import sender_check

PASS, NO_ANSWER = "dmarc=pass (customer.example, dkim)", "not checked: DNS did not answer"
RENDERER = Renderer(None)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (PASS, f"genuine: {PASS}"),
        ("dmarc=fail (customer.example, policy none)", "may be forged: dmarc=fail (customer.example, policy none)"),
        ("dmarc=none (customer.example, no record)", "not proved: dmarc=none (customer.example, no record)"),
        ("dmarc=permerror (From is not one readable address)", "not proved: dmarc=permerror (From is not one readable"),
        (NO_ANSWER, "not checked: the DNS did not answer"),
        ("not checked: earlier attempts failed", "not checked: earlier attempts failed"),
    ],
)
def test_the_first_result_is_said_in_words(result: str, words: str) -> None:
    assert str(sender_check((result, "spf=none (customer.example)"))).startswith(words)


@pytest.mark.parametrize("kind", ["notification", "follow-up"])
@pytest.mark.parametrize(
    ("language", "label", "words"),
    [("en", "Sender check", "genuine: "), ("de", "Absenderprüfung", "echt: "), ("ja", "送信者の確認", "本物です: ")],
)
def test_the_email_to_the_team_says_it_in_their_language(kind: str, language: str, label: str, words: str) -> None:
    made = RENDERER.render(kind, team_view(authentication=(PASS,)), [language])
    assert f"{label}: {words}{PASS}" in made.text
    assert f">{label}</td>" in made.html
    assert f"{words}{PASS}</td>" in made.html


def test_nothing_is_said_of_a_sender_that_we_did_not_check() -> None:
    made = RENDERER.render("notification", team_view(authentication=()))
    assert "Sender check" not in made.text
    assert "Sender check" not in made.html


def test_a_domain_that_looks_like_markup_is_text() -> None:
    made = RENDERER.render("notification", team_view(authentication=("dmarc=fail (<b>x</b>, policy none)",)))
    assert "&lt;b&gt;x&lt;/b&gt;" in made.html
