"""Commands at the top of a reply: what is one, what is text, and what stops the whole email."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.command_arguments import fold_name
from daemon.mail.command_table import COMMANDS, SPECS, Argument, help_text, markdown_table
from daemon.mail.commands import Command, CommandError, CommandVocabulary, ParsedCommands, Verb, parse
from daemon.mail.reference import make_reference
from tests.support.paths import ROOT

REFERENCE = make_reference("HD", 123456789)
CODE = REFERENCE.removeprefix("HD-")
NAMES = CommandVocabulary(
    teams=("TECH_SUPPORT", "TECH_OPS", "PAYMENTS_TEAM", "Équipe"),
    categories=("Login", "Log files", "Billing question"),
    priorities=("Urgent", "High", "Medium", "Low"),
    reference_prefix="HD",
)
CLOSE, NOTE, TAKE = Command(Verb.CLOSE), Command(Verb.NOTE), Command(Verb.TAKE)


def wait(**time: int) -> Command:
    return Command(Verb.WAIT, timedelta(**time))


READ = (
    # Every command, and its short and its odd spellings.
    ("#note", NOTE, ""),
    ("#close", CLOSE, ""),
    ("#resolve", Command(Verb.RESOLVE), ""),
    ("#open", Command(Verb.OPEN), ""),
    ("#wait 3d", wait(days=3), ""),
    ("#take", TAKE, ""),
    ("#assign TECH_SUPPORT", Command(Verb.ASSIGN, "TECH_SUPPORT"), ""),
    ("#category Login", Command(Verb.CATEGORY, "Login"), ""),
    ("#priority High", Command(Verb.PRIORITY, "High"), ""),
    ("#spam", Command(Verb.SPAM), ""),
    (f"#merge {REFERENCE}", Command(Verb.MERGE, REFERENCE), ""),
    ("#split", Command(Verb.SPLIT), ""),
    ("#send", Command(Verb.SEND), ""),
    ("#drop", Command(Verb.DROP), ""),
    ("#send 12", Command(Verb.SEND, "12"), ""),
    ("#drop #007", Command(Verb.DROP, "7"), ""),
    ("#send \uff11\uff12", Command(Verb.SEND, "12"), ""),
    ("#to Ana@Customer.example", Command(Verb.TO, "ana@customer.example"), ""),
    ("#new", Command(Verb.NEW), ""),
    ("#ack", Command(Verb.ACK), ""),
    ("#help", Command(Verb.HELP), ""),
    ("#CLOSE", CLOSE, ""),
    ("#clôse", CLOSE, ""),
    ("#clo\u0302se", CLOSE, ""),
    ("\uff03close", CLOSE, ""),
    ("\uff03\uff23\uff2c\uff2f\uff33\uff25", CLOSE, ""),
    ("#cl", CLOSE, ""),
    ("#close.", CLOSE, ""),
    ("  #close  ", CLOSE, ""),
    ("\u200b#cl\u200bose\ufeff", CLOSE, ""),
    ("\u202a#close\u202c", CLOSE, ""),
    ("\xa0#close\xa0", CLOSE, ""),
    ("#wait\xa03d", wait(days=3), ""),
    ("\n\n#close\n", CLOSE, ""),
    ("\xa0\n\u200b\n#close", CLOSE, ""),
    ("#close\r\n\r\nHello\r\nAna", CLOSE, "Hello\r\nAna"),
    ("#close\rHello", CLOSE, "Hello"),
    # Names and their spellings.
    ("#assign tech s", Command(Verb.ASSIGN, "TECH_SUPPORT"), ""),
    ("#assign: tech-ops", Command(Verb.ASSIGN, "TECH_OPS"), ""),
    ("#assign equipe", Command(Verb.ASSIGN, "Équipe"), ""),
    ("#as pay", Command(Verb.ASSIGN, "PAYMENTS_TEAM"), ""),
    ("#category login", Command(Verb.CATEGORY, "Login"), ""),
    ("#category billing", Command(Verb.CATEGORY, "Billing question"), ""),
    ("#p h", Command(Verb.PRIORITY, "High"), ""),
    # Times.
    ("#wait 12 h", wait(hours=12), ""),
    ("#wait 2 weeks", wait(weeks=2), ""),
    ("#wait 1d 12h", wait(days=1, hours=12), ""),
    ("#wait 45min", wait(minutes=45), ""),
    ("#wait \uff13d", wait(days=3), ""),
    # References and addresses as mail programs write them.
    (f"#merge {CODE}", Command(Verb.MERGE, REFERENCE), ""),
    (f"#merge [{REFERENCE.lower()}]", Command(Verb.MERGE, REFERENCE), ""),
    (f"#merge {CODE.replace('-', '')}", Command(Verb.MERGE, REFERENCE), ""),
    ("#to Ana <ana@customer.example>", Command(Verb.TO, "ana@customer.example"), ""),
    ("#to ana@customer.example<mailto:ana@customer.example>", Command(Verb.TO, "ana@customer.example"), ""),
    ("#to ana@customer.example [mailto:ana@customer.example]", Command(Verb.TO, "ana@customer.example"), ""),
    # What follows the first line of text is text.
    ("#close\n\nHello\n#open", CLOSE, "Hello\n#open"),
    ("#close\n> #open", CLOSE, "> #open"),
    ("#close\n-- \n#open", CLOSE, "-- \n#open"),
    ("#close\n```\n#open\n```", CLOSE, "```\n#open\n```"),
    ("#note\n\n  indented\n", NOTE, "  indented\n"),
    ("#note\n#1 is done", NOTE, "#1 is done"),
    ("#note\n# Title", NOTE, "# Title"),
)

TEXT = (
    "",
    "\n\n",
    "Hello",
    "\n\nHello\n#close",
    "Hello #close",
    "close",
    "#1 problem is the login",
    "#1",
    "#",
    "# ",
    "#!",
    "#-close",
    "# Title",
    "## Open questions",
    "# Open questions",
    "#\n#close",
    "# To do",
    "### Steps\n#close",
    "> #close",
    ">#close",
    "- #1 is done",
    "- #closed tickets",
    "- close",
    "-#-close",
    "2026. #5 is done",
    "| #close",
    "```\n#close\n```",
    "`#close`",
    "    #include <stdio.h>",
    "-- \n#close",
    "Ana Silva\n#close",
    "/close",
    "\u200b",
)

WRONG = (
    ("#hashtag in a sentence", "no such command", 3),
    ("#clsoe", "no such command", 3),
    ("#clsoe\n\nHello", "no such command", 3),
    ("#closed", "no such command", 3),
    ("#fermer", "no such command", 3),
    ("#重要 お知らせ", "no such command", 3),
    ("#close#note", "no such command", 3),
    ("#include <stdio.h>", "no such command", 3),
    ("#s", "Several commands", 3),
    ("#c", "Several commands", 2),
    ("#t", "Several commands", 2),
    ("#close the ticket", "stands alone", 1),
    ("#note the customer called", "stands alone", 1),
    ("#Open questions remain", "stands alone", 1),
    ("#close #note", "stands alone", 1),
    ("#assign", "missing", 3),
    ("#assign tech", "several names", 2),
    ("#assign nobody", "no team", 3),
    ("#category log", "several names", 2),
    ("#category Refund", "no category", 3),
    ("#priority PENDING", "no priority", 3),
    ("#wait", "such as 3d", 1),
    ("#wait 3", "such as 3d", 1),
    ("#wait monday", "such as 3d", 1),
    ("#wait 3x", "units", 1),
    ("#wait 3m", "units", 1),
    ("#wait -3d", "such as 3d", 1),
    ("#wait 0d", "between", 1),
    ("#wait 1min", "between", 1),
    ("#wait 99999w", "between", 1),
    ("#merge", "reference", 1),
    ("#merge HD-7K3Q-M9XW", "reference", 1),
    (f"#merge {REFERENCE} please", "reference", 1),
    (f"#merge {REFERENCE} {REFERENCE}", "reference", 1),
    ("#to", "one address", 1),
    ("#to ana", "one address", 1),
    ("#to ana@customer.example, eva@customer.example", "one address", 1),
    # Almost commands: sent to the customer they would be a mistake that nobody sees.
    ("# close", "directly before", 1),
    ("##close", "directly before", 1),
    ("# Note", "directly before", 1),
    ("# wait 3d", "directly before", 1),
    ("    #close", "directly before", 1),
    ("\t#close", "directly before", 1),
    ("#close\n# note\nHello", "directly before", 1),
    # Mail programs make lists and bold text of what people type.
    ("- #note\nShe called twice.", "directly before", 1),
    ("  * #note\n\nShe called twice.", "directly before", 1),
    ("\u2022 #note\nShe called twice.", "directly before", 1),
    ("- #note She called twice.", "directly before", 1),
    ("1. #note\nShe called twice.", "directly before", 1),
    ("*#note*\nShe called twice.", "directly before", 1),
    ("**#category Login**\nShe called twice.", "directly before", 1),
    ("#close\n- #note\nShe called twice.", "directly before", 1),
    # One wrong line stops everything.
    ("#close\n#clsoe\n\nHello", "no such command", 3),
    ("#close\n#open", "contradicts", 2),
    ("#send\n#drop", "contradicts", 2),
    ("#note\n#to ana@customer.example", "contradicts", 2),
    ("#priority High\n#priority Low", "contradicts", 1),
    (f"#merge {REFERENCE}\n#split", "contradicts", 2),
    ("#close\n#help", "contradicts", 2),
    ("#wait 3d\n#wait 4d", "contradicts", 1),
    ("#assign " + "x" * 500, "too long", 1),
    ("#close " + "x" * 10_000, "too long", 1),
)


@pytest.mark.parametrize(("text", "command", "rest"), READ)
def test_a_command_is_read_and_the_text_below_it_kept(text: str, command: Command, rest: str) -> None:
    parsed = parse(text, NAMES)
    assert isinstance(parsed, ParsedCommands), parsed
    assert (parsed.commands, parsed.rest) == ((command,), rest)


@pytest.mark.parametrize("text", TEXT)
def test_text_without_a_command_comes_back_unchanged(text: str) -> None:
    assert parse(text, NAMES) == ParsedCommands((), text, 0)


@pytest.mark.parametrize(("text", "message", "number"), WRONG)
def test_a_wrong_line_stops_everything_and_names_what_is_near(text: str, message: str, number: int) -> None:
    error = parse(text, NAMES)
    assert isinstance(error, CommandError), error
    assert message in error.message
    assert len(error.nearest) == number
    assert all(near.startswith("#") for near in error.nearest)


def test_the_wrong_line_is_named_as_it_was_written() -> None:
    error = parse("#close\n  #Clsoe it\x07\n\nHello", NAMES)
    assert isinstance(error, CommandError)
    assert error.line == "#Clsoe it"
    assert error.nearest[0] == "#close"


def test_several_commands_keep_their_order_and_count_their_lines() -> None:
    parsed = parse("\n#take\n\n#note\n#close\n#close\n\nHello", NAMES)
    assert parsed == ParsedCommands((TAKE, NOTE, CLOSE), "Hello", 7)
    assert parsed.has(Verb.TAKE)
    assert not parsed.has(Verb.SPAM)


def test_an_answer_may_go_to_several_addresses() -> None:
    parsed = parse("#to a@x.example\n#to b@x.example\nHello", NAMES)
    assert isinstance(parsed, ParsedCommands)
    assert [command.text for command in parsed.commands] == ["a@x.example", "b@x.example"]


def test_names_that_differ_in_accents_only_are_told_apart_by_their_spelling() -> None:
    names = CommandVocabulary(("Café", "Cafe"), (), (), "HD")
    parsed = parse("#assign Cafe", names)
    assert isinstance(parsed, ParsedCommands)
    assert parsed.commands[0].text == "Cafe"
    assert isinstance(parse("#assign CAFE", names), CommandError)


def test_an_argument_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError):
        _ = CLOSE.text
    with pytest.raises(TypeError):
        _ = CLOSE.duration
    assert wait(days=1).duration == timedelta(days=1)


def test_every_verb_is_in_the_table_once() -> None:
    assert [spec.verb for spec in COMMANDS] == list(Verb)
    assert list(SPECS) == list(Verb)


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.verb)
def test_each_example_of_the_table_is_a_command_of_its_verb(spec: object) -> None:
    row = next(row for row in COMMANDS if row is spec)
    names = CommandVocabulary(("TECH_SUPPORT",), ("Login",), ("High",), "HD")
    parsed = parse(row.example, names)
    assert isinstance(parsed, ParsedCommands), parsed
    assert parsed.commands[0].verb is row.verb
    assert (parsed.commands[0].argument is None) == (row.argument is Argument.NONE)
    assert row.help.endswith(".")
    assert "\n" not in row.help


def test_the_help_and_the_documentation_list_every_command() -> None:
    assert all(spec.usage in help_text() and spec.help in help_text() for spec in COMMANDS)
    assert markdown_table() in (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")


LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from([spec.example for spec in COMMANDS]),
        st.sampled_from(["", "#", "# ", "\uff03", "> #close", "-- ", "```", "#wait ", "#to ", "#assign t", "\u200b"]),
        st.from_regex(r"[#\uff03]{1,2} ?\w{1,9}( .{0,20})?", fullmatch=True),
    ),
    max_size=8,
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_text_is_read_without_an_error_and_its_rest_is_its_end(lines: list[str], end: str) -> None:
    text = end.join(lines)
    parsed = parse(text, NAMES)
    if isinstance(parsed, CommandError):
        assert parsed.message
        assert parsed.nearest
        return
    assert text.endswith(parsed.rest)
    assert parsed.commands or (parsed.rest == text and parsed.lines == 0)


@given(st.text().filter(lambda text: "#" not in text and "\uff03" not in text and "\ufe5f" not in text))
def test_text_without_the_sign_is_never_touched(text: str) -> None:
    assert parse(text, NAMES) == ParsedCommands((), text)


@given(st.text())
def test_names_are_folded_once_and_for_all(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)
