"""The composition root of the workers: builds everything after the queue and stops it in reverse order."""

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import dramatiq

from config.schema import Outgoing, OutgoingServer
from config.settings import Settings
from daemon.broker import TIME_LIMIT_MS
from daemon.facts import ProcessFacts
from daemon.mail.analyze import Identity
from daemon.store import jobs
from daemon.store.errors import UNREACHABLE
from daemon.store.jobs import JobKind
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.disk import FreeSpace
from daemon.system.worker_id import owner
from daemon.tickets.intake import Intake
from workers.actors.answer import AnswerActor
from workers.actors.check import CheckActor
from workers.actors.config import CurrentConfig
from workers.actors.deliver import DeliverActor
from workers.actors.notify import NotifyActor
from workers.actors.our_emails import OurEmails
from workers.actors.train import TrainActor
from workers.actors.triage import AWAITS_MODEL, TriageActor
from workers.actors.wake import WakeActor
from workers.actors.webhook import WebhookActor
from workers.earlier_vectors import EarlierVectors
from workers.jobs.executor import JobActor, JobExecutor
from workers.jobs.heartbeat import Heartbeat
from workers.learning import semantic
from workers.learning.boilerplate import CurrentBoilerplate
from workers.learning.current import CurrentModel
from workers.learning.first_model import FirstModel
from workers.learning.registry import Registry
from workers.learning.trainer import Trainer
from workers.monitor import HealthMonitor
from workers.policies import actor_config, sender_checker, thresholds, webhook_policy
from workers.questions import DailyQuestions
from workers.transports.maildir import MaildirTransport
from workers.transports.servers import OutgoingServers
from workers.transports.smtp import SmtpTransport
from workers.triage.encoder import Encoder
from workers.webhooks.client import PostPolicy
from workers.webhooks.publisher import Publisher

# How often an idle worker polls Redis; each step of an email may wait this long. The in-process queue wakes it at once.
REDIS_POLL_MS = 40
IDLE_MS = 1000
# A process ends within 30 seconds of SIGTERM, whatever the mail server does. Emails on their way get some of that time,
# then their connections are cut; those that were handed over are recorded as unanswered.
CUT_AFTER_SECONDS = 8.0
STOP_TIMEOUT_MS = 15_000
TRAINING_LIMIT_MS = 3_600_000
WEBHOOK_THREADS = 2

IdentityOf = Callable[[Settings, tuple[bytes, ...]], Identity]


