"""Links for one press, read as mail programs read them: a form of their own each, one email in the end."""

import html
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from daemon.mail.button_email import is_button_email
from daemon.mail.command_arguments import CommandVocabulary
from daemon.mail.commands import ParsedCommands, parse
from daemon.mail.follow_up import find_keys
from daemon.mail.mime.parse import parse as parse_email
from daemon.mail.token import Purpose, Token, digest, sign
from workers.notify.contexts import context
from workers.notify.links import MAX_URL, ButtonTarget, Link, of_answer, of_held_answer, of_ticket, url
from workers.notify.render import Renderer
from workers.notify.samples import SAMPLES
from workers.notify.translate import Translations

KEY = b"1" * 32
TODAY = date(2026, 11, 2)
MARK = sign(Token(Purpose.TEAM, 42, digest("team@example.com", KEY), date(2026, 12, 1)), KEY)
REFERENCE = "HD-7K3Q-M9XY"
TAGGED = ButtonTarget(f"support+{MARK}@example.com", REFERENCE)
PLAIN = ButtonTarget("support@example.com", REFERENCE, MARK)
CATEGORIES = ("Login", "Bits & Pieces", "Zahlung/Rückgabe", "R+D 100", "支払い")
VOCABULARY = CommandVocabulary(("MANUAL_REVIEW",), CATEGORIES, ("High",), "HD")
LANGUAGES = Translations().languages()
# Recipient, subject and body of the email that a link opens.
Opened = tuple[str, str, str]


def by_rfc6068(link: str) -> Opened:
    """Apple Mail, Thunderbird, new Outlook and K-9 decode percent signs and nothing else."""
    address, _, query = link.removeprefix("mailto:").partition("?")
    fields = dict(pair.split("=", 1) for pair in query.split("&"))
    return unquote(address), unquote(fields["subject"]), unquote(fields["body"])


def as_form(link: str) -> Opened:
    """Gmail on the web and Android's MailTo read the query as a form, where "+" is a space."""
    parts = urlsplit(link)
    fields = parse_qs(parts.query)
    return unquote(parts.path), fields["subject"][0], fields["body"][0]


def form_everywhere(link: str) -> Opened:
    """Handlers that take the whole link for a form, also the address."""
    address, subject, body = as_form(link)
    return parse_qs(f"to={urlsplit(link).path}")["to"][0] if address else "", subject, body


def outlook_classic(link: str) -> Opened:
    """Outlook splits at the first "?" and ends a line at CR LF only; a bare LF is lost."""
    address, subject, body = by_rfc6068(link)
    return address, subject, re.sub("(?<!\r)\n", "", body)


CLIENTS: tuple[Callable[[str], Opened], ...] = (by_rfc6068, as_form, form_everywhere, outlook_classic)


def command_links() -> list[tuple[ButtonTarget, str]]:
    buttons = [
        button
        for to in (TAGGED, PLAIN)
        for button in (
            *(one for name in CATEGORIES for one in of_ticket(to, [(name, "44%")], "MANUAL_REVIEW", asked=True)),
            *of_ticket(to, [], "MANUAL_REVIEW", asked=False),
            *of_held_answer(to, 12),
            *of_answer(to),
        )
    ]
    return [(button.link.to, button.command) for button in buttons]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_link_opens_an_email_that_carries_its_command(client: Callable[[str], Opened], language: str) -> None:
    hint = Translations().first_of([language]).gettext("Send this email as it is.")
    for to, command in command_links():
        link = url(Link(to, command), hint)
        assert 0 < len(link) < MAX_URL + 1
        assert link.isascii()
        recipient, subject, body = client(html.unescape(html.escape(link)))
        raw = f"From: ana@example.com\r\nTo: {recipient}\r\nSubject: x\r\n\r\n{body}\r\n\r\nAna Silva\r\n"
        message = parse_email(raw.encode())
        parsed = parse(message.text, VOCABULARY)
        assert isinstance(parsed, ParsedCommands)
        (found,) = parsed.commands
        assert f"#{found.verb} {found.argument or ''}".strip() == command
        assert is_button_email(subject)
        assert subject.endswith(f"[{REFERENCE}]")
        keys = find_keys(message, (recipient,), "ana@example.com", (KEY,), TODAY, "HD")
        assert {key.token.ticket_id for key in keys.tokens} == {42}


def test_a_link_has_no_plus_and_ends_lines_by_crlf() -> None:
    link = url(Link(TAGGED, "#category Login"), "Send this email as it is.")
    assert "+" not in link
    assert "%0D%0A" in link
    assert "%0A" not in link.replace("%0D%0A", "")


def test_a_link_that_would_be_too_long_loses_its_hint_and_then_is_left_out() -> None:
    name = "支払い" * 20
    assert url(Link(TAGGED, f"#category {name}"), "このメール") == ""
    shorter = url(Link(TAGGED, "#category " + "é" * 25), "このメールをそのまま送信してください。" * 2)
    assert 0 < len(shorter) <= MAX_URL
    assert is_button_email(by_rfc6068(shorter)[1])


@pytest.mark.parametrize(
    ("subject", "press"),
    [
        (f"#take [{REFERENCE}]", True),
        (f"[EXTERNAL] #take [{REFERENCE}]", True),
        (f"\uff03take [{REFERENCE}]", True),
        (f"Re: [{REFERENCE}] Payment failed", False),
        (f"Re: #take [{REFERENCE}]", False),
        ("#1 problem", False),
        ("", False),
        ("#", False),
    ],
)
def test_an_email_of_a_button_is_known_by_its_subject(subject: str, press: bool) -> None:
    assert is_button_email(subject) is press


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_has_each_button_and_text_its_command(language: str) -> None:
    renderer = Renderer()
    for kind, view in SAMPLES:
        buttons = context(view, renderer.translations.first_of([language])).get("buttons", [])
        rendered = renderer.render(kind, view, [language])
        assert isinstance(buttons, list)
        for button in buttons:
            assert f'href="{html.escape(button["link"])}"' in rendered.html
            assert f"\n  {button['command']}  (" in rendered.text
        assert "mailto:" not in rendered.text
