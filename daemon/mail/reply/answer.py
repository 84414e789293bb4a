"""Cut the answer to a customer from the email of a team member: its new text and HTML, and nothing of ours."""

from dataclasses import dataclass
from html import escape

from daemon.mail.message import Message
from daemon.mail.reply.our_marks import OurMarks
from daemon.mail.reply.split import split


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """The new text of an answer, safe to send, with the part numbers of the files that go along.

    `text` and `html` have the same words; `html` is a cleaned fragment, "" where there is no text. `inline` are the
    images that it shows, as `src="cid:part-NUMBER"`; `files` are the others. `omitted` names in short words what was
    left out, such as "an image that is not in the email". `leaks` names what of ours was found in the rest: unless it
    is empty, the answer must be held. `inline_style` says that words of the customer are quoted between the answers.
    """

    text: str
    html: str
    inline: tuple[int, ...] = ()
    files: tuple[int, ...] = ()
    leaks: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()
    inline_style: bool = False


def read_answer(message: Message, raw: bytes, marks: OurMarks) -> CutAnswer:
    """Return the new text of an answer; never raises, whatever the email contains."""
    del raw, marks
    text = split(message.text).new
    return from_text(text)


def from_text(text: str) -> CutAnswer:
    """Return an answer of plain text only, such as one from the command line."""
    return CutAnswer(text, escape(text).replace("\n", "<br>\n"))


def keep_rest(answer: CutAnswer, rest: str) -> CutAnswer:
    """Return an answer without what stands before `rest`, the end of its text: the commands at the top."""
    return from_text(rest) if rest != answer.text else answer
