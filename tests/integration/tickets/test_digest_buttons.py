"""What a team sends by the buttons of a digest is carried out on the ticket beside which they stand."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from html import unescape

from daemon.store.models import Ticket
from daemon.store.store import Store
from tests.support.emails import inbound, mail
from tests.support.helpdesk import read, text_of
from tests.support.mail_clients import press
from tests.support.pipeline import Pipeline
from tests.support.store_queries import ask

NUMBER = 4


def digest_of(store: Store) -> tuple[Pipeline, EmailMessage]:
    """Return the digest of all tickets but the first, whose notification was within the limit."""
    sent: list[bytes] = []

    def send(_mail_from: str, _recipient: str, content: bytes, hand_over: Callable[[], None]) -> str:
        hand_over()
        sent.append(content)
        return "250 taken"

    pipeline = Pipeline(store, 10, acknowledgements_per_hour=0, notifications_per_team_hour=1)
    pipeline.transport.send = send  # type: ignore[method-assign]
    people = [f"stranger{number}@shop{number}.example" for number in range(NUMBER)]
    pipeline.process([inbound(mail(one, body=f"mail of {one}"), mail_from=one) for one in people])
    pipeline.wait(minutes=15)
    return pipeline, read(sent[-1])


def test_a_press_on_a_button_of_a_digest_moves_its_ticket_and_no_other(store: Store) -> None:
    pipeline, digest = digest_of(store)
    html = digest.get_body(("html",))
    assert html is not None
    links = [unescape(one) for one in re.findall(r'href="(mailto:[^"]+)"', html.get_content()) if "%23spam" in one]
    assert len(links) == NUMBER - 1
    references = [reference for (reference,) in ask(store, Ticket.reference)]
    for link, reference in zip(links, references[1:], strict=True):
        assert reference in link
    team = str(digest["To"])
    raw, to = press("gmail-web", links[1], author=team), links[1].partition("?")[0].removeprefix("mailto:")
    pipeline.process([inbound(raw, mail_from=team, rcpt_tos=(to.replace("%2B", "+"),))])
    assert [status for (status,) in ask(store, Ticket.status)] == ["OPEN", "OPEN", "SPAM", "OPEN"]


def test_a_command_to_the_address_in_the_text_is_carried_out(store: Store) -> None:
    pipeline, digest = digest_of(store)
    addresses = re.findall(r"^  (support\+\S+)$", "\n".join(text_of(digest).splitlines()), re.MULTILINE)
    team = str(digest["To"])
    raw = mail(team, "about this one", "#resolve", to=addresses[0])
    pipeline.process([inbound(raw, mail_from=team, rcpt_tos=(addresses[0],))])
    assert [status for (status,) in ask(store, Ticket.status)] == ["OPEN", "RESOLVED", "OPEN", "OPEN"]
