"""Forwards with #new in forms that have no colon, a table, entities, or a line below the header."""

import pytest

from daemon.mail.forwarding import read_request
from daemon.mail.mime.parse import parse
from tests.support.emails import mail

BODY = "An error occurs when I pay.\nPlease help."
SPACES = " " * 80
FORMS = {
    "em-client": '------ Forwarded Message ------\nFrom "Ann Berg" <ann@shop.example>\nTo ana@team.example\n'
    "Date 3/20/2026 10:15:00 AM\nSubject Cannot pay\n\n",
    "em-client-german": '------ Weitergeleitete Nachricht ------\nVon "Ann Berg" <ann@shop.example>\n'
    "An ana@team.example\nDatum 20.03.2026 10:15:00\nBetreff Cannot pay\n\n",
    "em-client-french": '------ Message transféré ------\nDe "Ann Berg" <ann@shop.example>\nÀ ana@team.example\n'
    "Date 20/03/2026 10:15:00\nObjet Cannot pay\n\n",
    "zoho": "============ Forwarded message ============\nFrom: Ann Berg <ann@shop.example>\n"
    'To: "ana"<ana@team.example>\nDate: Fri, 20 Mar 2026 10:15:00 +0100\nSubject: Cannot pay\n'
    "============ Forwarded message ============\n\n",
    "qq": "------------------&nbsp;原始邮件&nbsp;------------------\n"
    f'发件人:{SPACES}"Ann Berg"{SPACES}<ann@shop.example>;\n'
    '发送时间:&nbsp;2026年3月20日(星期五) 晚上6:31\n收件人:&nbsp;"ana"<ana@team.example>;\n\n主题:&nbsp;Cannot pay\n\n',
    "netease-master": "---- 转发的原邮件 ----\n| 发件人 | Ann Berg<ann@shop.example> |\n"
    "| 发送日期 | 2026年03月20日 18:31 |\n| 收件人 | ana<ana@team.example> |\n| 主题 | Cannot pay |\n\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_original_of_a_forward_is_read(form: str) -> None:
    text = f"#new\n\n{FORMS[form]}{BODY}".replace("\n", "\r\n")
    raw = mail("Ana <ana@team.example>", "Fwd: Cannot pay", text)
    request = read_request(parse(raw), raw, lambda _address: False)
    assert request is not None
    assert request.problem == ""
    assert request.author is not None
    assert request.original is not None
    assert (request.author.name, request.author.email) == ("Ann Berg", "ann@shop.example")
    assert (request.original.subject, request.original.text.strip()) == ("Cannot pay", BODY)


def test_a_sentence_below_a_forward_line_is_no_header() -> None:
    text = "#new\n\n------ Forwarded Message ------\nFrom now on we pay by ann@shop.example.\nAn invoice is enough.\n"
    raw = mail("Ana <ana@team.example>", "Fwd: Cannot pay", text.replace("\n", "\r\n"))
    request = read_request(parse(raw), raw, lambda _address: False)
    assert request is not None
    assert request.author is None
