"""No word of a member is lost without notice: what is neither ours nor the customer's is kept, or it is named."""

from dataclasses import replace
from email.message import EmailMessage

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.reference import make_reference
from daemon.mail.reply.answer import CutAnswer, read_answer
from tests.scores.leaks import marks_for, team_emails
from workers.notify.render import Renderer

EMAILS = team_emails(Renderer(None))
NOTIFICATION = next(email for email in EMAILS if email.name.startswith("notification"))
OURS = NOTIFICATION.original.text.rstrip().replace("\r", "")
PREFIXED = "\n".join(
    ["On Mon, Nov 2, 2026 at 10:31 AM Example Support <support@example.com> wrote:", ""]
    + [f"> {line}".rstrip() for line in OURS.split("\n")]
)
BARE = f"""\
-----Original Message-----
From: Example Support <support@example.com>
Sent: Monday, 2 November 2026 10:31
To: payments-team@example.com
Subject: Payment failed

{OURS}"""
BANNER = (
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments"
    " unless you recognize the sender and know the content is safe."
)
SIMILAR = "HD-5H8N-WR2Q (Payments, answered by Ben Roth in 2 h)"
OTHER = make_reference("HD", 20251)
NL = "\n"
NOTE = "This message was scanned for viruses by MailScanner and is believed to be clean."


def cut(body: str, kind: str = "plain", *, known: str = "as sent", customer: str = "") -> CutAnswer:
    raw = f"From: ana@example.com\nContent-Type: text/{kind}; charset=utf-8\n\n{body}".encode()
    marks = marks_for(NOTIFICATION, EMAILS, known)
    return read_answer(parse(raw), raw, replace(marks, customer_texts=(*marks.customer_texts, customer)))


def both(text: str, html: str) -> CutAnswer:
    mail = EmailMessage()
    mail["From"] = "ana@example.com"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return read_answer(parse(mail.as_bytes()), mail.as_bytes(), marks_for(NOTIFICATION, EMAILS, "as sent"))


class TestTextLikeThatOfAGateway:
    @pytest.mark.parametrize(
        "first",
        [
            "Caution: do not click on the links in that email.",
            "Achtung: Öffnen Sie keine Anhänge von dieser Adresse.",
            "Checked.",
            "The sender is not verified. Do not open the attachment.",
            BANNER,
        ],
    )
    def test_words_at_the_top_that_a_gateway_might_write_stay(self, first: str) -> None:
        assert cut(f"{first}\n\nWe have blocked it.\n\n{PREFIXED}").text.startswith(f"{first}\n\nWe have")

    @pytest.mark.parametrize("last", ["We found no virus: your file is virus-free.", "Scanned by Ana.", NOTE])
    def test_words_at_the_end_that_a_scanner_might_write_stay(self, last: str) -> None:
        assert cut(f"Hello Ann,\n\n{last}\n\n{PREFIXED}").text == f"Hello Ann,\n\n{last}"

    def test_what_a_gateway_wrote_around_the_customers_email_too_is_cut(self) -> None:
        text = f"{BANNER}\n\nWe have blocked it.\n\n{NOTE}"
        assert cut(text, customer=f"{BANNER}\n\nHelp!\n\n{NOTE}").text == "We have blocked it."

    def test_what_exchange_writes_above_a_first_email_is_cut(self) -> None:
        tip = "You don't often get email from ana@example.com. Learn why this is important"
        assert cut(f"{tip}\n\nWe have blocked it.").text == "We have blocked it."

    @pytest.mark.parametrize("quote", [PREFIXED, BARE], ids=["prefixed", "bare"])
    def test_a_banner_in_the_quote_is_neither_sent_nor_a_reason_to_hold(self, quote: str) -> None:
        first = OURS.split("\n", maxsplit=1)[0]
        sign = "> " if quote is PREFIXED else ""
        marked = quote.replace(first, f"{BANNER}\n{sign}\n{sign}{first}", 1)
        answer = cut(f"We have blocked it.\n\n{marked}")
        assert (answer.text, answer.leaks, answer.omitted) == ("We have blocked it.", (), ())


