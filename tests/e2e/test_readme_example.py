"""The example of the README for programs, as it is printed there, with a real process and curl."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes import eventually
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.real_process import real_process

EXAMPLE = re.compile(r"^    TOKEN=.*\n(?:    .*\n)+", re.MULTILINE)
PENDING = {"id": 1, "status": "OPEN", "category": "PENDING", "priority": "PENDING", "confidence": None}
DECIDED = {"category": "Payments", "priority": "High", "confidence": 1.0, "assigned_team": "PAYMENTS_TEAM"}


def shell(state: Path, *commands: str) -> str:
    """Return what commands print, as typed into a terminal beside the process."""
    environment = os.environ | {"TRIAGED_SERVICE__STATE_DIR": str(state)}
    typed = ["/bin/sh", "-ec", "\n".join(commands)]
    return subprocess.run(typed, cwd=ROOT, env=environment, capture_output=True, check=True, text=True).stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_ticket_is_pending_at_once_and_then_decided(tmp_path: Path) -> None:
    printed = EXAMPLE.search((ROOT / "README.md").read_text("utf-8"))
    assert printed is not None
    listen, triaged = f"127.0.0.1:{free_port()}", str(Path(sys.executable).with_name("triaged"))
    ours = printed[0].replace("127.0.0.1:8080", listen).replace(".venv/bin/triaged", triaged)
    create, post, get = re.split(r"\n(?=    curl)", ours.rstrip())
    with real_process(tmp_path, event="serving http", HTTP__ENABLED="true", HTTP__LISTEN=listen) as running:
        token = f"TOKEN={shell(running.state, create, 'echo $TOKEN')}"

        def shown(command: str) -> dict[str, Any]:
            return dict(json.loads(shell(running.state, token, command)))

        assert shown(post).items() >= PENDING.items()
        eventually(lambda: shown(get).items() >= DECIDED.items(), 60)
