"""Two brands by SMTP: every email about a ticket comes from the address that its customer wrote to, and by its server.

On SQLite, and on PostgreSQL with Redis. At the end every email that went out is read: From, Reply-To, Message-ID,
tokens, envelope sender, thread, words.
"""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import redis

from daemon.mail import verp
from tests.support.brands import BILLING, SALES, Brands, two_brands
from tests.support.conversation import ANA, TEAM, Conversation, Desk, bare, reply_to, words_of
from tests.support.emails import SUPPORT, mail
from tests.support.helpdesk import MEMBER, read
from tests.support.smtp_sink import Received

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000049454e44ae426082")


@pytest.fixture(scope="module", params=["sqlite", "postgresql+redis"])
def brands(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path
) -> Iterator[Brands]:
    database = broker = ""
    if request.param != "sqlite":
        postgres = request.getfixturevalue("postgres_server")
        postgres.execute("CREATE DATABASE brands TEMPLATE template0")
        database, broker = postgres.url_of("brands"), request.getfixturevalue("redis_server").url
        with redis.Redis.from_url(broker) as client:
            client.flushall()
    folder = tmp_path_factory.mktemp("brands")
    with two_brands(folder / "state", examples, models, database, broker) as running:
        yield running


@pytest.fixture(params=["main", "shop"])
def brand(request: pytest.FixtureRequest, brands: Brands) -> tuple[Desk, str]:
    return (brands.main, SUPPORT) if request.param == "main" else (brands.shop, BILLING)


def taken(desk: Desk, recipient: str) -> Received:
    """Return the last email to somebody, with its envelope."""
    return next(one for one in reversed(desk.taken()) if one.rcpts == [recipient])


def addresses(talk: Conversation) -> list[str]:
    """Return our address of each ticket of a customer."""
    rows = talk.desk.query(
        "SELECT t.address FROM ticket t JOIN person p ON p.id = t.requester_id WHERE p.email = :who ORDER BY t.id",
        who=talk.customer,
    )
    return [row.address for row in rows]


def test_every_email_comes_from_the_address_that_the_customer_wrote_to(brands: Brands) -> None:
    before = len(brands.main.taken())
    talk = Conversation(brands.shop, to=f"Shop <{BILLING}>")
    acknowledgement, notification = talk.last(talk.customer), talk.last(TEAM)
    assert acknowledgement["From"] == "Shop Billing <billing@shop.example>"
    assert acknowledgement["Subject"] == f"[{talk.ticket.reference}] Shop: we got your message"
    assert notification["From"] == "Shop Billing <billing@shop.example>"
    assert taken(brands.shop, TEAM).mail_from == BILLING
    talk.answer(notification, "gmail-web", "Hello Ann,", "we booked it today.")
    answered = talk.last(talk.customer)
    assert answered["From"] == '"Ana Silva, Shop Billing" <billing@shop.example>'
    assert "we booked it today." in words_of(answered)
    bounces_to = taken(brands.shop, talk.customer).mail_from
    assert bounces_to.startswith("billing+bounce-")
    assert bounces_to.endswith("@shop.example")
    talk.write(answered, "Thank you!", f"Ann <{talk.customer}>")
    assert "Thank you!" in words_of(talk.last(TEAM))
    talk.press(notification, "#take", author=ANA)
    assert talk.ticket.taken_by == MEMBER
    talk.write(talk.last(TEAM), "#clsoe\nWe are done.")
    assert "Nothing was sent or changed" in words_of(talk.last(MEMBER))
    assert talk.last(MEMBER)["From"] == "Shop Billing <billing@shop.example>"
    assert len(brands.main.taken()) == before
    assert addresses(talk) == [BILLING]


