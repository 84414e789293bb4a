"""Signatures and the footers of devices are cut."""

# ruff: noqa: E501, RUF001
# Each case is one line; letters of other scripts that look like Latin ones are intended.

import pytest

from daemon.mail.reply.split import Reply, new_text, split
from tests.support.replies import ATTRIBUTIONS, NEW, PREFIXED

FOOTERS = [
    "Sent from my iPhone",
    "Sent from my Galaxy",
    "Sent from my SM-A525F using a phone",
    "Sent with Airmail",
    "Sent from Mail for Windows",
    "Sent from Outlook for Android<https://aka.ms/abc>",
    "Get Outlook for iOS<https://aka.ms/abc>",
    "Sent with Proton Mail secure email.",
    "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
    "Sent from my mobile, please excuse typos",
    "Von meinem iPhone gesendet",
    "Gesendet mit der Android App",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "Holen Sie sich Outlook für iOS",
    "Envoyé de mon iPhone",
    "Obtenir Outlook pour Android",
    "Enviado desde mi iPhone",
    "Obtener Outlook para iOS",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Scarica Outlook per Android",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Hämta Outlook för iOS",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "Надіслано з iPhone",
    "Изпратено от моя iPhone",
    "Στάλθηκε από το iPhone μου",
    "iPhone'umdan gönderildi",
    "Az iPhone-omról küldve",
    "נשלח מה-iPhone שלי",
    "أرسلت من جهاز الـ iPhone",
    "iPhoneから送信",
    "发自我的 iPhone",
    "從我的 iPhone 傳送",
    "나의 iPhone에서 보냄",
    "ส่งจาก iPhone ของฉัน",
    "Được gửi từ iPhone của tôi",
    "Dikirim dari iPhone saya",
    "Trimis de pe iPhone-ul meu",
    "Poslano iz mojega iPhona",
]

SIGNATURES = {
    "rfc 3676": "-- \nMina Berg\nWarehouse 4\n\n\nWe are open from nine to five, and we look forward to every single visit.",
    "no space": "--\nMina Berg\nWarehouse 4",
    "list footer": "_______________________________________________\nParcels mailing list\nparcels@lists.example",
    "em dash": "—\nMina Berg",
    "contact block": "Mina Berg\nHead of Warehouse\nmina@depot.example\n+49 30 1234567",
    "confidential en": (
        "This e-mail and any attachments are confidential and may be legally privileged. If you are not the intended\n"
        "recipient, please notify the sender and delete it; copying or disclosure is prohibited."
    ),
    "confidential de": (
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Empfänger sind, informieren Sie\n"
        "bitte den Absender und löschen Sie diese Nachricht. Die unbefugte Weitergabe ist nicht gestattet."
    ),
    "confidential fr": (
        "Ce message et ses pièces jointes sont confidentiels et destinés à son seul destinataire. Si vous le recevez\n"
        "par erreur, merci de le détruire; toute diffusion est interdite."
    ),
    "confidential es": (
        "Este mensaje es confidencial y va dirigido a su destinatario. Si lo ha recibido por error, elimínelo; se\n"
        "prohíbe su divulgación."
    ),
    "confidential pl": (
        "Ta wiadomość jest poufna i przeznaczona wyłącznie dla adresata. Jeżeli nie jest Pan odbiorcą, prosimy o jej\n"
        "usunięcie; rozpowszechnianie jest zabronione."
    ),
    "confidential ru": (
        "Это сообщение конфиденциально и предназначено только для адресата. Если вы получили его по ошибке, удалите\n"
        "его; распространение запрещено."
    ),
    "notice and company": (
        "The content of this message is confidential. If you have received it in error, delete it and tell the sender.\n"
        "Unauthorised copying is prohibited.\n\nDepot Ltd, 4 Dock Road"
    ),
    "save paper": "Please consider the environment before printing this e-mail.",
    "antivirus": "Virus-free. www.avast.com",
    "footer and delimiter": "Sent from my phone\n\n--\nMina Berg",
}


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_device_footer_is_signature(footer: str) -> None:
    assert split(f"{NEW}\n\n{footer}\n") == Reply(NEW, "", footer, inline=False)


@pytest.mark.parametrize("footer", FOOTERS[:3])
def test_a_footer_above_a_quote_is_signature(footer: str) -> None:
    reply = split(f"{NEW}\n\n{footer}\n\n{ATTRIBUTIONS['gmail en']}\n{PREFIXED}")
    assert (reply.new, reply.signature) == (NEW, footer)


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_is_cut(signature: str) -> None:
    assert split(f"{NEW}\n\n{signature}\n") == Reply(NEW, "", signature, inline=False)


@pytest.mark.parametrize("signature", [text for name, text in SIGNATURES.items() if name != "contact block"])
def test_a_signature_below_the_quote_is_not_an_answer(signature: str) -> None:
    reply = split(f"{NEW}\n\n{ATTRIBUTIONS['gmail en']}\n{PREFIXED}\n\n{signature}")
    assert (reply.new, reply.inline) == (NEW, False)


def test_an_answer_above_the_rest_of_a_quoted_signature_is_the_new_text() -> None:
    text = f"{ATTRIBUTIONS['thunderbird en']}\n> Which colour?\n\nBlue.\n\n>\n> -- \n> Shop Team"
    assert new_text(text) == "Blue."
