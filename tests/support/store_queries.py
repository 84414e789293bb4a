"""What tests ask a store, and the marks that our mail carries."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from daemon.mail import token
from daemon.mail.token import Purpose, Token
from daemon.store.store import Store
from tests.support.emails import ANN
from tests.support.fakes import NOON
from tests.support.smtp_client import KEY


def ask(store: Store, *what: Any) -> list[Any]:
    """Return the rows of a query, in order of their ids."""
    with store.read() as session:
        return [tuple(row) for row in session.execute(select(*what).order_by(what[0].class_.id))]


def count(store: Store, table: Any) -> int:
    with store.read() as session:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def mark(
    ticket_id: int, email: str = ANN, purpose: Purpose = Purpose.CUSTOMER, key: bytes = KEY, days: int = 30
) -> str:
    return token.sign(Token(purpose, ticket_id, token.digest(email, key), NOON.date() + timedelta(days=days)), key)
