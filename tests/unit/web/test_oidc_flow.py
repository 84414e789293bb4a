"""What binds a sign-in by a provider to one browser."""

import re
from datetime import timedelta

from daemon.web.oidc import flow
from tests.support.fakes import NOON

KEY, NEWER = b"k" * 32, b"n" * 32


def test_its_parts_differ_and_are_as_long_as_the_specification_says() -> None:
    begun = flow.begin("secret", KEY, NOON)
    parts = {begun.state, begun.nonce, begun.verifier, begun.challenge, begun.cookie}
    assert len(parts) == 5
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", begun.verifier)


def test_it_goes_on_after_a_rotation_of_the_key_and_not_without_its_key() -> None:
    begun = flow.begin("secret", KEY, NOON)
    assert flow.resume(begun.cookie, begun.state, (NEWER, KEY), NOON) == begun
    assert flow.resume(begun.cookie, begun.state, (NEWER,), NOON) is None


def test_its_end_cannot_be_put_off() -> None:
    begun = flow.begin("secret", KEY, NOON)
    later = NOON + flow.LIFETIME + timedelta(seconds=1)
    assert flow.resume(begun.cookie, begun.state, (KEY,), later) is None
    end = int((later + flow.LIFETIME).timestamp())
    assert flow.resume(f"{end}.secret", begun.state, (KEY,), later) is None


def test_the_state_of_another_cookie_does_not_fit() -> None:
    begun, other = flow.begin("secret", KEY, NOON), flow.begin("other", KEY, NOON)
    assert flow.resume(begun.cookie, other.state, (KEY,), NOON) is None