class TestTextAndHtml:
    """What an email says as text and as HTML, where both have words of their own."""

    LONG = "It is booked. Call me at noon if you need more help, or write to me again."

    @pytest.mark.parametrize("text", ["This email needs an HTML viewer.", "Look at the page below."])
    def test_the_longer_one_is_held_and_the_other_is_named(self, text: str) -> None:
        for one, other in ((text, self.LONG), (self.LONG, text)):
            answer = both(one, f"<p>{other}</p>")
            assert answer.text == self.LONG
            assert answer.leaks == (f"a line that may be ours: {text}",)

    def test_one_that_says_all_of_the_other_is_sent(self) -> None:
        for one, other in (("It is booked.", self.LONG), (self.LONG, "It is booked."), ("", self.LONG)):
            answer = both(one, f"<p>{other}</p>")
            assert (answer.text, answer.leaks) == (self.LONG, ())

    def test_japanese_that_the_text_wraps_elsewhere_is_the_same(self) -> None:
        answer = both("入金を確認し\nました。", "<p>入金を確認しました。</p>")
        assert (answer.text, answer.leaks) == ("入金を確認しました。", ())


class TestWhiteText:
    @pytest.mark.parametrize("colour", ["#fff", "white", "rgb(255, 255, 255)", "#f5f5f5"])
    def test_text_of_a_dark_screen_stays(self, colour: str) -> None:
        answer = cut(f"<p>Hello Ann,</p><p style='color:{colour}'>we booked it.</p>", "html")
        assert (answer.text, answer.omitted) == ("Hello Ann,\n\nwe booked it.", ())
        assert "color" not in answer.html

    def test_text_in_the_colour_of_what_is_behind_it_is_named(self) -> None:
        answer = cut("<p>Hello,</p><p style='color:#fff;background:#fff'>we booked it.</p>", "html")
        assert answer.text == "Hello,"
        assert answer.omitted == ("text that cannot be seen: we booked it.",)


