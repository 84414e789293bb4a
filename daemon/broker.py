"""The broker: Dramatiq over Redis, or in process. Its messages carry job ids only."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Callbacks, Middleware, ShutdownNotifications, TimeLimit
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.settings import ConfigError
from daemon.store.jobs import JobKind, Offer
from daemon.system.logs import RateLimitedLog

T = TypeVar("T")

log = structlog.get_logger(__name__)
limited = RateLimitedLog(log)

QUEUES: Final = tuple(JobKind)
# Nobody waits for these jobs, and each look into Redis costs an idle worker CPU.
RARELY_POLLED: Final = frozenset({JobKind.TRAIN, JobKind.WAKE})
RARE_POLL_MS: Final = 1000
TIME_LIMIT_MS: Final = 90_000
# What a worker fetched that is silent for so long is queued again.
HEARTBEAT_MS: Final = 30_000
# Out of a million commands: by default one in a thousand looks for silent workers, and we send few commands.
MAINTENANCE_ALWAYS: Final = 1_000_000
# Must be below systemd's watchdog time, since a Redis that hangs blocks the relay.
REDIS_TIMEOUT_SECONDS: Final = 3.0
# The longest wait for Redis at a start, which does not need it.
PROBE_SECONDS: Final = 1.0
# How long a queue waits after an error of Redis: doubled after each, up to the longest.
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 5.0
# A consumer that pauses returns this often, so that its thread can be stopped.
STEP_SECONDS: Final = 0.25
LONGEST_REASON: Final = 200
WRONG_OPTION: Final = "broker.url: an option after the ? is unknown or has a wrong value"
NO_DATABASE: Final = "broker.url: Redis has no database of this number"
LARGEST_DATABASE: Final = 2**31 - 1
# What a URL may give, beside ssl_...; the rest is of Python, or would change how we and Dramatiq read answers.
URL_OPTIONS: Final = frozenset(
    {
        *("db", "username", "password", "protocol", "client_name"),
        *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "retry_on_timeout"),
        *("max_connections", "health_check_interval"),
    }
)


class _NoDelayQueues(dramatiq.Broker):
    """A broker without delay queues: due times are in the job rows, and workers would poll each delay queue."""

    def get_declared_delay_queues(self) -> set[str]:
        """Return no queues."""
        return set()


class MemoryBroker(_NoDelayQueues, StubBroker):
    """An in-process broker without dead letters: failed jobs are in the database."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> dramatiq.Consumer:
        """Return a consumer that drops rejected messages."""
        consumer = super().consume(queue_name, prefetch, timeout)
        consumer.nack = consumer.ack  # type: ignore[method-assign]  # a rejected message needs no dead-letter queue
        return consumer


class ResilientRedisBroker(_NoDelayQueues, RedisBroker):
    """A Redis broker whose threads survive a Redis that is down, hangs or restarts."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the options of the library
        super().__init__(**options)  # type: ignore[no-untyped-call]  # the library has no types here
        self._outage = _Outage()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Return a consumer that waits while Redis cannot be reached; without messages it polls every `timeout` ms."""
        every = max(timeout, RARE_POLL_MS) if queue_name in RARELY_POLLED else timeout
        return _ResilientConsumer(super().consume(queue_name, prefetch, every), queue_name, self._outage)


