"""The buttons of a ticket whose team is fixed: another category leaves it there, and a button gives it away."""

import pytest

from workers.notify.links import ButtonTarget, of_ticket

TO = ButtonTarget("support+token@example.com", "HD-7K3Q-M9XY")
LIKELY = [("Login", "20%"), ("Refunds", "10%"), ("Other", "5%")]


@pytest.mark.parametrize(
    ("keeps_team", "commands", "labels"),
    [
        (False, ["#category Login", "#category Refunds"], ["Not ours: Login", "Not ours: Refunds"]),
        (
            True,
            ["#category Login", "#category Refunds", "#assign REVIEW"],
            ["Category: Login", "Category: Refunds", "Not ours"],
        ),
    ],
)
def test_another_category_is_called_not_ours_only_where_it_moves_the_ticket(
    *, keeps_team: bool, commands: list[str], labels: list[str]
) -> None:
    buttons = of_ticket(TO, LIKELY, "REVIEW", asked=False, keeps_team=keeps_team)
    assert [button.command for button in buttons] == ["#take", *commands, "#spam"]
    assert [str(button.label) for button in buttons[1:-1]] == labels
