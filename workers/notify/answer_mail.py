"""Make the email that brings an answer to one customer, as a person sends it. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from daemon.mail.reply.answer_clean import CID
from daemon.snapshots import FileSnapshot
from daemon.text import domain_of, harmless_line, shorten
from daemon.vocabulary import MailKind
from workers.notify.answer_view import AnswerMail, CleanHtml
from workers.notify.compose import File, OutgoingMail
from workers.notify.excerpt import Passage, cut
from workers.notify.outgoing import MailConfig, Rendered, fitting, tagged
from workers.notify.sanitize import lines
from workers.notify.wording import greeting_name

QUOTE_LINES: Final = 60
QUOTE_CHARACTERS: Final = 6_000
MAX_SUBJECT: Final = 150
MAX_NAME: Final = 100
_MAX_READ: Final = 100_000
_REPLY: Final = re.compile(
    r"^\s*(?:re|aw|antw|antwort|sv|vs|odp|ynt|rif|res|réf|回复|回覆|答复|答覆|σχετ|תשובה|رد)\s?(?:\[\d{1,3}\]|\(\d{1,3}\))?"
    r"\s?[:\uff1a]\s*",
    re.IGNORECASE,
)
_NAME_ENDS: Final = re.compile(r"\s*[(\[<|/]|\s+(?:via|per|through)\s")
_IMAGE: Final = re.compile(rf'<img\b[^<>]{{0,2000}}\bsrc="{CID}(\d{{1,6}})"[^<>]{{0,2000}}>')


@dataclass(frozen=True, slots=True)
class QuotedEmail:
    """The customer's last email, which an answer quotes and threads under.

    `readers` are the addresses in lower case that have it: its author, its To and its Cc. Nobody else gets its words.
    `images` are the names of the images that it shows between its words; the quote has no images, but their names.
    """

    message_id: str
    references: tuple[str, ...]
    author: str
    author_name: str
    date: datetime
    text: str
    readers: frozenset[str]
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerSnapshot:
    """An answer with all that its email to a customer needs.

    `agent` is the name of its author as their email gives it, "" if it gives none. `subject` is that of the ticket.
    `text` and `html` are those of a `CutAnswer`; `inline` are its images and `files` its other files, in order.
    `quotes_customer` says that the text quotes the customer already. `last` is None where the customer has sent no
    email. `recipients` are all who get the answer, `together` the groups of addresses that one email named, all in
    lower case.
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
    recipients: tuple[str, ...] = ()
    together: tuple[frozenset[str], ...] = ()


def visible_to(recipient: str, answer: AnswerSnapshot) -> tuple[str, ...]:
    """Return the other recipients of an answer whom one of them may see, so that a reply to all includes them.

    These are the people whom one email named beside this recipient. The customers of two merged tickets, and whom an
    agent added, never see each other's addresses.
    """
    known = frozenset[str]().union(*(group for group in answer.together if recipient.lower() in group))
    return tuple(one for one in answer.recipients if one in known and one != recipient.lower())


def fitting_files(answer: AnswerSnapshot, room: int) -> tuple[tuple[FileSnapshot, ...], tuple[FileSnapshot, ...]]:
    """Return the files that fit into `room` bytes, images in the text first, and those that do not."""
    return fitting((*answer.inline, *answer.files), room)


