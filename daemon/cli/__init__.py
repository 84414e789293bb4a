"""The `triaged` command. A subcommand is imported when it is called, so that the command starts fast."""

import os
import select
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Final, TextIO

import click

EX_USAGE: Final = 64
INTERRUPTED: Final = 130

# Section, name and description in the overview. The module has the name of the command.
COMMANDS: Final = (
    ("Run", "run", "Run everything in one process."),
    ("Run", "daemon", "Accept emails only; workers process them."),
    ("Run", "worker", "Process stored emails: triage, notify, deliver."),
    ("Run", "web", "Serve HTTP only: the inbox, the API, the metrics."),
    ("Run", "send-test", "Send a test email to the listener."),
    ("Run", "demo", "Send twenty example emails to the listener."),
    ("Run", "check", "Show the settings and test every connection."),
    ("Run", "try", "Show what would happen to an email; store and send nothing."),
    ("Tickets", "tickets", "List, show, search and change tickets; answer customers."),
    ("Tickets", "stats", "Count emails, tickets, jobs and deliveries."),
    ("Email", "trace", "Show the way of an email from receipt to the last notification."),
    ("Email", "mail", "List, show and release emails of machines, which open no ticket."),
    ("Email", "parked", "List, show and replay emails that could not be processed."),
    ("Email", "imap", "Import older emails from the mailboxes; retry unreadable ones."),
    ("Email", "deliveries", "List, show, resend and dismiss outgoing emails."),
    ("Operate", "tokens", "Create, list and revoke API tokens."),
    ("Operate", "webhooks", "Create, list, replay and remove webhooks."),
    ("Operate", "jobs", "List, retry and dismiss jobs."),
    ("Operate", "db", "Upgrade, back up, import and verify the database."),
    ("Triage", "train", "Train a model, and promote it if it is not worse."),
    ("Triage", "evaluate", "Measure the accuracy of triage on labelled tickets."),
    ("Triage", "rehearse", "Show what other settings would decide on stored tickets."),
    ("Triage", "rules", "Test the rules on tickets."),
    ("Triage", "boilerplate", "List the text of many senders that triage does not read, and forget it."),
    ("Triage", "models", "List, show, promote and roll back models."),
)


def module_of(command: str) -> str:
    """Return the name of the module and function of a command, such as send_test; try_ because `try` is a keyword."""
    name = command.replace("-", "_")
    return f"{name}_" if iskeyword(name) else name


class LazyGroup(click.Group):
    """A group that imports the module of a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the overview."""
        del ctx
        return [name for _, name, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None if there is none of that name."""
        del ctx
        if cmd_name not in {name for _, name, _ in COMMANDS}:
            return None
        module = module_of(cmd_name)
        command = getattr(import_module(f"daemon.cli.{module}"), module)
        if not isinstance(command, click.Command):
            raise TypeError(f"daemon.cli.{module} has no command {cmd_name}")
        return _keep_paragraphs(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview in sections, without importing the subcommands."""
        del ctx
        for section in dict.fromkeys(section for section, *_ in COMMANDS):
            with formatter.section(section):
                formatter.write_dl([(name, about) for at, name, about in COMMANDS if at == section])


def _keep_paragraphs(command: click.Command) -> click.Command:
    r"""Replace \b in raw docstrings by the character that makes click keep the lines of a paragraph."""
    command.help = command.help and command.help.replace("\\b\n", "\b\n")
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _keep_paragraphs(inner)
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings file.  [default: ./triaged.toml]"
)
@click.version_option(package_name="triaged", prog_name="triaged")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    r"""Run an email helpdesk: emails become tickets, which are routed to teams.

    \b
    Example: triaged run
    Settings come from the file, from variables such as TRIAGED_SMTP__LISTEN
    and from systemd credentials.
    """
    ctx.obj = config


def _reader_ended(output: TextIO | None) -> bool:
    """Say whether the reader of our output, such as `head`, has ended; nothing is written there from then on."""
    if output is None:
        return False
    # What could not be written may be gone from the buffer, so the pipe itself is asked.
    poll = select.poll()
    poll.register(output.fileno(), 0)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    # Otherwise, the interpreter reports an error at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code (sysexits.h). `arguments` default to sys.argv[1:]."""
    _keep_paragraphs(cli)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        # As https://no-color.org says; without it click asks the terminal.
        color = False if os.environ.get("NO_COLOR") else None
        code = cli.main(arguments, prog_name="triaged", standalone_mode=False, color=color)
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
    except (BrokenPipeError, SystemExit):
        # click makes exit code 1 of every broken pipe.
        if not _reader_ended(sys.__stdout__):
            raise
        return 0
    return code if isinstance(code, int) else 0
