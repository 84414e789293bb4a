"""The queue of tickets that a person has to decide: one at a time, those that teach most first."""

import re
from collections.abc import Callable
from typing import Final

from fastapi import Response
from sqlalchemy.orm import Session

from config.schema import Category
from daemon.store.queries import inbox, review
from daemon.store.queries.tickets import find_ticket_id
from daemon.tickets import actions, review_order
from daemon.tickets.action_base import ActionError, lock_ticket
from daemon.tickets.address_teams import team_after
from daemon.tickets.answer_policy import address_teams
from daemon.tickets.review_order import CONSIDERED, TAUGHT, RankedTicket
from daemon.tickets.sign_in import Role
from daemon.vocabulary import BY_PEOPLE, Status
from daemon.web.pages import ticket_view
from daemon.web.pages.page import OWN_PATH, Page, PageError, Route
from daemon.web.pages.ticket import correction_of, ticket_id_of
from daemon.web.pages.ticket_view import TicketPage

KEYS: Final = 9
# More are forgotten, the earliest first: the address of a page stays short.
SKIPPED: Final = 100
# Of what was skipped, in an address that a browser is sent to.
LONGEST_SKIPPED: Final = 200
IDS: Final = re.compile(r"[1-9]\d{0,9}(?:\.[1-9]\d{0,9})*", re.ASCII)
TOO_LATE: Final = "Somebody else decided about this ticket meanwhile."


def show(page: Page) -> Response:
    """Show the ticket to decide next; the address names those that were skipped."""
    return _render(page)


def _render(page: Page, status: int = 200, mistake: str = "") -> Response:
    team, skipped = page.services.settings.triage.review_team, _skipped(page)
    with page.services.store.read() as session:
        place = _undone(page, session) or _next(page, session, skipped)
        found = ticket_view.load(session, place.ticket_id, team) if place else None
        waiting = inbox.waiting(session, team)
    return page.render(
        "review.html",
        status=status,
        mistake=mistake,
        after=_joined(skipped),
        found=found,
        why=place.reason if place else "",
        waiting=f"{inbox.COUNTED - 1}+" if waiting >= inbox.COUNTED else str(waiting),
        skipped=bool(skipped),
        next_url=_next_url(page, [*skipped, place.ticket_id]) if place else "",
        choices=_choices(page, found)[:KEYS] if found else (),
        last=_last(page),
        may_act=page.signed_in.role.includes(Role.MEMBER),
    )


def _undone(page: Page, session: Session) -> RankedTicket | None:
    """Return the ticket whose decision was undone, if it waits: people undo a decision to decide again."""
    reference, settings = page.query.get("first", "")[:40], page.services.settings
    number = find_ticket_id(session, reference, settings.support.reference_prefix) if reference else None
    waits = number is not None and inbox.team_of(session, number) == settings.triage.review_team
    return RankedTicket(number, "you undid its decision") if waits and number is not None else None


def _next(page: Page, session: Session, skipped: list[int]) -> RankedTicket | None:
    """Return the ticket to decide next; None: there is none."""
    team, now = page.services.settings.triage.review_team, page.services.clock.now()
    # As many more as may have been skipped, so that these never hide what waits behind them.
    waiting = review.waiting(session, team, CONSIDERED + len(skipped))
    others = [one for one in waiting if one.id not in skipped]
    places = review_order.order(others, review.taught(session, TAUGHT), now, 1)
    return places[0] if places else None


def _skipped(page: Page) -> list[int]:
    """Return the ids of the tickets that were skipped; raises PageError."""
    text = page.form.get("after") or page.query.get("after", "")
    if text and not IDS.fullmatch(text):
        raise PageError(400, "This address is not one of the review. Begin again.")
    return [int(each) for each in text.split(".") if each][-SKIPPED:]


def _next_url(page: Page, skipped: list[int]) -> str:
    return f"{page.base}/ui/review?after={_joined(skipped)}"


def _joined(skipped: list[int]) -> str:
    return ".".join(map(str, skipped[-SKIPPED:]))


def _to_next(page: Page, name: str, said: str) -> Response:
    """Redirect to the next ticket; the parameter `name` of its URL, "last" or "first", has the ticket of this page."""
    skipped = _skipped(page)
    while len(_joined(skipped)) > LONGEST_SKIPPED:
        skipped = skipped[1:]
    after = f"&after={_joined(skipped)}" if skipped else ""
    return page.redirect(f"/ui/review?{name}={page.value('ticket', 40)}{after}", said)


