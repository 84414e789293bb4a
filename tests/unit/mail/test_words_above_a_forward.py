"""What a member writes above a forward with #new becomes a note; a signature that their program adds does not."""

import pytest

from daemon.mail.forwarding import read_request
from daemon.mail.mime.parse import parse
from tests.support.emails import mail
from tests.support.forward_forms import FORMS

ANA = "Ana Silva <ana@example.com>"


def _above(text: str) -> str:
    body = f"#new\n{text}\n\n{FORMS['gmail english'].text}\nMy payment fails."
    raw = mail(ANA, "Fwd: Cannot pay", body.replace("\n", "\r\n"))
    request = read_request(parse(raw), raw, lambda address: address == "ana@example.com")
    assert request is not None
    assert not request.problem
    return request.above


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "Sent from my Galaxy",
        "-- \nGet Outlook for iOS <https://aka.ms/o0ukef>",
        "-- \nAna Silva\nExample Support",
        "Ana Silva\nExample Support\nTel. +351 21 555 0147",
    ],
)
def test_a_signature_alone_is_no_note(signature: str) -> None:
    assert not _above(signature)


@pytest.mark.parametrize("signature", ["", "\n\n-- \nAna Silva\nExample Support", "\n\nSent from my Galaxy"])
def test_a_note_is_kept_without_the_signature(signature: str) -> None:
    assert _above(f"Please check the order first.{signature}") == "Please check the order first."
