"""The data of the templates of an answer: its text, its HTML, and the quoted words of the customer. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from workers.notify.excerpt import Passage


@dataclass(frozen=True, slots=True)
class CleanHtml:
    """HTML that `daemon.mail.reply.answer` cleaned: templates show it as it is."""

    source: str


@dataclass(frozen=True, slots=True)
class AnswerMail:
    """An answer to one customer. `text` and `html` are its words, `quote` the customer's own, bounded.

    `who` and `when`, in UTC, introduce the quote; `omitted` are the names of files that were too large to go along.
    """

    reference: str
    support: str
    mark: str
    subject: str
    text: Passage
    html: CleanHtml
    who: str = ""
    when: datetime | None = None
    quote: Passage = field(default_factory=Passage)
    omitted: tuple[str, ...] = ()
