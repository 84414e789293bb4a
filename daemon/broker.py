"""The broker: Dramatiq over Redis, or in process. Its messages carry job ids only."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

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

from daemon.store.jobs import JobKind, Offer

T = TypeVar("T")

log = structlog.get_logger(__name__)

QUEUES: Final = tuple(JobKind)
TIME_LIMIT_MS: Final = 90_000
HEARTBEAT_MS: Final = 30_000
MAINTENANCE_ALWAYS: Final = 1_000_000
# Must be below systemd's watchdog time, since a Redis that hangs blocks the relay.
REDIS_TIMEOUT_SECONDS: Final = 3.0


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

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Return a consumer whose Redis errors make Dramatiq reconnect instead of ending its thread."""
        return _ResilientConsumer(super().consume(queue_name, prefetch, timeout))


class _ResilientConsumer(dramatiq.Consumer):
    def __init__(self, consumer: dramatiq.Consumer) -> None:
        self._consumer = consumer

    def __next__(self) -> dramatiq.MessageProxy | None:
        try:
            message = self._consumer.__next__()
        except redis.RedisError as error:
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - a foreign payload may make the decoder raise anything
            # Redis only carries wake-ups, so no job is lost with the payload.
            log.warning("redis payload rejected", error=type(error).__name__)
            return None
        if message is None or _is_job(message):
            return message
        log.warning("redis message rejected")
        # Without acknowledgement it would count as in progress, and a few of those stop the consumer.
        with contextlib.suppress(Exception):
            self._consumer.ack(message)
        return None

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


def make_broker(url: str) -> dramatiq.Broker:
    """Return the broker: in process for an empty URL, otherwise Redis, which is not contacted yet."""
    middleware: list[Middleware] = [TimeLimit(time_limit=TIME_LIMIT_MS), ShutdownNotifications(), Callbacks()]
    broker: dramatiq.Broker
    if url:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1),
        )
        broker = ResilientRedisBroker(  # type: ignore[no-untyped-call]
            client=client, middleware=middleware, maintenance_chance=MAINTENANCE_ALWAYS, heartbeat_timeout=HEARTBEAT_MS
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