class _Outage:
    """The queues of a process that Redis does not serve. Logs once when there is one, and once when there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failing: set[str] = set()

    def failed(self, queue: str, error: Exception) -> None:
        with self._lock:
            if not self._failing:
                reason = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
                log.error("redis not reached; jobs wait in the database", error=reason)
            self._failing.add(queue)

    def served(self, queue: str) -> None:
        with self._lock:
            if self._failing == {queue}:
                log.info("redis reached again")
            self._failing.discard(queue)


class _ResilientConsumer(dramatiq.Consumer):
    """A consumer that backs off after an error of Redis.

    It returns no message instead of raising: for each error, Dramatiq would log two lines and make a new consumer.
    """

    def __init__(self, consumer: dramatiq.Consumer, queue: str, outage: _Outage) -> None:
        self._consumer = consumer
        self._queue = queue
        self._outage = outage
        self._pause = 0.0
        self._paused_until = 0.0

    def __next__(self) -> dramatiq.MessageProxy | None:
        left = self._paused_until - time.monotonic()
        if self._pause and left > 0:
            time.sleep(min(left, STEP_SECONDS))
            return None
        try:
            message = self._consumer.__next__()
        except (redis.RedisError, ConnectionClosed, OSError) as error:
            self._failed(error)
            return None
        except Exception as error:  # noqa: BLE001 - a foreign payload may make the decoder raise anything
            # Redis only carries wake-ups, so no job is lost with the payload.
            limited.warning("redis payload rejected", error=type(error).__name__)
            return None
        if self._pause:
            self._pause = 0.0
            self._outage.served(self._queue)
        if message is None or _is_job(message):
            return message
        limited.warning("redis message rejected")
        # Without acknowledgement it would count as in progress, and a few of those stop the consumer.
        with contextlib.suppress(Exception):
            self._consumer.ack(message)
        return None

    def _failed(self, error: Exception) -> None:
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS) or FIRST_PAUSE_SECONDS
        self._paused_until = time.monotonic() + self._pause
        self._outage.failed(self._queue, error)

    def ack(self, message: dramatiq.MessageProxy) -> None:
        self._ignoring_redis_errors(self._consumer.ack, message)

    def nack(self, message: dramatiq.MessageProxy) -> None:
        self._ignoring_redis_errors(self._consumer.nack, message)

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        self._ignoring_redis_errors(self._consumer.requeue, messages)

    def close(self) -> None:
        self._consumer.close()

    @staticmethod
    def _ignoring_redis_errors(call: Callable[[T], None], argument: T) -> None:
        # Redis redelivers a message that was not acknowledged, and the claim finds the job done. A thread that waited
        # for Redis here could not run other jobs.
        try:
            call(argument)
        except (redis.RedisError, ConnectionClosed):
            log.debug("redis acknowledgement failed")


def _is_job(message: dramatiq.MessageProxy) -> bool:
    """Return whether a message is one of ours; options or arguments of another shape would end a worker thread."""
    options, arguments = message.options, message.args
    return (
        message.actor_name in QUEUES
        and message.queue_name == message.actor_name
        and isinstance(options, dict)
        and options.keys() == {"redis_message_id"}
        and isinstance(arguments, (list, tuple))
        and [type(argument) for argument in arguments] == [int]
        and message.kwargs == {}
    )


def make_client(url: str, timeout: float) -> redis.Redis:
    """Return a client that is not connected yet; raises ConfigError, which shows nothing of the URL."""
    try:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=timeout,
            socket_timeout=timeout,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1),
        )
        # A connection refuses values of the wrong type when it is made, and others only when it connects.
        options = client.connection_pool.connection_kwargs
        client.connection_pool.connection_class(**options)
    except (ValueError, TypeError, redis.RedisError):
        raise ConfigError(WRONG_OPTION) from None
    names = [name for name, _ in parse_qsl(url.partition("?")[2])]
    if not all(name in URL_OPTIONS or name.startswith("ssl_") for name in names) or not _are_usable(options):
        raise ConfigError(WRONG_OPTION)
    if not 0 <= options.get("db", 0) <= LARGEST_DATABASE:
        raise ConfigError(NO_DATABASE)
    return client


def _are_usable(options: Mapping[str, Any]) -> bool:
    """Say whether a connection can be made with these options, whatever the server answers."""
    name = options.get("client_name", "")
    times = (options[key] for key in ("socket_timeout", "socket_connect_timeout"))
    return all(time > 0 for time in times) and name.isascii() and name.isprintable() and " " not in name


def check_credentials(url: str) -> None:
    """Raise ConfigError if Redis answers that our password or database is wrong; it may be away."""
    if not url:
        return
    with make_client(url, PROBE_SECONDS) as client:
        try:
            client.ping()
        except (redis.AuthenticationError, redis.exceptions.AuthenticationWrongNumberOfArgsError):
            raise ConfigError("broker.url: Redis rejects the user name or password") from None
        except redis.RedisError as error:
            if "DB index is out of range" in str(error):
                raise ConfigError(NO_DATABASE) from None


def make_broker(url: str) -> dramatiq.Broker:
    """Return the broker: in process for an empty URL, otherwise Redis, which is not contacted yet.

    Raises ConfigError for a wrong URL.
    """
    middleware: list[Middleware] = [TimeLimit(time_limit=TIME_LIMIT_MS), ShutdownNotifications(), Callbacks()]
    broker: dramatiq.Broker
    if url:
        broker = ResilientRedisBroker(
            client=make_client(url, REDIS_TIMEOUT_SECONDS),
            middleware=middleware,
            maintenance_chance=MAINTENANCE_ALWAYS,
            heartbeat_timeout=HEARTBEAT_MS,
        )
    else:
        broker = MemoryBroker(middleware=middleware)
    for queue in QUEUES:
        broker.declare_queue(queue)
    return broker


def enqueue(broker: dramatiq.Broker, offer: Offer) -> None:
    """Send the id of a job to the queue of its kind. Raises the errors of the broker."""
    broker.enqueue(
        dramatiq.Message(
            queue_name=offer.kind,
            actor_name=offer.kind,
            args=(offer.job_id,),
            kwargs={},
            options={},
            message_timestamp=current_millis(),
        )
    )


def waiting(broker: dramatiq.Broker, kind: JobKind) -> int:
    """Return the number of offers of a kind that no worker has fetched. Raises the errors of the broker."""
    if isinstance(broker, RedisBroker):
        return int(broker.client.llen(f"{broker.namespace}:{kind}"))
    return int(broker.queues[kind].qsize()) if isinstance(broker, StubBroker) else 0
