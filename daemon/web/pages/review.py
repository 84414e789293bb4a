"""The queue of tickets that a person has to decide: one at a time, the likeliest categories first."""

from typing import Final

from fastapi import Response
from sqlalchemy.orm import Session

from config.schema import Category
from daemon.store.queries import inbox
from daemon.store.queries.inbox import QueuePlace
from daemon.tickets import actions
from daemon.tickets.action import ActionError
from daemon.tickets.sign_in import Role
from daemon.vocabulary import DecidedBy
from daemon.web.pages import ticket_view
from daemon.web.pages.page import OWN_PATH, Page, PageError, Route
from daemon.web.pages.ticket import correction_of, ticket_id_of
from daemon.web.pages.ticket_view import TicketPage
from daemon.web.pagination import decode, encode

KEYS: Final = 9
BY_PEOPLE: Final = (DecidedBy.PERSON, DecidedBy.ASSIGNMENT)


def show(page: Page) -> Response:
    """Show the ticket that waits longest, or the next one after it was skipped."""
    team, after = page.services.settings.triage.review_team, decode(page.query.get("after") or None)
    with page.services.store.read() as session:
        place = inbox.next_in_queue(session, team, QueuePlace(*after) if after else None)
        found = ticket_view.load(session, place.ticket_id) if place else None
        waiting = inbox.waiting(session, team)
    return page.render(
        "review.html",
        found=found,
        waiting=f"{inbox.COUNTED - 1}+" if waiting >= inbox.COUNTED else str(waiting),
        skipped=after is not None,
        next_url=f"{page.base}/ui/review?after={encode(place.at, place.ticket_id)}" if place else "",
        choices=_choices(page, found)[:KEYS] if found else (),
        last=_last(page),
        may_act=page.signed_in.role.includes(Role.MEMBER),
    )


def _choices(page: Page, found: TicketPage) -> list[tuple[Category, float | None]]:
    """Return the categories with their probability: the likeliest first, then the others as they are configured."""
    # What a person decided and took back is not what triage thinks.
    automatic = [one for one in found.detail.decisions if one.by not in BY_PEOPLE]
    decision = automatic[-1] if automatic else None
    likely: dict[str, float] = {}
    if decision is not None:
        likely = {decision.category: decision.confidence, **dict(decision.alternatives)}
    known = [(one, likely.get(one.name)) for one in page.services.settings.categories]
    return sorted(known, key=lambda choice: -(choice[1] or 0.0))


def _last(page: Page) -> str:
    """Return the ticket that was decided before this one, which can be undone."""
    last = page.query.get("last", "")[:40]
    return last if OWN_PATH.fullmatch(f"/ui/{last}") else ""


def decide(page: Page) -> Response:
    """Put the chosen category in force, and go on with the next ticket."""
    number, correction, now = ticket_id_of(page), correction_of(page), page.services.clock.now()
    retrain, review = page.services.settings.triage.retrain_after, page.services.settings.triage.review_team

    def change(session: Session) -> actions.ActionResult:
        team = inbox.team_of(session, number)
        if team != review:
            raise ActionError("Somebody else decided about this ticket meanwhile.")
        return actions.correct(session, number, correction, page.actor(team), now, retrain_after=retrain)

    done = page.services.store.write(change)
    page.services.wake(done.offers)
    reference = page.value("ticket", 40)
    return page.redirect(f"/ui/review?last={reference}", f"{reference}: {correction.category}.")


def undo(page: Page) -> Response:
    """Take a ticket back into the queue; the next decision on it replaces what triage learned from this one."""
    number, now = ticket_id_of(page), page.services.clock.now()
    review = page.services.settings.triage.review_team

    def change(session: Session) -> actions.ActionResult:
        actor = page.actor(inbox.team_of(session, number))
        if inbox.decided_by(session, number) != actor.name:
            raise PageError(409, "Only your own decision can be undone, as long as it is the last one.")
        return actions.assign(session, number, review, actor, now)

    done = page.services.store.write(change)
    page.services.wake(done.offers)
    return page.redirect("/ui/review", f"{page.value('ticket', 40)} is back in the queue.")


ROUTES: Final = (
    Route("GET", "/ui/review", show, Role.VIEWER),
    Route("POST", "/ui/review/{ticket}", decide, Role.MEMBER),
    Route("POST", "/ui/review/{ticket}/undo", undo, Role.MEMBER),
)
