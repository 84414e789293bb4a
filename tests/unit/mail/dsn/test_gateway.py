"""Whether an email is the notice of a gateway is decided cheaply for the emails that are none: nearly all."""

from daemon.mail.dsn.evidence import bounce_evidence
from daemon.mail.mime.parse import parse
from tests.support.work import lines_run

LINES = "\r\n".join(f"Line {number} of a letter about an order, a delivery and a password." for number in range(48))
LETTER = f"From: Ann <ann@shop.example>\r\nTo: support@example.com\r\nSubject: My order\r\n\r\n{LINES}\r\n".encode()


def test_an_ordinary_email_is_not_searched_for_the_failures_of_a_notice() -> None:
    letter = parse(LETTER)
    assert bounce_evidence(letter) == ""
    # Reading every line of the text for failed recipients would run more than a thousand lines of Python.
    assert lines_run(lambda: bounce_evidence(letter)) < 150
