"""What a member reads who did not prove to have written an email: advice that fits the proof that is demanded."""

from dataclasses import replace

import pytest

from daemon.vocabulary import ReturnCause
from workers.notify import conversation_view
from workers.notify.sample_tickets import ANSWER, MARK, TICKET, TO

LOGIN = "it was not handed in with the login of ana@example.com"
FAILED = "our own check (DMARC) did not confirm that this email comes from ana@example.com: dmarc=fail (example.com)"
NO_DNS = (
    "our own check (DMARC) did not confirm that this email comes from ana@example.com: not checked: DNS did not answer"
)


@pytest.mark.parametrize(
    ("detail", "advice"),
    [
        (LOGIN, "Send it through the mail server that your administrator named, with your own login."),
        (NO_DNS, "Senders cannot be checked at the moment. Send your email again in a few minutes."),
        (FAILED, "Write from your own mailbox through your own mail server. If you did, ask your administrator."),
    ],
)
def test_the_advice_fits_the_proof(detail: str, advice: str) -> None:
    answer = replace(ANSWER, cause=ReturnCause.NOT_AUTHENTICATED, details=(detail,))
    view = conversation_view.returned(TICKET, answer, support="Support", mark=MARK, to=TO)
    assert view.how.text == advice
