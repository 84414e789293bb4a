"""What a team and a member read after a forward with #new, by SMTP."""

from tests.support.emails import mail
from tests.support.forward_forms import FORMS
from tests.support.helpdesk import Helpdesk, text_of

TEAM = "payments-team@example.com"
FORWARD = f"{FORMS['outlook german'].text}\nMy payment fails: debited but not credited."


def forward(helpdesk: Helpdesk, text: str) -> None:
    helpdesk.send(mail(TEAM, "WG: Cannot pay", text.replace("\n", "\r\n")), TEAM)


def test_the_team_reads_who_forwarded_it_and_the_customer_hears_nothing(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    forward(helpdesk, f"#new\n{FORWARD}")
    (notification,) = helpdesk.emails(1)
    helpdesk.idle()
    text = " ".join(text_of(notification).split())
    assert "Cannot pay" in notification["Subject"]
    assert "debited but not credited" in text
    assert f"{TEAM} forwarded this email of 2026-03-02 10:15 UTC from ann@shop.example." in text
    assert [one["To"] for one in helpdesk.emails(1)] == [TEAM]


def test_a_member_is_asked_who_wrote_it_and_their_email_stays_on_a_ticket(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    forward(helpdesk, "#new\nPlease help.")
    helpdesk.idle()
    returned = [one for one in helpdesk.emails(2) if "again as an attachment" in " ".join(text_of(one).split())]
    assert returned
    assert {one["To"] for one in helpdesk.emails(2)} <= {TEAM, *(team.email for team in helpdesk.settings.teams)}
