"""Recognise a bounce by its structure, sender, subject and text together."""

from functools import partial
from typing import Final

from daemon.mail.dsn.gateway import FORWARDED, gateway_evidence, is_personal
from daemon.mail.dsn.notices import notice_lines
from daemon.mail.dsn.parts import FEEDBACK, STATUS, find_report, status_text, wrapped_status
from daemon.mail.message import Message, Part
from daemon.mail.mime.body import has_report_fields
from daemon.mail.phrase_table import split_phrases
from daemon.mail.senders import has_null_return_path, is_bounce_subject, is_daemon, is_mail_system
from daemon.mail.text.html import html_to_text

_READABLE: Final = ("text/", "multipart/")  # a multipart has text itself if its boundaries are broken
_ENOUGH: Final = 3
_HEAD: Final = 25
_MAX_ABOVE: Final = 20_000
_FAILURE: Final = split_phrases(
    "could not be delivered; couldn't be delivered; not be delivered; cannot be delivered; not delivered",
    "not been delivered; not yet been delivered; could not deliver; unable to deliver; able to deliver",
    "failed to deliver; undeliverable; delivery failed; delivery has failed; delivery failure",
    "delivery to the following; delivery status notification; delivery problems; attempting to deliver",
    "trying to deliver; did not reach; could not be reached; fatal errors; transcript of session; failed recipient",
    "following recipient; address(es) failed; addresses failed; was rejected by; was automatically rejected",
    "email you sent was rejected; has been postponed; final delivery userid; unknown user; mailbox exceeds",
    "nicht zugestellt; unzustellbar; n'a pas pu; no se pudo entregar; non è stato possibile; não pôde ser entregue",
    "доставлен; невозможно доставить; 送信できません; 配信できません; 无法发送; 无法投递; 无法送达; 被退回; 投递失败",
    "considered unsolicited bulk",
    "konnte nicht übermittelt; fehler bei der nachrichtenzustellung; impossible de remettre; échec de la remise",
    "la remise a échoué; n'a pas été remis; error de entrega; no se ha podido entregar; no pudo ser entregado",
    "impossibile recapitare; non è stato recapitato; non recapitato; recapito non riuscito; non è stato consegnato",
    "a entrega falhou; falha na entrega; não foi entregue; não foi possível entregar; não é possível entregar",
    "niet worden bezorgd; niet bezorgd; bezorging mislukt; bezorging is mislukt; gick inte att leverera",
    "kunde inte levereras; levering til disse modtagere; kunne ikke leveres; levering mislykkedes; ikke levert",
    "toimitus epäonnistui; ei voitu toimittaa; nelze doručit; nezdařilo; nebyla doručena; nepodarilo doručiť",
    "nie można dostarczyć; dostarczenie wiadomości; nie została dostarczona; nie powiodło się; nem kézbesíthető",
    "nem sikerült kézbesíteni; kézbesítése sikertelen; nu a putut fi livrat; teslim edilemedi",
    "αδυναμία παράδοσης; απέτυχε η παράδοση; не удалось доставить; не вдалося доставити; 配信に失敗; 配信できません",
    "传递邮件失败; 传递失败; 无法传递; 傳遞失敗; 無法傳遞; 배달하지 못; 배달할 수 없; 배달에 실패; לא ניתן למסור",
)


def bounce_evidence(message: Message, *, null_sender: bool = False) -> str:
    """Return why an email is a bounce, in a few words, or "" if it is not one.

    `null_sender` means that the envelope sender was `<>`. Signs that people also produce need further signs: a
    postmaster may be a person, and a customer may write about a "Delivery failure".
    """
    if find_report(message, STATUS):
        return "" if _is_sent_on(message, null_sender=null_sender) else "delivery report (RFC 3464)"
    if message.header("x-failed-recipients"):
        return "X-Failed-Recipients"
    if "x-ms-exchange-message-is-ndr" in message.headers:
        return "X-MS-Exchange-Message-Is-Ndr"
    if is_ses_event(message):
        return "Amazon SES event"
    if any(map(is_daemon, message.from_)):
        return "from a mail daemon"
    return _sum_of_signs(message, null_sender=null_sender) or _unusual_report(message)


def _unusual_report(message: Message) -> str:
    """Return why an email is a report in an unusual form, or ""."""
    if FORWARDED.match(message.subject):
        return ""
    if wrapped_status(message):
        return "delivery report (RFC 3464), wrapped"
    if status_text(message):
        return "delivery report under another type"
    return gateway_evidence(message, partial(_has_failure_phrase, message))


def is_complaint(message: Message) -> bool:
    """Return whether an email is a complaint: a feedback report, or Microsoft's JMRP form of one."""
    if find_report(message, FEEDBACK):
        return True
    sender = message.from_[0].email if message.from_ else ""
    return sender == "staff@hotmail.com" and message.subject.lower().startswith("complaint about message from")


def notice_of(message: Message) -> list[str]:
    """Return the lines of a report that are meant for people; none if all its text belongs to the returned email."""
    has_text = any(part.text and not part.embedded and _is_for_people(part) for part in message.parts)
    return notice_lines(message.text) if has_text else []


def _is_for_people(part: Part) -> bool:
    is_note = part.content_type in STATUS and not has_report_fields(part.text)
    return is_note or part.content_type.startswith(_READABLE)


def _is_sent_on(message: Message, *, null_sender: bool) -> bool:
    """Return whether a person sent on a report that they got, or its parts, as Apple Mail does."""
    if null_sender or has_null_return_path(message) or any(map(is_mail_system, message.from_)):
        return False
    start = next((part.index for part in message.parts if part.content_type == "multipart/report"), 1)
    return start > 0 and (bool(FORWARDED.match(message.subject)) or any(map(_is_personal, message.parts[1:start])))


def _is_personal(part: Part) -> bool:
    text = html_to_text(part.text, _MAX_ABOVE) if part.content_type == "text/html" else part.text
    return part.content_type.startswith("text/") and is_personal(text)


def is_ses_event(message: Message) -> bool:
    """Return whether an email carries an event of Amazon SES through its notification service (SNS)."""
    return bool(message.header("x-amz-sns-message-id")) and '"notificationType"' in message.text[:200]


def _sum_of_signs(message: Message, *, null_sender: bool) -> str:
    """Add up the signs. One must be the subject or the text, because autoresponders also use the null sender."""
    sender = {
        "null sender": 2 * (null_sender or has_null_return_path(message)),
        "multipart/report without a report part": 3 * _lacks_report_part(message),
        "from a mail system": not message.from_ or any(map(is_mail_system, message.from_)),
    }
    if not any(sender.values()):
        return ""
    signs = sender | {
        "bounce subject": is_bounce_subject(message.subject),
        "bounce text": _has_failure_phrase(message),
    }
    if sum(signs.values()) < _ENOUGH or not (signs["bounce subject"] or signs["bounce text"]):
        return ""
    return ", ".join(sign for sign, weight in signs.items() if weight)


def _lacks_report_part(message: Message) -> bool:
    root = message.header("content-type").lower()
    return root.startswith("multipart/report") and ("delivery-status" in root or "report-type" not in root)


def _has_failure_phrase(message: Message) -> bool:
    head = " ".join(" ".join(notice_of(message)[:_HEAD]).lower().split())
    return any(phrase in head for phrase in _FAILURE)
