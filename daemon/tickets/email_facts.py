"""Fetch what the store knows about emails that are to be admitted."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from daemon.store import ledger, tickets
from daemon.tickets import bounces
from daemon.tickets.disposition import EmailFacts, PreparedEmail, find_original
from daemon.vocabulary import EarlierDelivery


def depend_on_each_other(emails: Sequence[PreparedEmail]) -> bool:
    """Say whether one email is a copy of another or answers it: facts fetched for the whole batch would be stale."""
    if len(emails) == 1:
        return False
    analyses = [email.analysis for email in emails if email.analysis]
    ids = {analysis.message.message_id for analysis in analyses if analysis.message.message_id}
    parents = {parent for analysis in analyses for parent in analysis.keys.message_ids}
    return len({email.content_key for email in emails}) < len(emails) or bool(ids & parents)


def fetch(session: Session, emails: Sequence[PreparedEmail]) -> list[EmailFacts]:
    """Return what the store knows about each email, in order."""
    # An email that is admitted again would find itself.
    originals = ledger.originals(session, [email.content_key for email in emails if email.replaces is None])
    return [_facts(session, email, originals) for email in emails]


def _facts(session: Session, email: PreparedEmail, originals: Mapping[str, EarlierDelivery]) -> EmailFacts:
    first, analysis = originals.get(email.content_key), email.analysis
    newest = ledger.newest(session, email.content_key) if first and email.is_anonymous else None
    original, key = find_original(email, first, newest)
    if original is not None or analysis is None or email.unchecked:
        return EmailFacts(key, original)
    bounced = bounces.ticket_of(session, analysis.dsn, analysis.bounced_delivery)
    if bounced is not None:
        bounced = tickets.survivor_of(session, bounced)
    return EmailFacts(key, None, tickets.find_candidates(session, analysis.keys, email.now), bounced)
