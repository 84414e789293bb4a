"""What mail gateways write into every email is found, and what people write is kept."""

import pytest

from daemon.mail.reply.banner import without_gateway_text
from daemon.mail.reply.gateway_tags import without_gateway_tags

QUESTION = "When do you open?"


@pytest.mark.parametrize(
    "banner",
    [
        "CAUTION: This email originated from outside of our company. Do not click links. Never enter your password.",
        "WARNING: External email. Never share your password with anyone.",
        "VARNING: Detta e-postmeddelande kommer från en extern avsändare. Klicka inte på länkar, öppna inte bilagor.",
        "ADVARSEL: Denne e-mail kommer fra en ekstern afsender. Klik ikke på links, og åbn ikke vedhæftede filer.",
        "UWAGA: Ta wiadomość pochodzi spoza organizacji. Nie klikaj linków i nie otwieraj załączników.",
        "ADVARSEL: Denne e-post kommer fra en ekstern avsender. Ikke klikk på lenker.",
        "This is an external email. Please take care when clicking links. When in doubt, contact the IT Service Desk.",
        "External Sender: Use caution with links/attachments. Do not share your password.",
        "[EXTERNE E-MAIL] Bitte Vorsicht beim Öffnen von Anhängen und Links!",
        "ACHTUNG: Externe E-Mail! Öffnen Sie Anhänge und Links nur, wenn Ihnen der Absender bekannt ist.",
        "External (noa@customer.example)\nReport This Email <https://inky.example/r?id=1> FAQ Powered by INKY",
        "[Externe E-Mail]",
        "*** EXTERNAL E-MAIL ***",
    ],
)
def test_a_banner_with_advice_on_passwords_or_in_another_language_is_not_read(banner: str) -> None:
    assert without_gateway_text(f"{banner}\n\n{QUESTION}") == QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "Never enter your password, says the page, and then it asks for mine.",
        "Klicka inte, det är trasigt. Jag kan inte logga in.",
        "You say never share your password, so how do I give access to my wife?",
        "This email was scanned by your server and lost its attachment. The invoice is missing.",
        "The app says no virus found, but the download fails every time.",
        "The download fails.\n\nThe file was scanned for viruses and is deleted afterwards.",
        "If in doubt, refund the whole order.",
    ],
)
def test_the_same_words_of_a_customer_are_read(text: str) -> None:
    assert without_gateway_text(text) == text


@pytest.mark.parametrize(
    "tag",
    [
        "EXTERNAL - ",
        "SPAM: ",
        "*****SPAM***** ",
        "[SPAM-HIGH] ",
        "【社外】",
        "[외부메일] ",
        "[Externe E-Mail] ",
        "{Disarmed} ",
        "[WARNING: UNSCANNABLE EXTRACTION FAILED]",
        "[Caution: Message contains Suspicious URL content] ",
    ],
)
def test_a_tag_of_a_gateway_is_not_read(tag: str) -> None:
    assert without_gateway_tags(f"{tag}Refund") == "Refund"


@pytest.mark.parametrize(
    "subject", ["【重要】支払い", "*** Urgent *** payment", "Spam folder - your emails", "[Payment] failed"]
)
def test_other_words_at_the_start_of_a_subject_are_read(subject: str) -> None:
    assert without_gateway_tags(subject) == subject
