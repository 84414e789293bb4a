"""A wrong configuration is one line and exit code 78 in every command; what may pass by itself is 75."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import make_url

from daemon.cli import main
from daemon.service import Service
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.servers import PostgresServer, RedisServer
from tests.support.wrong_configurations import WRONG, prepare

COMMANDS = ("run", "daemon", "worker", "check")
CONFIG, TEMPORARY = 78, 75

Outcome = tuple[int, list[str]]


class StartedError(Exception):
    """A command did not refuse its configuration."""


@pytest.fixture
def home(bare: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the commands a database with the schema in force, and stop them where they would begin to work."""
    prepare(bare)
    (bare / "var").mkdir(mode=0o700)
    shutil.copy(str(make_url(sqlite_url).database), bare / "var" / "triaged.db")

    async def started(*_arguments: object) -> None:
        raise StartedError

    def begun(*_arguments: object) -> None:
        raise StartedError

    monkeypatch.setattr(Service, "run", started)
    monkeypatch.setattr("daemon.cli.worker.WorkerThread.start", begun)
    monkeypatch.setattr("daemon.cli.worker.signal.signal", lambda *_: None)
    return bare


@pytest.fixture
def outcome(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Outcome]:
    """Return what runs a command: its exit code, and the lines that say what is wrong."""

    def run(command: str) -> Outcome:
        (home / "triaged.toml").chmod(0o600)
        capsys.readouterr()
        code = main([command, *(["--json"] if command == "check" else [])])
        said = capsys.readouterr()
        failed = [row["text"] for row in map(json.loads, said.out.splitlines()) if row["state"] == "fail"]
        return code, [*said.err.splitlines(), *failed]

    return run


def write(home: Path, text: str) -> None:
    (home / "triaged.toml").write_text(text.replace("HOME", str(home)), "utf-8")


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_configuration_is_one_line_and_exit_78(
    name: str, home: Path, outcome: Callable[[str], Outcome]
) -> None:
    text, words = WRONG[name]
    write(home, text)
    for command in COMMANDS:
        code, lines = outcome(command)
        assert code == CONFIG, (command, lines)
        # `check` goes on, and finds what follows from the first mistake.
        assert len(lines) == 1 or command == "check", (command, lines)
        assert words.replace("HOME", str(home)) in lines[0], (command, lines)
        assert not re.search("top|secret", "".join(lines)) or "top" not in text, (command, lines)


PLACES = [name for name in WRONG if name.startswith(("state directory", "SQLite"))]


@pytest.mark.parametrize("name", PLACES)
def test_an_upgrade_refuses_a_place_where_no_database_can_be(
    name: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = WRONG[name]
    write(home, text)
    assert main(["db", "upgrade"]) == CONFIG
    [line] = capsys.readouterr().err.splitlines()
    assert words.replace("HOME", str(home)) in line


def test_the_table_is_long_enough() -> None:
    assert len(WRONG) >= 40


@pytest.mark.parametrize("text", ["", '[smtp]\nlisten = "localhost:0"\n', '[smtp]\nlisten = "[::1]:0"\n'])
def test_a_right_configuration_is_refused_by_no_command(
    text: str, home: Path, outcome: Callable[[str], Outcome]
) -> None:
    write(home, text)
    for command in ("run", "daemon", "worker"):
        with pytest.raises(StartedError):
            outcome(command)
    assert outcome("check")[0] == 0


def test_without_any_source_of_email_only_workers_start(home: Path, outcome: Callable[[str], Outcome]) -> None:
    write(home, "[smtp]\nenabled = false\n")
    for command in ("run", "daemon", "check"):
        code, lines = outcome(command)
        assert (code, len(lines)) == (CONFIG, 1), (command, lines)
        assert "no email can come in" in lines[0]
    with pytest.raises(StartedError):
        outcome("worker")


@pytest.fixture
def guarded_redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("requirepass", "right")
        yield server


@pytest.mark.parametrize(
    ("part", "path", "words"),
    [
        (":wrong@", "/0", "rejects the user name or password"),
        ("", "/0", "rejects the user name or password"),
        (":right@", "/9999", "no database of this number"),
    ],
)
def test_a_redis_that_rejects_us_is_a_wrong_configuration(
    part: str, path: str, words: str, guarded_redis: RedisServer, home: Path, outcome: Callable[[str], Outcome]
) -> None:
    write(home, f'[broker]\nurl = "redis://{part}127.0.0.1:{guarded_redis.port}{path}"\n')
    for command in COMMANDS:
        code, lines = outcome(command)
        assert (code, len(lines)) == (CONFIG, 1), (command, lines)
        assert words in lines[0]


@pytest.mark.parametrize(("who", "name"), [("postgres", "nowhere"), ("nobody_of_ours", "postgres")])
def test_a_postgresql_that_rejects_us_is_a_wrong_configuration(
    who: str, name: str, postgres_server: PostgresServer, home: Path, outcome: Callable[[str], Outcome]
) -> None:
    write(home, f'[database]\nurl = "postgresql://{who}@127.0.0.1:{postgres_server.port}/{name}"\n')
    for command in COMMANDS:
        code, lines = outcome(command)
        assert (code, len(lines)) == (CONFIG, 1), (command, lines)
        assert "does not exist" in lines[0]


def test_a_database_that_is_away_is_temporary(home: Path, outcome: Callable[[str], Outcome]) -> None:
    write(home, f'[database]\nurl = "postgresql://ann:topsecret@127.0.0.1:{free_port()}/x"\n')
    for command in COMMANDS:
        code, lines = outcome(command)
        assert (code, len(lines)) == (TEMPORARY, 1), (command, lines)
        assert "cannot be reached" in lines[0]
        assert "topsecret" not in lines[0]


def test_a_redis_that_is_away_stops_no_command(home: Path, outcome: Callable[[str], Outcome]) -> None:
    write(home, f'[broker]\nurl = "redis://127.0.0.1:{free_port()}/0"\n')
    for command in ("run", "daemon", "worker"):
        with pytest.raises(StartedError):
            outcome(command)
    assert outcome("check")[0] == TEMPORARY


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield f"127.0.0.1:{other.getsockname()[1]}"


@pytest.mark.parametrize("command", ["run", "daemon"])
def test_a_port_in_use_is_temporary(command: str, taken: str, home: Path) -> None:
    write(home, f'[smtp]\nlisten = "{taken}"\n')
    code, lines = process(home, command)
    assert code == TEMPORARY
    assert lines == [f"triaged: smtp.listen: {taken} cannot be bound: Address already in use"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("run", "template broken"),
        ("daemon", "certificate that is garbage"),
        ("worker", "listen address of another machine"),
        ("check", "state directory that is a file"),
    ],
)
def test_a_real_process_ends_with_78(command: str, name: str, home: Path) -> None:
    text, words = WRONG[name]
    write(home, text)
    code, lines = process(home, command)
    assert (code, len(lines)) == (CONFIG, 0 if command == "check" else 1)
    assert all(words.replace("HOME", str(home)) in line for line in lines)


def process(home: Path, command: str) -> Outcome:
    """Run a real process; return its exit code and what it says on standard error, without the log."""
    program = "import sys; from daemon.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, command],
        cwd=home,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("{")]
