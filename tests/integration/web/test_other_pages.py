"""Review, mail, health and try: what they show, and what their buttons do."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from daemon.store.models import Decision, Event, InboundRow, Ticket
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import Priority
from tests.support.emails import inbound, mail
from tests.support.http import Web, web
from tests.support.pages import ADMIN, MEMBER, SETTINGS, VIEWER, send, signed_in, text_of
from tests.support.tickets_for_pages import DECIDED, accepted
from tests.support.web_tools import FakeTools

UNSURE = replace(DECIDED, team="MANUAL_REVIEW", confidence=0.4)
AWAY = ("Auto-Submitted: auto-replied",)


@pytest.fixture
def tools() -> FakeTools:
    return FakeTools()


@pytest.fixture
def case(store: Store, tools: FakeTools) -> Iterator[Web]:
    with web(store, tools=tools, **SETTINGS) as found:
        yield found


def waiting(case: Web, number: int) -> list[str]:
    references = []
    for each in range(number):
        case.clock.advance(seconds=1)
        references.append(accepted(case, mail(subject=f"Number {each}."), UNSURE))
    return references


def drawn(page: str, title: str) -> list[str]:
    """Return the texts in a chart."""
    chart = page.split(f'aria-label="{title}')[1].split("</svg>", maxsplit=1)[0]
    return re.findall(r"<text[^>]*>([^<]+)</text>", chart)


def ticket(case: Web, reference: str) -> Ticket:
    with case.store.read() as session:
        return session.execute(select(Ticket).where(Ticket.reference == reference)).scalar_one()


class TestReview:
    def test_shows_the_oldest_with_the_likeliest_category_first(self, case: Web) -> None:
        first, _ = waiting(case, 2)
        shown = text_of(signed_in(case, MEMBER).get("/ui/review"))
        assert "2 tickets wait" in shown
        assert first in shown
        assert "1 Payments 40%" in shown
        assert "2 Technical 12%" in shown

    def test_one_click_decides_and_goes_on(self, case: Web) -> None:
        first, second = waiting(case, 2)
        client = signed_in(case, MEMBER)
        answer = send(client, f"/ui/review/{first}", category="Technical")
        row = ticket(case, first)
        assert (row.category, row.assigned_team) == ("Technical", "TECH_SUPPORT")
        following = text_of(client.get(answer.headers["location"]))
        assert f"{second} ·" in following
        assert f"You decided about {first}" in following

    def test_a_decision_is_undone_by_who_made_it(self, case: Web) -> None:
        [first] = waiting(case, 1)
        client = signed_in(case, MEMBER)
        send(client, f"/ui/review/{first}", category="Technical")
        assert send(signed_in(case, ADMIN), f"/ui/review/{first}/undo").status_code == 409
        assert send(client, f"/ui/review/{first}/undo").status_code == 303
        assert ticket(case, first).assigned_team == "MANUAL_REVIEW"
        send(client, f"/ui/review/{first}", category="Login")
        assert ticket(case, first).category == "Login"

    def test_two_people_do_not_decide_about_the_same_ticket(self, case: Web) -> None:
        [first] = waiting(case, 1)
        send(signed_in(case, ADMIN), f"/ui/review/{first}", category="Technical")
        assert send(signed_in(case, MEMBER), f"/ui/review/{first}", category="Login").status_code == 409
        with case.store.read() as session:
            assert len(session.execute(select(Decision)).scalars().all()) == 2

    def test_a_ticket_is_skipped(self, case: Web) -> None:
        first, second = waiting(case, 2)
        client = signed_in(case, MEMBER)
        shown = client.get("/ui/review").text
        after = shown.split("/ui/review?after=")[1].split('"')[0]
        skipped = text_of(client.get(f"/ui/review?after={after}"))
        assert f"{second} ·" in skipped
        assert f"{first} ·" not in skipped

    def test_skipped_tickets_stay_skipped_until_the_end(self, case: Web) -> None:
        references = waiting(case, 3)
        client, seen, url = signed_in(case, MEMBER), [], "/ui/review"
        while "Skip</a>" in (shown := client.get(url).text):
            seen.append(next(each for each in references if f"{each} ·" in shown))
            url = "/ui/review?after=" + shown.split("/ui/review?after=")[1].split('"')[0]
        assert sorted(seen) == sorted(references)
        assert "That was the last one" in shown

    @pytest.mark.parametrize("after", ["x", "1..2", "0", "-1", "1.", "٣", "9" * 40])
    def test_a_wrong_address_is_refused(self, case: Web, after: str) -> None:
        assert signed_in(case, MEMBER).get("/ui/review", params={"after": after}).status_code == 400

    def test_asks_first_about_the_one_that_teaches_most(self, case: Web) -> None:
        for subject, confidence in (("Parcel stuck in customs", 0.9), ("Printer shows orange light", 0.4)):
            reference = accepted(case, mail(subject=subject), replace(UNSURE, confidence=confidence))
        shown = text_of(signed_in(case, MEMBER).get("/ui/review"))
        assert f"{reference} ·" in shown
        assert "Asked now: triage was not sure; resembles" in shown

    def test_an_urgent_or_old_one_goes_first(self, case: Web) -> None:
        urgent = accepted(case, mail(subject="Fire"), replace(UNSURE, confidence=0.99, priority=Priority.URGENT))
        old = accepted(case, mail(subject="Parcel"), replace(UNSURE, confidence=0.99))
        case.clock.advance(seconds=25 * 3600)
        unsure, _ = waiting(case, 2)
        client = signed_in(case, MEMBER)
        for expected, why in ((urgent, "urgent"), (old, "waits for more than a day"), (unsure, "triage was not sure")):
            shown = text_of(client.get("/ui/review"))
            assert f"{expected} ·" in shown
            assert f"Asked now: {why}" in shown
            send(client, f"/ui/review/{expected}", category="Technical")

    def test_an_empty_queue_says_so(self, case: Web) -> None:
        accepted(case, mail())
        assert "Nothing to review" in signed_in(case, MEMBER).get("/ui/review").text

    @pytest.mark.parametrize("last", ["//evil.example", "<script>", "a b"])
    def test_the_last_ticket_is_a_name(self, case: Web, last: str) -> None:
        assert "You decided" not in signed_in(case, MEMBER).get("/ui/review", params={"last": last}).text


class TestMail:
    def test_shows_each_email_with_its_state_and_reasons(self, case: Web) -> None:
        accepted(case, mail())
        case.intake.accept(inbound(mail(headers=AWAY)))
        shown = text_of(signed_in(case, VIEWER).get("/ui/mail"))
        assert "auto-reply" in shown
        assert "email 1" in shown
        only = text_of(signed_in(case, VIEWER).get("/ui/mail?state=auto-reply"))
        assert "email 2" in only
        assert "email 1" not in only
        assert "No email is in this state" in signed_in(case, VIEWER).get("/ui/mail?from=nobody@x").text

    def test_an_email_that_was_screened_out_is_released(self, case: Web) -> None:
        case.intake.accept(inbound(mail(headers=AWAY)))
        client = signed_in(case, ADMIN)
        assert "release it" in client.get("/ui/mail/1").text
        assert send(client, "/ui/mail/1/release").status_code == 303
        with case.store.read() as session:
            assert session.execute(select(InboundRow.disposition)).scalar_one() == "ticket"
            [data] = session.execute(select(Event.data).where(Event.kind == "email released")).scalars()
        assert data["actor"] == ADMIN
        assert send(client, "/ui/mail/1/release").status_code == 409
        assert send(client, "/ui/mail/1/replay").status_code == 409

    def test_a_parked_email_is_processed_again(self, case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("daemon.tickets.intake.analyze", lambda *_: 1 / 0)
            assert isinstance(case.intake, Intake)
            case.intake.accept(inbound(mail()))
        client = signed_in(case, ADMIN)
        assert "Process it again" in client.get("/ui/mail/1").text
        send(client, "/ui/mail/1/replay")
        with case.store.read() as session:
            assert session.execute(select(InboundRow.disposition)).scalar_one() == "ticket"

    @pytest.mark.parametrize("path", ["/ui/mail/9", "/ui/mail/x"])
    def test_that_does_not_exist_is_not_found(self, case: Web, path: str) -> None:
        assert signed_in(case, VIEWER).get(path).status_code == 404
        assert send(signed_in(case, ADMIN), f"{path}/replay").status_code == 404
        assert send(signed_in(case, ADMIN), f"{path}/release").status_code == 404


class TestHealth:
    def test_names_the_problems_and_what_waits(self, case: Web) -> None:
        accepted(case, mail(), None)
        case.clock.advance(minutes=7)
        shown = text_of(signed_in(case, VIEWER).get("/ui/health"))
        assert "1 job is dead <b>" in shown
        assert "due for 7 min" in shown

    def test_says_so_where_the_process_cannot_know(self, sqlite_store: Store) -> None:
        with web(sqlite_store, **SETTINGS) as case:
            answer = signed_in(case, VIEWER).get("/ui/health")
        assert answer.status_code == 503
        assert "That did not work" in answer.text


class TestTry:
    def test_shows_what_would_happen(self, case: Web, tools: FakeTools) -> None:
        shown = send(signed_in(case, MEMBER), "/ui/try", text="From: a@b.example\nSubject: Hi\n\nText")
        assert tools.tried == b"From: a@b.example\r\nSubject: Hi\r\n\r\nText"
        assert "<b>.pdf" not in shown.text
        assert "because <b>" in text_of(shown)
        with case.store.read() as session:
            assert session.execute(select(InboundRow.id)).all() == []

    def test_takes_a_text_without_a_header(self, case: Web, tools: FakeTools) -> None:
        send(signed_in(case, MEMBER), "/ui/try", text="\nMy payment failed\nHelp: now")
        assert tools.tried.startswith(b"Subject: My payment failed\r\n")

    def test_needs_an_email(self, case: Web) -> None:
        assert send(signed_in(case, MEMBER), "/ui/try", text=" ").status_code == 422


def test_the_real_tools_try_an_email_and_know_the_problems(sqlite_store: Store, tmp_path: object) -> None:
    from config.settings import Settings  # noqa: PLC0415 - the tools load the workers
    from daemon.cli.support.web_tools import HttpTools  # noqa: PLC0415

    made = HttpTools(Settings(service={"state_dir": tmp_path}), sqlite_store)
    row = made.try_email(mail())
    assert row["triage"]["team"] in {team.name for team in Settings().teams}
    assert row["screening"]["kind"] == "person"
    assert all(problem.text for problem in made.problems())
    rehearsal = made.rehearse(None, ("amount debited", "Login"), 10)
    assert (rehearsal.tickets, rehearsal.moved) == (0, ())


class TestModels:
    def test_shows_versions_with_their_figures_and_the_rules(self, case: Web) -> None:
        words = text_of(signed_in(case, VIEWER).get("/ui/models"))
        assert "two in use 90 examples, accuracy 90% , macro F1 80%" in words
        assert "was changed <b>" in words
        assert "Use this one" not in words

    def test_shows_why_a_model_was_put_in_force_or_not(self, case: Web) -> None:
        page = signed_in(case, VIEWER).get("/ui/models")
        assert page.text.count("<li><bdi>macro-F1 falls from 0.9 to &lt;b&gt;0.8</bdi></li>") == 2
        assert "<b>0.8" not in page.text

    def test_an_admin_promotes_and_rolls_back(self, case: Web, tools: FakeTools) -> None:
        client = signed_in(case, ADMIN)
        send(client, "/ui/models/promote", version="one")
        assert tools.current == "one"
        tools.current = "two"
        send(client, "/ui/models/promote")
        assert tools.current == "one"
        with case.store.read() as session:
            data = session.execute(select(Event.data).where(Event.kind == "model promoted")).scalars().all()
        assert [one["actor"] for one in data] == [ADMIN, ADMIN]
        assert send(client, "/ui/models/promote", version="bad").status_code == 409
        assert send(client, "/ui/models/promote", version="x").status_code == 404

    def test_a_rehearsal_shows_what_would_change(self, case: Web, tools: FakeTools) -> None:
        client = signed_in(case, MEMBER)
        shown = text_of(send(client, "/ui/models/rehearse", phrase="not credited", category="Payments"))
        assert "1 of 7 tickets would be decided differently" in shown
        assert tools.rehearsed == (None, ("not credited", "Payments"), 200)
        send(client, "/ui/models/rehearse", version="one")
        assert tools.rehearsed == ("one", None, 200)
        assert "two letters" in send(client, "/ui/models/rehearse", phrase="x", category="Payments").text
        assert send(client, "/ui/models/rehearse", phrase="xy", category="x").status_code == 422
        assert send(client, "/ui/models/rehearse", version="x").status_code == 404


class TestInsight:
    def test_says_so_where_nothing_happened(self, case: Web) -> None:
        shown = text_of(signed_in(case, VIEWER).get("/ui/insight"))
        assert "Nothing was routed yet" in shown
        assert "Nobody checked a decision" in shown

    def test_counts_what_happened(self, case: Web) -> None:
        first, second = accepted(case, mail()), accepted(case, mail(subject="Again"))
        client = signed_in(case, MEMBER)
        case.clock.advance(hours=2)
        loaded = case.clock.now().isoformat()
        send(client, f"/ui/tickets/{first}/write", text="Done", kind="reply", loaded=loaded)
        send(client, f"/ui/tickets/{first}/correct", category="Payments")
        send(client, f"/ui/tickets/{second}/correct", category="Login")
        case.clock.advance(hours=1)
        send(client, f"/ui/tickets/{first}/act", action="resolve")
        shown = text_of(client.get("/ui/insight?days=7"))
        assert "03-02 2" in shown
        assert "2 decided, 100% without review. Model: 2." in shown
        assert "Payments 2 2 100% 2 1 50%" in shown
        assert "80% to 90% 2 50%" in shown
        assert "answers came within 2.0 h" in shown
        assert "took up to 3.0 h" in shown
        assert "under 4 h 1" in shown

    def test_draws_the_share_routed_and_corrected_of_each_category(self, case: Web) -> None:
        accepted(case, mail(subject="Unsure"), UNSURE)
        routed = [accepted(case, mail(subject=f"Number {number}")) for number in range(3)]
        client = signed_in(case, MEMBER)
        send(client, f"/ui/tickets/{routed[0]}/correct", category="Login")
        send(client, f"/ui/tickets/{routed[1]}/correct", category="Payments")
        page = client.get("/ui/insight").text
        assert drawn(page, "Share routed") == ["Payments", "75%"]
        assert drawn(page, "Share corrected") == ["Payments", "50%"]
        assert "Payments 4 3 75% 2 1 50%" in text_of(client.get("/ui/insight"))


class TestDemo:
    def test_sends_examples_to_an_empty_inbox_only(self, case: Web, tools: FakeTools) -> None:
        client = signed_in(case, MEMBER)
        answer = send(client, "/ui/demo")
        assert "20 example emails were sent" in client.get(answer.headers["location"]).text
        with case.store.read() as session:
            [data] = session.execute(select(Event.data).where(Event.kind == "examples sent")).scalars()
        assert data["actor"] == MEMBER
        tools.no_demo = "the listener is off"
        assert "the listener is off" in send(client, "/ui/demo").text
        accepted(case, mail())
        assert send(client, "/ui/demo").status_code == 409
