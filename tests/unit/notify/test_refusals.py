"""Each sentence by which an email of a member is refused is known to the catalogues, and said in every language."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.mail.command_table import COMMANDS
from daemon.mail.commands import CommandError, CommandVocabulary, parse
from daemon.mail.forwarding import read_request
from daemon.mail.mime.parse import parse as parse_email
from daemon.vocabulary import AnswerState, MailKind, ReturnCause
from tests.support.emails import mail
from workers.notify.contexts import answered, returned, team_mail
from workers.notify.links import ButtonTarget
from workers.notify.phrases import Phrase
from workers.notify.refusals import FORWARDS, detail
from workers.notify.render import Renderer
from workers.notify.sample_tickets import ANSWER, MARK, MESSAGE, REFERENCE, TICKET
from workers.notify.translate import Translations

ROOT = Path(__file__).parents[3]
RAISED = {"ActionError", "AnswerError", "ForwardError"}
TO = ButtonTarget(f"support+{MARK}@example.com", REFERENCE)
LANGUAGES = [code for code in Translations().languages() if code != "en"]
NAMES = CommandVocabulary(("PAYMENTS", "PRESS"), ("Login", "Logout"), ("High", "Highest"), "HD")
WRONG_LINES = (
    "#clsoe",
    "# close",
    "#s",
    "#close\n#open",
    "#close now",
    f"#assign {'x' * 500}",
    *(f"#{verb}{name}" for verb in ("assign", "category", "priority") for name in ("", " zzz")),
    "#assign P",
    "#category Log",
    "#priority Hig",
    "#wait soon",
    "#wait 3 moons",
    "#wait 1min",
    "#merge that one",
    "#to nobody",
)


def raised() -> Iterator[str]:
    """Yield the sentence of each refusal in the code, with "7" for each value."""
    for file in sorted((ROOT / "daemon").rglob("*.py")):
        if "web" in file.parts or "cli" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = node.exc.func
                if (getattr(name, "attr", None) or getattr(name, "id", "")) in RAISED:
                    yield "".join(_text(node.exc.args[0]))


def _text(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from _text(part)
        case _:
            yield "7"


def known(text: str) -> bool:
    """Say whether every part of a sentence has a form; a literal one has none."""
    return _is_known(detail(text))


def _is_known(phrase: Phrase) -> bool:
    inner = [value for _, value in phrase.values if isinstance(value, Phrase)]
    return phrase.text != "%(text)s" and all(map(_is_known, inner))


def translated(text: str) -> bool:
    """Say whether a sentence is said otherwise than in English in every language."""
    translations = Translations()
    return all(translations.first_of([code]).say(detail(text)) != text for code in LANGUAGES)


def test_every_refusal_in_the_code_has_a_form() -> None:
    # The state of a ticket is a sentence of its own.
    found = [one for one in raised() if one != "7"]
    assert len(found) > 20
    # What the state of an answer is, and since when, is a value of its own.
    sentences = [one.replace("is 77;", "is sent since 2026-11-02 12:00 UTC;") for one in found]
    assert [one for one in sentences if not known(one)] == []
    assert [one for one in sentences if not translated(one)] == []


@pytest.mark.parametrize("state", [AnswerState.SENT, AnswerState.DROPPED, AnswerState.RETURNED])
def test_the_state_of_an_answer_is_translated(state: AnswerState) -> None:
    assert translated(f"Answer 7 is {state} since 2026-11-02 12:00 UTC; only a held answer can be sent or dropped.")


@pytest.mark.parametrize("text", WRONG_LINES)
def test_every_sentence_about_a_wrong_line_has_a_form(text: str) -> None:
    error = parse(f"{text}\n\nHello", NAMES)
    assert isinstance(error, CommandError)
    assert known(error.message)
    assert translated(error.message)


@pytest.mark.parametrize(
    "text",
    ["#new\r\n#close\r\n", "#new\r\n#clsoe\r\n", "#new\r\n#wait soon\r\n", "#new\r\nNothing is below."],
)
def test_every_problem_of_a_forward_has_a_form(text: str) -> None:
    raw = mail("ana@example.com", "Fwd: Help", text)
    request = read_request(parse_email(raw), raw, lambda _: False)
    assert request is not None
    for sentence in (request.problem, f"ana@example.com forwarded this with #new, and got it back: {request.problem}"):
        assert known(sentence)
        assert translated(sentence)


@pytest.mark.parametrize(
    "note",
    [
        "ana@example.com forwarded this email of 2026-11-02 12:00 UTC from ann@customer.example.",
        "ana@example.com forwarded this email from ann@customer.example.",
        (
            "ana@example.com forwarded this email from ann@customer.example. Nothing proves that they wrote it: anybody"
            " can write this address into From."
        ),
        (
            "It asks for a ticket of somebody else by #new, which was not done: it was not handed in with the login of"
            " ana@example.com."
        ),
    ],
)
def test_the_notes_about_a_forward_have_forms_and_are_shown_in_the_language_of_the_team(note: str) -> None:
    assert known(note)
    assert translated(note)
    assert str(detail(note)) == note
    ticket = replace(TICKET, message=replace(MESSAGE, note=note))
    view = team_mail(ticket, support="Support", mark=MARK, review_team="REVIEW", to=TO)
    assert note not in " ".join(Renderer().render(MailKind.NOTIFICATION, view, ["de"]).text.split())


def shown(cause: ReturnCause, *details: str, language: str = "de") -> str:
    answer = replace(ANSWER, state=AnswerState.RETURNED, cause=cause, details=details)
    view = returned(TICKET, answer, support="Support", mark=MARK, to=TO)
    return " ".join(Renderer().render(MailKind.RETURNED, view, [language]).text.split())


def test_a_refusal_is_returned_in_the_language_of_the_team() -> None:
    english = "HD-7K3Q-M9XY cannot be merged into itself"
    assert english in shown(ReturnCause.REFUSED, english, language="en")
    assert "HD-7K3Q-M9XY kann nicht mit sich selbst zusammengeführt werden." in shown(ReturnCause.REFUSED, english)


def test_a_wrong_line_is_shown_as_it_was_written_and_explained_in_the_language_of_the_team() -> None:
    line = "there is no ticket HD-7K3Q-M9XY"
    text = shown(ReturnCause.WRONG_COMMAND, line, "#wait: write a time such as 3d, 12h or 2w.", "#wait TIME")
    assert f"- {line}" in text
    assert "- #wait: schreiben Sie eine Zeit wie 3d, 12h oder 2w." in text


def test_what_was_left_out_is_named_in_the_language_of_the_team() -> None:
    answer = replace(ANSWER, details=("a file that is too large: film.mp4",))
    view = answered(TICKET, answer, support="Support", mark=MARK, to=TO)
    assert "eine Datei, die zu groß ist: film.mp4" in Renderer().render(MailKind.ANSWERED, view, ["de"]).text


def test_what_of_ours_is_left_is_named_in_the_language_of_the_team() -> None:
    text = shown(ReturnCause.INTERNAL_TEXT, "a token of the team in the file notes.txt")
    assert "ein Token des Teams (in der Datei notes.txt)" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_state_of_a_ticket_is_named_in_the_language_of_the_team(language: str) -> None:
    state = "This ticket is RESOLVED now, with category Login, priority High and team IDENTITY_TEAM."
    text = shown(ReturnCause.REFUSED, f"{state} ben@example.com takes care of it.", language=language)
    assert not re.search("This ticket|RESOLVED|High|takes care", text)
    assert "ben@example.com" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_is_in_the_language_of_the_team(language: str) -> None:
    text = shown(ReturnCause.HELP, language=language)
    assert [spec.help for spec in COMMANDS if spec.help in text] == []
    assert all(re.search(rf"{re.escape(spec.usage)}\b", text) for spec in COMMANDS)


def test_a_sentence_of_no_form_stays_as_it_is() -> None:
    assert str(detail("550 5.1.1 no such user")) == "550 5.1.1 no such user"
    assert len(FORWARDS) > 10
