"""A decision of which the model is nearly certain can be corrected by one press, too."""

from dataclasses import replace

from daemon.vocabulary import MailKind
from workers.notify.contexts import team_mail
from workers.notify.links import ButtonTarget
from workers.notify.render import Renderer
from workers.notify.sample_tickets import MARK, REFERENCE, TICKET
from workers.notify.team_view import Guess

TO = ButtonTarget(f"support+{MARK}@example.com", REFERENCE)


def test_the_next_categories_have_buttons_however_unlikely_they_are() -> None:
    assert TICKET.decision is not None
    sure = replace(TICKET.decision, alternatives=(("Login", 0.0017), ("Technical", 0.0009), ("General", 0.0)))
    view = team_mail(replace(TICKET, decision=sure), support="Support", mark=MARK, review_team="REVIEW", to=TO)
    html = Renderer().render(MailKind.NOTIFICATION, view, ["en"]).html
    assert [name for name in ("Login", "Technical", "General") if f"%23category%20{name}" in html] == [
        "Login",
        "Technical",
    ]


def test_less_than_one_percent_is_called_so() -> None:
    assert [Guess.of("Login", share).percent for share in (0.0017, 0.0049, 0.0151, 0.2)] == ["<1%", "<1%", "2%", "20%"]