def test_the_main_brand_is_what_it_was(brands: Brands) -> None:
    before = len(brands.shop.taken())
    talk = Conversation(brands.main)
    assert talk.last(talk.customer)["From"] == "Support <support@example.com>"
    talk.answer(talk.last(TEAM), "thunderbird", "It is booked.")
    assert talk.last(talk.customer)["From"] == '"Ana Silva (Support)" <support@example.com>'
    assert len(brands.shop.taken()) == before


def test_a_bounce_of_an_answer_finds_it_by_the_address_of_its_brand(brands: Brands) -> None:
    talk = Conversation(brands.shop, to=BILLING)
    talk.answer(talk.last(TEAM), "gmail-web", "We booked it for you.")
    envelope = taken(brands.shop, talk.customer).mail_from
    assert verp.delivery_of([envelope], brands.shop.keys()) is not None
    raw = mail("MAILER-DAEMON@mx.example", "Undelivered", "mailbox unavailable", to=envelope, date=talk.date())
    talk.send(raw, "", envelope)
    assert "We booked it for you." in words_of(talk.last(TEAM))
    assert talk.last(TEAM)["From"] == "Shop Billing <billing@shop.example>"


def test_a_fixed_category_skips_triage_and_says_so(brands: Brands) -> None:
    talk = Conversation(brands.shop, to=BILLING, body="I cannot sign in, my password is wrong.")
    assert (talk.ticket.category, talk.ticket.assigned_team) == ("Payments", "PAYMENTS_TEAM")
    assert "address billing@shop.example is always Payments" in words_of(talk.last(TEAM))
    (row,) = brands.shop.query("SELECT by, confidence FROM decision WHERE ticket_id = :id", id=talk.ticket.id)
    assert tuple(row) == ("rule", 1.0)


def test_evidence_is_weighed_and_a_rule_overrules_it(brands: Brands) -> None:
    talk = Conversation(brands.shop, to=SALES)
    # The rule of the tests decides that a debited amount is Payments.
    assert talk.ticket.category == "Payments"
    talk = Conversation(brands.shop, to=SALES, subject="Xqzt wvbn", body="plok mkrt zzgh bvnx")
    assert talk.ticket.category == "Login"
    assert "written to sales@shop.example, which counts 4 to 1 for Login" in words_of(talk.last("review@example.com"))


def test_the_customer_of_a_merged_ticket_is_answered_from_the_address_that_they_wrote_to(brands: Brands) -> None:
    talk, other = Conversation(brands.shop, to=BILLING), Conversation(brands.main)
    talk.write(talk.last(TEAM), f"#merge {other.ticket.reference}")
    other.answer(other.last(TEAM), "gmail-web", "It is the same problem.", cc=talk.customer)
    for conversation, address in ((talk, BILLING), (other, SUPPORT)):
        answered = conversation.last(conversation.customer)
        assert "It is the same problem." in words_of(answered)
        assert bare(str(answered["From"])) == address
        assert str(answered["Message-ID"]).endswith(f"@{address.partition('@')[2]}>")
    talk.write(talk.last(talk.customer), "Thank you.", f"Ann <{talk.customer}>")
    assert "Thank you." in words_of(other.last(TEAM))


@pytest.mark.parametrize("first", [BILLING, SUPPORT])
def test_one_email_to_two_addresses_is_one_ticket_of_the_first(brands: Brands, first: str) -> None:
    other = SUPPORT if first == BILLING else BILLING
    desk = brands.shop if first == BILLING else brands.main
    bob = f"bob-of-{first}".replace("@", "-at-") + "@two.example"
    raw = mail(f"Bob <{bob}>", "For both", "Which of you?", to=f"{first}, {other}", date=None)
    # Two copies, one by each mail exchanger; that of the second address comes first.
    desk.send(raw, bob, other)
    desk.send(raw, bob, first)
    found = desk.query("SELECT address FROM ticket WHERE subject = 'For both' AND address = :first", first=first)
    assert [row.address for row in found] == [first]
    assert bare(str(read(taken(desk, bob).content)["From"])) == first


