"""What the team that has a ticket now reads when a team that had it before writes: one email, whatever it does."""

from email.message import EmailMessage

import pytest

from tests.support.conversation import ANA, BEN, IDENTITY, TEAM, Conversation, Desk, words_of

BY_FORMER = "PAYMENTS_TEAM, which had this ticket before, wrote this."


def moved(desk: Desk) -> tuple[Conversation, EmailMessage, int]:
    """Return a ticket that moved, the email to the team that had it, and the number of emails to the present team."""
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.write(notification, "#assign IDENTITY_TEAM", BEN)
    assert talk.ticket.assigned_team == "IDENTITY_TEAM"
    return talk, notification, len(talk.emails(IDENTITY))


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("Your money is back.", "Your money is back."),
        ("#resolve\nYour money is back.", "Your money is back."),
        ("#note\nAnn called us.", "Ann called us."),
        ("#close", "Ana Silva"),
        ("#clsoe\nThis comes back.", "This comes back."),
    ],
)
def test_the_present_team_gets_one_email_about_what_a_former_team_wrote(desk: Desk, body: str, shown: str) -> None:
    talk, notification, before = moved(desk)
    talk.write(notification, body)
    assert len(talk.emails(IDENTITY)) == before + 1
    read = words_of(talk.last(IDENTITY))
    assert shown in read
    assert BY_FORMER in read
    html = talk.last(IDENTITY).get_body(("html",))
    assert html is not None
    assert BY_FORMER in html.get_content()


def test_the_team_to_which_a_former_team_moves_a_ticket_gets_one_email(desk: Desk) -> None:
    talk, notification, _ = moved(desk)
    support = "tech-support@example.com"
    talk.write(notification, "#assign TECH_SUPPORT", ANA)
    assert talk.ticket.assigned_team == "TECH_SUPPORT"
    assert len(talk.emails(support)) == 1
