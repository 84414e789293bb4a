"""Twenty example emails of invented customers, for a first look: languages, categories, HTML, files and machines."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

from daemon.text import domain_of

# One pixel, and the smallest document that readers open.
PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEAQH/7yMK/gAAAABJRU5ErkJggg=="
)
DOCUMENT: Final = (
    b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n"
)


@dataclass(frozen=True, slots=True)
class Example:
    """An email: its author, subject and text, its HTML if it has any, its file, and further header fields."""

    name: str
    email: str
    subject: str
    text: str
    html: str = ""
    file: str = ""
    headers: tuple[tuple[str, str], ...] = ()


EXAMPLES: Final = (
    Example("Ann Lee", "ann.lee@customer.example", "Payment failed",
            "Hello,\n\nmy card was charged twice for order 20931: amount debited but not credited. Please refund one"
            " of them.\n\nAnn"),
    Example("Jonas Weber", "jonas.weber@kunde.example", "Rechnung stimmt nicht",
            "Guten Tag,\n\nauf der Rechnung vom März stehen zwei Lizenzen, wir haben aber nur eine. Bitte schicken Sie"
            " eine neue Rechnung.\n\nMit freundlichen Grüßen\nJonas Weber"),
    Example("Marie Dubois", "marie.dubois@client.example", "Impossible de me connecter",
            "Bonjour,\n\nje ne peux plus me connecter depuis ce matin. Le mot de passe est refusé.\n\nMerci,\nMarie"),
    Example("Carlos Ruiz", "carlos.ruiz@cliente.example", "URGENTE: el servidor no responde",
            "Hola:\n\nla API devuelve el error 500 desde hace una hora y nuestra tienda está parada. Es urgente.\n\n"
            "Carlos Ruiz"),
    Example("Priya Shah", "priya@startup.example", "Locked out of my account",
            "Hi,\n\nI changed my phone and the two-factor code does not arrive. I am locked out of my account.",
            "<p>Hi,</p><p>I changed my phone and the <b>two-factor code</b> does not arrive. I am locked out of my"
            " account.</p><p>Priya</p>"),
    Example("Tom Baker", "tom@bakery.example", "App crashes when I open a report",
            "The app crashes each time I open the monthly report. A screenshot is attached.\n\nTom",
            file="screenshot.png"),
    Example("Giulia Rossi", "giulia.rossi@cliente.example", "Orari di apertura",
            "Buongiorno,\n\nquali sono i vostri orari di assistenza durante le feste?\n\nGrazie, Giulia"),
    Example("João Silva", "joao.silva@cliente.example", "Pagamento duplicado",
            "Olá,\n\no pagamento da assinatura foi cobrado duas vezes este mês. Podem devolver o valor?\n\nJoão"),
    Example("Sanne de Vries", "sanne@klant.example", "Wachtwoord vergeten",
            "Hallo,\n\nik ben mijn wachtwoord vergeten en de mail om het opnieuw in te stellen komt niet aan."),
    Example("Piotr Nowak", "piotr.nowak@klient.example", "Błąd podczas eksportu",
            "Dzień dobry,\n\neksport do pliku CSV kończy się błędem. Proszę o pomoc.\n\nPiotr Nowak"),
    Example("佐藤 花子", "hanako@okyaku.example", "ログインできません",
            "お世話になっております。\n\n昨日からログインできません。パスワードを再設定しましたが、同じエラーが出ます。\n\n佐藤"),
    Example("王伟", "wang.wei@kehu.example", "付款失败",
            "你好。\n\n我的付款失败了。但是银行卡已经扣款。请帮我查一下订单 88213。\n\n王伟"),
    Example("سارة أحمد", "sara@zaboon.example", "لا أستطيع تسجيل الدخول",
            "مرحبا،\n\nلا أستطيع تسجيل الدخول إلى حسابي منذ أمس.\n\nشكرا، سارة"),
    Example("Olivia Brown", "olivia@agency.example", "Invoice for the annual plan",
            "Hello,\n\nplease find our purchase order attached. Could you send the invoice to our accounts team?\n\n"
            "Best regards\nOlivia Brown\n-- \nOlivia Brown\nAgency Ltd, 1 High Street", file="purchase-order.pdf"),
    Example("Ben Carter", "ben@shop.example", "Do you offer a discount for schools?",
            "Hi there,\n\nwe are a small school and would like to know whether you offer a discount.\n\nBen"),
    Example("Elena Petrova", "elena@company.example", "Webhook is called twice",
            "Hello,\n\nsince the last update every webhook is called twice, with the same id. This breaks our import.",
            "<div>Hello,<br><br>since the last update every webhook is called <i>twice</i>, with the same id:"
            "<table border=1><tr><th>id</th><th>calls</th></tr><tr><td>evt_1</td><td>2</td></tr></table>"
            "This breaks our import.</div>"),
    Example("Liam O’Connor", "liam@customer.example", "Re: Your subscription",
            "It still does not work, and I was charged again.\n\nOn Mon, 2 Nov 2026 at 09:14, Shop <shop@shop.example>"
            " wrote:\n> Your subscription was cancelled.\n> You will not be charged again."),
    Example("Nina Koch", "nina.koch@kunde.example", "Abwesenheit: Ihre Nachricht",
            "Ich bin bis zum 12. nicht im Büro und lese keine E-Mails.", headers=(("Auto-Submitted", "auto-replied"),)),
    Example("Weekly Offers", "news@offers.example", "Ten offers that you must not miss",
            "Ten offers for your office, only this week.",
            headers=(("List-Unsubscribe", "<https://offers.example/out>"), ("Precedence", "bulk"),
                     ("List-Id", "<weekly.offers.example>"))),
    Example("Grace Kim", "grace@customer.example", "Something is odd",
            "Hello, it looks different from last week and I am not sure whether that is right. Can you check?"),
)  # fmt: skip


def as_bytes(example: Example, recipient: str) -> bytes:
    """Return an example as an email to us, with a Message-ID of its own."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f'"{example.name}" <{example.email}>', recipient, example.subject
    mail["Message-ID"] = make_msgid(domain=domain_of(example.email))
    mail["Date"] = format_datetime(datetime.now(UTC))
    for name, value in example.headers:
        mail[name] = value
    mail.set_content(example.text)
    if example.html:
        mail.add_alternative(example.html, subtype="html")
    if example.file.endswith(".png"):
        mail.add_attachment(PICTURE, maintype="image", subtype="png", filename=example.file)
    elif example.file:
        mail.add_attachment(DOCUMENT, maintype="application", subtype="pdf", filename=example.file)
    return mail.as_bytes()
