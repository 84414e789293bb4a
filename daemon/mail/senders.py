"""Recognise senders that are machines: mail systems, null senders, no-reply addresses, bounce subjects."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from daemon.mail.message import Address, Message
from daemon.mail.phrase_table import split_phrases

_DAEMON = re.compile(r"mail(?:er)?[-_. ]?daemon|mail-?delivery-(?:sub)?system|mdaemon|mmdf", re.IGNORECASE)
_SYSTEM = re.compile(
    r"post[-_.]?master|mail[-_.](?:delivery|system|router|administrator)|mailadm(?:in)?|imss|microsoftexchange[0-9a-f]{8}"
    r"|system administrator|.{0,20}smtp_mail_service|e?mail_?admin|noreply-dmarc",
    re.IGNORECASE,
)
_SYSTEM_NAME = re.compile(
    r"mail(?:er)?[- ]?(?:daemon|delivery|system|administrator|router|server)|e-?mail (?:delivery|system|server)"
    r"|system administrator|postmaster|internet mail (?:service|delivery)|message router|content[- ]filter|mta\b",
    re.IGNORECASE,
)
_NOREPLY = re.compile(
    r"(?:do[-_.]?)?not?[-_.]?(?:reply|response|answer)\b|(?:do)?not?[-_.]?reply[-_.+]|.{0,30}[-_.]no[-_.]?reply$"
    r"|ne[-_.]?pas[-_.]?repondre|nicht[-_.]?antworten|no[-_.]?responder|bounces?\b|.{1,40}[-+_]bounces?$|unattended\b",
    re.IGNORECASE,
)
_ROLES: Final = frozenset({"root", "daemon", "nobody", "abuse", "listserv", "majordomo", "mailman"})

# Start of the subject of a bounce; one that a person forwards starts with "Fwd:".
_BOUNCE_SUBJECTS: Final = split_phrases(
    "undeliver; returned mail; returned message; return receipt failed; failure notice; failure delivery",
    "failed delivery; failed mail; failed to deliver; failed:; delivery status notification; delivery notification",
    "delivery failure; delivery failed; delivery has failed; delivery report; delivery error; delivery problem",
    "delivery unsuccessful; non-delivery; non delivery; nondeliverable; nondelivery; not delivered; mail delivery",
    "mail not delivered; mail could not be delivered; mail failure; mail system error; mail delayed; mail returned",
    "mail undeliverable; message delivery; message not delivered; message could not be delivered",
    "message undeliverable; message status - undeliverable; email delivery; email bounce; e-mail delivery",
    "permanent delivery failure; permanent delivery error; automatically rejected mail; warning: message",
    "warning: could not send message; warning: mail delayed; delayed mail; notice: mail delivery; error sending",
    "unable to deliver; could not deliver; rejected:; rejected mail; rejected message; user unknown",
    "problem delivering; postmaster notify; unzustellbar; nicht zugestellt; nachricht nicht zugestellt",
    "mail konnte nicht; zustellung fehlgeschlagen; echec de la remise; échec de la remise; échec de remise",
    "non remis; mail non remis; message non remis; no se puede entregar; devolución de correo",
    "impossibile recapitare; mancato recapito; não é possível entregar; não entregue; nie można dostarczyć",
    "niedostarczona wiadomość; zwrot:; onbestelbaar; niet te bestellen; kan ikke leveres; kan inte levereras",
    "недоставленн; не доставлено; ваше сообщение не доставлено; 配信不能; 配送不能",
    "配信できません; 未送達; 无法投递; 无法送达; 退信; 系统退信; 未送达",
    "无法传递; 傳遞失敗; 無法傳遞; 無法傳送",
    "message you sent; your message was blocked; your message was not delivered; message blocked",
    "non recapitabile; messaggio non recapitato; recapito non riuscito; mancata consegna; niet-bestelbaar",
    "niet bezorgd",
    "olevererbart; går inte att leverera; ej levererat; uleverbar; ikke levert; ikke leveret; kunne ikke leveres",
    "ei toimitettavissa; toimittamaton; toimitus epäonnistui; nedoručitelné; nelze doručit; nedoručiteľné",
    "nie je možné doručiť; kézbesíthetetlen; nem kézbesíthető; sikertelen kézbesítés; nu se poate livra; nelivrat",
    "teslim edilemedi; teslim edilemeyen; αδυναμία παράδοσης; μη παραδοτέο; αποτυχία παράδοσης; не удается доставить",
    "не удаётся доставить; не удалось доставить; не вдалося доставити; недоставлено; не може да бъде доставено",
    "nije moguće isporučiti; neisporučivo; falha na entrega; error de entrega; no entregado; mensaje no entregado",
    "配信エラー; 送信エラー; 배달되지 않음; 배달할 수 없음; 전송 실패; 반송",
    "לא ניתן למסירה; غير قابل للتسليم; تعذر التسليم",
)
_DECORATION = re.compile(r"(?:\[[^\]]{0,40}\]|[*!#\s]){0,4}")


def sender_of(message: Message, ours: Collection[str] = frozenset()) -> Address | None:
    """Return who gets a reply: a single readable Reply-To (as of a web form), else a single readable author.

    `ours` are addresses in lower case that a group or a mail program may put into Reply-To; they never get our answer
    instead of an author. Where From is missing or names several people, Sender names the author (RFC 5322 section
    3.6.2).
    """
    replies = [a for a in message.reply_to if (a.email or "").lower() not in ours]
    if replies and replies[0].email and len({(a.email or "").lower() for a in replies}) == 1:
        return replies[0]
    authors = list({(a.email or a.name).lower(): a for a in reversed(message.from_)}.values())
    if len(authors) == 1:
        return authors[0] if authors[0].email else None
    named = {(a.email or "").lower() for a in authors}
    senders = [a for a in message.sender if a.email and (not named or a.email.lower() in named)]
    return senders[0] if len(senders) == 1 and "" not in named and "duplicate-from" not in message.defects else None


def is_null(path: str) -> bool:
    """Return whether a return path is the null sender, or the daemon address that some systems write instead."""
    bare = path.strip().strip("<>").strip()
    return not bare or bool(_DAEMON.match(bare))


def has_null_return_path(message: Message) -> bool:
    """Return whether a Return-Path header shows the null sender."""
    return any(is_null(value) for value in message.headers.get("return-path", ()))


def is_daemon(address: Address) -> bool:
    """Return whether an address belongs to a mail daemon, which writes only reports."""
    return bool(_DAEMON.match(_local(address)) or (not address.email and _DAEMON.search(address.name[:200])))


@lru_cache(maxsize=1024)
def is_mail_system(address: Address) -> bool:
    """Return whether an address belongs to a mail system; a person may also use one (postmaster)."""
    if is_daemon(address) or _SYSTEM.match(_local(address)):
        return True
    return bool(_SYSTEM_NAME.match(address.name[:200].strip(" \"'<")))


def is_unanswerable(email: str) -> bool:
    """Return whether no person reads email to an address: daemons, system roles, no-reply."""
    local = email.rpartition("@")[0].lower().strip('"')
    return bool(_DAEMON.match(local) or _SYSTEM.match(local) or _NOREPLY.match(local)) or local in _ROLES


def is_bounce_subject(subject: str) -> bool:
    """Return whether a subject starts like the subject of a bounce."""
    bare = _DECORATION.sub("", subject[:200].lower(), count=1)
    return bare.startswith(_BOUNCE_SUBJECTS)


def _local(address: Address) -> str:
    local = (address.email or "").rpartition("@")[0] or (address.email or "")
    return local.strip("\"' ")
