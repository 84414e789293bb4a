"""An email that our own code fails on is parked whole, and can be replayed."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from daemon.store import ledger
from daemon.store.models import InboundRow, Ticket
from daemon.store.store import Store
from daemon.system.logs import RateLimitedLog
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition
from tests.support.emails import inbound, mail
from tests.support.fakes import Woken
from tests.support.store_queries import ask, count


class TestParked:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
        def fails(*_arguments: object) -> None:
            raise ZeroDivisionError("a bug of ours")

        with monkeypatch.context() as patch:
            patch.setattr("daemon.tickets.intake.analyze", fails)
            yield patch

    def test_an_email_that_our_code_fails_on_is_parked_whole(
        self, intake: Intake, store: Store, broken: pytest.MonkeyPatch
    ) -> None:
        raw = mail()
        receipt = intake.accept(inbound(raw))
        assert (receipt.disposition, receipt.offers) == (Disposition.PARKED, ())
        assert ask(store, InboundRow.reasons) == [(["our own code failed: ZeroDivisionError: a bug of ours"],)]
        with store.read() as session:
            assert ledger.raw_of(session, receipt.inbound_id) == raw
        assert intake.accept(inbound(raw)).disposition is Disposition.DUPLICATE
        broken.undo()
        assert intake.accept(inbound(mail())).disposition is Disposition.TICKET

    @pytest.mark.usefixtures("broken")
    def test_a_flood_of_emails_that_our_code_fails_on_does_not_flood_the_log(
        self, intake: Intake, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("daemon.tickets.intake.limited", RateLimitedLog(structlog.get_logger("intake")))
        with capture_logs() as events:
            for _ in range(30):
                intake.accept(inbound(mail()))
        assert count(store, InboundRow) == 30
        assert len([event for event in events if event["event"] == "email not understood"]) == 5

    def test_a_parked_email_is_replayed_into_its_own_row(
        self, intake: Intake, store: Store, woken: Woken, broken: pytest.MonkeyPatch
    ) -> None:
        parked = intake.accept(inbound(mail()))
        broken.undo()
        receipt = intake.replay(parked.inbound_id)
        assert (receipt.disposition, receipt.inbound_id) == (Disposition.TICKET, parked.inbound_id)
        assert tuple(woken.offers) == receipt.offers
        assert ask(store, InboundRow.disposition) == [("ticket",)]
        again = intake.replay(parked.inbound_id)
        assert (again.reference, again.offers) == (receipt.reference, ())
        assert count(store, Ticket) == 1

    def test_only_the_email_that_cannot_be_admitted_is_parked(self, intake: Intake, store: Store) -> None:
        gate = threading.Event()
        store.submit(lambda _session: gate.wait(30))
        readings = [intake.prepare(inbound(mail())) for _ in range(5)]
        heard = readings[2].analysis
        assert heard is not None
        message = replace(heard.message, subject=object())  # type: ignore[arg-type]  # what no database takes
        readings[2] = replace(readings[2], analysis=replace(heard, message=message))
        futures = intake.store(readings)
        gate.set()
        states = [future.result(30).disposition for future in futures]
        expected = [Disposition.TICKET] * 5
        expected[2] = Disposition.PARKED
        assert states == expected
