"""The `triaged` command. Its subcommands are imported when they are asked for, so that it starts fast."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import click

EX_USAGE: Final = 64
INTERRUPTED: Final = 130

# Section, name, module, what it says of itself in the overview.
COMMANDS: Final = (
    ("Run", "run", "run", "Run everything in one process."),
    ("Run", "daemon", "run", "Accept mail, without working on it."),
    ("Run", "worker", "run", "Work on what is stored."),
    ("Run", "send-test", "run", "Send a mail to the listener as a customer would."),
    ("Run", "check", "check", "Show the settings in force and try every connection."),
    ("Run", "try", "try_", "Show what would happen to a mail; store and send nothing."),
    ("Tickets", "tickets", "tickets", "List, show, search, close, assign and correct tickets."),
    ("Tickets", "stats", "stats", "Count mails, tickets, jobs and deliveries."),
    ("Mail", "trace", "trace", "Follow a mail from the socket to the last notification."),
    ("Mail", "parked", "parked", "List, show and replay mail that was not understood."),
    ("Mail", "imap", "imap", "Fetch older mail from the mailboxes."),
    ("Operate", "jobs", "jobs", "List, retry and dismiss jobs."),
    ("Operate", "db", "db", "Upgrade, back up and verify the database."),
    ("Triage", "train", "train", "Train a model, and promote it when it is not worse."),
    ("Triage", "evaluate", "evaluate", "Measure triage on labelled tickets."),
    ("Triage", "rehearse", "rehearse", "Show what another configuration would decide on stored mail."),
    ("Triage", "rules", "rules", "Try the rules on tickets."),
    ("Triage", "models", "models", "List, show, promote and roll back models."),
)


class Lazy(click.Group):
    """A group that imports the module of a subcommand only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the overview."""
        del ctx
        return [name for _, name, _, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None where there is none of that name."""
        del ctx
        module = next((module for _, name, module, _ in COMMANDS if name == cmd_name), None)
        if module is None:
            return None
        command = getattr(import_module(f"daemon.cli.{module}"), COMMAND_OF.get(cmd_name, cmd_name.replace("-", "_")))
        if not isinstance(command, click.Command):
            raise TypeError(f"daemon.cli.{module} has no command {cmd_name}")
        return _keep_paragraphs(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview, a section for each kind of work, without importing anything."""
        del ctx
        for section in dict.fromkeys(section for section, *_ in COMMANDS):
            with formatter.section(section):
                formatter.write_dl([(name, about) for at, name, _, about in COMMANDS if at == section])


def _keep_paragraphs(command: click.Command) -> click.Command:
    r"""Turn the \b of raw docstrings into the mark by which click keeps the lines of a paragraph."""
    command.help = command.help and command.help.replace("\\b\n", "\b\n")
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _keep_paragraphs(inner)
    return command


# `try` is a keyword of the language.
COMMAND_OF: Final = {"try": "try_"}


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings (default: ./triaged.toml).")
@click.version_option(package_name="triaged", prog_name="triaged")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    r"""Mail in, triaged, mail out: an email helpdesk daemon.

    \b
    Example: triaged run
    Settings come from the file, TRIAGED_SECTION__KEY variables and systemd credentials.
    """
    ctx.obj = config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code (sysexits.h). `arguments` default to those of this process."""
    _keep_paragraphs(cli)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="triaged", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        error.show()
        return EX_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; without this, the interpreter complains while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0
