"""Ask the lead once a day about the tickets that teach triage most, by an email with buttons for each."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.orm import Session

from daemon.snapshots import TicketSnapshot
from daemon.store import alarms
from daemon.store.alarms import DAILY_QUESTIONS
from daemon.store.keys import Keyring
from daemon.store.queries import questions, review
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.thread import PeriodicThread
from daemon.tickets.review_order import CONSIDERED, TAUGHT, most_teaching
from daemon.vocabulary import MailKind
from workers.actors.brands import note_fault
from workers.actors.config import ActorConfig, CurrentConfig, Lead
from workers.notify import compose, contexts, outgoing
from workers.transports.base import PermanentFailure, TransportFailure, UncertainFailure
from workers.transports.servers import OutgoingServers

log = structlog.get_logger(__name__)

CHECK_SECONDS: Final = 30.0
STOP_SECONDS: Final = 2.0
# How long after its hour the email of a day may be sent, also after midnight.
LATE: Final = timedelta(hours=12)
MAX_ASKED: Final = 5


class DailyQuestions:
    """Sends the daily email directly through the transport, as those to the admin: tomorrow there is another.

    Of several processes one sends it: once, or not at all if it dies while it sends. The day of an email begins at the
    hour of the lead.
    """

    def __init__(
        self, store: Store, clock: Clock, servers: OutgoingServers, keyring: Keyring, config: CurrentConfig
    ) -> None:
        self._store, self._clock, self._servers, self._keyring, self._config = store, clock, servers, keyring, config
        self._thread = PeriodicThread("questions", CHECK_SECONDS, self.check)

    def start(self) -> None:
        """Start the thread that sends the email when its hour has come."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, and wait for it unless it waits for a mail server."""
        self._thread.stop(STOP_SECONDS)

    def check(self) -> int:
        """Send the email of today if its hour has come and something is worth asking; return the number of tickets."""
        config, now = self._config.value, self._clock.now()
        if config.lead is None or self._store.is_lost():
            return 0
        began = config.lead.began(now)
        day = began.date()
        if now - began >= LATE:
            return 0
        if self._servers.get(config.brands.main.server).is_paused or not self._claim(day):
            return 0
        try:
            with self._store.read() as session:
                asked = _choose(session, config.triage.review_team)
            email = self._compose(config, config.lead, asked, now) if asked else b""
        except Exception:
            self._release(day)
            raise
        return self._send(config, config.lead, email, asked, day) if asked else 0

    def _claim(self, day: date) -> bool:
        """Claim the email of a day; say whether this process is to send it."""
        with self._store.read() as session:
            due = alarms.is_daily_due(session, DAILY_QUESTIONS, day)
        return due and self._store.write(
            lambda session: alarms.claim_daily(
                session, DAILY_QUESTIONS, day, self._clock.now(), day - timedelta(days=1)
            )
        )

    def _release(self, day: date) -> None:
        self._store.write(lambda session: alarms.release_daily(session, DAILY_QUESTIONS, day))

    def _send(self, config: ActorConfig, lead: Lead, email: bytes, asked: Sequence[TicketSnapshot], day: date) -> int:
        brand = config.brands.main
        try:
            self._servers.get(brand.server).send(brand.mail.address, lead.address, email)
        except TransportFailure as error:
            log.error("daily questions not sent", reason=str(error)[:200])  # noqa: TRY400 - the reply is enough
            # Where the server may have it, a second one would ask twice.
            if not isinstance(error, (PermanentFailure, UncertainFailure)):
                self._release(day)
            return 0
        log.info("daily questions sent", tickets=[ticket.reference for ticket in asked])
        return len(asked)

    def _compose(self, config: ActorConfig, lead: Lead, asked: Sequence[TicketSnapshot], now: datetime) -> bytes:
        brand, key = config.brands.main, self._keyring.value[0]
        mail = brand.mail

        def token(ticket_id: int) -> str:
            return outgoing.mark_of(MailKind.QUESTIONS, lead.address, ticket_id, key, now)

        marks = [token(ticket.ticket_id) for ticket in asked]
        view = contexts.questions(
            [
                (ticket, mark, outgoing.button_target(ticket.reference, mail, mark))
                for ticket, mark in zip(asked, marks, strict=True)
            ],
            config.vocabulary.categories,
            support=mail.name,
            mark=token(0),
            team=mail.review_team,
        )
        language = mail.team_languages.get(mail.review_team, mail.language)
        rendered = brand.renderer.render(MailKind.QUESTIONS, view, (language,))
        note_fault(rendered, kind=str(MailKind.QUESTIONS))
        message_id = outgoing.message_id(view.mark, secrets.token_hex(5), mail.message_id_domain)
        seed = secrets.token_hex(16)
        return compose.as_bytes(
            outgoing.mail_without_ticket(
                MailKind.QUESTIONS, lead.address, mail, rendered, view.mark, message_id, now, seed
            )
        )


def _choose(session: Session, team: str) -> list[TicketSnapshot]:
    """Return the tickets to ask about, those that teach most first."""
    waiting = questions.undecided(session, team, CONSIDERED)
    places = most_teaching(waiting, review.taught(session, TAUGHT), MAX_ASKED)
    return questions.load(session, [place.ticket_id for place in places])
