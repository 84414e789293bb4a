"""Absence notes that no header marks, in the ten languages of our emails; what people write while away is no note."""

import pytest

from daemon.mail.envelope import Envelope
from daemon.mail.mime.parse import parse
from daemon.mail.screening.screen import OwnIdentity, screen
from daemon.vocabulary import SenderKind
from tests.support.emails import mail
from tests.support.fakes import NOON

NOTES = (
    "I'm out of the office until 15 November with no access to email.",
    "Ich bin bis zum 15. November im Urlaub und habe keinen Zugriff auf meine E-Mails.",
    "Bonjour,\n\nJe suis absente du bureau jusqu'au 15 novembre. Pour toute urgence, contactez ben@example.com.\n\nAna",
    "Estoy de vacaciones hasta el 15 de noviembre. Contesto a mi regreso.",
    "Estoy de vacaciones hasta el 15 de noviembre, sin acceso al correo.",
    "Sono in ferie fino al 15 novembre. Per urgenze scrivete a ben@example.com.",
    "Sono in ferie fino al 15 novembre, senza accesso alla posta.",
    "Estou de férias até 15 de novembro, sem acesso ao e-mail.",
    "Olá,\n\nEstou ausente até 15 de novembro. Em caso de urgência, contacte ben@example.com.",
    "Ik ben met vakantie tot 15 november en lees mijn e-mail niet.",
    "Ik ben op vakantie tot 15 november. Voor dringende zaken kunt u Ben bellen.",
    "Ik ben afwezig tot 15 november en heb geen toegang tot mijn e-mail.",
    "Jestem na urlopie do 15 listopada. W pilnych sprawach proszę o kontakt z ben@example.com.",
    "Jestem na urlopie do 15 listopada, bez dostępu do poczty.",
    "ただいま休暇中です。11月15日に戻ります。急ぎの場合は ben@example.com へご連絡ください。",
    "休暇をいただいております。11月15日より出社いたします。",
    "أنا في إجازة حتى 15 نوفمبر ولن أتمكن من الرد على رسالتك.",
    "أنا خارج المكتب حتى 15 نوفمبر. للأمور العاجلة يرجى الاتصال بزميلي.",
    "أنا في إجازة وسأعود يوم 15 نوفمبر.",
)
PEOPLE = (
    "Estou de férias e sem acesso à minha conta.",
    "Ik ben met vakantie en heb geen toegang tot mijn account.",
    "Estoy de vacaciones, sin acceso a mi cuenta. Ayúdenme.",
    "Sono in ferie e non ho accesso al mio conto.",
    "Jestem na urlopie, bez dostępu do konta.",
    "休暇中ですが、ログインできません。11月15日に出社します。",
    "أنا في إجازة ولا أستطيع الدخول إلى حسابي.",
    "Wir sind im Urlaub. Die Karte wurde abgelehnt.",
)


def _screened(text: str) -> SenderKind:
    headers = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
    raw = mail(
        subject="Re: Payment failed", body=text.replace("\n", "\r\n"), in_reply_to="<x@example.com>", headers=headers
    )
    envelope = Envelope("ann@customer.example", ("support@example.com",), "192.0.2.1", NOON)
    return screen(parse(raw), envelope, OwnIdentity(frozenset({"support@example.com"}))).kind


@pytest.mark.parametrize("text", NOTES)
def test_a_note_that_says_nothing_but_an_absence_is_of_a_machine(text: str) -> None:
    assert _screened(text) is SenderKind.AUTO_REPLY


@pytest.mark.parametrize("text", PEOPLE)
def test_who_is_away_and_writes_of_a_problem_is_a_person(text: str) -> None:
    assert _screened(text) is SenderKind.PERSON
