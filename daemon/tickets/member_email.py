"""Carry out the email of a team member: its commands and its answer, or nothing of it.

All that one email changes is one transaction; the job is finished in it, so that a worker that lost its lease changes
nothing, and an email that is worked on twice is carried out once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.mail.commands import Command, CommandError, ParsedCommands, Verb
from daemon.store import answers, earlier_answers, jobs
from daemon.store.decisions import had_team
from daemon.store.jobs import JobKind, Lease, Offer
from daemon.store.models import Ticket
from daemon.tickets import actions, conversation, held_answers
from daemon.tickets.action_base import notify
from daemon.tickets.answer_values import AnswerError, AnswerPolicy, NewAnswer
from daemon.tickets.authorization import beyond_correction
from daemon.tickets.conversation import NewNote
from daemon.vocabulary import AnswerState, ReturnCause, Subject, SubjectKind

NOT_RECALLED: Final = "Outlook wanted to recall an email by this one. What was sent or done cannot be recalled."
# What the conversation does itself; the others change the ticket.
OF_CONVERSATION = frozenset({Verb.NOTE, Verb.SEND, Verb.DROP, Verb.TO, Verb.HELP, Verb.NEW, Verb.ACK})


@dataclass(frozen=True, slots=True)
class MemberEmail:
    """An email of a member that has power over its ticket, as it was read.

    `answer` has the text below the commands, `whole` is the text with them. `by_button` says that a button made it: its
    text is not for the customer. `team_copied` says that it went to the team too, `corrects_only` that its author is
    the lead, who may only correct triage, `is_recall` that Outlook made it to recall an email, `is_encrypted` that
    nobody here can read its words, `of_former_team` that another team had the ticket when it came.
    """

    answer: NewAnswer
    commands: ParsedCommands | CommandError
    whole: str
    by_button: bool
    team_copied: bool
    corrects_only: bool = False
    is_recall: bool = False
    is_encrypted: bool = False
    of_former_team: bool = False


@dataclass(frozen=True, slots=True)
class _Context:
    """What every step of one email needs."""

    email: MemberEmail
    parsed: ParsedCommands
    policy: AnswerPolicy
    now: datetime

    @property
    def changes(self) -> tuple[Command, ...]:
        """Return the commands that change the ticket."""
        return tuple(command for command in self.parsed.commands if command.verb not in OF_CONVERSATION)


def carry_out(
    session: Session, items: Sequence[tuple[Lease, MemberEmail | None]], policy: AnswerPolicy, now: datetime
) -> list[list[Lease]]:
    """Carry out emails; return the jobs of each that follow, leased to the same worker. None: nothing to do."""
    jobs.finish(session, [lease for lease, _ in items], now)
    followed: dict[int, list[Lease]] = {}
    # In the order of tickets, so that two workers never wait for each other.
    for lease, email in sorted(items, key=lambda item: item[1].answer.ticket_id if item[1] else 0):
        offers = _carry_out(session, email, policy, now) if email else ()
        if email and email.of_former_team and email.answer.message_id and not _reach_team(session, offers):
            offers = (*offers, *notify_team(session, email.answer.message_id, now))
        claimed = (jobs.claim(session, offer.job_id, lease.owner, now) for offer in offers)
        followed[lease.job_id] = [job for job in claimed if job]
    return [followed[lease.job_id] for lease, _ in items]


def notify_team(session: Session, message_id: int, now: datetime) -> Sequence[Offer]:
    """Add the job that notifies the team of a ticket of an email on it."""
    return (notify(session, Subject(SubjectKind.MESSAGE, message_id), now),)


def _reach_team(session: Session, offers: Sequence[Offer]) -> bool:
    """Say whether jobs lead to an email to the team of the ticket; what was not sent goes to its author only."""
    subjects = jobs.subjects(session, [offer.job_id for offer in offers if offer.kind is JobKind.NOTIFY])
    of_answers = [one.id for one in subjects if one.kind is SubjectKind.ANSWER]
    return len(of_answers) < len(subjects) or answers.any_sent(session, of_answers)


def _carry_out(session: Session, email: MemberEmail, policy: AnswerPolicy, now: datetime) -> Sequence[Offer]:
    email = replace(email, answer=on_present_ticket(session, email.answer))
    parsed = _to_carry_out(email)
    if not isinstance(parsed, ParsedCommands):
        return _return(session, email, *parsed, now)
    try:
        with session.begin_nested():
            return _steps(session, _Context(email, parsed, policy, now))
    except (AnswerError, actions.ActionError) as refusal:
        return _return(session, email, ReturnCause.REFUSED, (str(refusal),), now)


def _to_carry_out(email: MemberEmail) -> ParsedCommands | tuple[ReturnCause, Sequence[str]]:
    """Return the commands of an email, else why nothing of it is tried, with details."""
    if email.is_recall:
        return ReturnCause.REFUSED, (NOT_RECALLED,)
    if email.is_encrypted:
        return ReturnCause.ENCRYPTED, ()
    if isinstance(email.commands, CommandError):
        wrong = email.commands
        return ReturnCause.WRONG_COMMAND, (wrong.line, wrong.message, *wrong.nearest)
    if email.corrects_only and (beyond := _beyond_correction(email, email.commands)):
        return ReturnCause.CORRECTS_ONLY, beyond
    return (ReturnCause.HELP, ()) if email.commands.has(Verb.HELP) else email.commands


def _beyond_correction(email: MemberEmail, parsed: ParsedCommands) -> tuple[str, ...]:
    """Return what the author of an email may not do. What a mail program adds to the email of a button is no text."""
    verbs = [command.verb for command in parsed.commands]
    return beyond_correction(verbs, has_text=not verbs or not (email.by_button or email.answer.is_empty))


def on_present_ticket(session: Session, answer: NewAnswer) -> NewAnswer:
    """Return an answer for the ticket that has its message now: a merge may have moved it since the email came."""
    if answer.message_id is None:
        return answer
    answers.lock_ticket(session, answer.ticket_id)
    present = answers.ticket_of_message(session, answer.message_id)
    return replace(answer, ticket_id=present) if present else answer


def _steps(session: Session, context: _Context) -> Sequence[Offer]:
    parsed, email = context.parsed, context.email
    if parsed.has(Verb.NEW):
        raise AnswerError("#new opens a ticket from an email that you forward to us, not from a reply to ours.")
    if email.by_button and not parsed.commands:
        raise AnswerError("The command at the top of this email is missing; press the button again.")
    if email.by_button and context.changes:
        _refuse_old_button(session, context)
    if parsed.has(Verb.SEND) or parsed.has(Verb.DROP):
        offers = _settle_held(session, context)
    elif parsed.has(Verb.NOTE) or parsed.has(Verb.SPAM):
        offers = _note(session, context)
    elif email.by_button or (parsed.commands and email.answer.is_empty):
        offers = ()
    else:
        result = conversation.reply(session, _with_commands(context), context.policy, context.now)
        if result.state is not AnswerState.SENT:
            return result.offers
        offers = result.offers
    if not context.changes:
        return offers
    ticket_id, actor = email.answer.ticket_id, email.answer.actor
    done = actions.perform(session, ticket_id, context.changes, actor, context.now, context.policy.actions)
    if email.by_button and not done.changed and done.decision is None:
        raise AnswerError(_present_state(session, ticket_id))
    return (*offers, *done.offers)


def _refuse_old_button(session: Session, context: _Context) -> None:
    """Raise AnswerError where a team had the ticket, and another has it now: the button is from before."""
    answer = context.email.answer
    ticket, theirs = answers.lock_ticket(session, answer.ticket_id), context.policy.teams_of(answer.author)
    if ticket.team and ticket.team not in theirs and had_team(session, ticket.id, theirs):
        raise AnswerError(_present_state(session, ticket.id))


def _present_state(session: Session, ticket_id: int) -> str:
    ticket = session.get_one(Ticket, ticket_id, populate_existing=True)
    said = (
        f"This ticket is {ticket.status} now, with category {ticket.category}, priority {ticket.priority} "
        f"and team {ticket.assigned_team}."
    )
    return f"{said} {ticket.taken_by} takes care of it." if ticket.taken_by else said


def _with_commands(context: _Context) -> NewAnswer:
    """Return the answer with the addresses of #to; it names the commands that are not done either if it is not sent."""
    answer = context.email.answer
    only = tuple(command.text.lower() for command in context.parsed.commands if command.verb is Verb.TO)
    left = ", ".join(f"#{command.verb}" for command in context.changes)
    return replace(
        answer,
        addressed=replace(answer.addressed, only=only),
        if_kept=(f"Not done either: {left}",) if left else (),
    )


