"""A webhook to an address that no event could be posted to is refused when it is created, not at each delivery."""

import pytest

from daemon.store.store import Store
from tests.support.http import problem, web

INTERNAL = [
    *("127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "[::1]", "[fc00::1]", "[::ffff:10.0.0.1]"),
    *("localhost", "LOCALHOST", "hooks.localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"),
]


@pytest.mark.parametrize("host", INTERNAL)
def test_an_internal_address_is_refused(sqlite_store: Store, host: str) -> None:
    with web(sqlite_store) as case:
        answer = case.client.post("/webhooks", json={"name": "shop", "url": f"https://{host}:8443/hooks"})
        assert problem(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == "body.url"
        assert "webhooks.allowed_networks" in answer.json()["detail"]
        assert case.client.get("/webhooks").json() == {"webhooks": []}


@pytest.mark.parametrize("url", ["https://93.184.216.34/", "https://[2606:4700:4700::1111]/", "https://shop.example/"])
def test_a_public_address_and_a_name_are_accepted(sqlite_store: Store, url: str) -> None:
    with web(sqlite_store) as case:
        assert case.client.post("/webhooks", json={"name": "shop", "url": url}).status_code == 201


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://10.1.2.3/", 201),
        ("https://10.1.2.3/", 201),
        ("http://inside.example/", 201),
        ("https://10.2.0.1/", 422),
        ("http://93.184.216.34/", 422),
    ],
)
def test_a_network_that_is_allowed_is_reached_and_no_other(sqlite_store: Store, url: str, status: int) -> None:
    with web(sqlite_store, webhooks={"allowed_networks": ["10.1.0.0/16"]}) as case:
        assert case.client.post("/webhooks", json={"name": "shop", "url": url}).status_code == status
