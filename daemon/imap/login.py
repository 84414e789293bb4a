"""Log in to a mailbox: by password, or by an OAuth 2 access token (XOAUTH2)."""

import ast
import re
from typing import Final

from imapclient.exceptions import IMAPClientAbortError, LoginError

from config.schema import Imap
from daemon.imap.connection import BoundedClient
from daemon.imap.oauth2 import TokenRefusedError, Tokens
from daemon.text import harmless_line

# Response codes of a temporary failure: the credentials may be right (RFC 5530 section 3).
TEMPORARY: Final = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\b", re.IGNORECASE)
# Bytes as Python writes them.
BYTES: Final = re.compile(r"b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"")
ATOM: Final = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]+")


class LoginRefusedError(Exception):
    """The server does not accept our credentials."""


def log_in(client: BoundedClient, mailbox: Imap, tokens: Tokens | None) -> None:
    """Log in. Raises LoginRefusedError for refused credentials, IMAPClientAbortError for a temporary failure."""
    try:
        if tokens is None:
            _by_password(client, mailbox.username, mailbox.password.get_secret_value())
        else:
            _by_token(client, mailbox.username, tokens)
    except TokenRefusedError as error:
        raise LoginRefusedError(str(error)) from error
    except LoginError as error:
        answer = _answer(error)
        if isinstance(error.__context__, IMAPClientAbortError) or TEMPORARY.search(answer):
            raise IMAPClientAbortError(harmless_line(answer)) from error
        secret = mailbox.password.get_secret_value()
        raise LoginRefusedError(harmless_line(f"login refused: {answer.replace(secret or chr(10), '***')}")) from None


def _answer(error: LoginError) -> str:
    """Return what the server answered; imaplib keeps it as bytes, and imapclient the way Python writes bytes."""
    text = str(error)
    if not BYTES.fullmatch(text):
        return text
    return bytes(ast.literal_eval(text)).decode("utf-8", "replace")


def _by_password(client: BoundedClient, username: str, password: str) -> None:
    plain = ATOM.fullmatch(username) and password.isascii()
    # imaplib sends the user name unquoted and the password as ASCII; SASL PLAIN allows any UTF-8 in both.
    if not plain and client.has_capability("AUTH=PLAIN"):
        client.plain_login(username, password)
    elif not password.isascii() or not username.isascii():
        raise LoginRefusedError("the server accepts only ASCII in user name and password")
    else:
        client.login(username, password)


def _by_token(client: BoundedClient, username: str, tokens: Tokens) -> None:
    try:
        client.oauth2_login(username, tokens.get())
    except LoginError:
        # A token may be revoked before it expires: try once more with a new one.
        tokens.forget()
        client.oauth2_login(username, tokens.get())
