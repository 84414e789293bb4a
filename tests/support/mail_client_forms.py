"""The forms of mail programs: how each writes an answer in plain text and in HTML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from tests.support.mail_client_parts import (
    Original,
    Written,
    address,
    arranged,
    bare,
    link,
    name,
    order,
    page,
    prefixed,
    shown_text,
    with_answers,
)


@dataclass(frozen=True)
class Client:
    """A mail program. `html` is empty for one that sends plain text only; `text` makes the plain part."""

    text: Callable[[Original, Written], str]
    html: Callable[[Original, Written], str] | None
    prefix: str = "Re: "


def _html_paragraphs(written: Written, opening: str, closing: str, blank: str) -> str:
    return blank.join(f"{opening}{escape(text)}{closing}" for text in written.paragraphs)


# Gmail: "> " in text wrapped near column 76, the attribution and a blockquote in a container.


def _gmail_line(original: Original, *, html: bool) -> str:
    sender = f"{escape(name(original.sender))} {link(original.sender)}" if html else _mailbox(original)
    return f"On Mon, Nov 2, 2026 at 10:31\u202fAM {sender} wrote:"


def _mailbox(original: Original) -> str:
    return f"{name(original.sender)} <{address(original.sender)}>"


def _gmail_text(original: Original, written: Written) -> str:
    line = _gmail_line(original, html=False)
    line = line.replace(" <", " <\n", 1) if len(line) > 76 else line
    return arranged(f"{line}\n\n{prefixed(shown_text(original), written, width=74)}", written, "-- ")


def _gmail_html(original: Original, written: Written) -> str:
    quote = (
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex"><u></u>\n<div>{original.html}</div></blockquote>'
    )
    quote = with_answers(
        quote, written, lambda text: f"<div><br></div><div>{escape(text)}</div><div><br></div>", split=True
    )
    quote = (
        '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f"{_gmail_line(original, html=True)}<br></div>{quote}</div>"
    )
    signature = "<br>".join(map(escape, written.signature))
    signature = f'<div><br clear="all"></div><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature"><div dir="ltr">{signature}</div></div>'
    answer = f'<div dir="ltr">{_html_paragraphs(written, "<div>", "</div>", "<div><br></div>")}</div>'
    return page("", *order(written, answer, signature, quote))


def _gmail_android_html(original: Original, written: Written) -> str:
    quote = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">{original.html}</blockquote>'
    quote = with_answers(quote, written, lambda text: f'<div dir="auto">{escape(text)}</div>', split=True)
    quote = (
        '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Am Mo., 2. Nov. 2026, 11:31 hat '
        f"{escape(name(original.sender))} {link(original.sender)} geschrieben:<br></div>{quote}</div>"
    )
    answer = (
        f'<div dir="auto">{_html_paragraphs(written, "<div dir=auto>", "</div>", "<div dir=auto><br></div>")}</div>'
    )
    signature = f"<div dir=auto><br>{'<br>'.join(map(escape, written.signature))}</div>"
    return page("", *order(written, answer, signature, quote))


def _gmail_android_text(original: Original, written: Written) -> str:
    line = f"{_mailbox(original)} schrieb am Mo., 2. Nov. 2026, 11:31:"
    return arranged(f"{line}\n\n{prefixed(shown_text(original), written, width=74)}", written, "")


# Apple Mail: blockquotes with type="cite"; on a phone the signature "Sent from my iPhone" and no delimiter.


def _apple_text(original: Original, written: Written) -> str:
    line = f"On 2. Nov 2026, at 11:31, {_mailbox(original)} wrote:"
    return arranged(f"{line}\n\n{prefixed(shown_text(original), written)}", written, "")


def _apple_html(original: Original, written: Written) -> str:
    quote = f'<blockquote type="cite"><div>{original.html}</div></blockquote>'
    quote = with_answers(quote, written, lambda text: f"<div><br></div><div>{escape(text)}</div><br>", split=True)
    line = f'<div><br><blockquote type="cite"><div>On 2. Nov 2026, at 11:31, {escape(name(original.sender))} &lt;{escape(address(original.sender))}&gt; wrote:</div><br class="Apple-interchange-newline"></blockquote>{quote}</div>'
    answer = _html_paragraphs(written, "<div>", "</div>", "<div><br></div>")
    signature = (
        f'<div><br></div><div><meta charset="UTF-8"><div>{"<br>".join(map(escape, written.signature))}</div></div>'
    )
    body = "".join(order(written, answer, signature, line))
    return f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">{body}</body></html>'


def _ios_text(original: Original, written: Written) -> str:
    line = f"> Am 02.11.2026 um 11:31 schrieb {_mailbox(original)}:\n> "
    return arranged(f"{line}\n{prefixed(shown_text(original), written)}", written, "Von meinem iPhone gesendet")


def _ios_html(original: Original, written: Written) -> str:
    quote = f'<blockquote type="cite"><div dir="ltr">{original.html}</div></blockquote>'
    quote = with_answers(quote, written, lambda text: f'<div dir="ltr">{escape(text)}</div>', split=True)
    line = f'<div dir="ltr"><br><blockquote type="cite">Am 02.11.2026 um 11:31 schrieb {escape(name(original.sender))} &lt;{escape(address(original.sender))}&gt;:<br><br></blockquote></div>{quote}'
    answer = f'<div dir="ltr">{_html_paragraphs(written, "", "", "<div><br></div>")}</div>'
    signature = f'<div dir="ltr"><br>Von meinem iPhone gesendet<br>{"<br>".join(map(escape, written.signature))}</div>'
    return page(
        '<meta http-equiv="content-type" content="text/html; charset=utf-8">', *order(written, answer, signature, line)
    )


# Outlook: a header block below a line, no prefix and no blockquote; inline answers stand among the quoted lines.


def _outlook_block(original: Original, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (labels["from"], _mailbox(original)),
        (labels["sent"], labels["date"]),
        (labels["to"], address(original.recipient)),
        (labels["subject"], original.subject),
    ]


ENGLISH = {
    "from": "From:",
    "sent": "Sent:",
    "to": "To:",
    "subject": "Subject:",
    "date": "Monday, November 2, 2026 11:31 AM",
}
GERMAN = {
    "from": "Von:",
    "sent": "Gesendet:",
    "to": "An:",
    "subject": "Betreff:",
    "date": "Montag, 2. November 2026 11:31",
}


def _outlook_text(labels: Mapping[str, str], rule: str) -> Callable[[Original, Written], str]:
    def text(original: Original, written: Written) -> str:
        head = "\n".join(f"{label} {value}" for label, value in _outlook_block(original, labels))
        return arranged(f"{rule}{head}\n\n{bare(shown_text(original), written)}", written, "")

    return text


def _outlook_classic_html(original: Original, written: Written) -> str:
    head = "<br>".join(f"<b>{label}</b> {escape(value)}" for label, value in _outlook_block(original, GERMAN))
    body = with_answers(
        original.html, written, lambda text: f'<span style="color:#0070C0">{escape(text)}<br></span>', split=False
    )
    quote = (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f'<p class="MsoNormal">{head}<o:p></o:p></p></div></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p>{body}'
    )
    answer = _html_paragraphs(
        written,
        '<p class="MsoNormal"><span style="font-size:11.0pt;color:black">',
        "<o:p></o:p></span></p>",
        '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>',
    )
    signature = "".join(
        f'<p class="MsoNormal"><span style="font-size:10.0pt">{escape(line)}<o:p></o:p></span></p>'
        for line in written.signature
    )
    style = "<style><!--\np.MsoNormal {margin:0cm; font-size:11.0pt; font-family:Calibri,sans-serif;}\n--></style>"
    parts = order(written, answer, '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>' + signature, quote)
    return page(style, f'<div class="WordSection1">{"".join(parts)}</div>')


def _outlook_new_html(original: Original, written: Written) -> str:
    head = "<br>".join(f"<b>{label}</b> {escape(value)}" for label, value in _outlook_block(original, ENGLISH))
    body = with_answers(
        original.html, written, lambda text: f'<div style="color:rgb(200,38,19)">{escape(text)}</div>', split=False
    )
    quote = (
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{head}</font><div>&nbsp;</div></div><div>{body}</div>'
    )
    style = "font-family: Aptos, Calibri, Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);"
    answer = _html_paragraphs(
        written, f'<div class="elementToProof" style="{style}">', "</div>", f'<div style="{style}"><br></div>'
    )
    signature = f'<div id="Signature"><p style="{style}">{"<br>".join(map(escape, written.signature))}</p></div>'
    return page(
        '<style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style>',
        *order(written, answer, signature, quote),
    )


def _outlook_mobile_html(original: Original, written: Written) -> str:
    head = "<br>".join(f"<b>{label}</b> {escape(value)}" for label, value in _outlook_block(original, ENGLISH))
    body = with_answers(original.html, written, lambda text: f"<div>{escape(text)}</div>", split=False)
    quote = f'<div id="mail-editor-reference-message-container"><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b></b>{head}<br></div><br>{body}</div>'
    answer = _html_paragraphs(written, '<div dir="ltr">', "</div>", "<div><br></div>")
    signature = f'<div id="ms-outlook-mobile-signature"><div></div>{"<br>".join(map(escape, written.signature))}<br>Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div>'
    return page("", *order(written, answer, signature, quote))


# Thunderbird, Roundcube, Yahoo, Proton, Samsung and others.


def _thunderbird_text(original: Original, written: Written) -> str:
    line = f"Am 02.11.26 um 11:31 schrieb {name(original.sender)}:"
    return arranged(f"{line}\n{prefixed(shown_text(original), written)}", written)


def _thunderbird_html(original: Original, written: Written) -> str:
    quote = f'<blockquote type="cite" cite="mid:{escape(original.message_id.strip("<>"))}">{original.html}</blockquote>'
    quote = with_answers(quote, written, lambda text: f"<p>{escape(text)}</p>", split=True)
    quote = (
        f'<div class="moz-cite-prefix">Am 02.11.26 um 11:31 schrieb {escape(name(original.sender))}:<br></div>{quote}'
    )
    answer = _html_paragraphs(written, "<p>", "</p>", "")
    signature = f'<div class="moz-signature">-- <br>{"<br>".join(map(escape, written.signature))}</div>'
    return page(
        '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">', *order(written, answer, signature, quote)
    )


def _yahoo_text(original: Original, written: Written) -> str:
    line = f"    On Monday, November 2, 2026 at 11:31:08 AM GMT+1, {_mailbox(original)} wrote:  "
    return arranged(f"{line}\n \n {bare(shown_text(original), written)}", written, "")


def _yahoo_html(original: Original, written: Written) -> str:
    body = with_answers(
        f"<div><div>{original.html}</div></div>", written, lambda text: f"<div>{escape(text)}</div>", split=False
    )
    quote = (
        '<div id="ydp7a1b2c3dyahoo_quoted_1234567890" class="ydp7a1b2c3dyahoo_quoted"><div style="font-family:Helvetica Neue, Helvetica, Arial, sans-serif;font-size:13px;color:#26282a;">'
        f"<div>On Monday, November 2, 2026 at 11:31:08 AM GMT+1, {escape(name(original.sender))} &lt;{escape(address(original.sender))}&gt; wrote:</div><div><br></div><div><br></div>{body}</div></div>"
    )
    answer = _html_paragraphs(written, '<div dir="ltr" data-setdir="false">', "</div>", "<div><br></div>")
    signature = f'<div><br></div><div class="ydp7a1b2c3dsignature">{"<br>".join(map(escape, written.signature))}</div>'
    return page(
        "",
        '<div class="ydp7a1b2c3dyahoo-style-wrap" style="font-family:Helvetica Neue, Helvetica, Arial, sans-serif;font-size:13px;">',
        *order(written, answer, signature, quote),
        "</div>",
    )


def _proton_text(original: Original, written: Written) -> str:
    line = f"On Monday, November 2nd, 2026 at 11:31 AM, {_mailbox(original)} wrote:"
    return arranged(f"{line}\n\n{prefixed(shown_text(original), written)}", written, "")


def _proton_html(original: Original, written: Written) -> str:
    quote = f'<blockquote class="protonmail_quote" type="cite">{original.html}</blockquote>'
    quote = with_answers(
        quote,
        written,
        lambda text: f'<div style="font-family: Arial, sans-serif; font-size: 14px;">{escape(text)}</div>',
        split=True,
    )
    quote = f'<div class="protonmail_quote">On Monday, November 2nd, 2026 at 11:31 AM, {escape(name(original.sender))} &lt;{escape(address(original.sender))}&gt; wrote:<br>{quote}<br></div>'
    answer = _html_paragraphs(
        written, '<div style="font-family: Arial, sans-serif; font-size: 14px;">', "</div>", "<div><br></div>"
    )
    signature = f'<div class="protonmail_signature_block"><div class="protonmail_signature_block-user">{"<br>".join(map(escape, written.signature))}</div></div>'
    return page("", *order(written, answer, signature, quote))


def _plain(line: str, *, delimiter: str = "-- ", width: int = 0) -> Callable[[Original, Written], str]:
    """Return the form of a program that quotes the plain text part with a prefix."""

    def text(original: Original, written: Written) -> str:
        head = line.format(mailbox=_mailbox(original), name=name(original.sender), address=address(original.sender))
        return arranged(f"{head}\n{prefixed(original.text.rstrip(), written, width=width)}", written, delimiter)

    return text


def _roundcube_html(original: Original, written: Written) -> str:
    quote = f'<blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0"><!-- html ignored --><div id="replybody1"><div style="margin: 0; padding: 0;">{original.html}</div></div></blockquote>'
    quote = with_answers(quote, written, lambda text: f"<p>{escape(text)}</p>", split=True)
    quote = f'<p id="reply-intro">On 2026-11-02 11:31, {escape(name(original.sender))} wrote:</p>{quote}'
    answer = _html_paragraphs(written, "<p>", "</p>", "")
    signature = f'<div id="_rc_sig"><div>---</div>{"<br>".join(map(escape, written.signature))}</div>'
    return page("", *order(written, answer, signature, quote))


def _samsung_html(original: Original, written: Written) -> str:
    head = "".join(
        f"<div>{label.rstrip(':')}: {escape(value)} </div>" for label, value in _outlook_block(original, ENGLISH)
    )
    body = with_answers(original.html, written, lambda text: f'<div dir="auto">{escape(text)}</div>', split=False)
    quote = f'<div><br></div><div align="left" dir="auto" style="font-size:100%;color:#000000"><div>-------- Original message --------</div>{head}<div><br></div></div>{body}'
    answer = _html_paragraphs(written, '<div dir="auto">', "</div>", '<div dir="auto"><br></div>')
    signature = f'<div id="composer_signature" dir="auto"><div style="font-size:12px;color:#575757" dir="auto">{"<br>".join(map(escape, written.signature))}</div></div>'
    return page("", *order(written, answer, signature, quote))


_MINUS = "-------- Original message --------\n"
_LINE = "________________________________\n"
CLIENTS: Mapping[str, Client] = {
    "gmail-web": Client(_gmail_text, _gmail_html),
    "gmail-android": Client(_gmail_android_text, _gmail_android_html),
    "apple-mail-macos": Client(_apple_text, _apple_html),
    "apple-mail-ios": Client(_ios_text, _ios_html, "Aw: "),
    "outlook-new": Client(_outlook_text(ENGLISH, _LINE), _outlook_new_html),
    "outlook-classic": Client(_outlook_text(GERMAN, ""), _outlook_classic_html, "AW: "),
    "outlook-mobile": Client(_outlook_text(ENGLISH, _LINE), _outlook_mobile_html),
    "outlook-plain-text": Client(_outlook_text(ENGLISH, "-----Original Message-----\n"), None, "RE: "),
    "thunderbird": Client(_thunderbird_text, _thunderbird_html),
    "thunderbird-plain-text": Client(_plain("On 11/2/26 11:31, {name} wrote:", width=72), None),
    "yahoo": Client(_yahoo_text, _yahoo_html),
    "proton": Client(_proton_text, _proton_html),
    "k-9": Client(_plain("Am 2. November 2026 11:31:08 MEZ schrieb {mailbox}:", delimiter=""), None),
    "roundcube": Client(_plain("On 2026-11-02 11:31, {name} wrote:"), _roundcube_html),
    "samsung": Client(_outlook_text(ENGLISH, _MINUS), _samsung_html),
    "mutt": Client(_plain("On Mon, Nov 02, 2026 at 11:31:08AM +0100, {name} wrote:"), None),
}
