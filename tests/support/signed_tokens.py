"""A signed token of a customer, the ticket that it names, and our key."""

from datetime import date, timedelta
from typing import Final

from daemon.mail import token
from daemon.mail.reference import make_reference
from daemon.mail.token import Purpose, Token
from tests.support.emails import ANN

KEY = b"k" * 32
TODAY = date(2026, 3, 2)
EVE: Final = "eve@evil.example"
REFERENCE = make_reference("HD", 1)
TOKEN = Token(Purpose.CUSTOMER, 1, token.digest(ANN, KEY), TODAY + timedelta(days=400))
TEAM: Final = "payments@example.com"
MARK = token.sign(TOKEN, KEY)
