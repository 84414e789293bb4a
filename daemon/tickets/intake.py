"""Take an email in: analyze it, decide what it is, commit everything it brings, then wake the workers.

accept    prepare -> store -> wait until it is durable
prepare   analyze (pure); an email that our own code fails on will be parked
store     admission.admit: facts, decision and rows of many emails in one commit
wake      tell the relay of the new jobs, after the commit
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from daemon.mail.analyze import Identity, analyze, needs_check
from daemon.mail.envelope import Inbound
from daemon.mail.fingerprint import content_key
from daemon.store import ledger, tickets
from daemon.store.errors import UNREACHABLE
from daemon.store.jobs import Offer
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.failpoint import failpoint
from daemon.system.logs import RateLimitedLog
from daemon.tickets.admission import Receipt, admit
from daemon.tickets.disposition import PreparedEmail
from daemon.vocabulary import Disposition, SenderCheck

log = structlog.get_logger(__name__)
limited = RateLimitedLog(log)

# Runs in the transaction that stores an email, with what became of the email.
TransactionHook = Callable[[Session, Receipt], None]
Readmission = Callable[[Session, PreparedEmail], Receipt]


class EmailRefusedError(Exception):
    """What runs in the transaction of an email refuses it: the email must not be stored."""


class Wake(Protocol):
    """Tells the relay of jobs that are due, after their commit. It may fail quietly: the relay looks again."""

    def __call__(self, offers: tuple[Offer, ...]) -> None:
        """Offer jobs to the broker."""


class Intake:
    """The way in for every email, whatever brought it.

    With a `keyring`, tokens are verified by its keys, also by those that come later, instead of those in `identity`.
    """

    def __init__(self, store: Store, identity: Identity, wake: Wake, keyring: Keyring | None = None) -> None:
        self._store = store
        self._wake = wake
        self._keyring = keyring
        self.identity = identity

    def accept(self, inbound: Inbound, *, silent: bool = False, also: TransactionHook | None = None) -> Receipt:
        """Take an email in and return once it is durable.

        A `silent` email opens a ticket, and nobody is notified (backfill). `also` runs in the same transaction (the
        cursor of a mailbox); it may raise EmailRefusedError, which is raised here too: the email is not stored. Raises
        one of UNREACHABLE when the store cannot be reached: the email is not stored, and should come again.
        """
        return self.store([self.prepare(inbound, silent=silent)], also)[0].result()

    def prepare(self, inbound: Inbound, *, silent: bool = False, check: SenderCheck | None = None) -> PreparedEmail:
        """Analyze an email. Never raises: an email that our own code fails on is to be parked.

        `check` is the result of the check of its sender; where one is needed and missing, the email waits for it.
        """
        key, packed = content_key(inbound.raw), ledger.pack(inbound.raw)
        try:
            identity = self._identity_now()
            analysis = analyze(inbound, identity, check)
            failpoint("accept.parsed")
            unchecked = check is None and needs_check(inbound, analysis, identity)
            return PreparedEmail(inbound, packed, key, analysis, silent=silent, unchecked=unchecked)
        except Exception as error:  # noqa: BLE001 - whatever our code fails on, the email is kept
            kind = type(error).__name__
            limited.error("email not understood", key=kind, source=inbound.source, exc_info=error)
            return PreparedEmail(inbound, packed, key, None, failure=_reason(error), silent=silent)

    def _identity_now(self) -> Identity:
        return replace(self.identity, keys=self._keyring.value) if self._keyring else self.identity

    def replay(
        self,
        inbound_id: int,
        *,
        now: datetime | None = None,
        silent: bool = False,
        also: TransactionHook = lambda *_: None,
    ) -> Receipt:
        """Take a parked email in again, under its own ledger row; raises LookupError where there is none.

        `also` runs in the same transaction. An email that is no longer parked is left alone.
        """

        def write(session: Session, email: PreparedEmail) -> Receipt:
            before = _replayed(session, inbound_id)
            if before is not None:
                return before
            receipt = admit(session, [email], self.identity)[0]
            also(session, receipt)
            return receipt

        return self.readmit(inbound_id, write, now, silent=silent)

    def readmit(self, inbound_id: int, write: Readmission, now: datetime | None, *, silent: bool = False) -> Receipt:
        """Analyze a stored email anew, and let `write` admit it under its own ledger row, with a job due `now`.

        Without `now` the job is due since the email came. Raises LookupError where there is no such email. The
        sender is not checked: the domain may have published something else when the email came.
        """
        with self._store.read() as session:
            inbound = ledger.load(session, inbound_id)
        email = replace(self.prepare(inbound, silent=silent), replaces=inbound_id, due_at=now, unchecked=False)
        receipt = self._store.write(lambda session: write(session, email))
        self._announce(email, receipt)
        return receipt

    def store(self, emails: Sequence[PreparedEmail], also: TransactionHook | None = None) -> "list[Future[Receipt]]":
        """Return a future per email that resolves once the email, its ticket and its job are durable, all in one.

        `also` runs for each of them.
        """
        stored = self._store.submit_items(self._admit, [(email, also) for email in emails])
        receipts: list[Future[Receipt]] = [Future() for _ in emails]
        for email, receipt, committed in zip(emails, receipts, stored, strict=True):
            committed.add_done_callback(partial(self._committed, email, also, receipt))
        return receipts

    def _admit(self, session: Session, items: Sequence[tuple[PreparedEmail, TransactionHook | None]]) -> list[Receipt]:
        receipts = admit(session, [email for email, _ in items], self.identity)
        for (_, also), receipt in zip(items, receipts, strict=True):
            if also is not None:
                also(session, receipt)
        failpoint("commit.accept")
        return receipts

    def _committed(
        self,
        email: PreparedEmail,
        also: TransactionHook | None,
        receipt: "Future[Receipt]",
        committed: "Future[Receipt]",
    ) -> None:
        """Pass the outcome on, or store the email in another way where its transaction failed."""
        error = committed.exception()
        if error is None:
            try:
                failpoint("accept.committed")
                self._announce(email, committed.result())
            finally:
                # The email is durable: whatever fails from here on, the client must get its 250.
                receipt.set_result(committed.result())
        elif isinstance(error, (*UNREACHABLE, EmailRefusedError)) or email.analysis is None:
            receipt.set_exception(error)
        elif isinstance(error, IntegrityError) and not email.is_second_try:
            # Another daemon stored the same email or person a moment ago; the second try sees its rows.
            self._store_instead(replace(email, is_second_try=True), also, receipt)
        else:
            kind, source = type(error).__name__, email.inbound.source
            limited.error("email not admitted, it will be parked", key=kind, source=source, exc_info=error)
            self._store_instead(replace(email, analysis=None, failure=_reason(error)), also, receipt)

    def _store_instead(self, email: PreparedEmail, also: TransactionHook | None, receipt: "Future[Receipt]") -> None:
        _chain(self.store([email], also)[0], receipt)

    def _announce(self, email: PreparedEmail, receipt: Receipt) -> None:
        log.info(
            "email accepted",
            inbound=receipt.inbound_id,
            ticket=receipt.ticket_id,
            reference=receipt.reference,
            disposition=str(receipt.disposition),
            source=email.inbound.source,
            bytes=len(email.inbound.raw),
        )
        self._wake(receipt.offers)


def _replayed(session: Session, inbound_id: int) -> Receipt | None:
    """Return what became of a parked email that somebody else replayed a moment ago."""
    state = ledger.lock(session, [inbound_id])[inbound_id]
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
