"""The lines of similar tickets: lengths of time, names from outside, every language."""

import pytest

from daemon.snapshots import SimilarTicket
from tests.support.ticket_snapshots import team_view
from workers.notify.render import Renderer
from workers.notify.sample_tickets import BACKGROUND
from workers.notify.similar_view import duration, similar_lines
from workers.notify.translate import Translations


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 min"),
        (59, "1 min"),
        (119 * 60, "119 min"),
        (2 * 3600, "2 h"),
        (47 * 3600, "47 h"),
        (2 * 86400, "2 days"),
        (400 * 86400, "400 days"),
    ],
)
def test_a_length_of_time_has_one_unit(seconds: int, text: str) -> None:
    assert str(duration(seconds)) == text


@pytest.mark.parametrize(
    ("who", "seconds", "line"),
    [
        ("Ana", 7300, "HD-1 (Payments, answered by Ana in 2 h)"),
        ("", 7300, "HD-1 (Payments, answered in 2 h)"),
        ("Ana", None, "HD-1 (Payments, not answered yet)"),
        ("A\r\nBcc: x\u202e", 60, "HD-1 (Payments, answered by A Bcc: x in 1 min)"),
    ],
)
def test_a_line_says_who_answered_how_fast(who: str, seconds: int | None, line: str) -> None:
    (found,) = similar_lines([SimilarTicket(1, "HD-1", "Payments", who, seconds, "a secret subject", "OPEN")])
    assert str(found) == line


@pytest.mark.parametrize("language", sorted(Translations().languages()))
def test_every_language_shows_each_reference(language: str) -> None:
    shown = Renderer().render("notification", team_view(background=BACKGROUND), (language,))
    for one in BACKGROUND.similar:
        assert one.reference in shown.text
        assert one.reference in shown.html
    assert ("Similar earlier tickets" in shown.text) == (language == "en")


def test_without_similar_tickets_nothing_is_said_of_them() -> None:
    shown = Renderer().render("notification", team_view(), ("en",))
    assert "Similar" not in shown.text + shown.html
