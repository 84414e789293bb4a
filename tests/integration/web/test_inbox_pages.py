"""The inbox and the page of a ticket: what they show, and what their buttons do."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from daemon.store.models import AnswerRow, Event, MessageRow, Ticket
from daemon.store.store import Store
from daemon.vocabulary import SenderCheck
from tests.support.emails import inbound, mail
from tests.support.http import Web, web
from tests.support.pages import ADMIN, MEMBER, SETTINGS, VIEWER, send, signed_in, text_of
from tests.support.tickets_for_pages import DECIDED, accepted

REPLY = (
    "Yes, still broken.\r\n\r\nOn Mon, 2 Mar 2026 at 10:15, Shop <shop@shop.example> wrote:\r\n> Does it work again?"
)
SCRIPT = "<script>alert(2)</script>"
HOSTILE = "<img src=x onerror=alert(1)>\"'</title><script>alert(1)</script>"


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


def ticket(case: Web, reference: str) -> Ticket:
    with case.store.read() as session:
        return session.execute(select(Ticket).where(Ticket.reference == reference)).scalar_one()


def events(case: Web, kind: str) -> list[dict[str, object]]:
    with case.store.read() as session:
        return list(session.execute(select(Event.data).where(Event.kind == kind)).scalars())


class TestInbox:
    def test_shows_what_is_open_with_its_last_words(self, case: Web) -> None:
        reference = accepted(case, mail())
        shown = text_of(signed_in(case, VIEWER).get("/ui"))
        assert "Payment failed High Payments" in shown
        assert f"{reference} · PAYMENTS_TEAM" in shown
        assert "Ann Example : Amount debited but not credited" in shown
        assert "Open 1" in shown

    def test_shows_no_count_of_other_tickets_beside_a_search(self, case: Web) -> None:
        accepted(case, mail())
        client = signed_in(case, VIEWER)
        assert "Open 1" in text_of(client.get("/ui?team=PAYMENTS_TEAM"))
        for query in ("text=nowhere", "category=Login"):
            assert "Open Waiting Resolved" in text_of(client.get(f"/ui?{query}"))

    def test_keeps_its_style_in_the_browser(self, case: Web) -> None:
        client = signed_in(case, VIEWER)
        first = client.get("/ui/files/pages.css")
        assert first.headers["cache-control"] == "no-cache"
        again = client.get("/ui/files/pages.css", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")

    @pytest.mark.parametrize(
        ("query", "there"),
        [
            ("", True),
            ("status=OPEN&team=PAYMENTS_TEAM", True),
            ("status=ALL", True),
            ("text=DEBITED", True),
            ("status=CLOSED", False),
            ("team=TECH_SUPPORT", False),
            ("category=Login", False),
            ("text=refund", False),
            ("text=%00", True),
            ("status=' OR 1=1 --", True),
        ],
    )
    def test_filters_are_urls(self, case: Web, query: str, there: bool) -> None:
        accepted(case, mail())
        answer = signed_in(case, VIEWER).get(f"/ui?{query}")
        assert answer.status_code == 200
        assert ("Payment failed" in answer.text) == there

    def test_leads_to_older_tickets_and_keeps_the_filter(self, case: Web) -> None:
        for number in range(32):
            case.clock.advance(seconds=1)
            accepted(case, mail(subject=f"Number {number}."))
        client = signed_in(case, VIEWER)
        first = client.get("/ui?team=PAYMENTS_TEAM").text
        older = re.search(r'href="(/ui\?[^"]+)" rel="next"', first)
        assert older is not None
        second = client.get(older[1].replace("&amp;", "&")).text
        assert [n for n in range(32) if f"Number {n}." in second] == [0, 1]
        assert "team=PAYMENTS_TEAM" in older[1]

    def test_of_nobody_offers_example_emails_to_members(self, case: Web) -> None:
        assert "Send twenty example emails" in signed_in(case, MEMBER).get("/ui").text
        assert "Send twenty" not in signed_in(case, VIEWER).get("/ui").text

    def test_refuses_a_cursor_that_is_none(self, case: Web) -> None:
        assert signed_in(case, VIEWER).get("/ui?cursor=nonsense").status_code == 422


class TestTicket:
    def test_folds_quotes_and_marks_the_words_that_decided(self, case: Web) -> None:
        reference = accepted(case, mail(body=f"Amount DEBITED, not\r\ncredited. {REPLY}"))
        shown = signed_in(case, VIEWER).get(f"/ui/tickets/{reference}").text
        assert "<mark>DEBITED</mark>" in shown
        assert "<mark>not\ncredited</mark>" in shown
        assert "<summary>Quoted text</summary>" in shown
        assert "Technical" not in shown or "12%" not in shown

    def test_escapes_what_people_wrote(self, case: Web) -> None:
        raw = mail(from_=f'"{HOSTILE.replace(chr(34), "")}" <ann@customer.example>', subject=HOSTILE, body=HOSTILE)
        reference = accepted(case, raw)
        for path in (
            "/ui?status=ALL",
            f"/ui/tickets/{reference}",
            f"/ui/tickets/{reference}/trace",
            f"/ui?text={HOSTILE}",
        ):
            shown = signed_in(case, ADMIN).get(path).text
            assert "<script>alert" not in shown
            assert "<img src=x" not in shown

    @pytest.mark.parametrize("name", ["HD-AAAA-AAAA", "x", "1", "..%2f..", "%00"])
    def test_that_does_not_exist_is_not_found(self, case: Web, name: str) -> None:
        assert signed_in(case, VIEWER).get(f"/ui/tickets/{name}").status_code == 404

    def test_shows_what_our_own_check_of_the_sender_found(self, case: Web) -> None:
        result = "dmarc=fail (customer.example, <b>policy</b> reject)"
        email = case.intake.prepare(
            inbound(mail()), check=SenderCheck(verified=False, results=(result, "spf=none (x)"))
        )
        reference = case.intake.store([email])[0].result().reference
        shown = signed_in(case, VIEWER).get(f"/ui/tickets/{reference}").text
        assert (
            "Sender check: <bdi>dmarc=fail (customer.example, &lt;b&gt;policy&lt;/b&gt; reject); spf=none (x)" in shown
        )
        assert "sender not proved" in shown

    def test_shows_its_trace(self, case: Web) -> None:
        reference = accepted(case, mail())
        assert "decision:1 by model" in text_of(signed_in(case, VIEWER).get(f"/ui/tickets/{reference}/trace"))

    def test_shows_no_button_to_a_viewer(self, case: Web) -> None:
        reference = accepted(case, mail())
        assert "<form" not in signed_in(case, VIEWER).get(f"/ui/tickets/{reference}").text


class TestActions:
    def test_correct_a_ticket_with_one_click(self, case: Web) -> None:
        reference, client = accepted(case, mail()), signed_in(case, MEMBER)
        assert 'value="Technical"' in client.get(f"/ui/tickets/{reference}").text
        send(client, f"/ui/tickets/{reference}/correct", category="Technical")
        row = ticket(case, reference)
        assert (row.category, row.assigned_team, row.priority) == ("Technical", "TECH_SUPPORT", "High")
        assert events(case, "corrected")[0]["actor"] == MEMBER
        assert events(case, "corrected")[0]["source"] == "web"

    @pytest.mark.parametrize(
        "form",
        [{"category": "x"}, {}, {"category": "Login", "team": "x"}, {"category": "Login", "priority": "PENDING"}],
    )
    def test_refuse_what_is_not_configured(self, case: Web, form: dict[str, str]) -> None:
        reference = accepted(case, mail())
        assert send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/correct", **form).status_code == 422
        assert ticket(case, reference).category == "Payments"

    @pytest.mark.parametrize(
        ("action", "status"),
        [("resolve", "RESOLVED"), ("close", "CLOSED"), ("spam", "SPAM"), ("wait", "WAITING"), ("take", "OPEN")],
    )
    def test_change_the_status(self, case: Web, action: str, status: str) -> None:
        reference, client = accepted(case, mail()), signed_in(case, MEMBER)
        assert send(client, f"/ui/tickets/{reference}/act", action=action, days="3").status_code == 303
        row = ticket(case, reference)
        assert row.status == status
        assert (row.taken_by == MEMBER) == (action == "take")
        if action == "wait":
            assert row.wait_until == case.clock.now() + timedelta(days=3)
        send(client, f"/ui/tickets/{reference}/act", action="reopen")
        assert ticket(case, reference).status == "OPEN"

    @pytest.mark.parametrize(
        ("form", "answer"),
        [
            ({"action": "drop table"}, 400),
            ({"action": "wait", "days": "0"}, 422),
            ({"action": "wait", "days": "x"}, 422),
            ({"action": "assign", "team": "x"}, 422),
            ({"action": "merge", "into": "HD-AAAA-AAAA"}, 409),
        ],
    )
    def test_refuse_what_makes_no_sense(self, case: Web, form: dict[str, str], answer: int) -> None:
        reference = accepted(case, mail())
        assert send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/act", **form).status_code == answer
        assert ticket(case, reference).status == "OPEN"

    def test_merge_and_split(self, case: Web) -> None:
        one, two, client = accepted(case, mail()), accepted(case, mail(subject="Again")), signed_in(case, MEMBER)
        send(client, f"/ui/tickets/{two}/act", action="merge", into=one.lower())
        assert f"Merged into {one}" in text_of(client.get(f"/ui/tickets/{two}"))
        send(client, f"/ui/tickets/{two}/act", action="split")
        assert ticket(case, two).status == "OPEN"

    def test_assign(self, case: Web) -> None:
        reference = accepted(case, mail())
        send(signed_in(case, MEMBER), f"/ui/tickets/{reference}/act", action="assign", team="TECH_SUPPORT")
        assert ticket(case, reference).assigned_team == "TECH_SUPPORT"

    def test_say_what_they_did_once(self, case: Web) -> None:
        reference, client = accepted(case, mail()), signed_in(case, MEMBER)
        send(client, f"/ui/tickets/{reference}/act", action="resolve")
        assert "Resolved." in client.get(f"/ui/tickets/{reference}").text
        assert "Resolved." not in client.get(f"/ui/tickets/{reference}").text


class TestWriting:
    def write(self, case: Web, reference: str, who: str = MEMBER, **form: str) -> int:
        loaded = case.clock.now().isoformat()
        return send(signed_in(case, who), f"/ui/tickets/{reference}/write", **{"loaded": loaded, **form}).status_code

    def test_an_answer_goes_to_the_customer(self, case: Web) -> None:
        reference = accepted(case, mail())
        assert self.write(case, reference, text="It is credited now.\nBye", kind="reply") == 303
        with case.store.read() as session:
            answer = session.execute(select(AnswerRow)).scalar_one()
        assert (answer.state, answer.author, answer.text) == ("sent", MEMBER, "It is credited now.\nBye")
        assert answer.recipients == ["ann@customer.example"]
        assert "It is credited now." in signed_in(case, VIEWER).get(f"/ui/tickets/{reference}").text

    def test_a_note_goes_to_no_customer(self, case: Web) -> None:
        reference = accepted(case, mail())
        self.write(case, reference, text="Call her", kind="note")
        with case.store.read() as session:
            assert session.execute(select(AnswerRow)).scalars().all() == []
            assert session.execute(select(MessageRow.role).order_by(MessageRow.id.desc())).scalars().first() == "note"

    def test_an_answer_is_held_where_somebody_answered_since_the_page_was_loaded(self, case: Web) -> None:
        reference, early = accepted(case, mail()), case.clock.now().isoformat()
        case.clock.advance(minutes=1)
        self.write(case, reference, ADMIN, text="First", kind="reply")
        self.write(case, reference, text="Second", kind="reply", loaded=early)
        client = signed_in(case, MEMBER)
        assert f"Answer of {MEMBER} is held" in client.get(f"/ui/tickets/{reference}").text
        with case.store.read() as session:
            held = session.execute(select(AnswerRow.id).where(AnswerRow.state == "held")).scalar_one()
        send(client, f"/ui/tickets/{reference}/answers/{held}", kind="send")
        assert send(client, f"/ui/tickets/{reference}/answers/{held}", kind="drop").status_code == 409
        with case.store.read() as session:
            assert set(session.execute(select(AnswerRow.state)).scalars()) == {"sent"}

    def test_nothing_is_sent_without_text(self, case: Web) -> None:
        assert self.write(case, accepted(case, mail()), text=" \n", kind="reply") == 422

    def test_a_form_that_is_out_of_date_gives_the_text_back(self, case: Web) -> None:
        reference = accepted(case, mail())
        form = {"csrf": "0", "text": "My <long> answer"}
        answer = signed_in(case, MEMBER).post(f"/ui/tickets/{reference}/write", data=form)
        assert answer.status_code == 403
        assert "My &lt;long&gt; answer" in answer.text


def multipart(html: str, filename: str) -> bytes:
    head = (
        "From: Ann <ann@customer.example>\r\nTo: support@example.com\r\nSubject: Photo\r\n"
        'Message-ID: <multipart@customer.example>\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    )
    file = (
        f'--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename="{filename}"\r\n\r\n{SCRIPT}\r\n'
    )
    return f"{head}--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n{file}--b--\r\n".encode()


class TestContents:
    HTML = (
        "<b>Bold</b><script>alert(1)</script><img src=https://t.example/pixel><a href='javascript:alert(1)'>x</a>"
        "<form action=https://evil.example><input></form><iframe src=//evil.example></iframe>"
        "<p onclick=alert(1) style='background:url(https://t.example)'>text</p><meta http-equiv=refresh content=0>"
    )

    def test_html_is_cleaned_and_has_no_right(self, case: Web) -> None:
        accepted(case, multipart(self.HTML, "a.html"))
        answer = signed_in(case, VIEWER).get("/ui/messages/1/html")
        assert "<b>Bold</b>" in answer.text
        for word in ("script", "t.example", "evil.example", "onclick", "<form", "<iframe", "<meta http"):
            assert word not in answer.text
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
        assert all(right not in policy for right in ("allow-scripts", "allow-same-origin", "allow-forms", "allow-top"))
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"

    def test_files_are_downloads_of_no_type(self, case: Web) -> None:
        reference = accepted(case, multipart("x", "../../evil\x7f.html"))
        shown = signed_in(case, VIEWER).get(f"/ui/tickets/{reference}").text
        link = re.search(r'href="(/ui/messages/\d+/files/\d+)"', shown)
        assert link is not None
        answer = signed_in(case, VIEWER).get(link[1])
        assert b"alert(2)" in answer.content
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment; filename*=UTF-8''")
        assert "/" not in disposition
        assert "\x7f" not in disposition

    def test_raw_emails_are_downloads_for_members(self, case: Web) -> None:
        accepted(case, mail())
        assert signed_in(case, MEMBER).get("/ui/mail/1/raw").headers["content-disposition"].startswith("attachment")
        assert signed_in(case, VIEWER).get("/ui/mail/1/raw").status_code == 403

    @pytest.mark.parametrize(
        "path", ["/ui/messages/9/html", "/ui/messages/x/html", "/ui/messages/1/files/9", "/ui/mail/9/raw"]
    )
    def test_what_does_not_exist_is_not_found(self, case: Web, path: str) -> None:
        accepted(case, mail())
        assert signed_in(case, ADMIN).get(path).status_code == 404


def test_no_decision_yet_is_said(sqlite_store: Store) -> None:
    with web(sqlite_store, **SETTINGS) as case:
        reference = accepted(case, mail(), None)
        shown = signed_in(case, MEMBER).get(f"/ui/tickets/{reference}").text
    assert "Triage has not decided yet." in shown
    assert DECIDED.category + " is right" not in shown


def test_the_root_leads_to_the_inbox(case: Web) -> None:
    answer = signed_in(case, VIEWER).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui")
