"""The decisions that the API's documentation shows are those of the shipped rules, in the words of triage."""

import tomllib

import pytest

from daemon.web.api.rows import DecisionView, TicketView
from daemon.web.api.triage import Outcome
from tests.support.paths import CONFIG

PHRASE = "debited but not credited"


def examples() -> list[dict[str, object]]:
    found = [kind.model_config["json_schema_extra"] for kind in (DecisionView, TicketView, Outcome)]
    [decision, ticket, outcome] = [each["examples"][0] for each in found if isinstance(each, dict)]  # type: ignore[index]
    return [decision, ticket["decision"], outcome]  # type: ignore[list-item,index]


@pytest.mark.parametrize("example", examples(), ids=["decision", "ticket", "dry run"])
def test_the_rule_of_an_example_is_a_shipped_one_and_its_reason_is_written_like_ours(
    example: dict[str, object],
) -> None:
    rules = tomllib.loads((CONFIG / "rules.toml").read_text("utf-8"))["rules"]
    [name] = [one["name"] for one in rules if PHRASE in one.get("phrases", ())]
    assert example["rule"] == name
    assert example["reasons"] == [f'the rule "{name}" matched "{PHRASE}"']
