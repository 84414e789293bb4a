"""The page of a ticket: its conversation, why it is where it is, and everything that people do with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Response
from sqlalchemy.orm import Session

from daemon.mail.reply.answer import from_text
from daemon.store.jobs import Offer
from daemon.store.queries import inbox
from daemon.store.queries.tickets import find_ticket_id
from daemon.tickets import actions, conversation, double_submit, held_answers
from daemon.tickets.action_base import ActionError, ActionResult
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import address_teams, answer_policy
from daemon.tickets.answer_values import AnswerResult, NewAnswer
from daemon.tickets.conversation import NewNote
from daemon.tickets.sign_in import Role
from daemon.tickets.stale_page import unseen
from daemon.vocabulary import AnswerState, Priority, Status
from daemon.web.pages import ticket_view
from daemon.web.pages.page import Page, PageError, Route, row_id

LONGEST_TEXT: Final = 200_000
LONGEST_WAIT_DAYS: Final = 366
SIMPLE: Final[dict[str, Callable[[Session, int, Actor, datetime], ActionResult]]] = {
    "close": actions.close,
    "resolve": actions.resolve,
    "reopen": actions.reopen,
    "spam": actions.spam,
    "take": actions.take,
    "split": actions.split,
}


def show(page: Page) -> Response:
    """Show a ticket."""
    return _render(page)


def _render(page: Page, status: int = 200, mistake: str = "") -> Response:
    """Return the page of a ticket, with a mistake beside the form in which it was made."""
    number = ticket_id_of(page)
    before = row_id(page.query.get("before", "")) or None
    settings = page.services.settings
    found = page.read(lambda session: ticket_view.load(session, number, settings.triage.review_team, before))
    if found is None:
        raise PageError(404, "There is no such ticket.")
    return page.render(
        "ticket.html",
        status=status,
        mistake=mistake,
        form=page.form,
        where=page.form.get("action") or page.request.url.path.rpartition("/")[2],
        found=found,
        ticket=found.detail.ticket,
        categories=[one.name for one in settings.categories],
        priorities=[str(one) for one in Priority if one is not Priority.PENDING],
        teams=[one.name for one in settings.teams],
        may_act=page.signed_in.role.includes(Role.MEMBER),
        statuses=Status,
        newest=found.messages[-1].row.id if found.messages else 0,
        longest=ticket_view.LONGEST_TEXT,
        is_newest=before is None,
        loaded=page.services.clock.now().isoformat(),
    )


def show_trace(page: Page) -> Response:
    """Show the way of every email of a ticket."""
    number = ticket_id_of(page)
    entries = page.read(lambda session: ticket_view.trace(session, number))
    return page.render("trace.html", entries=entries, title=page.value("ticket"), back=_path(page))


def act(page: Page) -> Response:
    """Do what a button says."""
    number, wanted, now = ticket_id_of(page), page.form.get("action", ""), page.services.clock.now()

    def change(session: Session) -> ActionResult:
        actor = _actor(page, session, number)
        if wanted in SIMPLE:
            return SIMPLE[wanted](session, number, actor, now)
        if wanted == "wait":
            return actions.wait(session, number, timedelta(days=_days(page)), actor, now)
        if wanted == "merge":
            return actions.merge(session, number, _other(page, session), actor, now)
        if wanted == "assign":
            return actions.assign(session, number, _team(page), actor, now)
        raise PageError(400, "There is no such action.")

    done = page.services.store.write(change)
    page.services.wake(done.offers)
    return page.redirect(_path(page), _sentence(done, "Nothing changed."))


def correct(page: Page) -> Response:
    """Put the category, priority and team in force that a person chose; triage learns from it."""
    number, now = ticket_id_of(page), page.services.clock.now()
    correction = correction_of(page)
    retrain = page.services.settings.triage.retrain_after
    done = page.services.store.write(
        lambda session: actions.correct(
            session, number, correction, _actor(page, session, number), now, retrain_after=retrain
        )
    )
    page.services.wake(done.offers)
    return page.redirect(_path(page), _sentence(done, "A person decided the same before."))


def correction_of(page: Page) -> actions.Correction:
    """Return the correction in a form; raises PageError."""
    settings, form = page.services.settings, page.form
    category = next((one for one in settings.categories if one.name == form.get("category")), None)
    if category is None:
        raise PageError(422, "Choose one of the categories.")
    addresses = {} if form.get("team") else address_teams(settings)
    team, priority = form.get("team") or category.team, form.get("priority") or None
    if team not in {one.name for one in settings.teams}:
        raise PageError(422, "Choose one of the teams.")
    if priority is not None and (priority not in list(Priority) or priority == Priority.PENDING):
        raise PageError(422, "Choose one of the priorities.")
    chosen = Priority(priority) if priority else None
    return actions.Correction(category.name, team, chosen, Priority(category.priority), addresses)


def write(page: Page) -> Response:
    """Answer the customer, or keep a note for the team."""
    number, text = ticket_id_of(page), page.form.get("text", "").replace("\r\n", "\n").strip()
    if not text:
        raise PageError(422, "Write something first.")
    if len(text) > LONGEST_TEXT:
        raise PageError(422, f"This is longer than {LONGEST_TEXT} characters.")
    return _note(page, number, text) if page.form.get("kind") == "note" else _reply(page, number, text)


def _reply(page: Page, number: int, text: str) -> Response:
    policy, now = answer_policy(page.services.settings), page.services.clock.now()
    cut, loaded = from_text(text), min(_loaded(page, now), now)

    def change(session: Session) -> AnswerResult:
        new = NewAnswer(number, _actor(page, session, number), cut.text, cut.html, loaded)
        earlier = double_submit.earlier_answer(session, new, loaded)
        if earlier is not None:
            return earlier
        _refuse_unseen(page, session, number)
        return conversation.reply(session, new, policy, now)

    done = page.services.store.write(change)
    page.services.wake(done.offers)
    return page.redirect(_path(page), _outcome(done))


def _refuse_unseen(page: Page, session: Session, number: int) -> None:
    """Raise PageError where the author should read something first; the page then shows it, with their text."""
    newest = page.form.get("newest", "")
    if not newest.isdecimal():
        return
    news = unseen(session, number, int(newest[:9]), page.form.get("status", ""))
    if news is not None:
        raise PageError(409, f"{news} Your answer was not sent. Read the ticket, then send it again.")


def _note(page: Page, number: int, text: str) -> Response:
    now = page.services.clock.now()
    loaded = min(_loaded(page, now), now)

    def change(session: Session) -> tuple[Offer, ...]:
        new = NewNote(number, _actor(page, session, number), text)
        return () if double_submit.is_kept(session, new, loaded) else conversation.note(session, new, now)

    page.services.wake(page.services.store.write(change))
    return page.redirect(_path(page), "The note is kept. No customer gets it.")


def decide_held(page: Page) -> Response:
    """Send or drop an answer that is held."""
    answer, policy, now = page.number("answer"), answer_policy(page.services.settings), page.services.clock.now()
    number, send = ticket_id_of(page), page.form.get("kind") == "send"

    def change(session: Session) -> AnswerResult:
        actor = _actor(page, session, number)
        if answer not in {one.id for one in inbox.held_answers(session, number)}:
            raise ActionError("This answer is not held any more.")
        return (
            held_answers.send_held(session, answer, actor, policy, now)
            if send
            else held_answers.drop(session, answer, actor, now)
        )

    done = page.services.store.write(change)
    page.services.wake(done.offers)
    return page.redirect(_path(page), _outcome(done))


def _outcome(done: AnswerResult) -> str:
    because = f": {'; '.join(done.reasons)}" if done.reasons else ""
    if done.state is AnswerState.SENT:
        return f"Your answer goes to {', '.join(done.recipients) or 'nobody'}."
    return f"The answer is {done.state}{because}."


def _sentence(done: ActionResult, otherwise: str) -> str:
    text = "; ".join(done.done)
    return f"{text[:1].upper()}{text[1:]}." if text else otherwise


def ticket_id_of(page: Page) -> int:
    """Return the id of the ticket in the path; raises PageError."""
    prefix = page.services.settings.support.reference_prefix
    number = page.read(lambda session: find_ticket_id(session, page.value("ticket", 40), prefix))
    if number is None:
        raise PageError(404, "There is no such ticket.")
    return number


def _path(page: Page) -> str:
    return f"/ui/tickets/{page.value('ticket', 40)}"


def _actor(page: Page, session: Session, number: int) -> Actor:
    return page.actor(inbox.team_of(session, number))


def _other(page: Page, session: Session) -> int:
    prefix = page.services.settings.support.reference_prefix
    name = page.form.get("into", "").strip()[:40]
    if not name:
        raise PageError(422, "Name the ticket to merge into.")
    found = find_ticket_id(session, name, prefix)
    if found is None:
        raise ActionError(f"There is no ticket {name}.")
    return found


def _team(page: Page) -> str:
    team = page.form.get("team", "")
    if team not in {one.name for one in page.services.settings.teams}:
        raise PageError(422, "Choose one of the teams.")
    return team


def _days(page: Page) -> int:
    text = page.form.get("days", "")
    if not text.isdecimal() or not 0 < int(text[:6]) <= LONGEST_WAIT_DAYS:
        raise PageError(422, f"A ticket waits for 1 to {LONGEST_WAIT_DAYS} days.")
    return int(text)


def _loaded(page: Page, now: datetime) -> datetime:
    """Return when the page was loaded: an answer that a colleague sent after that is not known to the author."""
    try:
        return datetime.fromisoformat(page.form.get("loaded", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return now


ROUTES: Final = (
    Route("GET", "/ui/tickets/{ticket}", show, Role.VIEWER),
    Route("GET", "/ui/tickets/{ticket}/trace", show_trace, Role.VIEWER),
    Route("POST", "/ui/tickets/{ticket}/act", act, Role.MEMBER, _render),
    Route("POST", "/ui/tickets/{ticket}/correct", correct, Role.MEMBER, _render),
    Route("POST", "/ui/tickets/{ticket}/write", write, Role.MEMBER, _render),
    Route("POST", "/ui/tickets/{ticket}/answers/{answer}", decide_held, Role.MEMBER, _render),
)
