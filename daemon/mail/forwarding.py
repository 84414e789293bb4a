"""Read what a member asks for who forwards an email with #new at its top: a ticket for the original author."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daemon.mail import commands
from daemon.mail.command_table import COMMAND_SIGNS
from daemon.mail.commands import CommandError, CommandVocabulary, ParsedCommands, Verb
from daemon.mail.message import Address, Message
from daemon.mail.reply.answer_signature import own_words
from daemon.mail.reply.forward import ForwardError, read_forward
from daemon.mail.senders import sender_of

_FIRST_LINES: Final = 12
# Commands that name anything cannot stand beside #new.
_NO_NAMES: Final = CommandVocabulary((), (), (), reference_prefix="HD")
_ONLY_ACK: Final = "Of the other commands, only #ack may stand beside #new; give them when the ticket is open."


@dataclass(frozen=True, slots=True)
class NewTicketRequest:
    """A request for a ticket for the author of a forwarded email.

    `original` is the forwarded email as if it had come directly, `author` who gets its replies. Both are None where
    they are not certain; `problem` is then a sentence for the member. `acknowledge` says that #ack was given. `above`
    is what the member wrote above the forward, "" for a signature alone.
    """

    original: Message | None
    author: Address | None
    problem: str
    acknowledge: bool
    above: str


def read_request(message: Message, raw: bytes, is_ours: Callable[[str], bool]) -> NewTicketRequest | None:
    """Return the request of an email, None without #new at its top.

    `is_ours` says of an address in lower case whether it is our own or a team's: the original author is somebody else.
    """
    if not _asks(message.text):
        return None
    parsed = commands.parse(message.text, _NO_NAMES)
    problem = _objection(parsed)
    if isinstance(parsed, CommandError) or problem:
        return NewTicketRequest(None, None, problem, acknowledge=False, above="")
    try:
        forwarded = read_forward(message, raw, parsed.rest)
    except ForwardError as error:
        return NewTicketRequest(None, None, str(error), acknowledge=False, above="")
    author, above = sender_of(forwarded.original), own_words(forwarded.above, message.from_)
    problem = _wrong_author(author, is_ours)
    if problem:
        return NewTicketRequest(None, None, problem, acknowledge=False, above=above)
    return NewTicketRequest(forwarded.original, author, "", parsed.has(Verb.ACK), above)


def _asks(text: str) -> bool:
    """Say whether one of the commands at the top is #new, also where another of them is wrong."""
    for line in text.lstrip()[: commands.MAX_LINE].split("\n")[:_FIRST_LINES]:
        if line.strip() and not line.strip().startswith(COMMAND_SIGNS):
            return False
        read = commands.parse(line, _NO_NAMES)
        if isinstance(read, ParsedCommands) and read.has(Verb.NEW):
            return True
    return False


def _objection(parsed: ParsedCommands | CommandError) -> str:
    if isinstance(parsed, CommandError):
        return f"{parsed.line}: {parsed.message} {_ONLY_ACK}"
    others = [command.verb for command in parsed.commands if command.verb not in {Verb.NEW, Verb.ACK}]
    return f"#{others[0]} cannot be done. {_ONLY_ACK}" if others else ""


def _wrong_author(author: Address | None, is_ours: Callable[[str], bool]) -> str:
    if author is None or not author.email:
        return (
            "The forwarded email does not name one readable address of its author. Forward it again as an attachment."
        )
    if is_ours(author.email.lower()):
        return (
            f"The forwarded email is from {author.email}, one of our own addresses. Forward the customer's own email."
        )
    return ""