class TestLinesLikeOurs:
    @pytest.mark.parametrize("quote", [PREFIXED, BARE, ""], ids=["prefixed", "bare", "none"])
    @pytest.mark.parametrize(
        "line",
        [
            "Your ticket is in good hands: the team PAYMENTS_TEAM works on it, and will call you tomorrow.",
            "You asked why: payments with 92% confidence are booked on the same day, as our terms of use say.",
        ],
    )
    def test_a_line_that_says_more_than_ours_is_held_and_not_cut(self, line: str, quote: str) -> None:
        answer = cut(f"Hello Ann,\n\n{line}\n\nAna\n\n{quote}")
        assert answer.text == f"Hello Ann,\n\n{line}\n\nAna"
        assert answer.leaks == (f"a line of our email in the text: {line[:100]}",)

    @pytest.mark.parametrize("line", ["Team: PAYMENTS_TEAM", "*Team:* PAYMENTS_TEAM | Ana"])
    def test_a_line_that_is_ours_is_cut(self, line: str) -> None:
        assert cut(f"Hello Ann,\n\nit is booked.\n\n{line}").text == "Hello Ann,\n\nit is booked."

    @pytest.mark.parametrize("quote", [PREFIXED, BARE, ""], ids=["prefixed", "bare", "none"])
    @pytest.mark.parametrize(
        "line",
        [
            f"{SIMILAR}: we pay it back on Monday.",
            f"See {SIMILAR}",
            f"- {SIMILAR}, HD-8B3D-KV7R (Technical, not answered yet) - call us",
            "Similar earlier tickets of your team: we pay it back.",
            "Team: PAYMENTS_TEAM and mine, too",
            "We pay it back, see triaged tickets show HD-7K3Q-M9XY",
        ],
    )
    def test_words_in_the_same_line_as_ours_are_named(self, line: str, quote: str) -> None:
        answer = cut(f"Hello Ann,\n\n{line}\n\nAna\n\n{quote}")
        assert answer.text.split() == ["Hello", "Ann,", "Ana"]
        assert answer.leaks == (f"a line that may be ours: {line[:100]}",)

    @pytest.mark.parametrize(
        "line",
        [
            f"{OTHER} (Login, answered by Ana in 3 days)",
            f"  - {OTHER} (Login, noch nicht beantwortet)",
            f"* {OTHER}\uff08Login\u3001\u672a\u56de\u7b54\uff09",
            f"{OTHER} (Login، لم يُجب عليها بعد).",
        ],
    )
    def test_a_similar_ticket_of_an_email_that_is_not_known_is_named(self, line: str) -> None:
        answer = cut(f"Hello Ann,\n\n{line}\n\nwe pay it back.")
        assert answer.text == "Hello Ann,\nwe pay it back."
        assert answer.leaks == (f"a line that may be ours: {line.strip()}",)

    @pytest.mark.parametrize(
        "line",
        [f"{OTHER} (the ring, paid in May) is closed.", f"{OTHER} (the ring)", f"Yours: {OTHER} (the ring, the box)"],
    )
    def test_what_a_member_says_of_another_ticket_is_kept(self, line: str) -> None:
        assert cut(f"Hello Ann,\n\n{line}").text == f"Hello Ann,\n\n{line}"

    @pytest.mark.parametrize("line", [SIMILAR, f"- {SIMILAR}", f"1. [{SIMILAR}]", SIMILAR.upper()])
    def test_words_in_the_line_below_ours_are_kept(self, line: str) -> None:
        answer = cut(f"Hello Ann,\n\n{line}\nwe pay it back on Monday.\n\nAna")
        assert answer.text == "Hello Ann,\nwe pay it back on Monday.\n\nAna"
        assert answer.leaks == ()

    @pytest.mark.parametrize("quote", [PREFIXED, BARE], ids=["prefixed", "bare"])
    @pytest.mark.parametrize("above", ["See below.\n\n", ""])
    def test_words_in_the_same_line_of_a_quote_as_ours_are_named(self, above: str, quote: str) -> None:
        words = "we pay it back on Monday."
        answer = cut(above + quote.replace(SIMILAR, f"{SIMILAR} {words}", 1))
        assert any(words in one for one in answer.leaks), answer


