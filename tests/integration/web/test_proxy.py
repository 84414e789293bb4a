"""Behind a reverse proxy: whose address counts, and links below a path."""

import pytest
from fastapi.testclient import TestClient

from daemon.store.store import Store
from tests.support.http import EXAMPLE, Web, web

CLIENT, PROXY = "203.0.113.9", "192.0.2.1"


def peer(case: Web, came_from: str, forwarded: str) -> str:
    """Open a ticket by a connection from an address; return the address that the ledger names."""
    client = TestClient(case.app, "http://localhost", client=(came_from, 5000))
    headers = {"Authorization": f"Bearer {case.token}", "X-Forwarded-For": forwarded}
    assert client.post("/tickets", json=EXAMPLE, headers=headers).status_code == 201
    found: str = case.client.get("/mail").json()["mail"][0]["peer"]
    return found


@pytest.mark.parametrize(
    ("came_from", "forwarded", "believed"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"198.51.100.7, {CLIENT}", CLIENT),
        (PROXY, f"198.51.100.7, {CLIENT}, 192.0.2.3", CLIENT),
        ("198.51.100.1", CLIENT, "198.51.100.1"),
        (PROXY, "nonsense", "unknown"),
    ],
)
def test_the_address_of_a_client_is_believed_only_from_a_trusted_proxy(
    came_from: str, forwarded: str, believed: str, sqlite_store: Store
) -> None:
    with web(sqlite_store, http={"trusted_proxies": ["192.0.2.0/24"]}) as case:
        assert peer(case, came_from, forwarded) == believed


def test_without_a_trusted_proxy_nobody_is_believed(sqlite_store: Store) -> None:
    with web(sqlite_store) as case:
        assert peer(case, "127.0.0.1", CLIENT) == "127.0.0.1"


def test_below_a_path_links_have_it_and_tokens_are_needed(sqlite_store: Store) -> None:
    with web(sqlite_store, http={"root_path": "/helpdesk"}) as case:
        # As uvicorn calls it: the path with what the proxy removed.
        client = TestClient(case.app, "http://localhost", root_path="/helpdesk")
        headers = {"Authorization": f"Bearer {case.token}"}
        made = [client.post("/helpdesk/tickets", json=EXAMPLE, headers=headers) for _ in range(2)]
        location = made[0].headers["location"]
        assert location == f"/helpdesk/tickets/{made[0].json()['reference']}"
        assert client.get(location, headers=headers).json()["id"] == made[0].json()["id"]
        assert client.get(location).status_code == 401
        page = client.get("/helpdesk/tickets?limit=1", headers=headers)
        assert page.links["next"]["url"].startswith("/helpdesk/tickets?")
        assert [row["id"] for row in client.get(page.links["next"]["url"], headers=headers).json()["tickets"]] == [1]
        assert client.get("/helpdesk/docs").status_code == 200
