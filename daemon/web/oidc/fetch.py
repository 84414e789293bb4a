"""Requests to the provider: bounded in time and size, by verified TLS, and without redirects."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Final

import urllib3
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from daemon.web.oidc.errors import UnavailableError

# The longest silence, and the longest answer.
SILENCE_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 10.0
ANSWER_BYTES: Final = 256 * 1024
CHUNK_BYTES: Final = 16 * 1024
HEADERS: Final = {"Accept": "application/json", "User-Agent": "triaged"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: the status, and a JSON object, which is empty where the body is none."""

    status: int
    body: Mapping[str, object]


def get(url: str) -> Answer:
    """Get a JSON object; raises UnavailableError."""
    return _ask("GET", url, HEADERS, None)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post a form; raises UnavailableError."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return _ask("POST", url, {**HEADERS, **form, **headers}, body)


def _ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    timeout = Timeout(connect=SILENCE_SECONDS, read=SILENCE_SECONDS)
    with urllib3.PoolManager(timeout=timeout, ssl_context=_trust()) as pool:
        try:
            answer = pool.request(
                method, url, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
            try:
                text = _read(answer)
            finally:
                # Not given back to the pool: the rest of a long answer must not be read.
                answer.close()
        except (HTTPError, OSError, ValueError) as error:
            # The name only: the text of an error may repeat the URL and what was sent.
            raise UnavailableError(f"the provider cannot be reached ({type(error).__name__})") from None
    return Answer(answer.status, _parsed(text))


def _read(answer: BaseHTTPResponse) -> bytes:
    text, deadline = bytearray(), monotonic() + ANSWER_SECONDS
    while chunk := answer.read1(CHUNK_BYTES, decode_content=False):
        text += chunk
        if len(text) > ANSWER_BYTES:
            raise UnavailableError(f"the provider answered more than {ANSWER_BYTES} bytes")
        if monotonic() > deadline:
            raise UnavailableError("the provider answers too slowly")
    return bytes(text)


def _parsed(text: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@cache
def _trust() -> ssl.SSLContext:
    """Return the certificates that we trust; they are read once."""
    return ssl.create_default_context()
