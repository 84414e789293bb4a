"""Recognise an email whose words are encrypted: nobody but its recipient can read them, and that is not we. Pure."""

from typing import Final

from daemon.mail.message import Message

_PGP: Final = "-----BEGIN PGP MESSAGE-----"


def is_encrypted(message: Message, own: str) -> bool:
    """Say whether the words of an email are encrypted; `own` is its text without what it quotes.

    A customer's encrypted words may stand in the quote, and an encrypted file may be attached to words.
    """
    # Whatever stands around it, such as the footer of a list, is not of the author.
    if any(part.content_type == "multipart/encrypted" and not part.embedded for part in message.parts):
        return True
    words = own.strip()
    return "encrypted" in message.defects and (not words or words.startswith(_PGP))
