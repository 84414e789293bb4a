"""Webhooks of running workers: what happens to an email is posted, and an endpoint that hangs delays no email."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from daemon.store.models import WebhookDeliveryRow
from daemon.store.queries.feed_rows import FeedType
from daemon.tickets import webhooks
from tests.support.emails import mail
from tests.support.fakes import NOON, eventually
from tests.support.helpdesk import Helpdesk

EMAILS: Final = 6


class Endpoint:
    """Takes what is posted, and answers only while it is open."""

    def __init__(self) -> None:
        self.got: list[dict[str, object]] = []
        self.begun, self.open = 0, threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.begun += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.open.wait(60)
                outer.got.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    yield found
    found.open.set()
    found.server.shutdown()
    found.server.server_close()


def work(helpdesk: Helpdesk, endpoint: Endpoint) -> None:
    """Create the webhook, and start the workers."""
    allowed = helpdesk.settings.webhooks.model_copy(
        update={"allowed_networks": ("127.0.0.0/8",), "timeout_seconds": 60.0}
    )
    helpdesk.settings = helpdesk.settings.model_copy(update={"webhooks": allowed})
    helpdesk.store.write(
        lambda session: webhooks.create(session, "shop", endpoint.url, [*FeedType], "test", NOON, ("127.0.0.0/8",))
    )
    helpdesk.work()


def test_what_happens_to_an_email_is_posted(helpdesk: Helpdesk, endpoint: Endpoint) -> None:
    endpoint.open.set()
    work(helpdesk, endpoint)
    helpdesk.send(mail())
    helpdesk.emails(2)
    eventually(lambda: len(endpoint.got) == 2)
    assert {event["type"] for event in endpoint.got} == {"ticket.created", "ticket.decided"}
    eventually(lambda: [row.state for row in helpdesk.rows(WebhookDeliveryRow)] == ["sent"] * 2)  # type: ignore[attr-defined]


def test_an_endpoint_that_hangs_delays_no_email(helpdesk: Helpdesk, endpoint: Endpoint) -> None:
    work(helpdesk, endpoint)
    helpdesk.send(mail(body="the first"))
    helpdesk.emails(2)
    eventually(lambda: endpoint.begun == 2)
    # Both threads of the webhooks hang now.
    for number in range(EMAILS):
        sender = f"ann@customer{number}.example"
        helpdesk.send(mail(sender, body=f"one of many {number}"), sender)
    helpdesk.emails(2 * (EMAILS + 1))
    assert (endpoint.begun, endpoint.got) == (2, [])
    endpoint.open.set()
    eventually(lambda: len(endpoint.got) == 2 * (EMAILS + 1))
