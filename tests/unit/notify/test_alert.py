"""The alert to the admin: every problem in text and HTML, the first one in the subject."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import cast

from daemon.facts import DailyCounts, Problem
from daemon.vocabulary import Disposition
from tests.support.fakes import NOON
from workers.notify.alert import AdminMail, alert, daily_report

ADDRESS = AdminMail("support@example.com", "admin@example.com", "m" * 34, "<1@example.com>", "seed", NOON)


def read(*texts: str) -> EmailMessage:
    content = alert(
        [Problem(f"key {text}", text) for text in texts],
        ADDRESS,
    )
    return parsed(content)


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, BytesParser(policy=default).parsebytes(content))


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_subject_is_the_first_problem_and_the_number_of_others() -> None:
    assert read("The disk is nearly full.")["Subject"] == "triaged: The disk is nearly full."
    assert read("One.", "Two.", "Three.")["Subject"] == "triaged: One. (and 2 more)"


def test_every_problem_is_in_text_and_html_with_the_command_that_shows_the_state() -> None:
    message = read("The <disk> is full.", "A job waits.")
    assert body(message, "plain").startswith("The <disk> is full.\n\nA job waits.\n\n")
    assert "<p>The &lt;disk&gt; is full.</p>\n<p>A job waits.</p>\n" in body(message, "html")
    assert all("triaged check --live" in body(message, kind) for kind in ("plain", "html"))


def test_the_html_is_as_wide_as_the_screen() -> None:
    assert 'content="width=device-width, initial-scale=1"' in body(read("x"), "html")


def test_the_daily_report_counts_what_was_accepted_and_screened_out_by_kind() -> None:
    counts = dict.fromkeys(Disposition, 0) | {
        Disposition.TICKET: 31,
        Disposition.FOLLOW_UP: 4,
        Disposition.PARKED: 1,
        Disposition.AUTO_REPLY: 7,
        Disposition.LIST: 2,
    }
    message = parsed(daily_report(DailyCounts(NOON.date(), counts, 3), ADDRESS))
    assert message["Subject"] == "triaged: 2026-03-02: accepted 45, tickets 31, screened out 9"
    text = body(message, "plain")
    assert "Emails accepted: 45 (ticket 31, follow-up 4, answer 0, duplicate 0, parked 1)." in text
    assert "Screened out: 9 (auto-reply 7, bounce 0, list 2, own 0)." in text
    assert "Acknowledgements suppressed: 3." in text
    assert "triaged mail list" in text
