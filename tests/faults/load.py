"""A client that sends emails as a mail server does: again until it hears 250, and keeps a log of what it heard."""

import contextlib
import hashlib
import itertools
import smtplib
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SUPPORT: Final = "support@example.com"
SECONDS: Final = 15.0
TRIES: Final = 200
PAUSE: Final = 0.1

WORDS: Final = (
    ("Payment failed", "Amount debited but not credited, please look into order {number}."),
    ("Cannot log in", "It says that my password is wrong since yesterday. Account {number}."),
    ("Error on start", "The application crashes with error code {number} whenever I open it."),
    ("Opening hours", "When are you open on Saturdays? My customer number is {number}."),
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is to be sent; every customer writes once."""

    sender: str
    raw: bytes
    to: str = SUPPORT

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A 250: what for, when (monotonic), and in which words."""

    sha256: str
    sender: str
    at: float
    answer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer of class 5: a mail server would bounce the customer's mail now."""

    sha256: str
    code: int
    answer: str


class Numbers:
    """Makes emails that differ from each other in sender, Message-ID and words."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._numbers = itertools.count(1)

    def mail(self, words: str = "") -> Mail:
        number = next(self._numbers)
        sender = f"c{number}.{self._run}@d{number % 97}.example"
        subject, body = WORDS[number % len(WORDS)]
        lines = (
            f"From: Customer {number} <{sender}>",
            f"To: Support <{SUPPORT}>",
            f"Subject: {subject} ({number})",
            "Date: Mon, 02 Mar 2026 11:59:00 +0000",
            f"Message-ID: <{number}.{self._run}@load.example>",
            "",
            body.format(number=number),
            words,
            ".a line that begins with a dot",
            "",
        )
        return Mail(sender, "\r\n".join(lines).encode())

    def emails(self, count: int) -> list[Mail]:
        return [self.mail() for _ in range(count)]


class Client:
    """Sends emails over a few connections at once, from `start` to `close`; `accepted` holds every 250."""

    def __init__(self, port: int, connections: int = 4) -> None:
        self.port = port
        self.accepted: list[Accepted] = []
        self.refused: list[Refused] = []
        self.given_up: list[Mail] = []
        self.deferred = 0
        self._queue: deque[tuple[Mail, int]] = deque()
        self._left = 0
        self._lock = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]
        for thread in self._threads:
            thread.start()

    def send(self, emails: Iterable[Mail]) -> None:
        """Send emails as soon as may be."""
        with self._lock:
            for mail in emails:
                self._queue.append((mail, 1))
                self._left += 1
            self._lock.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until every mail has its answer; False when that took too long."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._left, seconds)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(2 * SECONDS)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return
                mail, tried = self._queue.popleft()
            again = not self._attempt(mail)
            if again:
                time.sleep(PAUSE)
            with self._lock:
                self.deferred += again
                if again and tried < TRIES:
                    self._queue.append((mail, tried + 1))
                    continue
                if again:
                    self.given_up.append(mail)
                self._left -= 1
                self._lock.notify_all()

    def _attempt(self, mail: Mail) -> bool:
        """Send a mail once and say whether that is the end of it."""
        try:
            code, text = deliver(self.port, mail)
        except (OSError, smtplib.SMTPException):
            return False
        answer = text.decode("utf-8", "replace")
        if code // 100 == 2:
            self.accepted.append(Accepted(mail.sha256, mail.sender, time.monotonic(), answer))
        elif code // 100 == 5:
            self.refused.append(Refused(mail.sha256, code, answer))
        return code // 100 in (2, 5)


def deliver(port: int, mail: Mail, seconds: float = SECONDS) -> tuple[int, bytes]:
    """Hand one mail over and return the first answer that is not a yes, or the last one."""
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=seconds) as client:
        for command in ("EHLO client.example", f"MAIL FROM:<{mail.sender}>", f"RCPT TO:<{mail.to}>"):
            code, text = client.docmd(command)
            if code // 100 != 2:
                return code, text
        answer = client.docmd("DATA")
        if answer[0] != 354:
            return answer
        client.send(mail.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        code, text = client.getreply()
        # The answer is heard; whatever happens now is nobody's business.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
        return code, text
