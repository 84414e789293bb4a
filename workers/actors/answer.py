"""Read the email by which a team member answers a customer or gives commands, and carry it out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.mail import button_email, commands
from daemon.mail.commands import CommandError
from daemon.mail.encrypted import is_encrypted
from daemon.mail.message import Address, Message
from daemon.mail.mime.parse import parse
from daemon.mail.recall import is_recall
from daemon.mail.reply.answer import CutAnswer, keep_rest, read_answer, split_own
from daemon.mail.reply.answer_signature import own_words, without_lone_signature
from daemon.mail.reply.forward import is_forward
from daemon.store.jobs import Lease
from daemon.store.keys import Keyring
from daemon.store.queries import member_emails
from daemon.store.queries.member_emails import MemberEmailFacts
from daemon.system.clock import Clock
from daemon.text import harmless_line
from daemon.tickets import conversation, member_email
from daemon.tickets.actor import Actor
from daemon.tickets.answer_values import NewAnswer
from daemon.tickets.member_email import MemberEmail
from daemon.tickets.readers import Addressed
from daemon.vocabulary import ReturnCause
from workers.actors.config import ActorConfig, CurrentConfig
from workers.actors.our_emails import OurEmails
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow
from workers.notify.outgoing import fitting


class AnswerActor:
    """Reads the emails of team members and carries them out: an answer, commands, both, or a reason why not."""

    def __init__(self, clock: Clock, keyring: Keyring, config: CurrentConfig, ours: OurEmails) -> None:
        self._clock, self._keyring, self._config, self._ours = clock, keyring, config, ours

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Carry out the email of a job."""
        del window
        facts = yield from batching.read(member_emails.load, lease.subject.id)
        email = self._read(facts) if facts else None
        return (yield from batching.write(self._carry_out, (lease, email)))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Return the email to its author: nothing of it was carried out."""
        [facts] = member_emails.load(session, [lease.subject.id])
        if facts is None:
            return ()
        now, config = self._clock.now(), self._config.value
        message = parse(facts.raw)
        actor = _actor(facts, message, config)
        answer = NewAnswer(facts.ticket_id, actor, message.text, "", facts.received_at, facts.message_id)
        present = member_email.on_present_ticket(session, answer)
        conversation.return_to_author(session, present, ReturnCause.NOT_PROCESSED, (error[:300],), now)
        if facts.of_former_team:
            member_email.notify_team(session, facts.message_id, now)
        return ()

    def _carry_out(self, session: Session, items: Sequence[tuple[Lease, MemberEmail | None]]) -> list[list[Lease]]:
        return member_email.carry_out(session, items, self._config.value.answers, self._clock.now())

    def _read(self, facts: MemberEmailFacts) -> MemberEmail:
        """Return an email of a member: what is new in it, without what is ours, and the commands at its top."""
        config, message = self._config.value, parse(facts.raw)
        by_button = button_email.is_button_email(message.subject)
        marks = self._ours.marks(facts, self._keyring.value, self._clock.now())
        if by_button:
            # Nothing of it leaves, and our emails show the words of earlier ones, which must not count as a quote.
            marks = replace(marks, emails=(), returned=())
        cut = read_answer(message, facts.raw, marks)
        own, quoted = split_own(cut)
        parsed = commands.parse(own, config.vocabulary)
        if not isinstance(parsed, CommandError) and not cut.leaks:
            parsed = commands.find_misplaced(parsed.rest, config.vocabulary, marks.customer_texts) or parsed
        below = cut if isinstance(parsed, CommandError) else keep_rest(cut, f"{parsed.rest}\n{quoted}")
        rest = without_lone_signature(below, message)
        if facts.corrects_only and not isinstance(parsed, CommandError) and not own_words(parsed.rest, message.from_):
            # The daily email is not made again, so its quote seems to leak; but nothing that the lead writes leaves.
            rest = replace(rest, text="", html="", inline=())
        to, cc = _emails(message.to), _emails(message.cc)
        actor = _actor(facts, message, config)
        answer = NewAnswer(
            ticket_id=facts.ticket_id,
            actor=actor,
            text=rest.text,
            html=rest.html,
            written_at=_written_at(message, facts.received_at),
            message_id=facts.message_id,
            addressed=Addressed(to, cc, is_forward=is_forward(message)),
            parents=tuple(dict.fromkeys((*message.in_reply_to, *reversed(message.references)))),
            inline_parts=rest.inline,
            file_parts=rest.files,
            internal=rest.leaks,
            omitted=(*rest.omitted, *_too_large(message, rest, config.answer_attachment_bytes)),
            quotes_customer=rest.inline_style,
        )
        team_copied = config.team_address(facts.team) in {*to, *cc}
        return MemberEmail(
            answer,
            parsed,
            cut.text,
            by_button,
            team_copied,
            corrects_only=facts.corrects_only,
            is_recall=is_recall(message),
            is_encrypted=is_encrypted(message, cut.text),
            of_former_team=facts.of_former_team,
        )


def _too_large(message: Message, cut: CutAnswer, room: int) -> Iterator[str]:
    """Name the files that do not go along; the email to the customer leaves out the same."""
    files = {file.part: file for file in message.attachments}
    _, left = fitting([files[part] for part in (*cut.inline, *cut.files) if part in files], room)
    yield from (f"a file that is too large: {harmless_line(file.filename, 100)}" for file in left)


def _actor(facts: MemberEmailFacts, message: Message, config: ActorConfig) -> Actor:
    """Return who acts: the author in From, whatever address they want replies at. The lead acts for no team."""
    author = next(iter(_emails(message.from_)), facts.author)
    if facts.corrects_only:
        return Actor(author, None, f"email:{facts.inbound_id}")
    return Actor(author, config.answers.team_of(author, facts.team), f"email:{facts.inbound_id}")


def _written_at(message: Message, received_at: datetime) -> datetime:
    """Return when an email was written by its Date; a clock that is ahead does not make it newer than its arrival."""
    return min(message.date, received_at) if message.date else received_at


def _emails(addresses: Sequence[Address]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.email.lower() for address in addresses if address.email))
