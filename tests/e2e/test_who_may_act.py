"""What a team gets to read when somebody writes by its token and may not act."""

from email.message import EmailMessage

from daemon.store.models import MessageRow, Ticket
from tests.support.emails import mail
from tests.support.helpdesk import Helpdesk, text_of

TEAM = "payments-team@example.com"
EVE = "eve@evil.example"


def notified(helpdesk: Helpdesk) -> list[EmailMessage]:
    """Return the emails to the team, when all work is done."""
    helpdesk.idle()
    return [one for one in helpdesk.emails(1) if one["To"] == TEAM]


def token_address(notification: EmailMessage) -> str:
    return str(notification["Reply-To"].addresses[0].addr_spec)


def test_the_team_reads_that_an_outsider_was_not_obeyed_and_the_customer_hears_nothing(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(mail())
    helpdesk.emails(2)
    (notification,) = notified(helpdesk)
    forwarded = mail(EVE, "Re: Payment failed", "#close\r\nPlease refund to my account.")
    helpdesk.send(forwarded, EVE, token_address(notification))
    (_, told) = notified(helpdesk)
    text = " ".join(text_of(told).split())
    assert "This email was kept and not obeyed: its token was sent to PAYMENTS_TEAM" in text
    assert f"{EVE} is in no team" in text
    assert "Please refund to my account." in text
    html = told.get_body(("html",))
    assert html is not None
    assert "kept and not obeyed" in html.get_content()
    assert [row.role for row in helpdesk.rows(MessageRow)] == ["customer", "outside"]
    assert [row.status for row in helpdesk.rows(Ticket)] == ["OPEN"]
    assert len(helpdesk.sink.received) == 3


def test_an_expired_token_leads_to_a_notification_with_a_fresh_one(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(mail())
    helpdesk.emails(2)
    (notification,) = notified(helpdesk)
    old = token_address(notification)
    helpdesk.clock.advance(days=31)
    helpdesk.send(mail(TEAM, "Re: Payment failed", "It is on its way."), TEAM, old)
    (_, fresh) = notified(helpdesk)
    assert "whose token was valid until 2026-04-01; this email has a fresh one." in " ".join(text_of(fresh).split())
    assert token_address(fresh) != old
    assert [row.role for row in helpdesk.rows(MessageRow)] == ["customer", "outside"]
