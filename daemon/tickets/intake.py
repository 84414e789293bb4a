"""Take a mail in: read it, find where it belongs, and commit all of it before anyone is told that it is stored."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from daemon.mail.analyze import Identity, analyze
from daemon.mail.envelope import Inbound
from daemon.mail.fingerprint import content_key
from daemon.store import ledger, tickets
from daemon.store.errors import UNREACHABLE
from daemon.store.jobs import Offer
from daemon.store.queries.lists import disposition_of
from daemon.store.store import Store
from daemon.system.failpoint import failpoint
from daemon.tickets.admission import Reading, Receipt, admit
from daemon.vocabulary import Disposition

log = structlog.get_logger(__name__)

Extra = Callable[[Session], None]


class Wake(Protocol):
    """Tells the engine of jobs that are due, after their commit. May fail quietly: the relay looks again."""

    def __call__(self, offers: tuple[Offer, ...]) -> None:
        """Offer jobs to the broker."""


class Intake:
    """The way in for every mail, whatever brought it."""

    def __init__(self, store: Store, policy: Identity, wake: Wake) -> None:
        self._store = store
        self._wake = wake
        self.policy = policy

    def accept(self, inbound: Inbound, *, silent: bool = False, also: Extra | None = None) -> Receipt:
        """Take a mail in and return once it is durable.

        `silent` mail opens tickets but causes no mail (backfill). `also` runs in the same transaction (the cursor of a
        mailbox). Raises what the database raises when it cannot be reached: the mail is not stored then, and should
        come again.
        """
        return self.store([self.read(inbound, silent=silent)], also)[0].result()

    def read(self, inbound: Inbound, *, silent: bool = False) -> Reading:
        """Understand a mail. Never raises: a mail that our own code fails on is to be parked."""
        key, packed = content_key(inbound.raw), ledger.pack(inbound.raw)
        try:
            analysis = analyze(inbound, self.policy)
            failpoint("accept.parsed")
            return Reading(inbound, packed, key, analysis, silent=silent)
        except Exception as error:
            log.exception("mail not understood", source=inbound.source)
            return Reading(inbound, packed, key, None, failure=_reason(error), silent=silent)

    def replay(self, inbound_id: int, *, silent: bool = False) -> Receipt:
        """Take a parked mail in again, under its own ledger row; raises LookupError where there is no such mail.

        A mail that is parked no more is left alone.
        """
        with self._store.read() as session:
            inbound = ledger.load(session, inbound_id)
        reading = replace(self.read(inbound, silent=silent), replaces=inbound_id)
        receipt = self._store.write(
            lambda session: _replayed(session, inbound_id) or admit(session, [reading], self.policy)[0]
        )
        self._told(reading, receipt)
        return receipt

    def store(self, readings: Sequence[Reading], also: Extra | None = None) -> "list[Future[Receipt]]":
        """Return a future for each mail that resolves once the mail, its ticket and its job are durable, all in one.

        `also` belongs to each of them.
        """
        stored = self._store.submit_items(self._admit, [(reading, also) for reading in readings])
        receipts: list[Future[Receipt]] = [Future() for _ in readings]
        for reading, receipt, written in zip(readings, receipts, stored, strict=True):
            written.add_done_callback(partial(self._written, reading, also, receipt))
        return receipts

    def _written(
        self, reading: Reading, also: Extra | None, receipt: "Future[Receipt]", written: "Future[Receipt]"
    ) -> None:
        """Pass on what became of a mail, or store it in another way."""
        error = written.exception()
        if error is None:
            try:
                failpoint("accept.committed")
                self._told(reading, written.result())
            finally:
                # Whatever goes wrong from here on: the mail is stored, and somebody waits to hear it.
                receipt.set_result(written.result())
        elif isinstance(error, UNREACHABLE) or reading.analysis is None:
            receipt.set_exception(error)
        elif isinstance(error, IntegrityError) and not reading.again:
            # Another daemon stored the same mail or person a moment ago; this time we shall see it.
            self._instead(replace(reading, again=True), also, receipt)
        else:
            log.error("mail not admitted", source=reading.inbound.source, exc_info=error)
            self._instead(replace(reading, analysis=None, failure=_reason(error)), also, receipt)

    def _instead(self, reading: Reading, also: Extra | None, receipt: "Future[Receipt]") -> None:
        _chain(self.store([reading], also)[0], receipt)

    def _admit(self, session: Session, items: Sequence[tuple[Reading, Extra | None]]) -> list[Receipt]:
        receipts = admit(session, [reading for reading, _ in items], self.policy)
        for _, also in items:
            if also is not None:
                also(session)
        failpoint("commit.accept")
        return receipts

    def _told(self, reading: Reading, receipt: Receipt) -> None:
        log.info(
            "mail accepted",
            inbound=receipt.inbound_id,
            ticket=receipt.ticket_id,
            reference=receipt.reference,
            disposition=str(receipt.disposition),
            source=reading.inbound.source,
            octets=len(reading.inbound.raw),
        )
        self._wake(receipt.offers)


def _replayed(session: Session, inbound_id: int) -> Receipt | None:
    """Return what became of a parked mail that somebody else replayed a moment ago."""
    state = disposition_of(session, inbound_id)
    if state is Disposition.PARKED:
        return None
    reference, ticket_id = tickets.of_inbound(session, inbound_id)
    return Receipt(inbound_id, state, reference, ticket_id)


def _reason(error: BaseException) -> str:
    return f"our own code failed: {type(error).__name__}: {error}"[:500]


def _chain(source: "Future[Receipt]", target: "Future[Receipt]") -> None:
    def done(finished: "Future[Receipt]") -> None:
        error = finished.exception()
        if error is not None:
            target.set_exception(error)
        else:
            target.set_result(finished.result())

    source.add_done_callback(done)
