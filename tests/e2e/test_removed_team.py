"""A ticket of a team that an admin removed or renamed: somebody reads what its customer writes, and can answer."""

from sqlalchemy import update

from daemon.store.models import Ticket
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER, Helpdesk, text_of

CUSTOMER, FALLBACK = "ann@customer.example", "general-support@example.com"


def reply_to(email: object) -> str:
    return str(email["Reply-To"].addresses[0].addr_spec)  # type: ignore[index]


def test_emails_about_a_ticket_of_a_removed_team_go_to_the_fallback_team(helpdesk: Helpdesk) -> None:
    helpdesk.work()
    helpdesk.send(mail())
    first = helpdesk.emails(2)
    helpdesk.store.write(lambda session: session.execute(update(Ticket).values(assigned_team="SHOP_TEAM")))
    (acknowledgement,) = [one for one in first if one["To"] == CUSTOMER]
    helpdesk.send(mail(subject="Re: Payment failed", body="Any news?"), CUSTOMER, reply_to(acknowledgement))
    follow_up = helpdesk.emails(3)[-1]
    assert follow_up["To"] == FALLBACK
    assert "Any news?" in text_of(follow_up)
    assert "SHOP_TEAM" in text_of(follow_up)

    answer = mail(MEMBER, "Re: Payment failed", "Your money is on its way.")
    helpdesk.send(answer, MEMBER, reply_to(follow_up))
    helpdesk.idle()
    after = {str(one["To"]): text_of(one) for one in helpdesk.emails(5)[3:]}
    assert "Your money is on its way." in after[CUSTOMER]
    assert "answered Ann" in " ".join(after[FALLBACK].split())
    assert "had this ticket before" not in after[FALLBACK]
    assert len(helpdesk.sink.received) == 5
