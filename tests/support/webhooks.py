"""A webhook on a real local server, the publisher and the actor that send it events."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sqlalchemy import select

from daemon.store import jobs, webhooks
from daemon.store.jobs import Lease
from daemon.store.models import Job, WebhookDeliveryRow, WebhookRow
from daemon.store.queries.feed_rows import FeedType
from daemon.tickets import webhooks as actions
from tests.support.http import Web
from workers.actors.webhook import WebhookActor
from workers.jobs.batching import run_batched
from workers.jobs.executor import SnoozeError, WorkWindow
from workers.webhooks.client import PostPolicy
from workers.webhooks.publisher import Publisher


class Server:
    """A local HTTP server that keeps what it gets and answers with `status`."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b"ok"
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((self.path, dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(outer.answer)))
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self._thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@contextmanager
def serving() -> Iterator[Server]:
    """Give a server."""
    found = Server()
    yield found
    found.close()


class Case:
    """An endpoint on a real server, a publisher, and an actor."""

    def __init__(self, helpdesk: Web, server: Server) -> None:
        self.web, self.store, self.clock, self.server = helpdesk, helpdesk.store, helpdesk.clock, server
        self.publisher = Publisher(self.store, self.clock, timedelta(days=30))
        self.actor = WebhookActor(self.store, self.clock, PostPolicy(("127.0.0.0/8",), 5))
        self.secret = self.created("shop")

    def created(self, name: str, *types: FeedType) -> str:
        url = f"http://127.0.0.1:{self.server.port}/hook"
        wanted, now = types or [*FeedType], self.clock.now()
        return self.store.write(lambda s: actions.create(s, name, url, wanted, "test", now, ("127.0.0.0/8",)))

    def work(self) -> list[BaseException]:
        """Run the webhook jobs that are ready, and return what went wrong."""
        with self.store.read() as session:
            ready = session.execute(select(Job.id).where(Job.kind == "webhook", Job.state == "ready")).scalars().all()
        return [error for job in ready if (error := self._run(job)) is not None]

    def _run(self, job: int) -> BaseException | None:
        lease = self.store.write(lambda session: jobs.claim(session, job, "test", self.clock.now()))
        assert isinstance(lease, Lease)
        window = WorkWindow(30, threading.Event())
        [(_, outcome)] = run_batched(self.store, {job: self.actor.perform(lease, window)})
        if isinstance(outcome, SnoozeError):
            self.store.write(lambda session: jobs.retry(session, lease, str(outcome), self.clock.now()))
        return outcome if isinstance(outcome, BaseException) else None

    def states(self) -> list[str]:
        with self.store.read() as session:
            return list(session.execute(select(WebhookDeliveryRow.state).order_by(WebhookDeliveryRow.id)).scalars())

    def endpoint(self) -> WebhookRow:
        with self.store.read() as session:
            return webhooks.find(session, "shop")
