"""Small emails that helpdesks are known to read wrongly, each with the right value."""

import os

import pytest

from tests.scores.cases import CORRECTED, failures
from tests.support.paths import SHARED

CASES = SHARED / "cases"


def test_every_shared_case_is_read_rightly() -> None:
    if not CASES.is_dir() and os.environ.get("CI") != "true":
        pytest.skip("needs the cases in ../shared/cases, which are not part of the project")
    found = failures(CASES)
    assert len(found) >= 8
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_corrected_case_contradicts_its_own_bytes() -> None:
    assert b"Gr+APwA3w-e".decode("utf-7") == "Grüße"
    assert list(CORRECTED) == ["utf-7-body"]
