"""Two brands of one company: two addresses in two domains, each with a mail server of its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from config.schema import OutgoingServer, Support, Team
from tests.support.conversation import Desk
from tests.support.desks import MANY
from tests.support.emails import SUPPORT
from tests.support.fakes import FakeClock
from tests.support.helpdesk import Helpdesk, settings_for
from tests.support.outgoing_checks import faults
from tests.support.smtp_sink import Sink

BILLING: Final = "billing@shop.example"
SALES: Final = "sales@shop.example"
# Nobody in a team has only one address.
MEMBERS: Final = ("ana@example.com", "ana@private.example", "@agents.example.com")
SUBJECT: Final = "[{{ reference }}] Shop: we got your message"


@dataclass(frozen=True, slots=True)
class Brands:
    """A running triaged; each desk sees what the mail server of its brand took."""

    main: Desk
    shop: Desk
    servers: tuple[Sink, Sink]
    clock: FakeClock


@contextmanager
def two_brands(state: Path, examples: Path, models: Path, database: str = "", broker: str = "") -> Iterator[Brands]:
    """Run triaged with support@example.com, and with billing@ and sales@ of a shop; read every email at the end."""
    state.mkdir(mode=0o700)
    shutil.copytree(models, state / "models")
    (state / "models").chmod(0o700)
    templates = state / "shop"
    templates.mkdir()
    (templates / "acknowledgement.subject.j2").write_text(SUBJECT, "utf-8")
    clock = FakeClock()
    with Sink() as main, Sink() as shop:
        settings = settings_for(state, main, examples, database, broker)
        server = OutgoingServer(name="shop", host=shop.host, port=shop.port, security="none")
        limits = settings.limits.model_copy(update={"notifications_per_team_hour": MANY, "connections_per_address": 99})
        support = Support(addresses=_addresses(templates), accepted_machines=settings.support.accepted_machines)
        settings = settings.model_copy(
            update={
                "support": support,
                "limits": limits,
                "teams": tuple(_team(team) for team in settings.teams),
                "outgoing": settings.outgoing.model_copy(update={"servers": (server,)}),
            }
        )
        with Helpdesk(settings, main, clock) as helpdesk:
            helpdesk.work()
            desks = (_desk(helpdesk, main, clock), _desk(helpdesk, shop, clock))
            yield Brands(*desks, (main, shop), clock)
            for desk, ours in zip(desks, ((SUPPORT,), (BILLING, SALES)), strict=True):
                _check(desk, ours)


def _addresses(templates: Path) -> Any:
    shop = {"server": "shop", "templates": templates, "answer_from": "{agent}, {support}"}
    return [
        SUPPORT,
        {"address": BILLING, "name": "Shop Billing", "category": "Payments", "triage": "fixed", **shop},
        {"address": SALES, "name": "Shop Sales", "category": "Login", **shop},
    ]


def _team(team: Team) -> Team:
    return team.model_copy(update={"members": MEMBERS})


def _desk(helpdesk: Helpdesk, sink: Sink, clock: FakeClock) -> Desk:
    def settle() -> None:
        helpdesk.idle()
        clock.advance(seconds=1)

    def query(statement: str, **values: object) -> Sequence[Any]:
        with helpdesk.store.read() as session:
            return list(session.execute(text(statement), values).all())

    keyring = helpdesk.runtime.keyring
    return Desk(lambda: helpdesk.port, lambda: list(sink.received), settle, query, clock.now, lambda: keyring.value)


def _check(desk: Desk, ours: tuple[str, ...]) -> None:
    """Read all emails that a mail server took; each comes from one of the addresses that it is for."""
    for address in ours:
        own = [one for one in desk.taken() if f"<{address}>".encode() in one.content.split(b"\r\nTo:")[0]]
        wrong = list(faults(own, desk.keys(), address))
        assert not wrong, "\n".join(wrong)
    strangers = [
        one.content for one in desk.taken() if not any(f"<{address}>".encode() in one.content for address in ours)
    ]
    assert strangers == []