class WorkerApp:
    """The workers of one process: actors on a broker, with a heartbeat.

    `identity_of` says who we are by the settings and the signing keys.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        broker: dramatiq.Broker,
        keyring: Keyring,
        clock: Clock,
        identity_of: IdentityOf,
    ) -> None:
        self._broker = broker
        self._identity_of = identity_of
        # The jobs of the emails that it admits are leased to this process, so nobody need be woken for them.
        self._intake = Intake(store, identity_of(settings, keyring.value), lambda _: None, keyring)
        self._checker = sender_checker(settings)
        self._config = CurrentConfig(actor_config(settings))
        self.model_source = CurrentModel(store, registry(settings), lambda: self._config.value.triage)
        self._encoder = semantic.shared(enabled=settings.triage.semantic)
        self._boilerplate = CurrentBoilerplate(store)
        self._earlier = EarlierVectors(store, self._encoder, self._config, self._boilerplate)
        self._trainer = trainer(settings, store, clock, self._encoder)
        self._first_model = FirstModel(self._trainer, self.model_source, partial(triage_again, store, clock))
        self._servers = outgoing_servers(settings)
        self._has_space = FreeSpace(settings.service.state_dir, settings.limits.free_bytes)
        self._heartbeat = Heartbeat(store, owner())
        self._deliver = DeliverActor(store, clock, self._servers, keyring, self._config, self._heartbeat.holds_lease)
        limits, threads = settings.limits, settings.broker.threads
        actors = self._actors(store, clock, keyring, webhook_policy(settings))
        self._executor = JobExecutor(store, clock, self._heartbeat, limits.attempts, threads, actors)
        self._monitor = self._health_monitor(settings, store, clock, keyring)
        self._questions = DailyQuestions(store, clock, self._servers, keyring, self._config)
        self._publisher = Publisher(store, clock, timedelta(days=settings.webhooks.keep_days))
        self._declare_actors()
        idle = REDIS_POLL_MS if settings.broker.url.get_secret_value() else IDLE_MS
        queues = {str(kind) for kind in JobKind if kind is not JobKind.WEBHOOK}
        self._worker = dramatiq.Worker(broker, queues=queues, worker_timeout=idle, worker_threads=threads)
        # An endpoint that hangs must not hold a thread that emails need.
        self._webhook_worker = dramatiq.Worker(
            broker, queues={str(JobKind.WEBHOOK)}, worker_timeout=IDLE_MS, worker_threads=WEBHOOK_THREADS
        )

    def _health_monitor(self, settings: Settings, store: Store, clock: Clock, keyring: Keyring) -> HealthMonitor:
        return HealthMonitor(
            store,
            clock,
            self._servers,
            keyring,
            sender=settings.support.address,
            admin=settings.service.admin,
            message_id_domain=settings.support.message_id_domain,
            mailboxes=settings.folders,
            thresholds=thresholds(settings),
            process_facts=self._process_facts,
            daily_report=settings.health.daily_report,
        )

    def _declare_actors(self) -> None:
        """Let Dramatiq call the executor for each kind of job; the executor chooses the actor."""
        for kind in JobKind:
            limit = TRAINING_LIMIT_MS if kind is JobKind.TRAIN else TIME_LIMIT_MS
            dramatiq.actor(actor_name=kind, queue_name=kind, broker=self._broker, time_limit=limit)(
                self._executor.perform
            )

    def _actors(self, store: Store, clock: Clock, keyring: Keyring, webhooks: PostPolicy) -> Mapping[JobKind, JobActor]:
        return {
            JobKind.TRIAGE: TriageActor(clock, self.model_source, self._config, self._encoder, self._boilerplate),
            JobKind.ANSWER: AnswerActor(clock, keyring, self._config, OurEmails(store, self._config)),
            JobKind.NOTIFY: NotifyActor(clock, keyring, self._config),
            JobKind.DELIVER: self._deliver,
            JobKind.TRAIN: TrainActor(clock, self._trainer.train),
            JobKind.WAKE: WakeActor(clock),
            JobKind.CHECK: CheckActor(clock, self._intake, self._checker),
            JobKind.WEBHOOK: WebhookActor(store, clock, webhooks),
        }

    def start(self) -> None:
        """Load the model, and start to work; where there is none, triage alone waits until one is trained."""
        self._deliver.try_again()
        self._first_model.start()
        self._heartbeat.start()
        # Dramatiq's command emits this signal itself; without it no time limit is enforced.
        self._broker.emit_after("process_boot")
        self._worker.start()
        self._webhook_worker.start()
        self._monitor.start()
        self._questions.start()
        self._publisher.start()
        self._earlier.start()

    def _process_facts(self) -> ProcessFacts:
        """Return what only this process knows, for the health monitor."""
        source = self.model_source
        return ProcessFacts(
            room=self._has_space(),
            outgoing=self._servers.facts(),
            drifted=source.drifted,
            unencoded=self._unencoded(),
            unusable=source.unusable(),
            damaged=self._trainer.damaged,
            outdated=source.outdated(),
        )

    def _unencoded(self) -> str:
        """Return why the encoder is not used, or ""; a second opinion that is just being trained is no problem."""
        if self._first_model.is_training:
            return self._encoder.problem
        return self._encoder.problem or semantic.mismatch(self._encoder, self.model_source.model())

    def reload(self, settings: Settings) -> None:
        """Apply new rules, teams and templates; raises TemplateProblem for a broken one and keeps the old."""
        self._config.value = actor_config(settings)
        self._trainer.categories = category_names(settings)
        self._trainer.learns_from_undecided = settings.triage.learn_from_undecided
        self._intake.identity = self._intake.identity.reloaded(self._identity_of(settings, ()))
        with suppress(*UNREACHABLE):
            self._deliver.try_again()

    def close(self) -> None:
        """Finish the running jobs, then close the broker, the heartbeat and the transport; in less than 30 seconds."""
        self._executor.close()
        self._publisher.close()
        self._earlier.close()
        cut = threading.Timer(CUT_AFTER_SECONDS, self._servers.cut)
        cut.daemon = True
        cut.start()
        webhooks = threading.Thread(target=self._webhook_worker.stop, kwargs={"timeout": STOP_TIMEOUT_MS})
        webhooks.start()
        self._worker.stop(timeout=STOP_TIMEOUT_MS)
        self._checker.close()
        webhooks.join()
        cut.cancel()
        self._servers.cut()
        self._monitor.close()
        self._questions.close()
        self._broker.close()
        self._heartbeat.close()
        self._servers.close()
        self._first_model.close()


def triage_again(store: Store, clock: Clock) -> None:
    """Make the triage jobs due that waited for the first model."""
    now = clock.now()
    with suppress(*UNREACHABLE):
        store.write(lambda session: jobs.make_due(session, JobKind.TRIAGE, AWAITS_MODEL, now))


def outgoing_servers(settings: Settings) -> OutgoingServers:
    """Return the mail servers that send email; with a Maildir nothing is sent through any."""
    if settings.outgoing.transport == "maildir":
        return OutgoingServers(MaildirTransport(settings.maildir))
    named = {server.name: smtp_transport(settings, server) for server in settings.outgoing.servers}
    return OutgoingServers(smtp_transport(settings, settings.outgoing), named, threads=settings.broker.threads)


def smtp_transport(settings: Settings, server: Outgoing | OutgoingServer) -> SmtpTransport:
    """Return the transport that sends through a mail server."""
    return SmtpTransport(
        server.host,
        server.port,
        security=server.security,
        username=server.username,
        password=server.password.get_secret_value(),
        timeout=server.timeout_seconds,
        hostname=settings.smtp.hostname or socket.gethostname(),
    )


def trainer(settings: Settings, store: Store, clock: Clock, encoder: Encoder | None = None) -> Trainer:
    """Return the trainer of models."""
    return Trainer(
        store,
        registry(settings),
        clock,
        category_names(settings),
        settings.triage.examples,
        encoder,
        learns_from_undecided=settings.triage.learn_from_undecided,
    )


def category_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of the configured categories, of which models are trained."""
    return tuple(category.name for category in settings.categories)


def registry(settings: Settings) -> Registry:
    """Return the registry of models."""
    return Registry(models_directory(settings))


def models_directory(settings: Settings) -> Path:
    """Return the directory of the models."""
    return settings.service.state_dir / "models"
