"""Read the commands at the top of a reply: those of one email are right together, or none is carried out.

A line is a command if it begins with "#" and a letter and stands before any other text. "#1 ...", "# Title", a quote
and a fence of code are text, and end the commands.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from daemon.mail.command_arguments import ArgumentError, CommandVocabulary, Value, fold_name, nearest, read_argument
from daemon.mail.command_table import COMMAND_SIGNS, SPECS, Argument, Group, Verb, help_text
from daemon.text import harmless_line

__all__ = [
    "Command",
    "CommandError",
    "CommandVocabulary",
    "ParsedCommands",
    "Verb",
    "find_misplaced",
    "help_text",
    "is_note",
    "parse",
    "without_commands",
]

MAX_LINE: Final = 1000
_SHOWN: Final = 200
_NEAREST: Final = 3
_VERBS: Final = tuple(verb.value for verb in Verb)
_SIGNS: Final = "".join(COMMAND_SIGNS)
# Markdown takes a line that is indented by a tab or four spaces for code.
_CODE_INDENT: Final = 4
_COMMAND: Final = re.compile(rf"[{_SIGNS}](?=[^\W\d_])")
_WIDE_SPACE: Final = re.compile(r"[^\S\t]")
_ALMOST: Final = re.compile(rf"[{_SIGNS}]+\s*(?=[^\W\d_])")
# Mail programs make a list of a line that begins with a hyphen, and write bold text between asterisks.
_DECORATED: Final = re.compile(
    rf"(?:[-\u2010-\u2015\u2022\u2023\u25aa\u25e6\u00b7*_+]+\s*|\d{{1,2}}[.)]\s+)[{_SIGNS}](?=[^\W\d_])"
)
_END_DECORATION: Final = "*_ "
_END_OF_LINE: Final = re.compile(r"\r\n|\r|\n")
_FENCE: Final = "```"
_TO_TEXT: Final = "If it is text for the customer, write a line of text above it."

_MISPLACED: Final = (
    "A command stands above all other text. Move this line to the top; "
    "if it is text for the customer, write other words before it."
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command with what it says: a name as the settings spell it, a reference, an address or a time."""

    verb: Verb
    argument: Value = None

    @property
    def text(self) -> str:
        """Return the argument of a command that takes a name, a reference or an address."""
        if not isinstance(self.argument, str):
            raise TypeError(f"#{self.verb} has no text")
        return self.argument

    @property
    def duration(self) -> timedelta:
        """Return the argument of a command that takes a time."""
        if not isinstance(self.argument, timedelta):
            raise TypeError(f"#{self.verb} has no time")
        return self.argument


@dataclass(frozen=True, slots=True)
class ParsedCommands:
    """The commands of a reply in their order, and the text below them.

    `lines` is the number of lines above `rest`, 0 without a command: then `rest` is the whole text, unchanged.
    """

    commands: tuple[Command, ...]
    rest: str
    lines: int = 0

    def has(self, verb: Verb) -> bool:
        """Say whether a command is among them."""
        return any(command.verb is verb for command in self.commands)


@dataclass(frozen=True, slots=True)
class CommandError:
    """Why a reply is not carried out: the wrong line, one or two sentences for its author, and the nearest commands."""

    line: str
    message: str
    nearest: tuple[str, ...]


