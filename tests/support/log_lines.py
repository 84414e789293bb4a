"""The lines that the code under test logged, read from standard error."""

import json
from typing import Any

import pytest


def log_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was logged since the last call, oldest first."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
