"""The script that counts the steps of an email, as docs/ARCHITECTURE.md names it."""

import re
import subprocess
import sys

from tests.support.paths import ROOT

# Half of those before the new layout; docs/ARCHITECTURE.md has the table.
MOST_CROSSINGS = 27


def test_the_trace_of_an_email_counts_few_crossings_between_workers_and_store() -> None:
    command = [sys.executable, "-m", "tests.support.trace_email"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stdout
    crossings = re.search(r"crossings .* (\d+)$", shown, re.MULTILINE)
    assert crossings is not None
    assert 0 < int(crossings[1]) <= MOST_CROSSINGS
