"""Blocks that many senders' emails have are found at the top and end, and left out once they are known."""

# ruff: noqa: RUF001
# Letters of other scripts that look like Latin ones are meant.

import pytest

from daemon.mail.reply.boilerplate import MAX_EXCERPT, domain_digest, trim

MESSAGE = "Hello,\n\nthe list of my orders stays empty since Monday, whatever I choose.\n\nKind regards\nAnn"
BANNER = (
    "Novaplex Shield checked this email at the border of the company. Report a doubtful password request to the desk."
)
FOOTER = (
    "Durchgesehen von der Poststelle Wolkentor 7.3 am 12.03.2026 um 09:14 Uhr, Vorgang 88213. Fragen zu Rechnungen "
    "bitte an abuse@wolkentor.example."
)
JAPANESE = "この電子メールは社外から届きました。添付ファイルやパスワードの入力にはくれぐれもご注意ください。"


def digests(text: str) -> set[str]:
    return {block.digest for block in trim(text, ()).blocks}


def learned(*blocks: str) -> set[str]:
    return set.union(*(digests(f"{block}\n\nI cannot find my order from last week.") for block in blocks))


@pytest.mark.parametrize("block", [BANNER, FOOTER, JAPANESE, BANNER.replace(". ", ".\n")])
@pytest.mark.parametrize("form", ["{block}\n\n{message}", "{message}\n\n{block}"])
def test_a_known_block_at_the_top_or_end_is_left_out(block: str, form: str) -> None:
    trimmed = trim(form.format(block=block, message=MESSAGE), learned(block))
    assert trimmed.text == MESSAGE
    assert len(trimmed.left_out) == 1


@pytest.mark.parametrize("form", ["{block}\n{message}", "{message}\n{block}"])
def test_a_known_line_without_a_gap_is_left_out(form: str) -> None:
    trimmed = trim(form.format(block=BANNER, message=MESSAGE), learned(BANNER))
    assert trimmed.text == MESSAGE


def test_known_blocks_at_both_ends_are_left_out_together() -> None:
    trimmed = trim(f"{BANNER}\n\n{MESSAGE}\n\n{FOOTER}", learned(BANNER, FOOTER))
    assert (trimmed.text, len(trimmed.left_out)) == (MESSAGE, 2)


def test_dates_numbers_addresses_and_case_make_no_difference() -> None:
    other = FOOTER.replace("12.03.2026", "1.4.2027").replace("abuse@", "x@").replace("88213", "4").upper()
    assert trim(f"{MESSAGE}\n\n{other}", learned(FOOTER)).text == MESSAGE


def test_a_known_block_in_the_middle_is_read() -> None:
    inside = "\n\n".join(f"paragraph {word}" for word in "abcde")
    text = f"{inside}\n\n{BANNER}\n\n{inside}"
    assert trim(text, learned(BANNER)).text == text
    assert not digests(text) & learned(BANNER)


@pytest.mark.parametrize("text", [BANNER, f"{BANNER}\n\nThanks", f"Hi,\n\n{BANNER}"])
def test_an_email_that_says_little_else_is_read_whole_and_teaches_nothing(text: str) -> None:
    assert trim(text, learned(BANNER)).text == text
    assert not digests(text)


@pytest.mark.parametrize(
    "said",
    [
        "Hello",
        "Thank you very much in advance",
        "Kind regards\nAnn Smith",
        "I cannot log in to my account.",
        "I was charged twice for my order, please refund the second payment.",
        "Please contact the website owners to inform them of this problem.",
    ],
)
def test_what_people_write_alike_is_too_short_to_be_learned(said: str) -> None:
    assert not digests(f"{said}\n\nThe rest of it says something else.\n\n{said}") & digests(
        f"Another email altogether.\n\n{said}"
    )


def test_an_excerpt_is_one_short_line() -> None:
    [block] = trim(f"{MESSAGE}\n\n{(FOOTER + chr(10)) * 5}", ()).blocks[-1:]
    assert len(block.excerpt) <= MAX_EXCERPT
    assert "\n" not in block.excerpt


def test_few_blocks_of_a_long_email_are_compared() -> None:
    long = "\n\n".join(f"{BANNER} {'abcdefgh'[number % 8] * (number + 1)}" for number in range(500))
    assert len(trim(long, ()).blocks) == 4


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "\n \n" * 30_000 + "x", "a@" * 50_000, "\n" * 100_000, "x\n\n" * 30_000]
)
def test_odd_texts_are_read_whole(text: str) -> None:
    assert trim(text, learned(BANNER)).text == text


def test_a_link_or_address_between_letters_without_spaces_is_left_out() -> None:
    said = f"{JAPANESE}詳細はhttps://a.example/7をご覧ください"
    assert digests(f"{said}\n\n{MESSAGE}") & digests(f"{said.replace('a.example/7', 'b.example/x')}\n\n{MESSAGE}")


def test_a_domain_is_the_one_that_was_registered() -> None:
    assert (
        domain_digest("ann@mx.shop.example.co.uk") == domain_digest("Bob@EXAMPLE.co.uk") != domain_digest("a@b.co.uk")
    )
    assert domain_digest("") == domain_digest("nobody") == ""


ERROR = "The server returned an unexpected response while the payment was processed. Contact the administrator, please."


@pytest.mark.parametrize(
    "text",
    [
        f"{ERROR}\n\nThis is all that I see since Monday.\n\nAnn",
        f"Hello,\n\n{ERROR}\n\nThis is all that I see since Monday.",
        f"Hello,\n\nI see this since Monday:\n\n{ERROR}\n\nKind regards\nAnn",
        f"I see this since Monday:\n{ERROR}",
        f"Dzień dobry,\n\nod poniedziałku widzę tylko to:\n\n{ERROR}\n\nPozdrawiam\nAnna",
    ],
)
def test_an_error_message_that_people_paste_is_inside_their_letters(text: str) -> None:
    assert not any(block.is_outside for block in trim(text, ()).blocks)


@pytest.mark.parametrize(
    ("greeting", "closing"),
    [
        ("Hello Ann,", "Kind regards"),
        ("Sehr geehrte Damen und Herren,", "Mit freundlichen Grüßen"),
        ("Estimados señores:", "Un saludo"),
        ("Здравствуйте!", "С уважением"),
        ("Dzień dobry", "Pozdrawiam"),
        ("お世話になっております。", "よろしくお願いいたします。"),
        ("Labas rytas,", "Su pagarba,"),
    ],
)
def test_a_block_above_the_greeting_or_below_the_closing_is_outside(greeting: str, closing: str) -> None:
    said = f"{BANNER}\n\n{greeting}\n\nthe list of my orders stays empty.\n\n{closing}\nAnn\n\n{FOOTER}"
    outside = {block.digest for block in trim(said, ()).blocks if block.is_outside}
    assert outside == learned(BANNER, FOOTER)
