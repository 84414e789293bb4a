"""What stands in Redis and is none of our messages fills no log."""

import json

import pytest
import redis
import structlog
from structlog.testing import capture_logs

from daemon import broker as brokers
from daemon.broker import make_broker
from daemon.system.logs import RateLimitedLog

FLOOD = 200
FOREIGN = json.dumps(
    {
        "queue_name": "triage",
        "actor_name": "triage",
        "args": ["no id"],
        "kwargs": {},
        "options": {"redis_message_id": "x"},
        "message_id": "x",
        "message_timestamp": 1,
    }
).encode()


@pytest.mark.parametrize(
    ("payload", "event"), [(b"garbage", "redis payload rejected"), (FOREIGN, "redis message rejected")]
)
def test_a_flood_of_garbage_is_a_few_lines_of_log(
    redis_url: str, payload: bytes, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "limited", RateLimitedLog(structlog.get_logger("fresh"), burst=3))
    with redis.Redis.from_url(redis_url) as client, capture_logs() as lines:
        for number in range(FLOOD):
            client.hset("dramatiq:triage.msgs", str(number), payload)
            client.rpush("dramatiq:triage", str(number))
        consumer = make_broker(redis_url).consume("triage", prefetch=1, timeout=1)
        while client.llen("dramatiq:triage"):
            assert next(consumer) is None
        consumer.close()
    assert [line["event"] for line in lines] == [event] * 3