class TestQuotes:
    BEFORE_OURS = (
        ("[EXTERNAL]\n\nThis message came from outside Example. Be careful.", ()),
        ("[Externe E-Mail]", ()),
        ("[cid:image001.png@01DA1234.ABCD]", ()),
        ("[image: Example Support]", ()),
        ("Classified as INTERNAL by Example DLP.", ("Classified as INTERNAL by Example DLP.",)),
    )

    @pytest.mark.parametrize("quote", [PREFIXED, BARE], ids=["prefixed", "bare"])
    @pytest.mark.parametrize(("words", "named"), BEFORE_OURS)
    def test_what_a_gateway_writes_above_our_email_holds_no_answer(
        self, words: str, named: tuple[str, ...], quote: str
    ) -> None:
        first = OURS.split("\n", maxsplit=1)[0]
        sign = "> " if quote is PREFIXED else ""
        shown = "\n".join(f"{sign}{line}" for line in words.split("\n"))
        answer = cut(f"We have booked it.\n\n{quote.replace(sign + first, f'{shown}{NL}{sign}{first}', 1)}")
        assert (answer.text, answer.leaks) == ("We have booked it.", ())
        assert answer.omitted == tuple(f"a line below the quote: {sign}{one}" for one in named)

    JOURNEY = "Your trip:\n\nFrom: Hamburg\nTo: Berlin\nDate: 12 May 2026\nSubject: trip\n\nPlease pay 20 EUR.\n\nAna"
    CARRIER = (
        "The carrier says\n\n-----Original Message-----\nFrom: Carrier <c@carrier.example>\n"
        "Sent: 12 May 2026 10:15\nTo: Ana\nSubject: parcel\n\nIt is in Berlin.\n\nSo please wait.\nAna"
    )
    WROTE = "Hello\n\nOn 12 May 2026 at 10:15, Carrier <c@carrier.example> wrote:\n\nIt is in Berlin.\n\nPlease wait."

    @pytest.mark.parametrize("known", ["as sent", "changed"])
    @pytest.mark.parametrize("quote", [PREFIXED, BARE], ids=["prefixed", "bare"])
    @pytest.mark.parametrize("text", [JOURNEY.replace("trip:", "trip"), CARRIER, WROTE])
    def test_words_below_the_head_of_another_email_are_named(self, text: str, quote: str, known: str) -> None:
        answer = cut(f"{text}\n\n{quote}", known=known)
        last = [line for line in text.split("\n") if "Please" in line or "Berlin." in line]
        assert any(last[0] in one for one in answer.leaks), answer

    @pytest.mark.parametrize("at", ["top", "below the customer", "end"])
    def test_what_a_colleague_wrote_above_or_into_the_same_quote_is_named_and_not_sent(self, at: str) -> None:
        words = "She is always late with paying."
        quoted = [f"> {line}" for line in PREFIXED.split("\n")]
        below = {"top": 0, "below the customer": 5, "end": len(quoted)}[at]
        quoted[below:below] = [f"> {words}", ">"]
        body = "\n".join(["It is booked.", "", "On Mon, Nov 2, 2026 at 11:00 AM Ben <ben@example.com> wrote:", *quoted])
        answer = cut(body)
        assert answer.text == "It is booked."
        assert (answer.leaks, answer.omitted) == ((), (f"a line below the quote: > {words}",))

    @pytest.mark.parametrize("labels", [("To", "cc", "Subject"), ("An", "Kopie", "Thema"), ("A", "cc", "Objet")])
    @pytest.mark.parametrize("style", ["top", "bottom"])
    def test_the_head_of_notes_without_colons_does_not_leave(self, style: str, labels: tuple[str, ...]) -> None:
        to, copy, subject = labels
        head = (
            f"Example Support <support@example.com> \n02.11.2026 10:31\n\n{to}\npayments-team@example.com\n{copy}\n\n"
        )
        quote = f"{head}{subject}\nPayment failed [HD-7K3Q-M9XY]\n\n\n\n{OURS}"
        answer = cut(f"It is booked.\n\n{quote}" if style == "top" else f"{quote}\n\nIt is booked.")
        assert (answer.text, answer.leaks, answer.omitted) == ("It is booked.", (), ())

    def test_a_long_list_of_recipients_in_the_head_is_no_line_of_the_member(self) -> None:
        to = "To: payments-team@example.com; Ana Silva\n<ana@example.com>; Ben Reis <ben@example.com>;\nCarla Long"
        answer = cut(f"It is booked.\n\n{BARE.replace('To: payments-team@example.com', to)}")
        assert (answer.text, answer.leaks, answer.omitted) == ("It is booked.", (), ())

    @pytest.mark.parametrize("line", ["Priority: High", "Category: Payments, 92% confidence", "Team: PAYMENTS_TEAM"])
    @pytest.mark.parametrize("quote", [PREFIXED, BARE], ids=["prefixed", "bare"])
    @pytest.mark.parametrize("above", ["See below.\n\n", ""])
    def test_an_answer_typed_between_our_lines_is_kept_or_named(self, above: str, quote: str, line: str) -> None:
        sign = "> " if quote is PREFIXED else ""
        words = "It is low for us, sorry."
        answer = cut(above + quote.replace(f"{sign}{line}", f"{sign}{line}\n{sign}{words}", 1))
        assert words in answer.text or any(words in one for one in answer.leaks), answer
