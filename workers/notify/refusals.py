"""Say in another language why an email of a member was not carried out: stored in English, in known forms. Pure."""

from collections.abc import Sequence
from typing import Final

from workers.notify.phrases import Phrase, phrase
from workers.notify.reasons import NOTES, REFUSALS, FormReader
from workers.notify.wording import priority_name, status_name

# Actions on tickets, and answers.
ACTIONS: Final = (
    phrase("nothing was merged into %(ticket)s"),
    phrase("%(ticket)s was split from %(other)s meanwhile"),
    phrase("%(ticket)s cannot be split from %(other)s: a customer got an email after they were merged"),
    phrase("%(ticket)s cannot be merged into itself"),
    phrase("%(ticket)s was merged into another ticket meanwhile"),
    phrase("%(ticket)s is spam; open it first"),
    phrase("triage has not decided about %(ticket)s yet"),
    phrase("triage has not decided yet"),
    phrase("%(ticket)s was merged into another ticket; answer that one."),
    phrase("%(ticket)s was merged into %(other)s; use %(same)s"),
    phrase("there is no ticket %(ticket)s"),
    phrase("there is no category %(category)s"),
    phrase("#new opens a ticket from an email that you forward to us, not from a reply to ours."),
    phrase("The command at the top of this email is missing; press the button again."),
    phrase("The note has no text."),
    phrase("Outlook wanted to recall an email by this one. What was sent or done cannot be recalled."),
    phrase("No answer of yours is held on this ticket."),
    phrase("Several of your answers are held on this ticket (%(answers)s): write the number of one after the command."),
    phrase("There is no answer %(answer)s."),
    phrase("Answer %(answer)s is sent since %(time)s; only a held answer can be sent or dropped."),
    phrase("Answer %(answer)s is dropped since %(time)s; only a held answer can be sent or dropped."),
    phrase("Answer %(answer)s is returned since %(time)s; only a held answer can be sent or dropped."),
    phrase("It is addressed to %(number)s people; %(allowed)s are allowed."),
    phrase("Not done either: %(commands)s"),
    phrase(
        "This ticket is %(status)s now, with category %(category)s, priority %(priority)s and team %(team)s. "
        "%(member)s takes care of it."
    ),
    phrase("This ticket is %(status)s now, with category %(category)s, priority %(priority)s and team %(team)s."),
    phrase("%(sent)s answers within an hour, %(allowed)s allowed"),
)
# The lines of commands.
COMMANDS: Final = (
    phrase(
        "A command begins with one # directly before its name, at the start of the line. "
        "If it is text for the customer, write a line of text above it."
    ),
    phrase("There is no such command. If it is text for the customer, write a line of text above it."),
    phrase(
        "A command stands above all other text. Move this line to the top; "
        "if it is text for the customer, write other words before it."
    ),
    phrase("Several commands begin with #%(command)s."),
    phrase("#%(command)s contradicts #%(other)s above it."),
    phrase("#%(command)s: %(source)s"),
    phrase("the line is too long."),
    phrase("this command stands alone on its line; write text below it."),
    phrase("the name of the team is missing."),
    phrase("the name of the category is missing."),
    phrase("the name of the priority is missing."),
    phrase("several names of a team begin like this."),
    phrase("several names of a category begin like this."),
    phrase("several names of a priority begin like this."),
    phrase("there is no team of this name."),
    phrase("there is no category of this name."),
    phrase("there is no priority of this name."),
    phrase("write a time such as 3d, 12h or 2w."),
    phrase("the units of time are min, h, d and w, such as 3d."),
    phrase("the time must be between 5 minutes and 366 days."),
    phrase("write the reference of the ticket as it stands in the subject."),
    phrase("write one address, such as ana@customer.example."),
    phrase("write the number of the answer, such as 12."),
)
# Emails that a member forwards with #new: what the team reads about them, and what comes back. The longer forms come
# first: they contain the others.
FORWARDS: Final = (
    phrase("It asks for a ticket of somebody else by #new, which was not done: %(source)s."),
    phrase("%(member)s forwarded this with #new, and got it back: %(source)s"),
    phrase("%(source)s Nothing proves that they wrote it: anybody can write this address into From."),
    phrase("%(member)s forwarded this email of %(time)s from %(author)s."),
    phrase("%(member)s forwarded this email from %(author)s."),
    phrase(
        "#%(command)s cannot be done. "
        "Of the other commands, only #ack may stand beside #new; give them when the ticket is open."
    ),
    phrase(
        "%(line)s: %(source)s "
        "Of the other commands, only #ack may stand beside #new; give them when the ticket is open."
    ),
    phrase("Several emails are attached. Forward them one by one."),
    phrase("The attached email cannot be read."),
    phrase("No forwarded email was found in it. Forward the email again as an attachment."),
    phrase("The forwarded email does not name one readable address of its author. Forward it again as an attachment."),
    phrase("The forwarded email is from %(author)s, one of our own addresses. Forward the customer's own email."),
)
# What was left in an answer, and what was left out of it.
PARTS: Final = (
    phrase("a token of the team in %(source)s"),
    phrase("a token of somebody else in %(source)s"),
    phrase("a line of our email in the text: %(line)s"),
    phrase("a line of our email in %(source)s"),
    phrase("a command of our system in %(source)s"),
    phrase("a line that may be ours: %(line)s"),
    phrase("the text"),
    phrase("the HTML"),
    phrase("the name of a file"),
    phrase("the file %(file)s"),
    phrase("an image that is not in the email"),
    phrase("an image of a type that mail programs do not show"),
    phrase("a file that is too large: %(file)s"),
    phrase("a line below the quote: %(line)s"),
    phrase("text that cannot be seen: %(line)s"),
    phrase("written to the customer directly; not sent again"),
)
_READER: Final = FormReader(
    (*FORWARDS, *ACTIONS, *COMMANDS, *PARTS, *NOTES, *REFUSALS), {"status": status_name, "priority": priority_name}
)


def detail(text: str) -> Phrase:
    """Return a stored sentence about an email as a phrase: why it was not carried out, or who wrote it."""
    return _READER.read(text)


def details(texts: Sequence[str]) -> tuple[Phrase, ...]:
    """Return stored reasons as phrases; one of no known form stays as it is."""
    return tuple(map(detail, texts))
