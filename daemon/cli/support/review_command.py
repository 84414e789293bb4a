"""The command `tickets review`: list the tickets that wait for a person, in the order in which to decide them."""

import click

from daemon.cli.support import context, output, params
from daemon.store.queries import review as queue
from daemon.system.clock import SystemClock
from daemon.tickets import review_order
from daemon.tickets.review_order import CONSIDERED, TAUGHT


@click.command()
@params.limit(10)
@params.as_json
@click.pass_context
def review(ctx: click.Context, limit: int, as_json: bool) -> None:
    r"""List the tickets that wait for a decision: urgent and old ones, then those that teach triage most.

    \b
    Example: triaged tickets review --limit 5
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        waiting = {one.id: one for one in queue.waiting(session, settings.triage.review_team, CONSIDERED)}
        taught = queue.taught(session, TAUGHT)
    places = review_order.order(list(waiting.values()), taught, SystemClock().now(), limit)
    rows = [
        {
            "reference": waiting[place.ticket_id].reference,
            "reason": place.reason,
            "subject": waiting[place.ticket_id].text.partition("\n")[0],
            "created_at": waiting[place.ticket_id].created_at,
        }
        for place in places
    ]
    output.listing(rows, ("reference", "reason", "subject", "created_at"), as_json=as_json)
