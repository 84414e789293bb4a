"""The engine: Dramatiq over Redis, or the same code in process. It carries job ids, nothing else."""

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
EVERY_TIME: Final = 1_000_000
# A Redis that hangs must not hold the relay for longer than systemd's watchdog waits.
ANSWER_SECONDS: Final = 3.0


class _Undelayed(dramatiq.Broker):
    """Says that it has no queues of delayed messages: due times are in the job's row, and each would be polled."""

    def get_declared_delay_queues(self) -> set[str]:
        """Return none."""
        return set()


class MemoryBroker(_Undelayed, StubBroker):
    """An in-process broker that keeps no dead letters: the database remembers what failed."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> dramatiq.Consumer:
        """Return a consumer that forgets what was refused."""
        consumer = super().consume(queue_name, prefetch, timeout)
        consumer.nack = consumer.ack  # type: ignore[method-assign]  # a refused message needs no dead-letter queue
        return consumer


class SteadyRedisBroker(_Undelayed, RedisBroker):
    """A Redis broker whose threads outlive a Redis that is down, frozen or restarted."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Return a consumer whose Redis errors make Dramatiq reconnect instead of ending its thread."""
        return _SteadyConsumer(super().consume(queue_name, prefetch, timeout))


class _SteadyConsumer(dramatiq.Consumer):
    def __init__(self, consumer: dramatiq.Consumer) -> None:
        self._consumer = consumer

    def __next__(self) -> dramatiq.MessageProxy | None:
        try:
            message = self._consumer.__next__()
        except redis.RedisError as error:
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - whatever a stranger's payload makes the decoder raise
            # Redis carries wake-ups only, so nothing is lost with it.
            log.warning("payload in Redis is not a job", error=type(error).__name__)
            return None
        if message is None or _is_job(message):
            return message
        log.warning("message in Redis is not a job")
        # Not acknowledged, it would count as being worked on, and a few of them stop the consumer.
        with contextlib.suppress(Exception):
            self._consumer.ack(message)
        return None

    def ack(self, message: dramatiq.MessageProxy) -> None:
        self._if_redis_hears(self._consumer.ack, message)

    def nack(self, message: dramatiq.MessageProxy) -> None:
        self._if_redis_hears(self._consumer.nack, message)

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        self._if_redis_hears(self._consumer.requeue, messages)

    def close(self) -> None:
        self._consumer.close()

    @staticmethod
    def _if_redis_hears(call: Callable[[T], None], about: T) -> None:
        # What Redis does not hear it hands out again, and the claim finds the job done. A thread that waited for Redis
        # here would be missing for the jobs that can run.
        try:
            call(about)
        except (redis.RedisError, ConnectionClosed):
            log.debug("redis did not hear of a finished job")


def _is_job(message: dramatiq.MessageProxy) -> bool:
    """Say whether a message is one of ours: a worker thread ends on options or arguments of another shape."""
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
    """Return the broker: in process for an empty URL, else Redis (which must be reachable only when used)."""
    middleware: list[Middleware] = [TimeLimit(time_limit=TIME_LIMIT_MS), ShutdownNotifications(), Callbacks()]
    broker: dramatiq.Broker
    if url:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1),
        )
        broker = SteadyRedisBroker(  # type: ignore[no-untyped-call]
            client=client, middleware=middleware, maintenance_chance=EVERY_TIME, heartbeat_timeout=HEARTBEAT_MS
        )
    else:
        broker = MemoryBroker(middleware=middleware)
    for queue in QUEUES:
        broker.declare_queue(queue)
    return broker


def enqueue(broker: dramatiq.Broker, offer: Offer) -> None:
    """Send a job's id to the queue of its kind. Raises what the broker raises; the relay offers again."""
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
    """Return how many offers of a kind nobody has fetched yet. Raises what the broker raises."""
    if isinstance(broker, RedisBroker):
        return int(broker.client.llen(f"{broker.namespace}:{kind}"))
    return int(broker.queues[kind].qsize()) if isinstance(broker, StubBroker) else 0
