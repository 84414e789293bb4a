"""Forwards as mail programs write them: the lines that announce the original, in ten languages."""

from typing import Final, NamedTuple


class ForwardForm(NamedTuple):
    """The announcement of a forward, and the date that it names as ISO 8601, or ""."""

    text: str
    date: str
    quoted: bool = False


def _form(text: str, date: str = "2026-03-02T10:15", *, quoted: bool = False) -> ForwardForm:
    return ForwardForm(text, date, quoted=quoted)


def _gmail(rule: str, labels: str, date: str) -> ForwardForm:
    from_, sent, subject, to = labels.split(",")
    head = f"---------- {rule} ---------"
    return _form(
        f"{head}\n{from_}: Ann Berg <ann@shop.example>\n{sent}: {date}\n{subject}: Cannot pay\n"
        f"{to}: <ana@team.example>\n\n"
    )


def _outlook(labels: str, date: str, *, address: str = "Ann Berg <ann@shop.example>") -> ForwardForm:
    from_, sent, to, subject = labels.split(",")
    return _form(f"{from_}: {address}\n{sent}: {date}\n{to}: Ana Silva <ana@team.example>\n{subject}: Cannot pay\n")


def _apple(rule: str, labels: str, date: str) -> ForwardForm:
    from_, subject, sent, to = labels.split(",")
    return _form(
        f"> {rule}:\n> \n> {from_}: Ann Berg <ann@shop.example>\n> {subject}: Cannot pay\n> {sent}: {date}\n"
        "> {to}: ana@team.example\n> ".replace("{to}", to),
        quoted=True,
    )


def _thunderbird(rule: str, labels: str, date: str) -> ForwardForm:
    subject, sent, from_, to = labels.split(",")
    return _form(
        f"-------- {rule} --------\n{subject}: \tCannot pay\n{sent}: \t{date}\n{from_}: \tAnn Berg <ann@shop.example>\n"
        f"{to}: \tana@team.example\n\n"
    )


