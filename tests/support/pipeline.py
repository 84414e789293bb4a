"""Every step that an email can take, one by one and without threads, on any store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import pytest
from sqlalchemy.orm import Session

from config.schema import Limits
from config.settings import Settings
from daemon.facts import Problem
from daemon.mail.envelope import Inbound
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.policies import identity
from daemon.relay import Relay
from daemon.store import alarms, cursors, jobs, keys, ledger, orphans
from daemon.store.cursors import Place
from daemon.store.jobs import JobKind, Lease, NewJob, Offer
from daemon.store.keys import Keyring
from daemon.store.queries import health, labels, review, triage_stats
from daemon.store.store import Store
from daemon.tickets import actions, retry
from daemon.tickets.actions import Correction
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.tickets.release import release
from daemon.vocabulary import Priority, Subject, SubjectKind
from tests.benchmarks import seed
from tests.support.domain_values import ADMIN
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.fake_workers import FakeTransport, NoModel
from tests.support.fakes import NOON, FakeClock, Woken
from tests.support.sent_emails import bounce
from workers.actors.answer import AnswerActor
from workers.actors.config import CurrentConfig
from workers.actors.deliver import DeliverActor
from workers.actors.notify import NotifyActor
from workers.actors.our_emails import OurEmails
from workers.actors.train import TrainActor
from workers.actors.triage import TriageActor
from workers.actors.wake import WakeActor
from workers.jobs.executor import JobActor, JobExecutor
from workers.jobs.heartbeat import Heartbeat
from workers.learning.semantic import SentenceEncoder
from workers.policies import actor_config
from workers.transports.base import (
    PermanentFailure,
    TemporaryFailure,
    TransportFailure,
)
from workers.transports.servers import OutgoingServers

INBOX: Final = Place("work", "INBOX")


class Pipeline:
    """Intake and actors on a store that `seed` filled with `tickets` tickets."""

    def __init__(self, store: Store, tickets: int, **limits: int) -> None:
        settings, self.clock = Settings(limits=Limits(**limits)), FakeClock()
        self.store, self.transport, self.woken = store, FakeTransport(), Woken()
        self.tickets, self.old = tickets, tickets // 2
        self.writer = seed.requester(self.old, tickets)
        self.keys = store.write(lambda session: keys.ensure(session, NOON))
        self.intake = Intake(store, identity(settings, self.keys), self.woken)
        self.heartbeat = Heartbeat(store, "here")
        self.config = config = CurrentConfig(actor_config(settings))
        actors: dict[JobKind, JobActor] = {
            JobKind.TRIAGE: TriageActor(self.clock, NoModel(), config, SentenceEncoder(enabled=False)),
            JobKind.ANSWER: AnswerActor(self.clock, Keyring(self.keys), config, OurEmails(store, config)),
            JobKind.NOTIFY: NotifyActor(self.clock, Keyring(self.keys), config),
            JobKind.DELIVER: DeliverActor(
                store,
                self.clock,
                OutgoingServers(self.transport, clock=self._seconds),
                Keyring(self.keys),
                config,
                lambda: True,
            ),
            JobKind.TRAIN: TrainActor(self.clock, lambda: None),
            JobKind.WAKE: WakeActor(self.clock),
        }
        self.executor = JobExecutor(store, self.clock, self.heartbeat, 3, 2, actors)
        self.relay = Relay(store, self.woken.offers.append, self.clock)

    def _seconds(self) -> float:
        return self.clock.now().timestamp()

    def accept(self, raw: bytes, *rcpt_tos: str, mail_from: str = "ann@customer.example") -> Receipt:
        return self.intake.accept(inbound(raw, mail_from=mail_from, rcpt_tos=rcpt_tos or ("support@example.com",)))

    def process(self, emails: Sequence[Inbound]) -> None:
        """Accept emails at once, and do all that follows."""
        for future in self.intake.store([self.intake.prepare(one) for one in emails]):
            future.result()
        self.work()

    def work(self) -> None:
        """Do every job that was offered, and what follows from it."""
        while self.woken.offers:
            self.executor.perform(self.woken.offers.pop(0).job_id)

    def limit(self, **limits: int) -> None:
        """Change the limits on outgoing email."""
        self.config.value = replace(self.config.value, limits=replace(self.config.value.limits, **limits))

    def wait(self, **time: float) -> None:
        """Let time pass, and do every job that became due."""
        self.clock.advance(**time)
        self.relay.sweep()
        self.work()

    def defer_an_acknowledgement(self) -> None:
        before = self.config.value
        self.limit(per_hour=1, per_domain_hour=1, notifications_per_team_hour=1)
        self.process([inbound(mail(f"stranger{n}@shop{n}.example", body=f"flood {n}")) for n in range(3)])
        self.wait(hours=1)
        self.config.value = before

    def accept_twice(self) -> None:
        raw = mail()
        self.accept(raw)
        self.accept(raw)

    def accept_with_attachment(self) -> None:
        kind = "Content-Type: multipart/mixed; boundary=b"
        body = "--b\r\n\r\nsee\r\n--b\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nx\r\n--b--"
        self.accept(mail(body=body, headers=("MIME-Version: 1.0", kind)))

    def accept_a_form_again(self) -> None:
        form = inbound(mail(message_id=None, date=None, body="from a form"))
        late = replace(form, envelope=replace(form.envelope, received_at=NOON + timedelta(days=9)))
        for delivery in (form, form, late, late):
            self.intake.accept(delivery)

    def accept_many_at_once(self) -> None:
        self.process([inbound(mail(body=f"one of many {number}")) for number in range(5)])

    def accept_an_answer(self) -> None:
        parent = seed.message_id(self.old)
        raw = mail(self.writer, f"Re: {seed.subject(self.old)}", in_reply_to=parent, body="and another thing")
        assert self.accept(raw, mail_from=self.writer).ticket_id == self.old

    def accept_an_email_with_a_reference(self) -> None:
        reference = self.accept(mail(self.writer), mail_from=self.writer).reference
        self.accept(mail(self.writer, f"about {reference}"), mail_from=self.writer)

    def accept_an_answer_by_token(self) -> None:
        token = Token(Purpose.CUSTOMER, self.old, digest("ann@customer.example", self.keys[0]), date(2027, 1, 1))
        address = f"support+{sign(token, self.keys[0])}@example.com"
        assert self.accept(mail(body="by token"), address).ticket_id == self.old

    def accept_a_bounce(self) -> None:
        for number in range(2):
            receipt = self.accept(bounce(seed.delivery_id(self.old), text=f"failed {number}"), mail_from="")
            assert receipt.ticket_id == self.old

    def park_and_replay(self) -> None:
        reading = self.intake.prepare(inbound(mail(body="breaks us")))
        parked = self.intake.store([replace(reading, analysis=None, failure="our own code failed")])[0].result()
        for _ in range(2):
            self.intake.replay(parked.inbound_id)

    def release_what_was_screened_out(self) -> None:
        key = self.keys[0]
        address = f"support+{sign(Token(Purpose.CUSTOMER, self.old, digest(ANN, key), date(2027, 1, 1)), key)}"
        machine = ("Auto-Submitted: auto-replied",)
        for raw, to in (
            (mail(body="away", headers=machine), f"{address}@example.com"),
            (mail(body="gone", headers=machine), SUPPORT),
            (bounce(seed.delivery_id(self.old)), SUPPORT),
        ):
            release(self.intake, self.accept(raw, to).inbound_id, "anna", NOON)

    def postpone_a_delivery(self) -> None:
        self._fail(TemporaryFailure("451"))

    def fail_a_delivery(self) -> None:
        self._fail(PermanentFailure("550"))

    def rescue_a_job(self) -> None:
        self._claimed("gone")
        beats = self.store.write(lambda session: orphans.leased(session, 100))
        self.store.write(lambda session: [orphans.rescue_one(session, number, beat) for number, beat in beats.items()])

    def beat(self) -> None:
        with self.heartbeat.beating([self._claimed("here").job_id]):
            self.heartbeat._beat()

    def lose_a_lease(self) -> None:
        with pytest.raises(jobs.LeaseLostError):
            self.store.write(
                lambda session: jobs.finish(session, [Lease(0, JobKind.TRIAGE, "", 0, NOON, "here")], NOON)
            )

    def bury_and_retry(self) -> None:
        lease = self._claimed("here")
        self.executor._discard(lease, "it failed")
        self.store.write(lambda session: retry.retry_job(session, lease.job_id, "ann", NOON))

    def read_a_mailbox(self) -> None:
        def steps(session: Session) -> None:
            cursors.put(session, INBOX, 1, 5, NOON)
            cursors.advance(session, INBOX, 1, 6)
            cursors.note_mail(session, INBOX, NOON)
            cursors.note_polled(session, INBOX, NOON)
            cursors.note_failure(session, INBOX, "no")
            cursors.note_damage(session, "smtp", "short", NOON, size=2, kept=1)
            cursors.note_unreadable(session, INBOX, 1, 7, "no", NOON)
            cursors.find(session, INBOX)
            cursors.add_unmarked(session, INBOX, 1, 6)
            cursors.unmarked(session, INBOX, 50)
            cursors.remove_unmarked(session, INBOX, [(1, 6)])

        self.store.write(steps)

    def judge_health(self) -> None:
        with self.store.read() as session:
            health.facts(session, NOON, {"work": ["INBOX"]})
        self.store.write(lambda session: alarms.raise_alarms(session, [Problem("dead", "x")], NOON))
        self.store.write(lambda session: alarms.mark_unsent(session, ["dead"]))

    def read_a_stored_email(self) -> None:
        with self.store.read() as session:
            ledger.raw_of(session, self.tickets + self.tickets // 5 + 1)

    def correct(self) -> None:
        right = Correction("Login", "TECH_SUPPORT", None, Priority.LOW)

        def steps(session: Session) -> list[Offer]:
            done = actions.correct(session, self.old, right, ADMIN, NOON, retrain_after=self.tickets)
            given = actions.assign(session, self.old, "PAYMENTS_TEAM", ADMIN, NOON)
            actions.close(session, self.old, ADMIN, NOON)
            return [*done.offers, *given.offers]

        self.woken.offers += self.store.write(steps)
        self.work()

    def act(self) -> None:
        """Let a ticket wait and wake, then merge it into another and split it again."""
        one, other = self.old + 2, self.old + 3
        for each in (one, other):
            self.store.write(lambda session, each=each: actions.reopen(session, each, ADMIN, NOON))  # type: ignore[misc]
        now = self.clock.now()
        self.store.write(lambda session: actions.wait(session, one, timedelta(hours=1), ADMIN, now))
        self.wait(hours=2)
        for act in (actions.take, actions.resolve, actions.reopen):
            self.store.write(lambda session, act=act: act(session, one, ADMIN, now))  # type: ignore[misc]
        self.woken.offers += self.store.write(lambda session: actions.merge(session, one, other, ADMIN, now)).offers
        self.woken.offers += self.store.write(lambda session: actions.split(session, other, ADMIN, now)).offers
        self.work()

    def retry(self) -> None:
        def steps(session: Session) -> None:
            retry.dismiss_job(session, 1, "ann", NOON)
            retry.retry_job(session, 2 * self.tickets + 1, "ann", NOON)
            retry.triage_again(session, 2, 2, "ann", NOON)

        self.store.write(steps)

    def learn(self) -> None:
        with self.store.read() as session:
            labels.reviews(session)
            labels.reviews(session, NOON)
            review.waiting(session, "MANUAL_REVIEW", 300)
            review.taught(session, 50)
            triage_stats.score(session, NOON - timedelta(days=1), "MANUAL_REVIEW")

    def _claimed(self, owner: str) -> Lease:
        offer = self.store.write(
            lambda session: jobs.add(session, [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, self.old), NOON)])[0]
        )
        lease = self.store.write(lambda session: jobs.claim(session, offer.job_id, owner, NOON))
        assert lease is not None
        return lease

    def _fail(self, failure: TransportFailure) -> None:
        self.transport.failures.append(failure)
        self.accept(mail(body=f"answered badly: {failure}"))
        self.work()
        assert not self.transport.failures


# In an order in which each finds something to do.
STEPS: Final[tuple[Callable[[Pipeline], None], ...]] = (
    Pipeline.accept_twice,
    Pipeline.accept_with_attachment,
    Pipeline.accept_a_form_again,
    Pipeline.accept_many_at_once,
    Pipeline.defer_an_acknowledgement,
    Pipeline.accept_an_answer,
    Pipeline.accept_an_email_with_a_reference,
    Pipeline.accept_an_answer_by_token,
    Pipeline.accept_a_bounce,
    Pipeline.park_and_replay,
    Pipeline.release_what_was_screened_out,
    Pipeline.work,
    Pipeline.postpone_a_delivery,
    Pipeline.fail_a_delivery,
    lambda pipeline: pipeline.relay.sweep(),
    Pipeline.rescue_a_job,
    Pipeline.beat,
    Pipeline.lose_a_lease,
    Pipeline.bury_and_retry,
    Pipeline.read_a_mailbox,
    Pipeline.judge_health,
    Pipeline.read_a_stored_email,
    Pipeline.correct,
    Pipeline.act,
    Pipeline.retry,
    Pipeline.learn,
)