def _choices(page: Page, found: TicketPage) -> list[tuple[Category, float | None, str]]:
    """Return the categories with probability and team: the likeliest first, then the others as they are configured."""
    # What a person decided and took back is not what triage thinks.
    automatic = [one for one in found.detail.decisions if one.by not in BY_PEOPLE]
    decision = automatic[-1] if automatic else None
    likely: dict[str, float] = {}
    if decision is not None:
        likely = {decision.category: decision.confidence, **dict(decision.alternatives)}
    known = [(one, likely.get(one.name), _team(page, found, one)) for one in page.services.settings.categories]
    return sorted(known, key=lambda choice: -(choice[1] or 0.0))


def _team(page: Page, found: TicketPage, category: Category) -> str:
    """Return the team that gets the ticket if a person decides for a category."""
    ticket, decisions = found.detail.ticket, found.detail.decisions
    at = address_teams(page.services.settings).get(ticket.address)
    by_person = bool(decisions) and decisions[-1].by in BY_PEOPLE
    return team_after(category.name, category.team, at, ticket.assigned_team, by_person=by_person)


def _last(page: Page) -> str:
    """Return the ticket that was decided before this one, which can be undone."""
    last = page.query.get("last", "")[:40]
    return last if OWN_PATH.fullmatch(f"/ui/{last}") else ""


def decide(page: Page) -> Response:
    """Put the chosen category in force, and go on with the next ticket."""
    number, correction, now = ticket_id_of(page), correction_of(page), page.services.clock.now()
    retrain, team = page.services.settings.triage.retrain_after, page.services.settings.triage.review_team

    def change(session: Session) -> actions.ActionResult | None:
        if lock_ticket(session, number).assigned_team != team:
            if inbox.decided_by(session, number) == page.actor(team).name:
                # The second of two clicks.
                return None
            raise ActionError(TOO_LATE)
        return actions.correct(session, number, correction, page.actor(team), now, retrain_after=retrain)

    return _decided(page, change, correction.category)


def mark_spam(page: Page) -> Response:
    """Mark a ticket as spam, and go on with the next one."""
    number, now, team = ticket_id_of(page), page.services.clock.now(), page.services.settings.triage.review_team

    def change(session: Session) -> actions.ActionResult | None:
        ticket = lock_ticket(session, number)
        if ticket.status == Status.SPAM:
            # The second of two clicks.
            return None
        if ticket.assigned_team != team:
            raise ActionError(TOO_LATE)
        return actions.spam(session, number, page.actor(team), now)

    return _decided(page, change, "spam")


def _decided(page: Page, change: Callable[[Session], actions.ActionResult | None], what: str) -> Response:
    """Make a change and go on with the next ticket; `change` returns None where it was made before."""
    try:
        done = page.services.store.write(change)
    except ActionError as error:
        return _render(page, 409, str(error))
    page.services.wake(done.offers if done else ())
    return _to_next(page, "last", f"{page.value('ticket', 40)}: {what}." if done else "")


def undo(page: Page) -> Response:
    """Take a ticket back into the queue; the next decision on it replaces what triage learned from this one."""
    number, now = ticket_id_of(page), page.services.clock.now()
    team = page.services.settings.triage.review_team

    def change(session: Session) -> actions.ActionResult:
        ticket = lock_ticket(session, number)
        actor = page.actor(ticket.assigned_team)
        if ticket.status == Status.SPAM and review.marked_as_spam_by(session, number) == actor.name:
            return actions.reopen(session, number, actor, now)
        if inbox.decided_by(session, number) != actor.name:
            raise PageError(409, "Only your own decision can be undone, as long as it is the last one.")
        return actions.assign(session, number, team, actor, now)

    done = page.services.store.write(change)
    page.services.wake(done.offers)
    return _to_next(page, "first", f"{page.value('ticket', 40)} is back in the queue.")


ROUTES: Final = (
    Route("GET", "/ui/review", show, Role.VIEWER),
    Route("POST", "/ui/review/{ticket}", decide, Role.MEMBER),
    Route("POST", "/ui/review/{ticket}/spam", mark_spam, Role.MEMBER),
    Route("POST", "/ui/review/{ticket}/undo", undo, Role.MEMBER),
)
