"""Plus addresses are a setting of each support address, by default the common one."""

import pytest

from config.settings import Settings
from daemon.policies import listener_config
from workers.policies import brands

BILLING = {"address": "Billing@Shop.example"}


@pytest.mark.parametrize(
    ("common", "own", "main", "billing"),
    [
        (True, {}, True, True),
        (True, {"plus_addressing": False}, True, False),
        (False, {}, False, False),
        (False, {"plus_addressing": True}, False, True),
    ],
)
def test_an_address_may_differ(common: bool, own: dict[str, bool], main: bool, billing: bool) -> None:
    entries = ["support@example.com", BILLING | own]
    settings = Settings(support={"addresses": entries, "plus_addressing": common})
    found = brands(settings).by_address
    shown = [found[address].mail.plus_addressing for address in ("support@example.com", "billing@shop.example")]
    assert shown == [main, billing]
    wanted = {"support@example.com": main, "billing@shop.example": billing}
    assert listener_config(settings).tagged == {address for address, takes in wanted.items() if takes}


def test_an_entry_that_says_only_this_is_written_as_a_table() -> None:
    settings = Settings(support={"addresses": [BILLING | {"plus_addressing": False}]})
    assert settings.support.model_dump()["addresses"][0]["plus_addressing"] is False
