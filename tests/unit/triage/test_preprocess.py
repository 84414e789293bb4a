"""The text of an email that triage reads."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.text.html import html_to_text
from workers.triage import preprocess as triage_text
from workers.triage import tokens
from workers.triage.preprocess import clean, mask

MESSAGE = "The export stops at the third page and the file is empty."


@pytest.mark.parametrize(
    "addition",
    [
        "\n\nBest regards,\nJane Doe\nHead of Payments",
        "\n\nMit freundlichen Grüßen\nErika Mustermann",
        "\n\nCordialement,\nJean Dupont",
        "\n\nUn saludo,\nAna",
        "\n\nCordiali saluti\nLogin Srl",
        "\n-- \nJane | invoice@firm.example",
        "\n\nSent from my phone",
        "\n\nThis e-mail is confidential and intended only for the addressee; delete it if you received it in error.",
        "\n\nPlease consider the environment before printing this mail, every sheet of paper counts.",
        "\n\nThanks in advance!",
    ],
)
def test_text_around_the_message_is_cut(addition: str) -> None:
    assert clean("Export", MESSAGE + addition).body == MESSAGE


@pytest.mark.parametrize(
    "greeting", ["Hi team,\n", "Dear Sir or Madam,\n\n", "Guten Tag,\n", "Bonjour,\n", "Hola,\n", "Hello, "]
)
def test_a_greeting_is_cut(greeting: str) -> None:
    assert clean("", greeting + MESSAGE).body == MESSAGE


@pytest.mark.parametrize(
    "body",
    [
        "Regards is the name of a field that is missing.\nPlease add it.",
        "Thanks\nbut it still fails:\n" + "the log says that the server did not answer in time " * 4,
        "confidential folder is gone",
        "It fails.\nRegards, Tom\nPS: the log says nothing at all",
        "Hello",
    ],
)
def test_text_that_only_resembles_a_signature_stays(body: str) -> None:
    assert clean("", body).body == body.strip()


@pytest.mark.parametrize("subject", ["Re: Invoice", "AW: WG: Invoice", "Fwd: RE[2]: Invoice", "RV:   Invoice "])
def test_reply_prefixes_are_cut(subject: str) -> None:
    assert clean(subject, MESSAGE).subject == "Invoice"


def test_the_subject_counts_twice() -> None:
    assert clean("Export", MESSAGE).read == f"Export\nExport\n{MESSAGE}"


def test_a_forwarded_email_is_read_if_the_message_is_short() -> None:
    forwarded = "fyi\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\nSubject: Printer\n\nIt prints blank pages."
    case = clean("FW: Printer", forwarded)
    assert case.body == "fyi\nPrinter\n\nIt prints blank pages."
    assert "From" not in case.read
    assert case.notes


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("see https://a.example/x?y=1 now", "see xxurl now"),
        ("write to jane.doe@mail.example", "write to xxmail"),
        ("paid 45,00 EUR or $3", "paid xxmoney or xxmoney"),
        ("order 4711-22 of 12/03/2024", "order xxnum of xxnum"),
        ("0x80070005 and error E-44", "xxcode and error xxcode"),
        ("2FA on 404 and 4k", "2FA on 404 and 4k"),
        ("<email> called <number>", "xxmail called xxnum"),
        ("at WWW.Shop.example", "at xxurl"),
        ("it says NS_ERROR_NET_RESET", "it says xxcode"),
        ("FEHLER: 17", "FEHLER: xxcode"),
        ("EUR 5 and Rs.9", "xxmoney and xxmoney"),
        ("12 Dollars and 3 €", "xxmoney and xxmoney"),
        ("ticket #7 for AB-1234", "ticket xxnum for xxnum"),
        ("a v2x or x12", "a v2x or x12"),
    ],
)
def test_numbers_and_addresses_are_masked(text: str, masked: str) -> None:
    assert " ".join(mask(text).split()) == masked


PIECES = (
    *(
        " ",
        "\n",
        ".",
        ",",
        "-",
        "#",
        ":",
        "_",
        "@",
        "<",
        "/",
        "$",
        "€",
        "7",
        "404",
        "1,50",
        "a",
        "é",
        "AB",
        "rs",
        "EUR",
    ),
    *(
        "usd",
        "dollars",
        "error",
        "Status",
        "0x1f",
        "ssl_x",
        "http://",
        "www.",
        "<id>",
        "<url>",
        "mail",
        "hope",
        "order",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_the_quick_tests_before_the_masks_never_hide_a_match(text: str) -> None:
    masked = triage_text.EMAIL.sub(" xxmail ", triage_text.URL.sub(" xxurl ", text))
    masked = triage_text.CODE.sub(lambda match: f"{match['word'] or ''} xxcode ", masked)
    masked = triage_text.MONEY.sub(" xxmoney ", masked)
    assert mask(text) == triage_text.NUMBERS.sub(triage_text.masked_number, masked)


@pytest.mark.parametrize(
    "formula",
    [
        "I HOPE you are well.",
        "Looking forward to hearing from you!",
        "Many thanks in advance.",
        "Please don't hesitate to call.",
        "Vielen Dank im Voraus!",
        "Merci d'avance!",
        "Gracias de antemano.",
        "Grazie in anticipo.",
        "Obrigada desde já!",
        "Alvast bedankt.",
    ],
)
def test_a_pleasantry_is_cut_in_every_language(formula: str) -> None:
    assert clean("", f"{MESSAGE} {formula}").body == MESSAGE


@pytest.mark.parametrize("text", ["", "   \n", "\u200b\u200e", "...", "\0\0"])
def test_an_email_without_letters_is_empty(text: str) -> None:
    assert clean(text, text).empty


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        "\n",
        "1",
        "a@",
        "@a.",
        "regards\n",
        "> ",
        "-",
        "error ",
        "http://",
        "I hope you ",
        "Re:",
        "\u0301",
        "$1 ",
        "é1",
    ],
)
def test_hostile_text_is_read_quickly(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    clean(text, text)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("text", ["x" * 5000, "é" * 5000, "a'" + "b" * 5000, "-" + "y" * 5000])
def test_a_very_long_word_is_cut(text: str) -> None:
    assert max(map(len, tokens.split(text))) <= tokens.MAX_WRITTEN
    assert max(map(len, tokens.forms(text))) <= tokens.MAX_FORM


OUTLOOK_TABLE = (
    '<table width="100%"><tr><td bgcolor="#ffeb9c"><b>CAUTION:</b> This email originated from outside of the '
    "organization. Do not click links or open attachments. Never enter your password.</td></tr></table>{body}"
)
BORDERED = (
    '<div style="border:1px solid red"><p><span style="color:red">EXTERNAL EMAIL</span><br>This email came from '
    "outside the company. Do not click links unless you recognize the sender.</p></div>{body}"
)
GERMAN_TABLE = (
    "<table><tbody><tr><td>ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links und "
    "geben Sie keine Passwörter ein.</td></tr></tbody></table><br>{body}"
)
PIXELS = (
    '{body}<img src="https://track.example/open/password/invoice.gif?u=88" width="1" height="1" alt="">',
    '{body}<img src="https://track.example/o.gif" width=1 height=1 alt="password reset invoice">',
    '{body}<img src="https://track.example/o.gif" style="width: 1px; height:1px" alt="password reset invoice">',
    '{body}<div style="display:none"><img src="https://track.example/refund" alt="payment"></div>',
)


@pytest.mark.parametrize("form", [OUTLOOK_TABLE, BORDERED, GERMAN_TABLE, *PIXELS])
def test_banners_in_html_and_tracking_pixels_are_not_read(form: str) -> None:
    text = html_to_text(f"<html><body>{form.format(body='<p>Where is the list of my orders?</p>')}</body></html>")
    assert clean("", text).body == "Where is the list of my orders?"
