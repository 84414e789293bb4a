"""No file of Python is longer than a reader can keep in mind: code and tests alike."""

import pytest

from tests.support.paths import ROOT

MAX_LINES = 350
FOLDERS = ("config", "daemon", "workers", "templates", "tests")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_has_at_most_350_lines(folder: str) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > MAX_LINES} == {}