class _WrongLineError(Exception):
    """A line is no valid command."""

    def __init__(self, message: str, near: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.nearest = tuple(near)


def parse(text: str, vocabulary: CommandVocabulary) -> ParsedCommands | CommandError:
    """Read the commands at the top of a text; never raises."""
    commands: list[Command] = []
    start = lines = 0
    while start < len(text):
        line, after = _line_at(text, start)
        shown = _plain(line)
        if shown.strip():
            try:
                command = _read_line(shown, vocabulary)
                if command is None:
                    break
                _refuse_contradiction(command, commands)
            except _WrongLineError as error:
                return CommandError(harmless_line(line, _SHOWN), str(error), error.nearest)
            commands.append(command)
        start, lines = after, lines + 1
    if not commands:
        return ParsedCommands((), text)
    return ParsedCommands(tuple(dict.fromkeys(commands)), text[start:], lines)


def find_misplaced(text: str, vocabulary: CommandVocabulary, quoted: Iterable[str] = ()) -> CommandError | None:
    """Return what is wrong with the first command that stands below other text; a customer would get it as text.

    A word such as "#new" is one only where nothing else stands on its line. It is also one in a list or in bold. Lines
    of the `quoted` texts are none.
    """
    fenced, theirs = False, {line.strip() for one in quoted for line in _END_OF_LINE.split(one)}
    for line in _END_OF_LINE.split(text):
        shown = _plain(line)
        stripped = shown.strip()
        if stripped.startswith(_FENCE):
            fenced = not fenced
        if not fenced and line.strip() not in theirs and (verb := _verb_of_line(shown, vocabulary)) is not None:
            return CommandError(harmless_line(line, _SHOWN), _MISPLACED, (SPECS[verb].usage,))
    return None


def _verb_of_line(shown: str, vocabulary: CommandVocabulary) -> Verb | None:
    """Return the verb of a line that is a command, also in a list or in bold, None where it is text."""
    stripped = shown.strip()
    if _begins_command(shown):
        return _verb_of_command(stripped[1:], vocabulary)
    if decorated := _DECORATED.match(stripped):
        return _verb_of_command(stripped[decorated.end() :].rstrip(_END_DECORATION), vocabulary)
    return None


def _verb_of_command(body: str, vocabulary: CommandVocabulary) -> Verb | None:
    """Return the verb of a line that is a command, also one with a wrong argument; only whole words count."""
    word = fold_name(_split(body)[0])
    if word not in _VERBS:
        return None
    verb = Verb(word)
    takes_text = verb is Verb.NOTE or SPECS[verb].argument is not Argument.NONE
    return verb if takes_text or _attempt(body, vocabulary) else None


def without_commands(text: str) -> str:
    """Return a text without the lines of commands at its top, whether they are right or not."""
    return text[_end_of_commands(text) :]


def is_note(text: str, *, by_email: bool) -> bool:
    """Say whether the text of a member is an internal note: #note stands at its top, or it came by no email."""
    top = (fold_name(line.strip()[1:]) for line in _END_OF_LINE.split(text[: _end_of_commands(text)]))
    return not by_email or any(word and Verb.NOTE.startswith(_split(word)[0]) for word in top)


def _end_of_commands(text: str) -> int:
    start = 0
    while start < len(text):
        line, after = _line_at(text, start)
        shown = _plain(line)
        if shown.strip() and not _begins_command(shown):
            break
        start = after
    return start


def _line_at(text: str, start: int) -> tuple[str, int]:
    """Return the line that begins at an index, without its end, and the index of the next line."""
    end = _END_OF_LINE.search(text, start)
    return (text[start : end.start()], end.end()) if end else (text[start:], len(text))


def _plain(line: str) -> str:
    """Return the start of a line without invisible characters and with plain spaces."""
    if line.isascii():
        return line[:MAX_LINE]
    visible = "".join(c for c in line[:MAX_LINE] if unicodedata.category(c) != "Cf")
    return _WIDE_SPACE.sub(" ", visible)


def _read_line(shown: str, vocabulary: CommandVocabulary) -> Command | None:
    """Return the command of a line that is not blank, None where it is text."""
    stripped = shown.strip()
    if _begins_command(shown):
        return _command(stripped[1:], vocabulary)
    if (verb := _almost_command(stripped, vocabulary)) is not None:
        raise _WrongLineError(
            f"A command begins with one # directly before its name, at the start of the line. {_TO_TEXT}",
            (SPECS[verb].usage,),
        )
    return None


def _almost_command(stripped: str, vocabulary: CommandVocabulary) -> Verb | None:
    """Return the verb of a line that is a command but for what stands before its name."""
    if almost := _ALMOST.match(stripped):
        command = _attempt(stripped[almost.end() :], vocabulary)
        return command.verb if command else None
    return _verb_of_line(stripped, vocabulary)


def _begins_command(shown: str) -> bool:
    stripped = shown.lstrip()
    indent = shown[: len(shown) - len(stripped)]
    return _COMMAND.match(stripped) is not None and "\t" not in indent and len(indent) < _CODE_INDENT


def _attempt(body: str, vocabulary: CommandVocabulary) -> Command | None:
    """Return the command that a line would be if it were written correctly; only whole words count."""
    if fold_name(_split(body)[0]) not in _VERBS:
        return None
    try:
        return _command(body, vocabulary)
    except _WrongLineError:
        return None


def _command(body: str, vocabulary: CommandVocabulary) -> Command:
    word, argument = _split(body)
    verb = _verb(word)
    spec = SPECS[verb]
    try:
        return Command(verb, read_argument(spec.argument, argument, vocabulary))
    except ArgumentError as error:
        near = tuple(f"#{verb} {name}" for name in error.nearest) or (spec.usage,)
        raise _WrongLineError(f"#{verb}: {error}", near) from None


def _split(body: str) -> tuple[str, str]:
    """Return the word of a command without punctuation at its end, and its argument."""
    word, *rest = body.split(maxsplit=1)
    return word.rstrip(".:,;!"), rest[0].strip() if rest else ""


def _verb(word: str) -> Verb:
    wanted = fold_name(word)
    found = [wanted] if wanted in _VERBS else [verb for verb in _VERBS if verb.startswith(wanted)]
    if len(found) == 1:
        return Verb(found[0])
    if found:
        near, message = tuple(found[:_NEAREST]), f"Several commands begin with #{wanted}."
    else:
        near, message = nearest(wanted, _VERBS), f"There is no such command. {_TO_TEXT}"
    raise _WrongLineError(message, [SPECS[Verb(verb)].usage for verb in near])


def _refuse_contradiction(command: Command, before: Sequence[Command]) -> None:
    for other in before:
        if other != command and _contradict(command, other):
            usages = (SPECS[other.verb].usage, SPECS[command.verb].usage)
            raise _WrongLineError(f"#{command.verb} contradicts #{other.verb} above it.", dict.fromkeys(usages))


def _contradict(one: Command, other: Command) -> bool:
    if Verb.HELP in (one.verb, other.verb):
        return True
    spec, second = SPECS[one.verb], SPECS[other.verb]
    if one.verb is other.verb and spec.repeatable:
        return False
    return spec.group is not Group.NONE and spec.group is second.group
