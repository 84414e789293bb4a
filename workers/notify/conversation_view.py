"""The data of the templates of the conversation: who answered what, and what was returned to its author. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.mail.command_table import COMMANDS
from daemon.snapshots import EarlierAnswer, StoredAnswer, TicketSnapshot
from daemon.text import harmless_line
from daemon.tickets.answer_decision import DIRECT
from daemon.vocabulary import NO_DNS_ANSWER, ReturnCause
from workers.notify import links
from workers.notify.excerpt import Passage, cut
from workers.notify.links import Button, ButtonTarget
from workers.notify.phrases import Phrase, literal, phrase
from workers.notify.refusals import detail, details
from workers.notify.sanitize import lines
from workers.notify.team_view import customer_of, customers_of
from workers.notify.wording import MAX_NAME, status_name

# An author gets everything back, but no more than is read of an answer that quotes it.
RETURNED_LINES: Final = 3_000
RETURNED_CHARACTERS: Final = 100_000
SHOWN_LINES: Final = 200
SHOWN_CHARACTERS: Final = 20_000
RIVAL_LINES: Final = 60
RIVAL_CHARACTERS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Answered:
    """An email to the rest of a team: who answered whom, in which words, and how the ticket stands.

    `customer` and `other` get a reply. `reached` got the answer: the customer, unless it went to others only.
    `recipients` are those that got it, `omitted` what was left out, `taken_by` the member who has the ticket. `note` is
    what the team must know about the author, or "".
    """

    reference: str
    support: str
    mark: str
    subject: str
    team: str
    who: str
    customer: str
    other: str
    reached: str
    recipients: tuple[str, ...]
    words: Passage
    status_name: Phrase
    taken_by: str = ""
    omitted: tuple[Phrase, ...] = ()
    buttons: tuple[Button, ...] = ()
    note: Phrase | str = ""


@dataclass(frozen=True, slots=True)
class Rival:
    """The answer of somebody else, because of which one was held."""

    who: str
    when: str
    words: Passage


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """A command as it is written, and what it does."""

    usage: str
    what: Phrase


@dataclass(frozen=True, slots=True)
class Returned:
    """An email to the author of an answer or a command that was not or not wholly carried out.

    `headline` says what happened, `details` why in more words, `how` what to do. `nearest` are the commands that may
    have been meant, `help` is the list of all. `held` says that the answer waits for its author. `words` is their text.
    """

    reference: str
    support: str
    mark: str
    subject: str
    headline: Phrase
    how: Phrase | str
    details: tuple[Phrase, ...]
    words: Passage
    held: bool = False
    rival: Rival | None = None
    nearest: tuple[str, ...] = ()
    help: tuple[CommandHelp, ...] = ()
    buttons: tuple[Button, ...] = ()


_HEADLINES: Final = {
    ReturnCause.ANSWERED_MEANWHILE: phrase("Your answer was not sent yet: somebody else answered first."),
    ReturnCause.INTERNAL_TEXT: phrase("Your answer was not sent yet: lines for the team only are still in it."),
    ReturnCause.COPIED_TO_US: phrase(
        "Your answer was not sent yet: your email is addressed to somebody else, and to us only as a copy."
    ),
    ReturnCause.FORWARDED: phrase("Your answer was not sent yet: it is a forward, and it is addressed to others too."),
    ReturnCause.QUOTES_CUSTOMER: phrase(
        "Your answer was not sent yet: it quotes a customer, and it would go to several customers."
    ),
    ReturnCause.SENT_ALREADY: phrase("Your answer was not sent yet: you sent the same words already."),
    ReturnCause.TOO_MANY: phrase("Your answer was not sent yet: there were too many answers on this ticket."),
    ReturnCause.EMPTY: phrase("Nothing was sent: your email has no text for the customer."),
    ReturnCause.NO_READER: phrase("Nothing was sent: this ticket has no address to answer."),
    ReturnCause.WRONG_COMMAND: phrase("Nothing was sent or changed: one line is not a command."),
    ReturnCause.REFUSED: phrase("Nothing was sent or changed."),
    ReturnCause.HELP: phrase("These are the commands. Nothing was sent or changed."),
    ReturnCause.NOT_PROCESSED: phrase("Nothing was sent: your email could not be processed."),
    ReturnCause.NOT_AUTHENTICATED: phrase("Nothing was sent or changed: it is not certain who wrote this email."),
    ReturnCause.UNCLEAR_TICKET: phrase("Nothing was sent or changed: it is not clear which ticket you mean."),
    ReturnCause.TOO_LONG: phrase("Nothing was sent: your answer is too long."),
    ReturnCause.CORRECTS_ONLY: phrase("Nothing was sent or changed: you may correct this ticket, and no more."),
    ReturnCause.EXPIRED: phrase("Nothing was sent or changed: the email that you used is too old."),
    ReturnCause.ENCRYPTED: phrase("Nothing was sent or changed: your email is encrypted, and we cannot read it."),
}
_UNCLEAR: Final = phrase("Your answer was not sent yet: some lines were left out, because they may not be yours.")
# How the details begin that name what was left out or not done. Any other names what is still in the answer.
_LEFT_OUT: Final = (
    *("a line that may be ours: ", "a line below the quote: ", "text that cannot be seen: "),
    *("an image ", "a file that is too large: ", "Not done either: "),
)
_BOUNCED: Final = phrase("This answer did not reach %(recipient)s.")
_HOW: Final = {
    ReturnCause.ANSWERED_MEANWHILE: phrase("Read the other answer, then send yours anyway or drop it."),
    ReturnCause.INTERNAL_TEXT: phrase("Delete these lines and reply again, or send your answer as it is shown below."),
    ReturnCause.COPIED_TO_US: phrase("If it is for the customer, send it. Otherwise drop it."),
    ReturnCause.FORWARDED: phrase("If it is for the customer, send it. Otherwise drop it."),
    ReturnCause.QUOTES_CUSTOMER: phrase(
        "If all of them may read the quoted words, send it. "
        "Otherwise write your answer above the quote, or name one customer in the first line: #to ADDRESS"
    ),
    ReturnCause.SENT_ALREADY: phrase("Drop it, or send it if the customer should get these words again."),
    ReturnCause.TOO_MANY: phrase("If no machine is answering here, send it anyway."),
    ReturnCause.EMPTY: phrase("Write your answer above everything else, and send it again."),
    ReturnCause.NO_READER: phrase("Name the recipient in the first line: #to ADDRESS"),
    ReturnCause.WRONG_COMMAND: phrase("Correct the line and send your email again."),
    ReturnCause.REFUSED: phrase("Send your email again without this command, or with another one."),
    ReturnCause.HELP: phrase(
        "Write commands at the top of a reply, one per line. The text below them is the answer to the customer."
    ),
    ReturnCause.NOT_PROCESSED: phrase("Send it again as plain text. If that fails too, ask your administrator."),
    ReturnCause.NOT_AUTHENTICATED: phrase(
        "Write from your own mailbox through your own mail server. If you did, ask your administrator."
    ),
    ReturnCause.UNCLEAR_TICKET: phrase("Reply to one email about the ticket that you mean, and to no other address."),
    ReturnCause.TOO_LONG: phrase("Shorten it, or attach the long part as a file, and send it again."),
    ReturnCause.CORRECTS_ONLY: phrase(
        "Send #category NAME, #priority NAME or #spam in the first line, without any other text."
    ),
    ReturnCause.EXPIRED: phrase("Use a newer email about this ticket, or reply to this one."),
    ReturnCause.ENCRYPTED: phrase("Send it again without encryption."),
}
_HOW_UNCLEAR: Final = phrase(
    "If your answer is complete as it is shown below, send it. "
    "Otherwise write all of it above the quote, without lines such as “From:” and “To:”, and reply again."
)
_HOW_LOGIN: Final = phrase("Send it through the mail server that your administrator named, with your own login.")
_HOW_UNCHECKED: Final = phrase("Senders cannot be checked at the moment. Send your email again in a few minutes.")
_OTHER_LOGIN: Final = "it was not handed in with the login of "
MAX_NAMED: Final = 3
_HOW_BOUNCED: Final = phrase("Check the address, or reach the customer in another way.")
_UNKNOWN: Final = ReturnCause.NOT_PROCESSED


def _reached(ticket: TicketSnapshot, answer: StoredAnswer) -> str:
    """Return whom an answer reached: the customer by name, unless it went to others only."""
    if not answer.recipients or ticket.requester in answer.recipients:
        return customer_of(ticket)
    return ", ".join(answer.recipients[:MAX_NAMED])


def answered(ticket: TicketSnapshot, answer: StoredAnswer, *, support: str, mark: str, to: ButtonTarget) -> Answered:
    """Return the view of an email that tells a team of an answer."""
    # The note has room for one sentence.
    direct = DIRECT in answer.details and not ticket.message.note
    note = DIRECT if direct else ticket.message.note
    customer, other = customers_of(ticket, answer.merged)
    return Answered(
        reference=ticket.reference,
        support=support,
        mark=mark,
        subject=ticket.subject,
        team=ticket.team or "",
        who=_author(answer),
        customer=customer,
        other=other,
        reached=_reached(ticket, answer),
        recipients=answer.recipients,
        words=cut(lines(answer.text), SHOWN_LINES, SHOWN_CHARACTERS),
        status_name=status_name(ticket.status),
        taken_by=ticket.taken_by or "",
        omitted=details([one for one in answer.details if not (direct and one == DIRECT)]),
        buttons=links.of_answer(to),
        note=detail(note) if note else "",
    )


def returned(ticket: TicketSnapshot, answer: StoredAnswer, *, support: str, mark: str, to: ButtonTarget) -> Returned:
    """Return the view of an email that gives an answer or a command back to its author."""
    cause = answer.cause or _UNKNOWN
    failure = answer.failure
    is_help = cause is ReturnCause.HELP and failure is None
    return Returned(
        reference=ticket.reference,
        support=support,
        mark=mark,
        subject=ticket.subject,
        headline=Phrase(_BOUNCED.text, (("recipient", failure.recipient),)) if failure else _headline(answer, cause),
        how=_HOW_BOUNCED if failure else _how(answer, cause),
        details=(literal(failure.reason),) if failure else _details(answer, cause),
        words=cut(lines(answer.text), RETURNED_LINES, RETURNED_CHARACTERS),
        held=answer.is_held,
        rival=_rival(answer.before) if answer.before and not failure else None,
        nearest=_nearest(answer.details) if cause is ReturnCause.WRONG_COMMAND and not failure else (),
        help=tuple(CommandHelp(spec.usage, Phrase(spec.help)) for spec in COMMANDS) if is_help else (),
        buttons=links.of_held_answer(to, answer.id) if answer.is_held else (),
    )


def _headline(answer: StoredAnswer, cause: ReturnCause) -> Phrase:
    return _UNCLEAR if _is_unclear(answer, cause) else _HEADLINES[cause]


def _is_unclear(answer: StoredAnswer, cause: ReturnCause) -> bool:
    """Say whether an answer is held for what was left out of it, and not for what is still in it."""
    return cause is ReturnCause.INTERNAL_TEXT and all(one.startswith(_LEFT_OUT) for one in answer.details)


def _how(answer: StoredAnswer, cause: ReturnCause) -> Phrase:
    """Return what the author can do about it."""
    if _is_unclear(answer, cause):
        return _HOW_UNCLEAR
    if cause is ReturnCause.NOT_AUTHENTICATED:
        if any(NO_DNS_ANSWER in detail for detail in answer.details):
            return _HOW_UNCHECKED
        if any(_OTHER_LOGIN in detail for detail in answer.details):
            return _HOW_LOGIN
    return _HOW[cause]


def _details(answer: StoredAnswer, cause: ReturnCause) -> tuple[Phrase, ...]:
    """Return why in more words. The nearest commands are shown by themselves."""
    if cause is ReturnCause.HELP:
        return ()
    shown: Sequence[str] = answer.details
    if cause is ReturnCause.WRONG_COMMAND:
        shown = [text for text in shown if text not in _nearest(answer.details)]
        # The line stands there as its author wrote it.
        return (*map(literal, shown[:1]), *details(shown[1:]))
    if cause is ReturnCause.CORRECTS_ONLY:
        shown = [text for text in shown if text.startswith("#")]
    return details(shown)


def _nearest(details: Sequence[str]) -> tuple[str, ...]:
    """Return the commands that may have been meant: they follow the wrong line and the sentence about it."""
    return tuple(text for text in details[2:] if text.startswith("#"))


def _rival(before: EarlierAnswer) -> Rival:
    words = cut(lines(before.text), RIVAL_LINES, RIVAL_CHARACTERS)
    return Rival(harmless_line(before.author, MAX_NAME), f"{before.at:%Y-%m-%d %H:%M} UTC", words)


def _author(answer: StoredAnswer) -> str:
    return harmless_line(answer.author_name, MAX_NAME) or answer.author
