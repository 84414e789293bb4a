"""More rows of the table of mail programs: Outlook, webmail, Linux programs, Asia, and shared inboxes."""

from collections.abc import Mapping
from typing import Any, Final

from tests.support.mail_client_table import Form, block, line

_OUTLOOK_WEB = (
    '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
    'dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{head}</font><div>&nbsp;</div></div>'
)

_OUTLOOK_MAC = (
    '<div id="mail-editor-reference-message-container"><div><div><div style="border:none;border-top:solid #B5C4DF 1.0pt;'
    'padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal" style="margin-bottom:12.0pt">{head}</p></div>'
)

_MSO: Final = {"paragraph": '<p class="MsoNormal">{}</p>', "blank": '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'}

_LONG = "________________________________"

_ZIMBRA = (
    '<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><blockquote style="border-left:2px solid #1010FF;'
    'margin-left:5px;padding-left:5px;color:#000;">{head}<br></blockquote></div><div data-marker="__QUOTED_TEXT__">'
    '<blockquote style="border-left:2px solid #1010FF;margin-left:5px;padding-left:5px;color:#000;">'
)

_QQ = (
    '<div><br></div><div style="font-size: 12px;font-family: Arial Narrow;padding:2px 0 2px 0;">------------------&nbsp;{title}'
    '&nbsp;------------------</div><div style="font-size: 12px;background:#efefef;padding:8px;">{head}</div><div><br></div>'
)

_NAVER = "<p>&nbsp;</p><p><b>-----Original Message-----</b><br>{head}</p>"

_NETEASE_CARD = (
    '<div id="ntes-pcmail-quote" style="margin:0;"><div style="font-size:12px;color:#6a6a6a;">---- 回复的原邮件 ----</div>'
    "{head}</div>"
)

_NOTES = "<br><br>{head}<hr noshade><br><br>"

_VERSE = '<font color="#990099">-----{name} &lt;{address}&gt; wrote: -----</font><div style="padding-left:5px;"><div>{head}<br></div><br>'

_ZOHO = (
    '<br><div class="zmail_extra_hr" style="border-top: 1px solid rgb(204, 204, 204); height: 0px;"><br></div><div class='
    '"zmail_extra" data-zbluepencil-ignore="true"><div><br></div><div id="Zm-_Id_-Sgn1">---- On Mon, 02 Nov 2026 11:31:08 +0100 '
    '<b>{name} &lt;{address}&gt;</b> wrote ---</div><div><br></div><blockquote id="blockquote_zmail">{body}</blockquote></div>'
)

_GREY: Final = '<blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">{body}</blockquote>'


def _outlook(labels: str, date: str, wrap: str = _OUTLOOK_WEB, footer: str = "", **options: Any) -> Form:
    from_, sent, to, subject = labels.split(",")
    rows = f"{from_}|{{name}} <{{address}}>;;{sent}|{date};;{to}|{{to}};;{subject}|{{subject}}"
    closing = "</div></div></div>" if wrap == _OUTLOOK_MAC else ""
    title = "" if wrap == _OUTLOOK_MAC else _LONG
    return block(title, rows, wrap, body=f"{{body}}{closing}", footer=footer, **options)


def _netease(text: str, line_: str) -> Form:
    html = line_.replace("<", "&lt;").replace(">", "&gt;")
    quote = '<blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; BORDER-LEFT: #ccc 1px solid">{body}</blockquote>'
    return Form(f"<br><pre>{html}<br></pre>{quote}", text, mark=">")


