"""What we sent about an email of a member is not taken for what the email quotes."""

from daemon.store import deliveries
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.queries import member_emails
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import MailKind, Subject, SubjectKind
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY


def test_an_email_about_the_email_itself_is_none_that_it_quotes(store: Store) -> None:
    """The team that has the ticket now may get it before the command in it is read: "#spam" would count as ours."""
    Intake(store, POLICY, Woken()).accept(inbound(mail()))
    own, other = Subject(SubjectKind.MESSAGE, 1), Subject(SubjectKind.DECISION, 1)
    planned = [
        NewDelivery(cause, MailKind.FOLLOW_UP, "team@example.com", 1, f"<{cause}@a>", DeliveryState.PLANNED, "", NOON)
        for cause in (own, other)
    ]
    store.write(lambda session: deliveries.add(session, planned))
    with store.read() as session:
        [facts] = member_emails.load(session, [1])
    assert facts is not None
    assert [one.cause for one in facts.sent] == [other]
