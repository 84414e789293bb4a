"""`triaged models list` says which models an upgrade made useless."""

from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.small_model import older_version


def test_a_model_of_another_version_is_not_listed_as_usable(
    case: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with older_version(bare / "var", monkeypatch) as version:
        (row,) = case.run("models", "list", "--json").rows
        assert (row["state"], row["current"]) == ("ok", True)
    (row,) = case.run("models", "list", "--json").rows
    assert "made by another version of triaged" in row["state"]
    assert row["examples"] == 64
    promoted = case.run("models", "promote", version)
    assert promoted.code == 65
    assert "train again" in promoted.err
