"""A digest brings each of its tickets with links for one press, in a size that mail programs show as a whole."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from config.settings import Settings
from daemon.mail import token
from daemon.snapshots import DigestLine, DigestSnapshot, PreparedDelivery
from daemon.vocabulary import MailKind
from workers.notify.digest_view import MAX_LINES
from workers.notify.links import MAX_URL
from workers.notify.outgoing import MailConfig, listed_marks, mark_of, view_of
from workers.notify.render import Rendered, Renderer
from workers.notify.sample_tickets import TICKET
from workers.notify.translate import Translations
from workers.policies import mail_config

KEY, NOW, TEAM = b"k" * 32, datetime(2026, 3, 2, tzinfo=UTC), "payments-team@example.com"
MARK = mark_of(MailKind.DIGEST, TEAM, 0, KEY, NOW)
CONFIG = mail_config(Settings())
# Gmail hides what follows after 102 KB.
SHOWN_BY_GMAIL = 102 * 1024
LINE = DigestLine(
    1,
    "HD-7K3Q-M9XY",
    "High",
    "Payments",
    "Amount debited but not credited",
    "ann.lee@customer.example",
    new=True,
    team="PAYMENTS",
    address="support@example.com",
    confidence=0.7,
    alternatives=(("Technical questions", 0.2), ("Login", 0.1)),
)


def rendered(*lines: DigestLine, config: MailConfig = CONFIG, language: str = "en") -> Rendered:
    listed = DigestSnapshot(lines, len(lines))
    delivery = PreparedDelivery(MailKind.DIGEST, TEAM, "<ours@example.com>", TICKET, None, first=False, digest=listed)
    view = view_of(delivery, config, MARK, (), listed_marks(delivery, KEY, NOW))
    return Renderer().render(MailKind.DIGEST, view, (language,))


def links(html: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="(mailto:[^"]+)"', html)]


def commands(html: str) -> list[str]:
    found = (re.search(r"subject=%23([^&]*?)%20%5B", link) for link in links(html))
    return [one[1].replace("%20", " ") for one in found if one]


def test_each_ticket_has_three_links_with_a_token_of_its_own() -> None:
    others = [replace(LINE, ticket_id=number, reference=f"HD-0000-000{number}") for number in (2, 3)]
    html = rendered(LINE, *others).html
    found = [next(token.find_genuine(link.replace("%2B", "+"), (KEY,))).ticket_id for link in links(html)]
    assert found == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert commands(html)[:3] == ["take", "category Technical questions", "spam"]
    assert "[HD-7K3Q-M9XY]" in links(html)[0].replace("%5B", "[").replace("%5D", "]")


def test_a_ticket_that_a_person_decides_has_the_two_likeliest_categories() -> None:
    asked = replace(LINE, team=CONFIG.review_team)
    assert commands(rendered(asked).html) == ["category Payments", "category Technical questions", "spam"]


def test_a_ticket_that_keeps_its_team_does_not_say_that_another_category_moves_it() -> None:
    config = replace(CONFIG, fixed_teams={"support@example.com": "PAYMENTS"})
    html = rendered(LINE, replace(LINE, ticket_id=2, address="sales@example.com"), config=config).html
    assert html.count("Category: Technical questions") == html.count("Not ours: Technical questions") == 1


def test_the_text_says_where_to_send_which_commands() -> None:
    text = rendered(LINE).text
    (address,) = re.findall(r"^  (support\+\w+@example\.com)$", text, re.MULTILINE)
    assert next(token.find_genuine(address, (KEY,))).ticket_id == 1
    assert "  #take, #category Technical questions, #spam\n" in text


def test_without_plus_addresses_the_token_is_in_the_link_and_not_in_the_text() -> None:
    """An answer that quotes a token of each ticket would name several tickets."""
    shown = rendered(LINE, replace(LINE, ticket_id=2), config=replace(CONFIG, plus_addressing=False))
    assert "#take" not in shown.text
    assert [held.ticket_id for held in token.find_genuine(shown.text, (KEY,))] == [0]
    assert all("ref%3A" in link for link in links(shown.html))


@pytest.mark.parametrize("language", sorted({"en", *Translations().languages()}))
@pytest.mark.parametrize("plus", [True, False])
def test_a_long_digest_is_shown_as_a_whole(language: str, *, plus: bool) -> None:
    longest = replace(LINE, subject="W" * 100, alternatives=((LINE.category * 3, 0.2),))
    config = replace(CONFIG, plus_addressing=plus)
    lines = [replace(longest, ticket_id=number) for number in range(1, MAX_LINES + 1)]
    html = rendered(*lines, config=config, language=language).html
    assert len(links(html)) == 3 * MAX_LINES
    assert max(map(len, links(html))) <= MAX_URL
    assert len(html.encode()) < SHOWN_BY_GMAIL
