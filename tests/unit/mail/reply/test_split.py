"""The new text of a reply: quotes are cut, what people type is kept."""

# ruff: noqa: RUF001
# Each case is one line; letters of other scripts that look like Latin ones are intended.

import pytest

from daemon.mail.reply.split import Reply, new_text, split
from tests.support.replies import ATTRIBUTIONS, HEADER_BLOCKS, NEW, PREFIXED, QUOTE

KEPT = {
    "a sentence that reports": "On Monday he wrote:\nthe lid is cracked.\nI did not believe it.",
    "a sentence with a year": "In the letter that came on 12 May 2022 your colleague said:\nwe pay for the lid.",
    "own letter": "As I wrote on 12 May 2022 at 10:15:\nthe lid is cracked.",
    "own letter, date first": "On 12 May 2022 I wrote:\nthe lid is cracked.",
    "own letter de": "Am 12. Mai 2022 schrieb ich:\nDer Deckel ist gebrochen.",
    "own letter fr": "Le 12 mai 2022 j'ai écrit :\nle couvercle est cassé.",
    "on the other hand": "On the one hand it is cheap.\nOn the other hand, on average it breaks.",
    "an address with a colon": "Please answer to mina@home.example:\nthe other one is full.",
    "a meeting": "Can we talk on 12 May 2022 at 10:15:\n- lid\n- parcel",
    "a journey": "From: Berlin\nTo: Oslo\nDate: 12.05.2022\nPlease change it to two persons.",
    "a form": "Name: Mina Berg\nEmail: mina@home.example\nPhone: +49 30 1234567\nOrder: 4711",
    "changed details": "My new address is:\n\nMina Berg\nmina@home.example\n+49 30 1234567",
    "a table": "Two items:\n\nItem   Price\n------------\nLid    4\nBox    9\n\nPlease refund the lid.",
    "points with dashes": "Please check\n-- the lid\n-- the box\n\nThanks",
    "a rule between paragraphs": (
        "The lid is cracked and the box is wet, so I want my money back now.\n\n---\n\n"
        "Another thing that I would like to ask you is when the shop opens on Sunday.\n"
        "It would also help me to know whether you have any lids in blue colour."
    ),
    "sent from a place": "The lid is cracked.\n\nSent from my desk, where the phone never works.",
    "sent by mail": "The lid is cracked.\n\nI sent it from my phone yesterday.",
    "invoice sent by mail": "The lid is cracked.\n\nInvoice sent by mail",
    "they have been sent": "The lids are missing.\n\nYour page says they have been sent.",
    "a question about a notice": (
        "Hello,\n\nI got a confidential message of yours in error. I am not the intended recipient: should I delete\n"
        "the e-mail and its attachments, or is copying it prohibited?"
    ),
    "code": "It prints this:\n\n```\nOn 12 May 2022, Shop <help@shop.example> wrote:\n-- \nx\n```\n\nIs that right?",
    "pasted log": "The log says:\n\n> error 17\n> lid open\n> stop\n> halt\n> end",
    "a short quoted end": "It prints\n> error 17",
    "a table in markdown": "These are broken\n\n| lid | box |\n| --- | --- |\n| 1 | 2 |",
    "prompt": "SQL> select 1\nSQL> select 2",
    "pasted headers": (
        "These headers look wrong:\n\nReceived: from a.example\nMessage-ID: <1@a.example>\n"
        "From: Shop <help@shop.example>\nDate: Thu, 12 May 2022 10:15:32 +0200\nSubject: Parcel\nTo: mina@home.example"
    ),
    "a pasted mail": f"I got this strange mail:\n\n{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}",
    "dash and name": "The lid is cracked.\n\n-Mina",
    "closing": "The lid is cracked.\n\nThank you,\nMina",
    "postscript": "The lid is cracked.\n\nBest regards\nMina\n\nP.S. The box is wet as well.",
    "only a footer": "Sent from my iPhone",
    "only a signature": "-- \nMina",
    "only a quote": PREFIXED,
    "only a quote with attribution": f"{ATTRIBUTIONS['gmail en']}\n\n{PREFIXED}",
    "only header block": f"{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}",
    "empty": "",
    "blank": "\n \n",
}

FORWARDS = {
    "gmail": "---------- Forwarded message ---------",
    "gmail de": "---------- Weitergeleitete Nachricht ---------",
    "gmail ru": "---------- Переадресованное сообщение ---------",
    "thunderbird fr": "-------- Message transféré --------",
    "apple": "Begin forwarded message:",
    "apple de": "Anfang der weitergeleiteten Nachricht:",
    "apple es": "Inicio del mensaje reenviado:",
    "apple ja": "転送されたメッセージ:",
    "apple tr": "İletilen ileti başlangıcı:",
}


