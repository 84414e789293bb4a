"""The commands of a reply: one table, from which the parser, the help and the documentation come."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# What a command begins with: the sign, and the forms of it that Asian keyboards type.
COMMAND_SIGNS: Final = ("#", "\uff03", "\ufe5f")


class Verb(StrEnum):
    """What a command does; written after "#"."""

    NOTE = "note"
    CLOSE = "close"
    RESOLVE = "resolve"
    OPEN = "open"
    WAIT = "wait"
    TAKE = "take"
    ASSIGN = "assign"
    CATEGORY = "category"
    PRIORITY = "priority"
    SPAM = "spam"
    MERGE = "merge"
    SPLIT = "split"
    SEND = "send"
    DROP = "drop"
    TO = "to"
    NEW = "new"
    ACK = "ack"
    HELP = "help"


class Argument(StrEnum):
    """What follows a verb."""

    NONE = ""
    TIME = "time"
    TEAM = "team"
    CATEGORY = "category"
    PRIORITY = "priority"
    REFERENCE = "reference"
    ADDRESS = "address"
    ANSWER = "answer"

    @property
    def shown(self) -> str:
        """Return the word that stands for it in the help."""
        if self is Argument.ANSWER:
            return "NUMBER"
        return "NAME" if self in {Argument.CATEGORY, Argument.PRIORITY} else self.value.upper()


class Group(StrEnum):
    """Commands of which one email may hold one only, because they contradict each other."""

    STATUS = "status"
    CATEGORY = "category"
    PRIORITY = "priority"
    TEAM = "team"
    JOIN = "join"
    HELD = "held"
    READERS = "readers"
    NONE = ""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One row of the table. `repeatable` commands may stand in one email several times, with different arguments."""

    verb: Verb
    help: str
    example: str
    argument: Argument = Argument.NONE
    group: Group = Group.NONE
    repeatable: bool = False

    @property
    def usage(self) -> str:
        """Return how the command is written, such as "#assign TEAM"."""
        return f"#{self.verb} {self.argument.shown}".rstrip()


COMMANDS: Final = (
    CommandSpec(
        Verb.NOTE, "Keep the text as an internal note; the customer does not get it.", "#note", group=Group.READERS
    ),
    CommandSpec(Verb.CLOSE, "Close the ticket.", "#close", group=Group.STATUS),
    CommandSpec(
        Verb.RESOLVE, "Mark the ticket as resolved; an answer of the customer opens it.", "#resolve", group=Group.STATUS
    ),
    CommandSpec(Verb.OPEN, "Open the ticket again.", "#open", group=Group.STATUS),
    CommandSpec(
        Verb.WAIT,
        "Wait for the customer, and open the ticket again after this time.",
        "#wait 3d",
        Argument.TIME,
        Group.STATUS,
    ),
    CommandSpec(Verb.TAKE, "Take the ticket: the team sees that you answer it.", "#take"),
    CommandSpec(Verb.ASSIGN, "Give the ticket to another team.", "#assign TECH_SUPPORT", Argument.TEAM, Group.TEAM),
    CommandSpec(
        Verb.CATEGORY,
        "Correct the category; the ticket moves to its team, and triage learns from it.",
        "#category Login",
        Argument.CATEGORY,
        Group.CATEGORY,
    ),
    CommandSpec(Verb.PRIORITY, "Correct the priority.", "#priority High", Argument.PRIORITY, Group.PRIORITY),
    CommandSpec(Verb.SPAM, "Mark the ticket as spam; nobody gets an answer.", "#spam", group=Group.STATUS),
    CommandSpec(
        Verb.MERGE,
        "Move everything of this ticket to another one.",
        "#merge HD-2K32-FE76",
        Argument.REFERENCE,
        Group.JOIN,
    ),
    CommandSpec(Verb.SPLIT, "Undo a merge, as long as no customer got an email since.", "#split", group=Group.JOIN),
    CommandSpec(Verb.SEND, "Send the answer that was held.", "#send 12", Argument.ANSWER, Group.HELD),
    CommandSpec(Verb.DROP, "Drop the answer that was held.", "#drop 12", Argument.ANSWER, Group.HELD),
    CommandSpec(
        Verb.TO,
        "Send this answer to this address only, or to several with one line each.",
        "#to ana@customer.example",
        Argument.ADDRESS,
        Group.READERS,
        repeatable=True,
    ),
    CommandSpec(Verb.NEW, "Open a ticket for the author of the email that you forward.", "#new", group=Group.JOIN),
    CommandSpec(Verb.ACK, "With #new: acknowledge the email to its author.", "#ack"),
    CommandSpec(Verb.HELP, "Get this list; nothing else happens.", "#help"),
)
SPECS: Final = {spec.verb: spec for spec in COMMANDS}


def help_text() -> str:
    """Return the list of commands as plain text, one per line, with how to write them."""
    width = max(len(spec.usage) for spec in COMMANDS)
    rows = "\n".join(f"{spec.usage:<{width}}  {spec.help}" for spec in COMMANDS)
    return (
        "Write commands at the top of your reply, one per line. The text below them is the answer to the customer.\n\n"
        f"{rows}\n\n"
        "TIME is a number with min, h, d or w. Names and commands may be shortened as long as one fits.\n"
        "If one line is wrong, nothing is sent or changed, and you get your text back.\n"
    )


def markdown_table() -> str:
    """Return the list of commands as a table for the documentation."""
    rows = (f"| `{spec.usage}` | {spec.help} | `{spec.example}` |" for spec in COMMANDS)
    return "\n".join(("| command | what it does | example |", "|---|---|---|", *rows, ""))
