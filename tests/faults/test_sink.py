"""The server that the faults send to takes exactly the emails that it says it took."""

import smtplib
from concurrent.futures import ThreadPoolExecutor

from tests.support.smtp_sink import Sink


def answer(sink: Sink, number: int) -> int:
    with smtplib.SMTP(sink.host, sink.port, "client.example", timeout=60) as client:
        try:
            client.sendmail("us@example.com", [f"c{number}@d.example"], "Subject: hello\r\n\r\nhello\r\n")
        except smtplib.SMTPDataError as error:
            return error.smtp_code
        return 250


def test_one_of_several_emails_at_once_is_refused() -> None:
    with Sink() as sink, ThreadPoolExecutor(4) as threads:
        sink.delay = 0.2
        sink.script("DATA", "451 not now")
        answers = sorted(threads.map(lambda number: answer(sink, number), range(4)))
    assert answers == [250, 250, 250, 451]
    assert len(sink.received) == 3
