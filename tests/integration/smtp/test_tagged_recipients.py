"""A token after a plus sign is accepted for the addresses whose mail server knows such addresses, for no other."""

from daemon.store.store import Store
from tests.support.emails import SUPPORT
from tests.support.smtp_client import Running
from tests.support.store_queries import mark

BILLING = "billing@shop.example"


def test_a_token_is_accepted_only_at_an_address_that_takes_tokens(sqlite_store: Store) -> None:
    stamp = mark(1)
    how = {"recipients": frozenset({SUPPORT, BILLING}), "tagged": frozenset({SUPPORT})}
    with Running(sqlite_store, **how) as running, running.client() as client:
        client.hello().envelope(SUPPORT)
        assert client.say(f"RCPT TO:<support+{stamp}@example.com>").startswith("250")
        assert client.say(f"RCPT TO:<{BILLING}>").startswith("250")
        assert client.say(f"RCPT TO:<billing+{stamp}@shop.example>") == "550 5.1.1 No such recipient"
