"""The log says that senders cannot be checked, whatever the DNS does, and does not repeat it for each email."""

from concurrent.futures import Future
from time import monotonic
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from daemon.authentication import checker
from daemon.authentication.checker import StartedCheck
from daemon.system.logs import RateLimitedLog
from daemon.vocabulary import NO_DNS_ANSWER, SenderCheck

FAILED = SenderCheck(verified=False, results=(NO_DNS_ANSWER, "dmarc=temperror (shop.example, DNS did not answer)"))
PASSED = SenderCheck(verified=True, results=("dmarc=pass (shop.example, spf)",))


def logged(monkeypatch: pytest.MonkeyPatch, check: SenderCheck | None, times: int) -> list[Any]:
    monkeypatch.setattr(checker, "limited", RateLimitedLog(structlog.get_logger("fresh"), burst=3))
    with capture_logs() as lines:
        for _ in range(times):
            future: Future[SenderCheck] = Future()
            if check is not None:
                future.set_result(check)
            StartedCheck(future, monotonic()).result()
    return [line["reason"] for line in lines if line["event"] == "sender not checked"]


@pytest.mark.parametrize(
    ("check", "said"), [(FAILED, ["the name servers failed"]), (None, ["time limit"]), (PASSED, [])]
)
def test_what_stopped_the_check_is_logged(
    monkeypatch: pytest.MonkeyPatch, check: SenderCheck | None, said: list[str]
) -> None:
    assert logged(monkeypatch, check, 1) == said


@pytest.mark.parametrize("check", [FAILED, None])
def test_a_flood_of_emails_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch, check: SenderCheck | None) -> None:
    assert len(logged(monkeypatch, check, 50)) == 3


def test_a_flood_of_emails_on_which_our_own_code_fails_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "limited", RateLimitedLog(structlog.get_logger("fresh"), burst=3))
    with capture_logs() as lines:
        for _ in range(50):
            future: Future[SenderCheck] = Future()
            future.set_exception(ZeroDivisionError())
            StartedCheck(future, monotonic()).result()
    assert [line["event"] for line in lines] == ["sender not checked"] * 3