def _settle_held(session: Session, context: _Context) -> Sequence[Offer]:
    answer, now = context.email.answer, context.now
    answer_id = _held_answer(session, context)
    if context.parsed.has(Verb.DROP):
        return held_answers.drop(session, answer_id, answer.actor, now).offers
    return held_answers.send_held(session, answer_id, answer.actor, context.policy, now).offers


def _held_answer(session: Session, context: _Context) -> int:
    """Return the answer that #send or #drop means: that of its number, else of the email that it replies to."""
    answer = context.email.answer
    command = next(one for one in context.parsed.commands if one.verb in {Verb.SEND, Verb.DROP})
    if command.argument is not None:
        return held_answers.find_numbered(session, answer.ticket_id, int(command.text))
    answered = earlier_answers.answered_delivery(session, answer.ticket_id, answer.parents)
    return held_answers.find_held(session, answer.ticket_id, answer.author, answered.answer_id if answered else None)


def _note(session: Session, context: _Context) -> Sequence[Offer]:
    answer, email = context.email.answer, context.email
    if email.by_button or answer.is_empty:
        if context.parsed.has(Verb.NOTE):
            raise AnswerError("The note has no text.")
        return ()
    new = NewNote(answer.ticket_id, answer.actor, answer.text, answer.message_id, email.team_copied)
    return conversation.note(session, new, context.now)


def _return(
    session: Session, email: MemberEmail, cause: ReturnCause, details: Sequence[str], now: datetime
) -> Sequence[Offer]:
    whole = replace(email.answer, text=email.whole, html="")
    return conversation.return_to_author(session, whole, cause, details, now).offers
