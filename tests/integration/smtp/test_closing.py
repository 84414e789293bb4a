"""The listener when the store fails, and when it closes."""

import socket
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from daemon.store.models import InboundRow
from daemon.store.store import Store
from tests.support.emails import SUPPORT, mail
from tests.support.fakes import eventually
from tests.support.smtp_client import Running
from tests.support.smtp_sink import certificate, server_context, trusting


def count(store: Store) -> int:
    with store.read() as session:
        return session.execute(select(func.count(InboundRow.id))).scalar_one()


class TestStoreFailure:
    def test_a_failing_store_gives_451_and_the_session_stays_usable(self, store: Store) -> None:
        with Running(store) as running, running.client() as client:
            client.hello()
            with store.engine.begin() as connection:
                connection.execute(text("ALTER TABLE inbound RENAME TO away"))
            assert client.deliver(mail()) == "451 4.3.0 Temporary server error, try again later"
            with store.engine.begin() as connection:
                connection.execute(text("ALTER TABLE away RENAME TO inbound"))
            assert client.deliver(mail()).startswith("250 2.0.0 Stored as HD-")

    @pytest.mark.parametrize("lmtp", [False, True])
    def test_an_internal_error_gives_451_without_details(
        self, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, *, lmtp: bool
    ) -> None:
        def fails(*_arguments: object, **_options: object) -> None:
            raise ZeroDivisionError("secret detail")

        with Running(sqlite_store, lmtp=lmtp) as running, running.client() as client:
            client.hello("LHLO" if lmtp else "EHLO")
            with monkeypatch.context() as broken:
                broken.setattr(running.intake, "store", fails)
                broken.setattr(running.intake, "prepare", fails)
                replies = [client.deliver(mail(), SUPPORT, SUPPORT)]
                replies += [client.reply()] if lmtp else []
            assert set(replies) == {"451 4.3.0 Temporary server error, try again later"}
            assert client.say("NOOP") == "250 OK"
            assert client.deliver(mail()).startswith("250 2.0.0")

    def test_a_closed_store_gives_451(self, sqlite_store: Store) -> None:
        with Running(sqlite_store) as running, running.client() as client:
            client.hello()
            sqlite_store.close()
            assert client.deliver(mail()).startswith("451 4.3.0")


class TestClosing:
    def test_idle_clients_get_421_and_new_ones_are_refused(self, sqlite_store: Store) -> None:
        with Running(sqlite_store) as running:
            idle = [running.client() for _ in range(3)]
            idle[0].hello()
            idle[1].hello().envelope(SUPPORT)
            running.close()
            assert {client.rest() for client in idle} == {"421 4.3.2 Service shutting down, try again later\r\n"}
            with pytest.raises(ConnectionError):
                socket.create_connection(("127.0.0.1", running.port), 5)

    def test_emails_in_flight_are_stored_before_closing(self, sqlite_store: Store) -> None:
        gate = threading.Event()
        with Running(sqlite_store) as running:
            sqlite_store.submit(lambda _session: gate.wait(30))
            clients = [running.client().hello().begin() for _ in range(8)]
            for client in clients[:6]:
                client.send(mail() + b".\r\n")
            eventually(lambda: running.listener.emails_in_flight == 6)
            closing = threading.Thread(target=running.close, args=(30.0,))
            closing.start()
            for client in clients[6:]:
                client.send(mail() + b".\r\n")
            eventually(lambda: running.listener.emails_in_flight == 8)
            gate.set()
            closing.join()
            answers = [client.rest() for client in clients]
        assert all("250 2.0.0 Stored as HD-" in answer for answer in answers)
        assert all(answer.endswith("421 4.3.2 Service shutting down, try again later\r\n") for answer in answers)
        assert count(sqlite_store) == 8

    def test_closing_does_not_wait_longer_than_allowed(self, sqlite_store: Store) -> None:
        with Running(sqlite_store) as running, running.client() as client:
            client.hello().begin()
            client.send(b"never ending")
            began = time.monotonic()
            running.close(0.2)
            assert time.monotonic() - began < 20
            assert client.rest() == "421 4.3.2 Service shutting down, try again later\r\n"
        assert count(sqlite_store) == 0

    def test_clients_over_tls_get_421_too(self, sqlite_store: Store, tmp_path: Path) -> None:
        files = certificate(tmp_path)
        with Running(sqlite_store, tls=server_context(files)) as running, running.client() as client:
            assert client.say("STARTTLS").startswith("220")
            client.starttls(trusting(files))
            client.hello()
            running.close(0.5)
            assert client.rest() == "421 4.3.2 Service shutting down, try again later\r\n"
