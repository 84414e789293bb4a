"""What the processes share."""

from pathlib import Path

import pytest

from config.settings import Settings
from daemon.broker import waiting
from daemon.runtime import Runtime
from daemon.store import jobs
from daemon.store.jobs import JobKind, NewJob
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON, eventually


@pytest.mark.parametrize("works", [True, False])
def test_jobs_pile_up_in_no_process_that_does_not_work(
    works: bool, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", sqlite_url)
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(tmp_path))
    runtime = Runtime(Settings(), migrate=False, alone=True, works=works)
    try:
        promises = [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, number), NOON) for number in range(20)]
        runtime.relay.wake(runtime.store.write(lambda session: jobs.add(session, promises)))
        runtime.relay.start()
        swept = runtime.relay._beats
        eventually(lambda: runtime.relay._beats is not swept)
        assert len(runtime.relay._offered) == (20 if works else 0)
        assert (waiting(runtime.broker, JobKind.TRIAGE) > 0) is works
    finally:
        runtime.close()
