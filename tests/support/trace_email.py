"""Count how often one email makes a reader change file and folder, from the DATA command to the acknowledgement.

The path is the sequence of calls of our Python functions, thread by thread: a change is two calls in a row, in one
thread, of which the second is in another file (or folder). Comprehensions and lambdas count as calls. Not counted:
returns, a generator that goes on, compiled templates, clock, counters and failpoint, column types, periodic work, and
what is done for the team's notification alone. A second email is traced: caches are warm.
Folders are counted twice: every directory, and cut to two levels (daemon/mail/mime is daemon/mail).

Usage: python -m tests.support.trace_email [--steps] [--changes]
Figures of different Python versions differ: since 3.12 a list comprehension is no call.
"""

import argparse
import asyncio
import inspect
import logging
import smtplib
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import groupby, pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

import structlog
from sqlalchemy import select

from config.settings import Settings
from daemon.policies import identity
from daemon.runtime import Runtime
from daemon.service import Service
from daemon.store.models import DeliveryRow, Job
from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.paths import ROOT
from workers import monitor
from workers.app import WorkerApp
from workers.jobs import heartbeat
from workers.learning import current

PACKAGES: Final = ("daemon", "workers", "config")
HOOKS: Final = ("daemon/system/clock.py", "daemon/system/counters.py", "daemon/system/failpoint.py")
COLUMN_TYPES: Final = ("process_bind_param", "process_result_value")
FIRST, DELIVER = "GuardedSession.smtp_DATA", "DeliverActor.perform"
PERIODIC: Final = ("Relay.sweep", "Publisher._round", "Service._watch", "Runtime._read_keys")
LONG_SECONDS: Final = 600.0
QUIET_SECONDS: Final = 0.5
TRAINING_SECONDS: Final = 300.0
SENDERS: Final = ("bob@customer.example", "ann@customer.example")
GENERATORS: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
FOLDER_COLUMNS: Final = 20
LINE_FUNCTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of our functions. `cause` tells calls apart that are not, or not only, for our email."""

    thread: str
    file: str
    function: str
    cause: str

    @property
    def place(self) -> str:
        return f"{self.file}: {self.function}"


class Recorder:
    """Keeps the calls of our functions in all threads that start after `threading.setprofile(recorder)`."""

    def __init__(self) -> None:
        self.armed = False
        self.calls: list[Call] = []
        self._recording = False
        self._files: dict[CodeType, str] = {}
        # Generators and coroutines that were called. Their frames are kept: a new one could get the same id.
        self._running: dict[int, FrameType] = {}

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        if event != "call" or not self.armed:
            return
        file = self._file(frame.f_code)
        self._recording = self._recording or frame.f_code.co_qualname == FIRST
        if self._recording and file and not self._goes_on(frame) and not _of_column_type(frame):
            name, function = threading.current_thread().name, frame.f_code.co_qualname
            self.calls.append(Call(name, file, function, self._cause(frame)))

    def _file(self, code: CodeType) -> str:
        """Return the path of a file of ours below the root, "" for any other."""
        if code not in self._files:
            path = Path(code.co_filename)
            ours = path.suffix == ".py" and path.is_relative_to(ROOT)
            file = path.relative_to(ROOT).as_posix() if ours else ""
            self._files[code] = file if file.split("/")[0] in PACKAGES and file not in HOOKS else ""
        return self._files[code]

    def _goes_on(self, frame: FrameType) -> bool:
        if not frame.f_code.co_flags & GENERATORS:
            return False
        known = id(frame) in self._running
        self._running[id(frame)] = frame
        return known

    def _cause(self, frame: FrameType | None) -> str:
        """Return what a call belongs to: the subject of a deliver job, periodic work, or "" for the email."""
        while frame is not None:
            if frame.f_code.co_qualname == DELIVER:
                return str(frame.f_locals["lease"].subject)
            if frame.f_code.co_qualname in PERIODIC:
                return frame.f_code.co_qualname
            frame = frame.f_back
        return ""


def _of_column_type(frame: FrameType) -> bool:
    """Say whether a call converts the value of a column, or was made by one that does."""
    caller = frame.f_back
    return frame.f_code.co_name in COLUMN_TYPES or (caller is not None and caller.f_code.co_name in COLUMN_TYPES)


def traced(recorder: Recorder) -> list[Call]:
    """Run the product in this process, send two emails one after the other, and return the calls for the second."""
    with tempfile.TemporaryDirectory() as folder, _product(Path(folder)) as (store, port):
        for number, sender in enumerate(SENDERS, start=1):
            recorder.armed = number == len(SENDERS)
            _send(port, sender)
            eventually(lambda n=number: _is_done(store, 2 * n))
            time.sleep(QUIET_SECONDS)  # for what the threads do after their last commit
        recorder.armed = False
        with store.read() as session:
            rows = session.execute(select(DeliveryRow.id).where(DeliveryRow.kind == "notification")).scalars()
            others = {*PERIODIC, *(f"delivery:{row}" for row in rows)}
    return [call for call in recorder.calls if call.cause not in others]


@contextmanager
def _product(folder: Path) -> Iterator[tuple[Store, int]]:
    """Run listener, relay and workers as `triaged run` does, without their periodic work."""
    settings = Settings(
        service={"state_dir": folder / "state"},
        smtp={"listen": "127.0.0.1:0"},
        outgoing={"transport": "maildir", "maildir": folder / "outgoing"},
        limits={"free_bytes": 0},
    )
    runtime = Runtime(settings, migrate=True, alone=True)
    service = Service(settings, runtime.store, runtime.relay, runtime.keyring, runtime.clock)
    app = WorkerApp(settings, runtime.store, runtime.broker, runtime.keyring, runtime.clock, identity)
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(service.serve(stop, ready.set)), name="smtp")
    thread.start()
    assert ready.wait(30)
    assert service.address is not None
    app.start()
    # Its training, which is slow under the recorder, runs beside the emails and would be counted with them.
    eventually(lambda: not app.model_source.is_awaited, TRAINING_SECONDS)
    runtime.relay.start()
    try:
        yield runtime.store, service.address.port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        app.close()
        runtime.close()


def _make_periodic_work_rare() -> None:
    heartbeat.BEAT_SECONDS = LONG_SECONDS
    monitor.CHECK_SECONDS = LONG_SECONDS
    current.RELOAD_SECONDS = LONG_SECONDS


def _send(port: int, sender: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ann Example <{sender}>", "support@example.com", "Payment failed"
    mail["Message-ID"] = f"<1.{sender}>"
    mail.set_content("Amount debited but not credited")
    with smtplib.SMTP("127.0.0.1", port, local_hostname="customer.example") as client:
        client.sendmail(sender, ["support@example.com"], mail.as_bytes())


def _is_done(store: Store, deliveries: int) -> bool:
    with store.read() as session:
        sent = session.execute(select(DeliveryRow.id).where(DeliveryRow.state == "sent")).all()
        busy = session.execute(select(Job.id).where(Job.state.in_(("ready", "leased")))).all()
    return len(sent) == deliveries and not busy


def every_level(file: str) -> str:
    return file.rpartition("/")[0]


def two_levels(file: str) -> str:
    return "/".join(every_level(file).split("/")[:2])


def changes(calls: Sequence[Call], key: Callable[[str], str]) -> list[tuple[Call, Call]]:
    """Return the calls in a row, in one thread, whose files differ in `key`."""
    threads = dict.fromkeys(call.thread for call in calls)
    rows = ([call for call in calls if call.thread == name] for name in threads)
    return [(one, two) for row in rows for one, two in pairwise(row) if key(one.file) != key(two.file)]


def is_crossing(one: Call, two: Call) -> bool:
    """Say whether one call is in the workers and the other in the store."""
    return {_side(one.file), _side(two.file)} == {"workers", "store"}


def _side(file: str) -> str:
    return "store" if file.startswith("daemon/store/") else file.split("/", maxsplit=1)[0]


def summary(calls: Sequence[Call]) -> Iterator[str]:
    moves = changes(calls, lambda file: file)
    yield f"files                         {len({call.file for call in calls}):5}"
    yield f"changes of file               {len(moves):5}"
    yield f"changes of folder             {len(changes(calls, every_level)):5}  (every directory)"
    yield f"changes of folder             {len(changes(calls, two_levels)):5}  (two levels)"
    yield f"crossings workers <-> store   {sum(is_crossing(*move) for move in moves):5}"


def steps(calls: Sequence[Call]) -> Iterator[str]:
    """Yield the path: each file once, where it is first entered, one line for files of a folder in a row."""
    named = [call for call in calls if "<" not in call.function.rpartition(".")[2]]
    ordered = [call for name in dict.fromkeys(c.thread for c in named) for call in named if call.thread == name]
    first = {call.file: call for call in reversed(ordered)}
    entered = [call for call in ordered if first[call.file] is call]
    for folder, group in groupby(entered, lambda call: every_level(call.file)):
        names = [f"{Path(call.file).stem}: {call.function}" for call in group]
        for at in range(0, len(names), LINE_FUNCTIONS):
            yield f"{folder + '/':{FOLDER_COLUMNS}} {', '.join(names[at : at + LINE_FUNCTIONS])}"


def table(calls: Sequence[Call]) -> Iterator[str]:
    """Yield the changes of folder, the most frequent first; `*` marks a crossing."""
    counted = Counter(changes(calls, every_level))
    totals: Counter[tuple[str, str, bool]] = Counter()
    for (one, two), number in counted.items():
        totals[one.place, two.place, is_crossing(one, two)] += number
    for (one_place, two_place, crosses), number in totals.most_common():
        yield f"{number:3} {'*' if crosses else ' '} {one_place} -> {two_place}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", action="store_true", help="print the path, one line per group of files")
    parser.add_argument("--changes", action="store_true", help="print every change of folder and how often it happens")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    _make_periodic_work_rare()
    recorder = Recorder()
    threading.setprofile(recorder)
    calls = traced(recorder)
    for line in [*summary(calls), *(steps(calls) if chosen.steps else ()), *(table(calls) if chosen.changes else ())]:
        print(line)


if __name__ == "__main__":
    main()
