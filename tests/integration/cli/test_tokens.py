"""Tokens are created, shown once, listed and revoked by commands."""

import pytest
from sqlalchemy import select

from daemon.store.models import ApiToken, Event
from daemon.tickets.access import digest_of
from tests.support.cli import Case


def test_a_token_is_shown_once_listed_without_it_and_revoked(case_anywhere: Case) -> None:
    case = case_anywhere
    made = case.run("tokens", "create", "shop", "--scope", "tickets:read, tickets:write,tickets:read", "--actor", "eva")
    token = made.out.strip()
    with case.store.read() as session:
        assert session.execute(select(ApiToken.digest)).scalar_one() == digest_of(token)
    assert "cannot be shown again" in made.err
    listed = case.run("tokens", "list", "--json")
    [row] = listed.rows
    assert (row["name"], row["created_by"], row["revoked_at"]) == ("shop", "eva", None)
    assert row["scopes"] == ["tickets:read", "tickets:write"]
    assert token not in listed.out
    assert case.run("tokens", "revoke", "shop").out == "shop: revoked\n"
    assert case.run("tokens", "revoke", "shop").out == "shop: was revoked before\n"
    assert case.run("tokens", "list", "--json").rows[0]["revoked_at"]
    with case.store.read() as session:
        events = session.execute(select(Event.kind, Event.data).order_by(Event.id)).all()
    assert len(events) == 2
    assert all(token not in str(data) for _, data in events)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("create", "shop", "--scope", "everything"), 64, "tickets:read"),
        (("create", "shop"), 64, "--scope"),
        (("create", " ", "--scope", "tickets:read"), 65, "1 to 64 printable characters"),
        (("create", "a\nb", "--scope", "tickets:read"), 65, "printable"),
        (("create", "x" * 65, "--scope", "tickets:read"), 65, "1 to 64"),
        (("revoke", "nobody"), 66, "nobody"),
    ],
)
def test_a_wrong_command_makes_no_token(arguments: tuple[str, ...], code: int, said: str, case: Case) -> None:
    done = case.run("tokens", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert case.run("tokens", "list", "--json").out == ""


def test_a_name_is_used_once(case: Case) -> None:
    case.run("tokens", "create", "shop", "--scope", "tickets:read")
    again = case.run("tokens", "create", "shop", "--scope", "tickets:write")
    assert (again.code, again.out) == (65, "")
    assert [row["scopes"] for row in case.run("tokens", "list", "--json").rows] == [["tickets:read"]]
