"""What `run` and `demo` print can be typed as it stands, also where the shell does not find `triaged`."""

import shutil
import sys

import pytest

from daemon.cli.support.context import typed_name


@pytest.mark.parametrize(
    ("called", "found", "typed"),
    [
        (".venv/bin/triaged", None, ".venv/bin/triaged"),
        ("/opt/triaged/bin/triaged", "/opt/triaged/bin/triaged", "triaged"),
        ("/usr/lib/python3/site-packages/daemon/cli/__main__.py", None, "triaged"),
    ],
)
def test_the_name_is_a_path_where_the_shell_does_not_find_it(
    monkeypatch: pytest.MonkeyPatch, called: str, found: str | None, typed: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "run"])
    monkeypatch.setattr(shutil, "which", lambda _name: found)
    assert typed_name() == typed
