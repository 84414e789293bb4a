"""Make the email that brings an answer to one customer, as a person sends it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.vocabulary import FileSnapshot
from workers.notify.answer_view import AnswerMail
from workers.notify.compose import OutgoingMail
from workers.notify.outgoing import MailConfig, Rendered


@dataclass(frozen=True, slots=True)
class QuotedEmail:
    """The customer's last email, which an answer quotes and threads under.

    `readers` are the addresses in lower case that have it: its author, its To and its Cc. Nobody else gets its words.
    """

    message_id: str
    references: tuple[str, ...]
    author: str
    author_name: str
    date: datetime
    text: str
    readers: frozenset[str]


@dataclass(frozen=True, slots=True)
class AnswerSnapshot:
    """An answer with all that its email to a customer needs.

    `agent` is the name of its author as their email gives it, "" if it gives none. `subject` is that of the ticket.
    `text` and `html` are those of a `CutAnswer`; `inline` are its images and `files` its other files, in order.
    `quotes_customer` says that the text quotes the customer already. `last` is None where the customer has sent no
    email.
    """

    reference: str
    subject: str
    agent: str
    text: str
    html: str
    inline: tuple[FileSnapshot, ...] = ()
    files: tuple[FileSnapshot, ...] = ()
    quotes_customer: bool = False
    last: QuotedEmail | None = None


def fitting_files(answer: AnswerSnapshot, room: int) -> tuple[tuple[FileSnapshot, ...], tuple[FileSnapshot, ...]]:
    """Return the files that fit into `room` bytes, images in the text first, and those that do not."""
    fitting, left = list[FileSnapshot](), list[FileSnapshot]()
    for file in (*answer.inline, *answer.files):
        (fitting if file.size <= room else left).append(file)
        room -= file.size if file.size <= room else 0
    return tuple(fitting), tuple(left)


def view_of_answer(
    answer: AnswerSnapshot, recipient: str, config: MailConfig, mark: str, omitted: Sequence[FileSnapshot] = ()
) -> AnswerMail:
    """Return the view for the templates; `mark` is the token of the customer."""
    raise NotImplementedError


def answer_mail(
    answer: AnswerSnapshot,
    config: MailConfig,
    rendered: Rendered,
    files: Mapping[FileSnapshot, bytes],
    *,
    recipient: str,
    message_id: str,
    mark: str,
    answer_from: str,
    now: datetime,
    boundary_seed: str,
) -> OutgoingMail:
    """Return the email; `answer_from` is the pattern of the name that customers see, `message_id` is fixed."""
    raise NotImplementedError
