"""The command has help texts, starts fast, and exits with codes of sysexits.h."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from daemon.cli import COMMANDS, cli, main, module_of


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group) and command is not cli:
        for inner in command.commands.values():
            yield from _commands(inner, f"{name} {inner.name}")


def _all() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for _, name, _ in COMMANDS:
        module = module_of(name)
        command = cli.get_command(context, name) if find_spec(f"daemon.cli.{module}") else None
        if command is not None:
            yield from _commands(command, name)


@pytest.mark.parametrize(("name", "command"), list(_all()))
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    assert f"Example: triaged {name.partition(' ')[0]}" in (command.help or "").replace("--config FILE ", "").replace(
        "--config /etc/triaged/triaged.toml ", ""
    )


def test_every_command_of_the_overview_exists() -> None:
    for _, name, _ in COMMANDS:
        module = module_of(name)
        assert import_module(f"daemon.cli.{module}"), name


def test_the_overview_imports_neither_sqlalchemy_nor_the_model() -> None:
    program = "import sys; from daemon.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for heavy in ("sqlalchemy", "sklearn", "numpy", "pydantic", "dramatiq"):
        assert f"'{heavy}'" not in done.stderr
    assert "Tickets:" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (["nonsense"], {}, 64, "No such command"),
        (["tickets", "list", "--status", "NONE"], {}, 64, "--status"),
        (["tickets", "list", "--since", "yesterday"], {}, 64, "write it like 2026-11-01"),
        (["tickets", "list"], {"TRIAGED_SMTP__LISTEN": "nowhere"}, 78, "HOST:PORT"),
        (["tickets", "list"], {"TRIAGED_NO__SUCH": "1"}, 78, "no such setting"),
        (["--config", "missing.toml", "tickets", "list"], {}, 78, "missing.toml: cannot be read"),
        (["tickets", "list"], {}, 78, "triaged db upgrade"),
        (["tickets", "list"], {"TRIAGED_DATABASE__URL": "foo://x"}, 78, "database.url: not a database URL"),
        (["tickets", "list"], {"TRIAGED_DATABASE__URL": "postgresql://u:hidden@127.0.0.1:1/x"}, 75, "127.0.0.1"),
        (["imap", "backfill", "--since", "2026-11-01"], {}, 65, "no mailbox is configured"),
    ],
)
def test_an_error_is_one_line_with_its_exit_code(
    bare: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    environment: dict[str, str],
    code: int,
    said: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert "hidden" not in printed.err
    assert printed.out == ""
    if code != 64:
        assert len(printed.err.strip().splitlines()) == 1
    assert not list(bare.glob("var/*")), "a failed command leaves no files"


def test_a_closed_output_pipe_is_not_an_error() -> None:
    program = f"{sys.executable} -c 'import sys; from daemon.cli import main; sys.exit(main())' --help | head -c 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