def inline(text: str) -> Reply:
    return Reply(text, "", "", inline=True)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_and_what_it_quotes_are_cut(attribution: str) -> None:
    reply = split(f"{NEW}\n\n{attribution}\n{PREFIXED}\n")
    assert (reply.new, reply.signature, reply.inline) == (NEW, "", False)
    assert reply.quoted == f"{attribution}\n{PREFIXED}"


@pytest.mark.parametrize("name", [name for name in ATTRIBUTIONS if name not in {"mozilla, no date", "apple en"}])
def test_a_quote_without_prefix_is_cut_at_its_attribution(name: str) -> None:
    assert new_text(f"{NEW}\n{ATTRIBUTIONS[name]}\n\n{QUOTE}") == NEW


@pytest.mark.parametrize("block", HEADER_BLOCKS.values(), ids=HEADER_BLOCKS)
def test_the_header_block_of_a_quote_and_everything_below_are_cut(block: str) -> None:
    reply = split(f"{NEW}\n\n{block}\n\n{QUOTE}")
    assert reply == Reply(NEW, f"{block}\n\n{QUOTE}", "", inline=False)


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_nothing_is_cut_from(text: str) -> None:
    assert split(text) == Reply(text, "", "", inline=False)


@pytest.mark.parametrize("marker", FORWARDS.values(), ids=FORWARDS)
@pytest.mark.parametrize("prefix", ["", "> "])
def test_a_forwarded_email_is_kept(marker: str, prefix: str) -> None:
    forwarded = f"{marker}\n\n{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}"
    text = "What is this?\n\n" + "\n".join(f"{prefix}{line}" for line in forwarded.split("\n"))
    assert split(text) == Reply(text, "", "", inline=False)


def test_a_forward_inside_a_quote_is_part_of_the_quote() -> None:
    text = f"{NEW}\n\n{ATTRIBUTIONS['gmail en']}\n\n{FORWARDS['gmail']}\n{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}"
    assert new_text(text) == NEW


def test_answers_between_quoted_lines_keep_everything() -> None:
    text = f"Hi,\n{ATTRIBUTIONS['gmail en']}\n> Which colour?\nBlue.\n\n> How many?\n\nTwo.\n\n-- \nMina"
    assert split(text) == inline(text)


def test_an_answer_above_more_quoted_text_keeps_everything() -> None:
    text = f"{ATTRIBUTIONS['thunderbird en']}\n> Which colour?\n\nBlue.\n\n> We are open on Sunday as well, by the way."
    assert split(text) == inline(text)


def test_an_answer_below_the_whole_quote_is_the_new_text() -> None:
    assert new_text(f"Hi,\n\n{ATTRIBUTIONS['thunderbird en']}\n{PREFIXED}\n\nBlue, please.") == "Hi,\n\n\nBlue, please."


def test_a_manual_quote_is_kept_with_its_answer() -> None:
    text = "> Which colour?\n\nBlue, please."
    assert split(text) == inline(text)


def test_a_manual_quote_above_a_program_quote_is_kept() -> None:
    text = f"> Which colour?\n\nBlue, please.\n\n{ATTRIBUTIONS['gmail en']}\n{PREFIXED}"
    assert new_text(text) == "> Which colour?\n\nBlue, please."


def test_a_long_last_quote_is_cut_without_an_attribution() -> None:
    quote = "> Dear Mina,\n> we have sent it.\n>\n> Your shop team"
    assert split(f"{NEW}\n\n{quote}") == Reply(NEW, quote, "", inline=False)


def test_a_wrapped_quoted_line_is_part_of_the_quote() -> None:
    quote = "> we have sent the second parcel on Monday and it should be with you on Tuesday\nor later.\n> Shop team"
    assert split(f"{NEW}\n\n{ATTRIBUTIONS['gmail en']}\n{quote}").new == NEW


def test_lines_with_initials_before_the_prefix_are_quoted() -> None:
    quote = "ST> Dear Mina,\nST> we have sent it."
    assert new_text(f"{ATTRIBUTIONS['thunderbird en']}\n\n{quote}\n\nIt came.") == "It came."


def test_every_line_is_in_one_part() -> None:
    text = f"{NEW}\n\nSent from my iPhone\n\n{ATTRIBUTIONS['gmail en']}\n{PREFIXED}\n\n-- \nMina"
    reply = split(text)
    parts = f"{reply.new}\n{reply.quoted}\n{reply.signature}".split("\n")
    assert sorted(line for line in parts if line) == sorted(line for line in text.split("\n") if line)
