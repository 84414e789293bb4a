"""The help of a group of commands says what all of its commands do."""

import click
import pytest

from daemon.cli import COMMANDS, cli

# A command whose help says it in another word.
OTHER_WORDS = {"backfill": "import older", "rotate-key": "rotate", "backup": "back up", "rollback": "roll back"}


def group(name: str) -> click.Group | None:
    found = cli.get_command(click.Context(cli), name)
    return found if isinstance(found, click.Group) else None


@pytest.mark.parametrize("name", [name for _, name, _ in COMMANDS if group(name)])
def test_the_help_of_a_group_names_each_of_its_commands(name: str) -> None:
    found = group(name)
    assert found
    said = " ".join((found.help or "").lower().split())
    missing = [each for each in found.commands if OTHER_WORDS.get(each, each) not in said]
    assert missing == []
