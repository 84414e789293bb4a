"""Recognise the subjects of automatic replies by mail programs and helpdesks."""

import re
from typing import Final

from daemon.mail.phrase_table import split_phrases
from daemon.mail.reply.gateway_tags import without_gateway_tags

_MAX_VALUE: Final = 500

# Prefixes before the original subject, followed by a colon: Exchange and Outlook in the language of the mailbox,
# Lotus Notes, Zimbra, webmail providers. Not Sieve's "Auto:" (a car in German): Sieve sends Auto-Submitted.
AUTO_PREFIXES: Final = frozenset(
    split_phrases(
        "automatic reply; auto reply; auto-reply; autoreply; auto response; auto-response; autoresponse",
        "automatic response; automated reply; automated response; out of office; out of office reply",
        "out of office autoreply; out of the office; out-of-office; vacation reply; vacation response",
        "away from my mail; automatische antwort; abwesenheitsnotiz; abwesenheitsnachricht; automatisch antwoord",
        "automatische reactie; afwezigheidsbericht; réponse automatique; reponse automatique",
        "absence du bureau; risposta automatica; fuori ufficio; respuesta automática; respuesta automatica",
        "fuera de la oficina; resposta automàtica; resposta automática; resposta automatica; ausência temporária",
        "fora do escritório; autosvar; automatisk svar; automatiskt svar",
        "automaattinen vastaus; sjálfvirkt svar; automatická odpověď; automatická odpoveď; autom. odpověď",
        "odpowiedź automatyczna; automatyczna odpowiedź; autoodpowiedź; automatikus válasz; házon kívül",
        "automatski odgovor; automatsko odgovaranje; samodejni odgovor; răspuns automat; raspuns automat",
        "automaatvastus; automātiska atbilde; automātiskā atbilde; automatinis atsakymas; otomatik yan\u0131t",
        "otomatik cevap; αυτόματη απάντηση; автоматический ответ; автоответ; автоматична відповідь",
        "автоматичен отговор; аутоматски одговор; автоматски одговор; מענה אוטומטי; תשובה אוטומטית; رد تلقائي",
        "الرد التلقائي; پاسخ خودکار; स्वचालित उत्तर; ตอบกลับอัตโนมัติ; การตอบกลับอัตโนมัติ; trả lời tự động",
        "thư trả lời tự động; balasan otomatis; balasan automatik; 自动答复; 自动回复; 自動回覆; 自動回復; 自動答覆",
        "自動応答; 自動返信; 자동 회신; 자동 응답; 부재중 자동 응답",
    )
)
# Subjects from the default templates of helpdesks: Zendesk, Freshdesk, osTicket, Zoho Desk, Help Scout, Kayako.
_HELPDESK = re.compile(
    r"\[request received\]"
    r"|\[auto(?:matic)?[- ]?reply\]"
    r"|ticket received - (?:#?\d|\[)"
    r"|support ticket opened \[#"
    r"|new support ticket opened"
    r"|(?:your )?(?:ticket|case|request) #?\d{3,12} (?:has been|was) (?:received|created|opened|logged)"
    r"|we(?:'ve| have) received your (?:request|ticket|enquiry|inquiry) ?(?:[#\[(:]|$)"
    r"|\[automatyczna odpowiedź\]",
    re.IGNORECASE,
)


def auto_subject(subject: str) -> str:
    """Return the prefix of an automatic reply, or ""; with "Re:" before it, a person replied."""
    head = without_gateway_tags(subject[:_MAX_VALUE]).strip()
    prefix, colon, _ = head.replace("\uff1a", ":").partition(":")
    if colon and " ".join(prefix.lower().split()) in AUTO_PREFIXES:
        return prefix.strip()
    helpdesk = _HELPDESK.match(head)
    return helpdesk[0] if helpdesk else ""