FORMS: Final[dict[str, ForwardForm]] = {
    "gmail english": _gmail("Forwarded message", "From,Date,Subject,To", "Mon, 2 Mar 2026 at 10:15"),
    "gmail english, american": _gmail("Forwarded message", "From,Date,Subject,To", "Mon, Mar 2, 2026 at 10:15 AM"),
    "gmail german": _gmail("Forwarded message", "Von,Date,Subject,To", "Mo., 2. März 2026 um 10:15 Uhr"),
    "gmail french": _gmail("Forwarded message", "De,Date,Subject,To", "lun. 2 mars 2026 à 10:15"),
    "gmail spanish": _gmail("Forwarded message", "De,Date,Subject,To", "lun, 2 mar 2026 a las 10:15"),
    "gmail italian": _gmail("Forwarded message", "Da,Date,Subject,To", "lun 2 mar 2026 alle ore 10:15"),
    "gmail portuguese": _gmail("Forwarded message", "De,Date,Subject,To", "seg., 2 de mar. de 2026 às 10:15"),
    "gmail dutch": _gmail("Forwarded message", "Van,Date,Subject,To", "ma 2 mrt 2026 om 10:15"),
    "gmail polish": _gmail("Forwarded message", "Od,Date,Subject,To", "pon., 2 mar 2026 o 10:15"),
    "gmail japanese": _gmail("Forwarded message", "From,Date,Subject,To", "2026年3月2日(月) 10:15"),
    "gmail arabic": _gmail("Forwarded message", "من,Date,Subject,To", "الاثنين، 2 مارس 2026 في 10:15"),
    "outlook english": _outlook("From,Sent,To,Subject", "Monday, March 2, 2026 10:15 AM"),
    "outlook english, british": _outlook("From,Sent,To,Subject", "02 March 2026 10:15"),
    "outlook german": _outlook("Von,Gesendet,An,Betreff", "Montag, 2. März 2026 10:15"),
    "outlook french": _outlook("De,Envoyé,À,Objet", "lundi 2 mars 2026 10:15"),
    "outlook spanish": _outlook("De,Enviado el,Para,Asunto", "lunes, 2 de marzo de 2026 10:15"),
    "outlook italian": _outlook("Da,Inviato,A,Oggetto", "lunedì 2 marzo 2026 10:15"),
    "outlook portuguese": _outlook("De,Enviada em,Para,Assunto", "segunda-feira, 2 de março de 2026 10:15"),
    "outlook dutch": _outlook("Van,Verzonden,Aan,Onderwerp", "maandag 2 maart 2026 10:15"),
    "outlook polish": _outlook("Od,Wysłane,Do,Temat", "poniedziałek, 2 marca 2026 10:15"),
    "outlook japanese": _outlook("差出人,送信日時,宛先,件名", "2026年3月2日 10:15"),
    "outlook arabic": _outlook("من,تاريخ الإرسال,إلى,الموضوع", "02 مارس 2026 10:15"),
    "outlook with links": _outlook(
        "From,Sent,To,Subject",
        "Monday, March 2, 2026 10:15 AM",
        address="Ann Berg <ann@shop.example<mailto:ann@shop.example>>",
    ),
    "outlook 2003": _outlook(
        "From,Sent,To,Subject", "Monday, March 02, 2026 10:15 AM", address="Ann Berg [mailto:ann@shop.example]"
    ),
    "outlook mobile": _form(
        "________________________________\nFrom: Ann Berg <ann@shop.example>\nSent: Monday, March 2, 2026 10:15:00 AM\n"
        "To: Ana Silva <ana@team.example>\nSubject: Cannot pay\n\n"
    ),
    "outlook web, in bold": _form(
        "**From:** Ann Berg <ann@shop.example>\n**Sent:** Monday, March 2, 2026 10:15 AM\n**To:** ana@team.example\n"
        "**Subject:** Cannot pay\n\n"
    ),
    "apple english": _apple("Begin forwarded message", "From,Subject,Date,To", "2 March 2026 at 10:15:00 GMT"),
    "apple german": _apple(
        "Anfang der weitergeleiteten Nachricht", "Von,Betreff,Datum,An", "2. März 2026 um 10:15:00 MEZ"
    ),
    "apple french": _apple("Début du message transféré", "De,Objet,Date,À", "2 mars 2026 à 10:15:00 UTC"),
    "apple spanish": _apple("Inicio del mensaje reenviado", "De,Asunto,Fecha,Para", "2 de marzo de 2026, 10:15:00"),
    "apple italian": _apple("Inizio messaggio inoltrato", "Da,Oggetto,Data,A", "2 marzo 2026 alle ore 10:15:00"),
    "apple portuguese": _apple(
        "Início da mensagem reencaminhada", "De,Assunto,Data,Para", "2 de março de 2026 10:15:00"
    ),
    "apple dutch": _apple("Begin doorgestuurd bericht", "Van,Onderwerp,Datum,Aan", "2 maart 2026 om 10:15:00"),
    "apple polish": _apple("Początek przekazywanej wiadomości", "Od,Temat,Data,Do", "2 marca 2026 10:15:00"),
    "apple japanese": _apple("転送されたメッセージ", "差出人,件名,日付,宛先", "2026年3月2日 10:15:00"),
    "apple on a phone": _form(
        "Begin forwarded message:\n\nFrom: Ann Berg <ann@shop.example>\nDate: 2 March 2026 at 10:15:00 GMT\n"
        "To: ana@team.example\nSubject: Cannot pay\n\n"
    ),
    "thunderbird english": _thunderbird("Forwarded Message", "Subject,Date,From,To", "Mon, 2 Mar 2026 10:15:00 +0000"),
    "thunderbird german": _thunderbird(
        "Weitergeleitete Nachricht", "Betreff,Datum,Von,An", "Mon, 2 Mar 2026 10:15:00 +0000"
    ),
    "thunderbird french": _thunderbird("Message transféré", "Sujet,Date,De,Pour", "Mon, 2 Mar 2026 10:15:00 +0000"),
    "thunderbird spanish": _thunderbird("Mensaje reenviado", "Asunto,Fecha,De,Para", "Mon, 2 Mar 2026 10:15:00 +0000"),
    "thunderbird italian": _thunderbird(
        "Messaggio inoltrato", "Oggetto,Data,Mittente,A", "Mon, 2 Mar 2026 10:15:00 +0000"
    ),
    "thunderbird polish": _thunderbird(
        "Przekazana wiadomość", "Temat,Data,Nadawca,Adresat", "Mon, 2 Mar 2026 10:15:00 +0000"
    ),
    "yahoo": _form(
        '----- Forwarded Message -----\nFrom: "Ann Berg" <ann@shop.example>\n'
        'To: "ana@team.example" <ana@team.example>\n'
        "Sent: Monday, March 2, 2026 at 10:15:00 AM UTC\nSubject: Cannot pay\n\n"
    ),
    "proton": _form(
        "------- Forwarded Message -------\nFrom: Ann Berg <ann@shop.example>\n"
        "Date: On Monday, March 2nd, 2026 at 10:15\n"
        "Subject: Cannot pay\nTo: ana@team.example\n\n"
    ),
    "k-9": _form(
        "-------- Original Message --------\nFrom: Ann Berg <ann@shop.example>\nSent: 2 March 2026 10:15:00 UTC\n"
        "To: ana@team.example\nSubject: Cannot pay\n\n"
    ),
    "mutt": _form(
        "----- Forwarded message from Ann Berg <ann@shop.example> -----\n\nDate: Mon, 2 Mar 2026 10:15:00 +0000\n"
        "From: Ann Berg <ann@shop.example>\nTo: ana@team.example\nSubject: Cannot pay\n\n"
    ),
    "zimbra": _form(
        '----- Forwarded Message -----\nFrom: "Ann Berg" <ann@shop.example>\nTo: "Ana" <ana@team.example>\n'
        "Sent: Monday, March 2, 2026 10:15:00 AM\nSubject: Cannot pay\n\n"
    ),
    "a wrapped list of recipients": _form(
        "---------- Forwarded message ---------\nFrom: Ann Berg <ann@shop.example>\nDate: Mon, 2 Mar 2026 at 10:15\n"
        "Subject: Cannot\n pay\nTo: Ana <ana@team.example>,\n Leo <leo@team.example>\n\n"
    ),
    "empty lines between the headers": _form(
        "From: Ann Berg <ann@shop.example>\n\nSent: Monday, March 2, 2026 10:15 AM\n\nTo: ana@team.example\n\n"
        "Subject: Cannot pay\n\n"
    ),
    "an address alone": _form(
        "---------- Forwarded message ---------\nFrom: <ann@shop.example>\nDate: Mon, 2 Mar 2026 at 10:15\n"
        "Subject: Cannot pay\nTo: <ana@team.example>\n\n"
    ),
    "a date that may be of March or February": _outlook("From,Sent,To,Subject", "02/03/2026 10:15")._replace(date=""),
    "a date with the day first": _outlook("De,Envoyé,À,Objet", "02/03/2026 10:15"),
}