def test_an_address_that_is_not_configured_falls_back_to_the_first(brands: Brands) -> None:
    talk = Conversation(brands.main, to="info@old.example", rcpt=SUPPORT)
    assert addresses(talk) == [SUPPORT]
    assert bare(str(talk.last(talk.customer)["From"])) == SUPPORT


def test_a_bcc_to_a_brand_is_answered_by_it(brands: Brands) -> None:
    talk = Conversation(brands.shop, to="friend@elsewhere.example", rcpt=BILLING)
    assert bare(str(talk.last(talk.customer)["From"])) == BILLING


def test_our_own_email_of_one_brand_that_comes_to_another_is_recognised(brands: Brands) -> None:
    talk = Conversation(brands.shop, to=BILLING)
    number = len(brands.main.taken()) + len(brands.shop.taken())
    talk.send(taken(brands.shop, TEAM).content, TEAM, SUPPORT)
    talk.send(mail(f"Shop <{BILLING}>", "Hello", "from ourselves", date=talk.date()), BILLING, SUPPORT)
    states = brands.main.query("SELECT disposition FROM inbound ORDER BY id DESC LIMIT 2")
    assert {row.disposition for row in states} == {"own", "ticket"}
    # The forged one opens a ticket for a person to see; nobody is acknowledged.
    assert len(brands.main.taken()) + len(brands.shop.taken()) == number + 1
    assert all(one.rcpts != [BILLING] for one in (*brands.main.taken(), *brands.shop.taken()))


def test_the_reply_of_one_customer_is_not_mailed_to_the_others(brand: tuple[Desk, str]) -> None:
    desk, address = brand
    other = f"carl@copied{len(desk.taken())}.example"
    talk = Conversation(desk, to=address)
    talk.answer(talk.last(TEAM), "gmail-web", "We look into it.", cc=other)
    assert "We look into it." in words_of(talk.last(other))
    with talk.nothing_reaches(talk.customer, other):
        talk.write(talk.last(other), "It concerns me too.", f"Carl <{other}>")
        assert "It concerns me too." in words_of(talk.last(TEAM))
        talk.write(talk.last(talk.customer), "Any news?", f"Ann <{talk.customer}>")
        assert "Any news?" in words_of(talk.last(TEAM))


@pytest.mark.parametrize("by", ["address", "mark"])
def test_a_program_that_keeps_none_of_our_headers_still_answers(brand: tuple[Desk, str], by: str) -> None:
    desk, address = brand
    talk = Conversation(desk, to=address)
    number = talk.ticket.id
    mark = next(word for word in words_of(talk.last(TEAM)).split() if word.startswith("ref:"))
    to = reply_to(talk.last(TEAM)) if by == "address" else address
    body = "We sent it.\r\n\r\nGet Outlook for Android" + (f"\r\n\r\n{mark}" if by == "mark" else "")
    # Outlook for Android sends neither In-Reply-To nor References in some accounts.
    talk.send(mail(ANA, "Re: something", body, to=to, date=talk.date()), MEMBER, to)
    assert "We sent it." in words_of(talk.last(talk.customer))
    customers_mark = next(word for word in words_of(talk.last(talk.customer)).split() if word.startswith("ref:"))
    to = reply_to(talk.last(talk.customer)) if by == "address" else address
    body = "Thanks a lot." + (f"\r\n\r\n{customers_mark}" if by == "mark" else "")
    talk.send(mail(f"Ann <{talk.customer}>", "Re: it", body, to=to, date=talk.date()), talk.customer, to)
    assert "Thanks a lot." in words_of(talk.last(TEAM))
    assert talk.roles() == ["customer", "answer", "customer"]
    assert talk.ticket.id == number


