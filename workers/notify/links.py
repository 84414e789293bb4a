"""Buttons: links that open a ready email with one command, in every mail program (RFC 6068). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from daemon.mail.button_email import button_subject
from daemon.mail.follow_up import MARKER
from workers.notify.phrases import Phrase, literal, phrase

# Longer links are cut by some mail programs.
MAX_URL: Final = 500
MAX_OTHERS: Final = 2
MAX_LISTED: Final = 3
HINT: Final = phrase("Send this email as it is.")
# What another category does to the team of a ticket: usually it gets another one.
MOVES: Final = phrase("Not ours: %(category)s")
STAYS: Final = phrase("Category: %(category)s")


@dataclass(frozen=True, slots=True)
class ButtonTarget:
    """Where the email of a button goes: the address, the ticket, and the token if the address has none."""

    address: str
    reference: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """The email that a link opens. It becomes a URL when it is shown, because its hint is translated."""

    to: ButtonTarget
    command: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button, and the command that does the same as the first line of a reply. `main` marks the likeliest choice."""

    label: Phrase
    command: str
    link: Link
    main: bool = False


def url(link: Link, hint: str) -> str:
    """Return the mailto URL of a link, "" where it does not fit into 500 characters."""
    verb = link.command.partition(" ")[0]
    forms = ((link.command, hint), (verb, hint), (verb, ""))
    urls = (_mailto(link.to, button_subject(subject, link.to.reference), _body(link, text)) for subject, text in forms)
    return next((url for url in urls if len(url) <= MAX_URL), "")


def of_ticket(
    to: ButtonTarget, likely: Sequence[tuple[str, str]], review_team: str, *, asked: bool, keeps_team: bool = False
) -> tuple[Button, ...]:
    """Return the buttons of a ticket.

    `likely` are other categories with their percents; `asked`: a person decides; `keeps_team`: another category leaves
    the ticket with its team.
    """
    if asked:
        choices = [
            _button(
                to, phrase("%(category)s %(percent)s", category=name, percent=percent), f"#category {name}", main=not n
            )
            for n, (name, percent) in enumerate(likely[:MAX_OTHERS])
        ]
        return (*choices, _take(to), _spam(to))
    label = (STAYS if keeps_team else MOVES).text
    moves = [_button(to, Phrase(label, (("category", name),)), f"#category {name}") for name, _ in likely[:MAX_OTHERS]]
    if keeps_team or not moves:
        moves += [_button(to, phrase("Not ours"), f"#assign {review_team}")]
    return (_take(to), *moves, _spam(to))


def of_listed(
    to: ButtonTarget, likely: Sequence[tuple[str, str]], review_team: str, *, asked: bool, keeps_team: bool
) -> tuple[Button, ...]:
    """Return the buttons of one ticket among many: three, so that a list of fifty stays below 100 KB."""
    found = of_ticket(to, likely, review_team, asked=asked, keeps_team=keeps_team)
    spam = found[-1]
    return (*found[: MAX_LISTED - 1], spam) if len(found) > MAX_LISTED else found


def of_question(to: ButtonTarget, likely: Sequence[tuple[str, str]]) -> tuple[Button, ...]:
    """Return the buttons of a ticket that the lead is asked about. `likely` are categories with percents, or ""."""
    choices = [
        _button(
            to,
            phrase("%(category)s %(percent)s", category=name, percent=percent) if percent else literal(name),
            f"#category {name}",
            main=not n,
        )
        for n, (name, percent) in enumerate(likely)
    ]
    return (*choices, _spam(to))


def of_held_answer(to: ButtonTarget, number: int) -> tuple[Button, ...]:
    """Return the buttons of an answer that was held; its number tells it from others on the ticket."""
    return (
        _button(to, phrase("Send anyway"), f"#send {number}", main=True),
        _button(to, phrase("Drop"), f"#drop {number}"),
    )


def of_answer(to: ButtonTarget) -> tuple[Button, ...]:
    """Return the buttons of a ticket that somebody answered."""
    return (_button(to, phrase("Resolve"), "#resolve"), _take(to))


def _take(to: ButtonTarget) -> Button:
    return _button(to, phrase("Take"), "#take")


def _spam(to: ButtonTarget) -> Button:
    return _button(to, phrase("Spam"), "#spam")


def _button(to: ButtonTarget, label: Phrase, command: str, *, main: bool = False) -> Button:
    return Button(label, command, Link(to, command), main)


def _body(link: Link, hint: str) -> str:
    mark = f"{MARKER}{link.to.mark}" if link.to.mark else ""
    return "\r\n\r\n".join(part for part in (link.command, hint, mark) if part)


def _mailto(to: ButtonTarget, subject: str, body: str) -> str:
    """Return a mailto URL; everything but letters and digits is encoded, because some programs read "+" as a space."""
    return f"mailto:{quote(to.address, safe='@')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"