MORE_FORMS: Final[Mapping[str, Form]] = {
    "outlook-mac": _outlook("From:,Date:,To:,Subject:", "Monday, 2. November 2026 at 11:31", _OUTLOOK_MAC, **_MSO),
    "outlook-mac-german": _outlook(
        "Von:,Datum:,An:,Betreff:", "Montag, 2. November 2026 um 11:31", _OUTLOOK_MAC, **_MSO
    ),
    "outlook-mac-french": _outlook("De :,Date :,À :,Objet :", "lundi, 2 novembre 2026 à 11:31", _OUTLOOK_MAC, **_MSO),
    "outlook-phone-german": _outlook(
        "Von:,Gesendet:,An:,Betreff:", "Montag, November 2, 2026 11:31:08 AM", footer="Outlook für iOS beziehen"
    ),
    "outlook-phone-french": _outlook(
        "De :,Envoyé :,À :,Objet :", "lundi 2 novembre 2026 11:31", footer="Obtenir Outlook pour Android"
    ),
    "outlook-phone-polish": _outlook(
        "Od:,Wysłane:,Do:,Temat:",
        "poniedziałek, 2 listopada 2026 11:31",
        footer="Pobierz aplikację Outlook dla systemu iOS",
    ),
    "outlook-phone-japanese": _outlook(
        "差出人:,送信日時:,宛先:,件名:", "2026年11月2日月曜日 18:31", footer="Outlook for iOS を入手"
    ),
    "outlook-phone-chinese": _outlook(
        "发件人:,发送时间:,收件人:,主题:", "2026年11月2日 18:31", footer="获取 Outlook for iOS", prefix="答复: "
    ),
    "outlook-phone-arabic": _outlook(
        "من:,تم الإرسال:,إلى:,الموضوع:", "الاثنين، 2 نوفمبر 2026 11:31 ص", footer="الحصول على Outlook لنظام iOS"
    ),
    "zoho": Form(
        _ZOHO,
        "---- On Mon, 02 Nov 2026 11:31:08 +0100 {name} <{address}> wrote ---\n\n{body}",
        mark="",
        signature='<br><div id="Zm-_Id_-Sgn" data-zbluepencil-ignore="true">{}</div>',
    ),
    "zoho-prefixed": Form(
        _ZOHO, "\n---- On Mon, 02 Nov 2026 11:31:08 +0100 {name} <{address}> wrote ----\n\n{body}", mark=" > "
    ),
    "fastmail": line("On Mon, Nov 2, 2026, at 11:31 AM, {name} wrote:", width=74),
    "fastmail-german": line("Am Mo, 2. Nov 2026, um 11:31, schrieb {name}:", width=74),
    "roundcube-german": line(
        "Am 2026-11-02 11:31, schrieb {name}:", width=72, before='<p id="reply-intro">', after="</p>"
    ),
    "roundcube-french": line("Le 2026-11-02 11:31, {name} a écrit :", width=72),
    "roundcube-polish": line("W dniu 2026-11-02 11:31, {name} napisał(a):", width=72),
    "roundcube-arabic": line("بتاريخ 2026-11-02 11:31، كتب {name}:", width=72),
    "zimbra": block(
        "----- Original Message -----",
        'From: |"{name}" <{address}>;;To: |{to};;Sent: |Monday, 2 November, 2026 11:31:08;;Subject: |{subject}',
        _ZIMBRA,
        body="{body}</blockquote></div>",
        label="<b>{}</b>",
    ),
    "zimbra-french": block(
        "----- Mail original -----",
        'De: |"{name}" <{address}>;;À: |{to};;Envoyé: |Lundi 2 Novembre 2026 11:31:08;;Objet: |{subject}',
        _ZIMBRA,
        body="{body}</blockquote></div>",
        label="<b>{}</b>",
        mark="> ",
    ),
    "sogo": line("On Monday, November 02, 2026 11:31 CET, {name} <{address}> wrote:", before="<br>", after="&nbsp;"),
    "sogo-german": line(
        "Am Montag, November 02, 2026 11:31 CET, schrieb {name} <{address}>:", before="<br>", after="&nbsp;"
    ),
    "horde": line("Quoting {name} <{address}>:\n", before="<p>", after="</p>"),
    "horde-german": line("Zitat von {name} <{address}>:\n", before="<p>", after="</p>"),
    "horde-without-address": line("Zitat von {name}:\n", before="<p>", after="</p>"),
    "horde-french": line("{name} <{address}> a écrit :\n", before="<p>", after="</p>"),
    "horde-polish": line("Cytowanie {name} <{address}>:\n", before="<p>", after="</p>"),
    "kmail": Form(
        "", "On Monday, 2 November 2026 11:31:08 CET {name} wrote:\n{body}", width=76, delimiter="-- ", from_text=True
    ),
    "kmail-german": Form(
        "", "Am Montag, 2. November 2026, 11:31:08 Mitteleuropäische Normalzeit schrieb {name}:\n{body}", from_text=True
    ),
    "evolution": line("On Mon, 2026-11-02 at 11:31 +0100, {name} wrote:", width=70, delimiter="-- "),
    "evolution-german": line("Am Montag, dem 02.11.2026 um 11:31 +0100 schrieb {name}:", width=70, delimiter="-- "),
    "evolution-french": line("Le lundi 02 novembre 2026 à 11:31 +0100, {name} a écrit :", width=70, delimiter="-- "),
    "mutt-bars": Form("", "On Mon, Nov 02, 2026 at 11:31:08AM +0100, {name} wrote:\n{body}", mark="| ", from_text=True),
    "notes": block(
        "",
        'From:   |"{name}" <{address}>;;To:     |{to};;Date:   |02.11.2026 11:31;;Subject:        |{subject}',
        _NOTES,
        label='<font size=1 color=#5f5f5f face="sans-serif">{}&nbsp; &nbsp;</font>',
    ),
    "notes-german": block(
        "",
        'Von:    |"{name}" <{address}>;;An:     |{to};;Datum:  |02.11.2026 11:31;;Betreff:        |{subject}',
        _NOTES,
        label='<font size=1 color=#5f5f5f face="sans-serif">{}&nbsp; &nbsp;</font>',
    ),
    "notes-verse": block(
        "-----{name} <{address}> wrote: -----",
        'To:|{to};;From:|"{name}" <{address}>;;Date:|11/02/2026 11:31AM;;Subject:|{subject}',
        _VERSE,
        label="{} ",
        body="{body}</div>",
    ),
    "notes-verse-german": block(
        "-----{name} <{address}> schrieb: -----",
        'An:|{to};;Von:|"{name}" <{address}>;;Datum:|02.11.2026 11:31;;Betreff:|{subject}',
        _VERSE.replace("wrote", "schrieb"),
        label="{} ",
        body="{body}</div>",
    ),
    "qq": block(
        "------------------&nbsp;原始邮件&nbsp;------------------",
        '发件人:|                       "{name}"                 <{address}>;;;发送时间:|&nbsp;2026年11月2日(星期一) 晚上6:31'
        ';;收件人:|&nbsp;"{to}"<{to}>;;;主题:|&nbsp;{subject}',
        _QQ.replace("{title}", "原始邮件"),
        label="<b>{}</b>&nbsp;",
        prefix="回复：",
    ),
    "163": _netease(
        '在 2026-11-02 18:31:08，"{name}" <{address}> 写道：\n{body}',
        '在 2026-11-02 18:31:08，"{name}" <{address}> 写道：',
    ),
    "163-english": _netease(
        'At 2026-11-02 18:31:08, "{name}" <{address}> wrote:\n{body}',
        'At 2026-11-02 18:31:08, "{name}" <{address}> wrote:',
    ),
    "netease-master": Form(
        _NETEASE_CARD.replace(
            "{head}",
            "<table><tr><td>发件人</td><td>{name}&lt;{address}&gt;</td></tr><tr><td>发送日期</td><td>2026年11月02日 18:31</td></tr>"
            "<tr><td>收件人</td><td>{to}</td></tr><tr><td>主题</td><td>{subject}</td></tr></table>",
        )
        + "<div>{body}</div>",
        "---- 回复的原邮件 ----\n| 发件人 | {name}<{address}> |\n| 发送日期 | 2026年11月02日 18:31 |\n| 收件人 | {to} |\n"
        "| 主题 | {subject} |\n\n{body}",
        mark="",
        splits=False,
    ),
    "naver": block(
        "-----Original Message-----",
        'From:|"{name}"<{address}>;;To:|<{to}>;;Cc:|;;Sent:|2026-11-02 (월) 18:31:08 (GMT+09:00);;Subject:|{subject}',
        _NAVER,
        paragraph="<p>{}</p>",
    ),
    "mail.ru": Form(
        _GREY.replace(
            "{body}",
            "Понедельник, 2 ноября 2026, 13:31 +03:00 от {name} &lt;<a href=mailto:{address}>{address}</a>&gt;:<br>&nbsp;<div>{body}</div>",
        ),
        ">Понедельник, 2 ноября 2026, 13:31 +03:00 от {name} <{address}>:\n> \n{body}",
        mark=">",
        footer="Отправлено из Почты Mail",
    ),
    "yandex": Form(
        '<div>02.11.2026, 13:31, "{name}" &lt;{address}&gt;:</div><blockquote><p>{body}</p></blockquote>', ""
    ),
    "yandex-new": Form(
        '<div>----------------</div><div>Кому: {to};</div><div>Тема: {subject};</div><div>02.11.2026, 13:31, "{name}" '
        "&lt;{address}&gt;:</div><blockquote><p>{body}</p></blockquote>",
        "",
        footer="Отправлено из мобильного приложения Яндекс Почты",
    ),
    "missive": line("On November 2, 2026 at 11:31 AM GMT+1, {name} <{address}> wrote:", quote=_GREY),
    "front": line("On November 2, 2026, 11:31 AM GMT+1 {address} wrote:"),
    "hey": line("On November 2, 2026, {name} <{address}> wrote:", quote="<blockquote>{body}</blockquote>"),
    "superhuman": Form(
        '<div class="sh-quoted-content"><div>On Mon, Nov 02, 2026 at 11:31 AM, {name} <span dir="ltr">&lt;{address}&gt;</span> '
        'wrote:<br></div><blockquote class="sh-quoted">{body}</blockquote></div>',
        "On Mon, Nov 02, 2026 at 11:31 AM, {name} < {address} > wrote:\n\n{body}",
        footer="Sent via Superhuman",
    ),
}
