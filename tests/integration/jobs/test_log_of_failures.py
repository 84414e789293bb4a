"""What fails on every email fills no log: each failed job is a line, and a few of them have a traceback."""

from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from daemon.store.store import Store
from daemon.system.logs import RateLimitedLog
from tests.support.emails import mail
from tests.support.pipeline import Pipeline
from workers.actors import brands
from workers.jobs import executor
from workers.notify.render import Renderer

FLOOD = 20
LINES = 3


@pytest.fixture
def pipeline(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(brands, "limited", RateLimitedLog(structlog.get_logger("templates"), burst=LINES))
    monkeypatch.setattr(executor, "tracebacks", RateLimitedLog(structlog.get_logger("jobs"), burst=LINES))
    return Pipeline(sqlite_store, 2)


def flood(pipeline: Pipeline) -> None:
    for number in range(FLOOD):
        sender = f"customer{number}@shop{number}.example"
        pipeline.accept(mail(sender, subject=f"number {number}", body=f"number {number}"), mail_from=sender)
    pipeline.work()


def test_a_template_that_fails_on_every_email_is_a_few_lines(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "acknowledgement.txt.j2").write_text("{{ nothing }}", "utf-8")
    config = pipeline.config.value
    main = replace(config.brands.main, renderer=Renderer(tmp_path))
    pipeline.config.value = replace(config, brands=brands.Brands(main, {}))
    with capture_logs() as lines:
        flood(pipeline)
    said = [line for line in lines if line["event"] == "own template used instead of the admin's"]
    assert pipeline.transport.asked >= FLOOD
    assert len(said) == LINES
    assert all("nothing" in line["fault"] and line["delivery"] for line in said)


def test_a_bug_that_every_email_meets_is_a_line_for_each_job_and_a_few_tracebacks(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("workers.actors.triage.TriageActor.perform", broken)
    with capture_logs() as lines:
        flood(pipeline)
    failed = [line for line in lines if line["event"] == "job failed"]
    assert len({line["job"] for line in failed}) == FLOOD
    assert {line["reason"] for line in failed} == {"ZeroDivisionError: by zero"}
    assert sum(bool(line["exc_info"]) for line in failed) == LINES
