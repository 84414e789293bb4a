"""Render our emails to the team again, which an answer may quote: what is ours in it must not reach a customer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from daemon.mail.reply.answer_signature import signature_of
from daemon.mail.reply.our_marks import OurMarks
from daemon.mail.text.html import html_to_text
from daemon.snapshots import PreparedDelivery
from daemon.store.queries import background, snapshots
from daemon.store.queries.member_emails import MemberEmailFacts, SentToTeam
from daemon.store.store import Store
from daemon.vocabulary import MailKind
from workers.actors.config import ActorConfig, CurrentConfig
from workers.notify import outgoing
from workers.notify.render import TemplateProblem

log = structlog.get_logger(__name__)


class OurEmails:
    """Renders our newest emails to the team about a ticket from what is stored: emails that we send are not kept."""

    def __init__(self, store: Store, config: CurrentConfig) -> None:
        self._store, self._config = store, config

    def marks(self, facts: MemberEmailFacts, keys: tuple[bytes, ...], now: datetime) -> OurMarks:
        """Return what is ours in the emails about a ticket."""
        config = self._config.value
        texts = [(sent.kind, text) for sent in facts.sent for text in self._texts(sent, config, keys[0], now)]
        return OurMarks(
            keys=keys,
            today=now.date(),
            customers=facts.customers,
            emails=tuple(text for kind, text in texts if kind is not MailKind.RETURNED),
            returned=tuple(text for kind, text in texts if kind is MailKind.RETURNED),
            sent_texts=(*facts.sent_texts, *(signature_of(note, facts.author) for note in facts.own_notes)),
            own_texts=facts.own_texts,
            phrases=_team_sentences(config),
            customer_texts=facts.customer_texts,
            tickets=facts.tickets,
            addresses=config.own_addresses | config.answers.ours.roster,
        )

    def _texts(self, sent: SentToTeam, config: ActorConfig, key: bytes, now: datetime) -> Iterator[str]:
        """Yield an email of ours as text, made from its text and from its HTML."""
        try:
            with self._store.read() as session:
                prepared = _prepared(session, sent)
            mark = outgoing.mark_for(prepared, key, now)
            brand = config.brands.of(prepared)
            view = outgoing.view_of(prepared, brand.mail, mark, ())
            rendered = brand.renderer.render(sent.kind, view, brand.mail.language_of(prepared))
        except (LookupError, TemplateProblem) as error:
            # The others, and the marks in it, still show what is ours.
            log.warning("an email to the team cannot be made again", message_id=sent.message_id, reason=str(error))
            return
        yield rendered.text
        yield html_to_text(rendered.html)


def _prepared(session: Session, sent: SentToTeam) -> PreparedDelivery:
    ticket = snapshots.load_one(session, sent.cause)
    shown = background.of_email(session, sent.kind, ticket)
    if sent.kind is MailKind.NOTIFICATION and ticket.decision:
        # All that it may have shown, whatever the team may see now.
        shown = replace(shown, similar=ticket.decision.similar)
    return PreparedDelivery(sent.kind, "", sent.message_id, ticket, None, first=False, background=shown)


def _team_sentences(config: ActorConfig) -> tuple[str, ...]:
    """Return what our emails to teams say in all languages, whichever address they come from."""
    lists = (renderer.translations.team_sentences() for renderer in config.brands.renderers())
    return tuple(dict.fromkeys(sentence for sentences in lists for sentence in sentences))