def view_of_answer(
    answer: AnswerSnapshot, recipient: str, config: MailConfig, mark: str, omitted: Collection[FileSnapshot] = ()
) -> AnswerMail:
    """Return the view for the templates; `mark` is the token of the customer, `omitted` are files that do not fit."""
    last = answer.last
    quote = Passage()
    if last and not answer.quotes_customer and recipient.lower() in last.readers:
        quote = cut(lines(last.text[:_MAX_READ]), QUOTE_LINES, QUOTE_CHARACTERS, max(0, len(last.text) - _MAX_READ))
        quote = _with_names(quote, last.images)
    return AnswerMail(
        reference=answer.reference,
        support=config.name,
        mark=mark,
        subject=shorten(answer_subject(answer.subject, answer.reference), MAX_SUBJECT),
        text=Passage(answer.text),
        html=CleanHtml(_without_images(answer.html, omitted)),
        who=(harmless_line(last.author_name) or last.author) if last and quote.text else "",
        when=last.date.astimezone(UTC) if last and quote.text else None,
        quote=quote,
        omitted=tuple(file.filename for file in omitted),
    )


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
    thread_head: str = "",
) -> OutgoingMail:
    """Return the email; `answer_from` is the pattern of the name that customers see, `message_id` is fixed.

    Who does not have the customer's last email gets it in the thread of `thread_head`, their first email from us.
    """
    suffix = f".{boundary_seed}@{domain_of(config.address)}"
    html = re.sub(rf'(?<=src="){CID}\d{{1,6}}(?=")', lambda match: match[0] + suffix, rendered.html)
    parent, references = _thread(answer.last, recipient, thread_head)
    return OutgoingMail(
        kind=MailKind.ANSWER,
        sender_name=sender_name(answer_from, answer.agent, config.name),
        sender_address=config.address,
        recipient=recipient,
        reply_to=tagged(config.address, mark) if config.plus_addressing else None,
        subject=rendered.subject,
        text=rendered.text,
        html=html,
        message_id=message_id,
        in_reply_to=parent,
        references=references,
        loop_token=mark,
        files=tuple(
            File(
                file.filename,
                file.content_type,
                content,
                content_id=f"{CID.removeprefix('cid:')}{file.part}{suffix}" if file in answer.inline else "",
            )
            for file, content in files.items()
        ),
        date=now,
        boundary_seed=boundary_seed,
        copied=visible_to(recipient, answer),
    )


def _thread(last: QuotedEmail | None, recipient: str, head: str) -> tuple[str, tuple[str, ...]]:
    """Return In-Reply-To and References; those of an email hold the token of its author, so only its readers get them.

    A head that is not known is "".
    """
    if last and recipient.lower() in last.readers:
        return last.message_id, last.references
    return head, (head,) if head else ()


def sender_name(pattern: str, agent: str, support: str) -> str:
    """Return the name that customers see: the pattern with the names, or the support name where there is no agent's."""
    shown = greeting_name(_NAME_ENDS.split(harmless_line(agent), maxsplit=1)[0].strip(" ,'"))
    if not shown or shown.casefold() == support.casefold():
        return support if "{agent}" in pattern else pattern.replace("{support}", support)
    # Not str.format: a pattern must not reach into objects, nor a name into the pattern.
    return "".join(
        {"{agent}": shown, "{support}": support}.get(p, p) for p in re.split(r"(\{agent\}|\{support\})", pattern)
    )


def answer_subject(subject: str, reference: str) -> str:
    """Return the subject of a ticket without the prefixes of replies and its own reference, which the template adds."""
    shown = harmless_line(subject, 10 * MAX_SUBJECT)
    for _ in range(10):
        shorter = _REPLY.sub("", re.sub(rf"\[?{re.escape(reference)}\]?", " ", shown, flags=re.IGNORECASE), count=1)
        if shorter == shown:
            break
        shown = shorter
    return " ".join(shown.split())


def _with_names(quote: Passage, images: Iterable[str]) -> Passage:
    """Return a quote with the names of the images that it does not name yet; many programs give them no other text."""
    names = [harmless_line(name, MAX_NAME) for name in images]
    missing = [f"[{name}]" for name in dict.fromkeys(names) if name and name not in quote.text]
    return replace(quote, text="\n".join(part for part in (quote.text, *missing) if part))


def _without_images(html: str, omitted: Collection[FileSnapshot]) -> str:
    """Return cleaned HTML without the images that do not go along: the email names them."""
    missing = {file.part for file in omitted}
    return _IMAGE.sub(lambda match: "" if int(match[1]) in missing else match[0], html) if missing else html