@pytest.mark.parametrize("agent", ["ana@example.com", "ana@private.example", "anybody@agents.example.com"])
def test_a_member_answers_from_any_of_their_addresses(brand: tuple[Desk, str], agent: str) -> None:
    desk, address = brand
    talk = Conversation(desk, to=address)
    talk.write(talk.last(TEAM), "We booked it.", f"Ana Silva <{agent}>")
    assert "We booked it." in words_of(talk.last(talk.customer))
    assert talk.answers() == [(agent, "sent")]


def test_the_image_of_a_signature_stays_inline(brand: tuple[Desk, str]) -> None:
    desk, address = brand
    talk = Conversation(desk, to=address)
    notification = talk.last(TEAM)
    answer = EmailMessage(policy=SMTP)
    answer["From"], answer["To"], answer["Subject"] = ANA, reply_to(notification), f"Re: {notification['Subject']}"
    answer["Message-ID"], answer["Date"] = f"<signed-{talk.ticket.id}@mail.example.com>", talk.date()
    answer.set_content("We booked it.\n\n-- \nAna Silva\n[cid:logo@example.com]")
    html = '<p>We booked it.</p><div>-- <br>Ana Silva<br><img src="cid:logo@example.com" width="90"></div>'
    answer.add_alternative(html, subtype="html")
    related = answer.get_payload()[1]  # type: ignore[index]
    related.add_related(PIXEL, "image", "png", cid="<logo@example.com>", filename="image001.png")  # type: ignore[union-attr]
    talk.send(answer.as_bytes(), MEMBER, reply_to(notification))
    answered = talk.last(talk.customer)
    (image,) = [part for part in answered.walk() if part.get_content_maintype() == "image"]
    assert (image.get_content_disposition(), image.get_content()) == ("inline", PIXEL)
    html_part = answered.get_body(("html",))
    assert html_part is not None
    assert f'src="cid:{str(image["Content-ID"]).strip("<>")}"' in html_part.get_content()
    assert answered.get_content_type() != "multipart/mixed"


def test_the_images_of_the_customer_are_named_in_the_quote(brand: tuple[Desk, str]) -> None:
    desk, address = brand
    body = (
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Amount debited but not credited:</p><img src=cid:shot>\r\n"
        "--b\r\nContent-Type: image/png; name=screenshot.png\r\nContent-ID: <shot>\r\n"
        "Content-Disposition: inline; filename=screenshot.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "iVBORw0KGgo=\r\n--b--"
    )
    talk = Conversation(
        desk, to=address, body=body, headers=("MIME-Version: 1.0", "Content-Type: multipart/related; boundary=b")
    )
    talk.write(talk.last(TEAM), "We see it.")
    answered = words_of(talk.last(talk.customer))
    assert "> Amount debited but not credited:" in answered
    assert "[screenshot.png]" in answered


def test_a_server_that_rejects_our_login_or_is_away_stops_only_its_brand(brands: Brands) -> None:
    shop = brands.servers[1]
    shop.script("RCPT", *["451 4.3.0 later"] * 2)
    held = Conversation(brands.shop, to=BILLING)
    assert held.number() == 0
    talk = Conversation(brands.main)
    assert talk.number() == 2
    brands.clock.advance(minutes=6)
    held.desk.settle()
    assert held.emails(held.customer)
    assert held.emails(TEAM)


def test_the_customer_of_a_merged_ticket_who_writes_again_is_answered_from_their_address(brands: Brands) -> None:
    talk, other = Conversation(brands.shop, to=BILLING), Conversation(brands.main)
    talk.write(talk.last(TEAM), f"#merge {other.ticket.reference}")
    ours = talk.last(talk.customer)
    talk.write(ours, "Any news?", f"Bo <{talk.customer}>", to=reply_to(ours))
    other.write(other.last(TEAM), "Both are booked.")
    for conversation, address in ((talk, BILLING), (other, SUPPORT)):
        answered = conversation.last(conversation.customer)
        assert "Both are booked." in words_of(answered)
        assert bare(str(answered["From"])) == address
