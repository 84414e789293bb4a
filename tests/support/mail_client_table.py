"""Further mail programs, as a table: how each announces and marks a quote, in which language, and what it adds.

In the forms, {name} and {address} are of the author of the quoted email, {to} is its recipient; {body} is the quote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from tests.support.mail_client_forms import Client
from tests.support.mail_client_parts import (
    Original,
    Written,
    address,
    arranged,
    bare,
    name,
    order,
    page,
    prefixed,
    shown_text,
    with_answers,
)

_CITE: Final = '<blockquote type="cite">{body}</blockquote>'


@dataclass(frozen=True)
class Form:
    """The form of a program. `mark` is the prefix of quoted lines of text, "" where it quotes without one.

    `html` is "" for a program that sends text only; `text` is "" for one that sends HTML only. With `splits`, an inline
    answer closes the quote. `footer` is the line that the program adds to the signature.
    """

    html: str
    text: str
    mark: str = "> "
    width: int = 0
    paragraph: str = "<div>{}</div>"
    blank: str = "<div><br></div>"
    signature: str = "<div><br></div><div>{}</div>"
    delimiter: str = ""
    footer: str = ""
    splits: bool = True
    prefix: str = "Re: "
    from_text: bool = False


def client(form: Form) -> Client:
    """Return what makes the answers of a program."""

    def text(original: Original, written: Written) -> str:
        shown = original.text.rstrip() if form.from_text else shown_text(original).rstrip()
        quoted = prefixed(shown, written, form.width, form.mark) if form.mark else bare(shown, written)
        head = form.text.format(body=quoted, **_names(original))
        signed = Written(written.paragraphs, written.below, (*written.signature, *_footer(form)), written.style)
        return arranged(head, signed, form.delimiter)

    def html(original: Original, written: Written) -> str:
        quote = form.html.format(body=original.html, **{key: escape(one) for key, one in _names(original).items()})
        quote = with_answers(quote, written, lambda words: form.paragraph.format(escape(words)), split=form.splits)
        answer = form.blank.join(form.paragraph.format(escape(one)) for one in written.paragraphs)
        signature = "<br>".join(map(escape, (*written.signature, *_footer(form))))
        signature = form.signature.format(signature) if signature else ""
        return page("", *order(written, answer, signature, quote))

    return Client(text if form.text else _no_text, html if form.html else None, form.prefix)


def _no_text(_original: Original, _written: Written) -> str:
    return ""


def _footer(form: Form) -> tuple[str, ...]:
    return (form.footer,) if form.footer else ()


def _names(original: Original) -> dict[str, str]:
    return {
        "name": name(original.sender),
        "address": address(original.sender),
        "to": address(original.recipient),
        "subject": original.subject,
    }


def line(line: str, *, quote: str = _CITE, before: str = "<div>", after: str = "</div>", **options: Any) -> Form:
    """Return a form with a line above a quote, the same in text and in HTML."""
    html = line.replace("<", "&lt;").replace(">", "&gt;")
    return Form(f"{before}{html}<br>{after}{quote}", f"{line}\n{{body}}", **options)


def _em_client(title: str, labels: str, date: str, colon: str = "") -> Form:
    """eM Client: labels without a colon since version 9, and no space after the prefix in text."""
    from_, to, sent, subject = labels.split(",")
    author = f'{from_}{colon} "{{name}}" <{{address}}>'
    rows = (author, f"{to}{colon} {{to}}", f"{sent}{colon} {date}", f"{subject}{colon} {{subject}}")
    head = "".join(f"<div>{row.replace('<', '&lt;').replace('>', '&gt;')}</div>" for row in rows)
    return Form(
        f"<div>\n<div>------ {title} ------</div>\n{head}</div><div><br></div>\n"
        '<div id="x65a"><blockquote cite="mid@example.com" type="cite" class="cite2">{body}</blockquote></div>',
        "\n".join([f"------ {title} ------", *rows, "", "{body}"]),
        mark=">",
        signature='<div><br></div><div id="signature_old"><div>{}</div></div>',
    )


def block(
    title: str,
    rows: str,
    wrap: str,
    *,
    label: str = "<b>{}</b> ",
    body: str = "{body}",
    mark: str = "",
    splits: bool = False,
    **options: Any,
) -> Form:
    """Return a form with a header block; `wrap` has {head}. Rows are "label|value", separated by ";;"."""
    pairs = [row.partition("|")[::2] for row in rows.split(";;")]
    shown = [f"{label.format(key)}{value.replace('<', '&lt;').replace('>', '&gt;')}" for key, value in pairs]
    head = "<br>\n".join(shown)
    text = "\n".join([*([title] if title else []), *(f"{key} {value}" for key, value in pairs), "", "{body}"])
    return Form(wrap.replace("{head}", head) + body, text, mark=mark, splits=splits, **options)


_SAMSUNG = (
    '<div><br></div><div align="left" dir="auto" style="font-size:100%;color:#000000"><div>{title}</div><div>{head}'
    "</div><div><br></div></div>"
)


def _samsung(title: str, labels: str, date: str, footer: str) -> Form:
    from_, sent, to, subject = labels.split(",")
    rows = f"{from_}|{{name}} <{{address}}>;;{sent}|{date};;{to}|{{to}};;{subject}|{{subject}}"
    wrap = _SAMSUNG.replace("{title}", title)
    return block(title, rows, wrap, label="{} ", footer=footer, paragraph='<div dir="auto">{}</div>')


_GMX = (
    '<div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;">'
    '<div style="margin:0 0 10px 0;">{head}</div><div name="quoted-content">'
)
_YAHOO_PHONE = (
    '<br><blockquote style="margin: 0 0 20px 0;"><div style="font-family:Roboto, sans-serif; color:#6D00F6;"><div>On Mon, Nov 2, '
    '2026 at 11:31 AM, {name}</div><div>&lt;{address}&gt; wrote:</div></div><div style="padding: 10px 0 0 20px; margin: 10px 0 '
    '0 0; border-left: 1px solid #6D00F6;">{body}</div></blockquote>'
)
_YAHOO = (
    '<div id="ydp7a1yahoo_quoted_12" class="yahoo_quoted"><div style="font-size:13px;color:#26282a;"><div>{line}</div>'
    "<div><br></div><div><br></div>{body}</div></div>"
)
_SPARK = (
    '<div name="messageReplySection">{line}<br><blockquote type="cite" class="spark_quote">{body}</blockquote></div>'
)


def _yahoo(line: str) -> Form:
    html = _YAHOO.replace("{line}", line.replace("<", "&lt;").replace(">", "&gt;"))
    return Form(html, f"    {line}  \n \n {{body}}", mark="", splits=False)


def _spark(line: str, footer: str) -> Form:
    html = _SPARK.replace("{line}", line.replace("<", "&lt;").replace(">", "&gt;"))
    return Form(html, f"{line}\n{{body}}", footer=footer, signature='<div name="messageSignatureSection"><br>{}</div>')


FORMS: Final[Mapping[str, Form]] = {
    "em-client": _em_client("Original Message", "From,To,Date,Subject", "11/2/2026 11:31:08 AM"),
    "em-client-german": _em_client("Originalnachricht", "Von,An,Datum,Betreff", "02.11.2026 11:31:08"),
    "em-client-french": _em_client("Message d'origine", "De,À,Date,Objet", "02/11/2026 11:31:08"),
    "em-client-polish": _em_client("Wiadomość oryginalna", "Od,Do,Data,Temat", "02.11.2026 11:31:08"),
    "em-client-8-german": _em_client("Originalnachricht", "Von,An,Gesendet,Betreff", "02.11.2026 11:31:08", ":"),
    "spark": _spark("On 2 Nov 2026 at 11:31 +0100, {name} <{address}>, wrote:", "Sent with Spark"),
    "spark-german": _spark("Am 2. Nov. 2026, 11:31 +0100 schrieb {name} <{address}>:", "Gesendet mit Spark"),
    "spark-french": _spark("Le 2 nov. 2026 à 11:31 +0100, {name} <{address}>, a écrit :", "Envoyé avec Spark"),
    "spark-chinese": _spark("在 2026年11月2日 +0800 18:31，{name} <{address}>，写道：", "使用 Spark 发送"),
    "bluemail": Form(
        '<div class="gmail_quote">On 2 Nov 2026, at 11:31, {name} &lt;<a href="mailto:{address}">{address}</a>&gt; wrote:'
        '<blockquote class="gmail_quote" style="margin: 0pt 0pt 0pt 0.8ex;">{body}</blockquote></div>',
        "On 2 Nov 2026, 11:31, at 11:31, {name} <{address}> wrote:\n{body}",
        mark=">",
        footer="\u2063Get BlueMail for Android\u200b",
    ),
    "samsung-german": _samsung(
        "-------- Ursprüngliche Nachricht --------",
        "Von:,Datum:,An:,Betreff:",
        "02.11.26  11:31  (GMT+01:00)",
        "Von meinem Galaxy gesendet",
    ),
    "samsung-french": _samsung(
        "-------- Message d'origine --------",
        "De :,Date :,À :,Objet :",
        "02/11/2026  11:31  (GMT+01:00)",
        "Envoyé depuis mon appareil Galaxy",
    ),
    "samsung-polish": _samsung(
        "-------- Oryginalna wiadomość --------",
        "Od:,Data:,Do:,Temat:",
        "02.11.2026  11:31  (GMT+01:00)",
        "Wysłane z urządzenia Galaxy",
    ),
    "samsung-chinese": _samsung(
        "-------- 原始邮件 --------",
        "发件人：,日期：,收件人：,主题：",
        "2026/11/2  18:31  (GMT+08:00)",
        "从我的 Galaxy 发送",
    ),
    "samsung-arabic": _samsung(
        "-------- الرسالة الأصلية --------",
        "من:,التاريخ:,إلى:,الموضوع:",
        "٢٬١١٫٢٠٢٦  ١١:٣١ ص  (GMT+03:00)",
        "مُرسل من جهاز Galaxy",
    ),
    "mailspring": line(
        "On Nov 2 2026, at 11:31 am, {name} <{address}> wrote:",
        quote="<blockquote>{body}</blockquote>",
        before='<div class="gmail_quote_attribution">',
        signature='<br><signature id="local-1">{}</signature>',
        footer="Sent from Mailspring",
    ),
    "proton-german": line(
        "{name} <{address}> schrieb am Montag, 2. November 2026 um 11:31:",
        quote='<blockquote class="protonmail_quote" type="cite">{body}</blockquote>',
        before='<div class="protonmail_quote">',
        after="",
        footer="Gesendet mit Proton Mail sicherer E-Mail.",
    ),
    "proton-french": line(
        "Le lundi 2 novembre 2026 à 11:31, {name} <{address}> a écrit :",
        quote='<blockquote class="protonmail_quote" type="cite">{body}</blockquote>',
        footer="Envoyé avec la messagerie sécurisée Proton Mail.",
    ),
    "proton-old": Form(
        '<div class="protonmail_quote">‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐<br> On Monday, November 2, 2026 11:31 AM, {name} '
        '&lt;{address}&gt; wrote:<br> <br><blockquote class="protonmail_quote" type="cite">{body}</blockquote><br></div>',
        "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, November 2, 2026 11:31 AM, {name} <{address}> wrote:\n\n{body}",
    ),
    "tuta": line(
        "2 Nov 2026, 11:31 by {address}:",
        quote='<blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8;">{body}</blockquote>',
        before="",
        after="",
        footer="Secured with Tuta Mail:",
        delimiter="-- ",
    ),
    "tuta-german": line(
        "02.11.2026, 11:31 von {address}:",
        quote='<blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8;">{body}</blockquote>',
        before="",
        after="",
        footer="Gesendet mit Tuta",
    ),
    "gmx": block(
        "",
        'Gesendet:|Montag, 02. November 2026 um 11:31 Uhr;;Von:|"{name}" <{address}>;;An:|{to};;Betreff:|{subject}',
        _GMX,
        body="{body}</div></div></div>",
        label="<b>{}</b>&nbsp;",
        prefix="Aw: ",
    ),
    "gmx-english": block(
        "",
        'Sent:|Monday, November 02, 2026 at 11:31 AM;;From:|"{name}" <{address}>;;To:|{to};;Subject:|{subject}',
        _GMX,
        body="{body}</div></div></div>",
        label="<b>{}</b>&nbsp;",
    ),
    "yahoo-german": _yahoo("Am Montag, 2. November 2026 um 11:31:08 MEZ hat {name} <{address}> Folgendes geschrieben:"),
    "yahoo-french": _yahoo("Le lundi 2 novembre 2026 à 11:31:08 UTC+1, {name} <{address}> a écrit :"),
    "yahoo-polish": _yahoo("W dniu poniedziałek, 2 listopada 2026 11:31:08 CET użytkownik {name} <{address}> napisał:"),
    "yahoo-japanese": _yahoo("2026年11月2日月曜日 18:31:08 JST、{name}<{address}>のメール:"),
    "yahoo-arabic": _yahoo("في الاثنين، ٢ نوفمبر ٢٠٢٦ ١١:٣١:٠٨ ص غرينتش+٣، كتب {name} <{address}>:"),
    "yahoo-phone": Form(
        _YAHOO_PHONE,
        "  On Mon, Nov 2, 2026 at 11:31 AM, {name}<{address}> wrote:   {body}  ",
        mark="",
        footer="Sent from Yahoo Mail on Android",
    ),
}
