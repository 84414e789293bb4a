"""What mail gateways write into every email is found, and what people write is kept."""

import pytest

from daemon.mail.reply.banner import without_gateway_text

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
    ],
)
def test_the_same_words_of_a_customer_are_read(text: str) -> None:
    assert without_gateway_text(text) == text
