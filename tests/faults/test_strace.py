"""What strace prints is read as moments of system calls; where CI=true, nobody goes without it."""

import pytest

from tests.support.strace import Call, calls, missing

TEXT = """\
11 pwrite64(7</db-wal>, "page", 4, 0) = 4
12 sendto(9<socket:[1]>, "354 go", 6, 0, NULL, 0 <unfinished ...>
11 fdatasync(7</db-wal> <unfinished ...>
12 <... sendto resumed>) = 6
11 <... fdatasync resumed>) = 0
12 +++ exited with 0 +++
"""


def test_a_call_that_waits_has_two_moments() -> None:
    found = list(calls(TEXT))
    assert [(call.name, call.began, call.ended) for call in found] == [
        ("pwrite64", True, True),
        ("sendto", True, False),
        ("fdatasync", True, False),
        ("sendto", False, True),
        ("fdatasync", False, True),
    ]
    assert found[-1] == Call("fdatasync", "7</db-wal> <unfinished ...>) = 0", began=False, ended=True)


def test_without_strace_tests_are_skipped_but_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    assert missing() == "there is no strace"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match="install strace"):
        missing()
