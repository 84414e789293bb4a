"""An email by which Outlook recalls another one is recognised; what a person writes is not."""

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.recall import is_recall
from tests.support.emails import mail

SUBJECT = "Re: [HD-7K3Q-M9XW] Payment failed"
ANA = "Ana Silva <ana@example.com>"


def _is_recall(subject: str, body: str) -> bool:
    return is_recall(parse(mail(ANA, subject, body)))


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (f"Recall: {SUBJECT}", f'Silva, Ana would like to recall the message, "{SUBJECT}".'),
        (f"Recall: {SUBJECT}", f'Ana would like to recall the message, "{SUBJECT}".\r\n\r\n{"Disclaimer. " * 90}'),
        ("Recall: ", 'Ana would like to recall the message, "".'),
        (f"Rückruf: {SUBJECT}", f'Ana Silva möchte die Nachricht "{SUBJECT}" zurückrufen.'),
        (f"Rappel : {SUBJECT}", f"Ana Silva souhaite rappeler le message « {SUBJECT} »."),
        (f"Recuperar: {SUBJECT}", f'Ana Silva desea recuperar el mensaje "{SUBJECT}".'),
        (f"Intrekken: {SUBJECT}", f"Ana Silva wil het bericht '{SUBJECT}' intrekken."),
        (f"取り消し: {SUBJECT}", f"Ana Silva がメッセージ「{SUBJECT}」の取り消しを求めています。"),
    ],
)
def test_a_recall_is_recognised(subject: str, body: str) -> None:
    assert _is_recall(subject, body)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (SUBJECT, f'Ana would like to recall the message, "{SUBJECT}".'),
        (f"Re: {SUBJECT}", f'Please see "{SUBJECT}" again.'),
        (f"Recall: {SUBJECT}", "The device is in the recall of March; send it back."),
        (f"Rappel : {SUBJECT}", "Bonjour, votre facture est prête."),
        (f"Recall: {SUBJECT}", f'{"All about the recall. " * 20}"{SUBJECT}".'),
        ("", ""),
    ],
)
def test_what_a_person_writes_is_no_recall(subject: str, body: str) -> None:
    assert not _is_recall(subject, body)
