"""The new text of a reply: what programs add is cut, what people type is kept."""

# ruff: noqa: E501, RUF001
# Each case is one line; letters of other scripts that look like Latin ones are intended.

from collections.abc import Callable
from functools import partial

import pytest

from daemon.mail.reply.split import Reply, new_text, split
from tests.support.work import lines_run, no_hang

NEW = "The second parcel came today, but the lid is cracked.\n\nKind regards\nMina"
QUOTE = "Dear Mina,\nwe have sent the second parcel.\nYour shop team"
PREFIXED = "\n".join(f"> {line}" for line in QUOTE.split("\n"))

ATTRIBUTIONS = {
    "gmail en": "On Thu, May 12, 2022 at 10:15 AM Shop Team <help@shop.example> wrote:",
    "gmail en wrapped": "On Thu, May 12, 2022 at 10:15 AM Shop Team With A Rather Long Name <\nhelp@shop.example> wrote:",
    "gmail wrapped bracket": 'On Thu, 12 May 2022, 10:15 "Shop Team", <help@shop.example\n> wrote:',
    "gmail old": "2014-05-12 10:15 GMT+02:00 Shop Team <help@shop.example>:",
    "gmail de": "Am Do., 12. Mai 2022 um 10:15 Uhr schrieb Shop Team <help@shop.example>:",
    "gmail fr wrapped": "Le jeu. 12 mai 2022 à\n10:15, Shop Team <help@shop.example> a écrit :",
    "gmail es": "El jue, 12 may 2022 a las 10:15, Shop Team (<help@shop.example>) escribió:",
    "gmail pt": "Em qui., 12 de mai. de 2022 às 10:15, Shop Team <help@shop.example> escreveu:",
    "gmail it": "Il giorno gio 12 mag 2022 alle ore 10:15 Shop Team <help@shop.example>\nha scritto:",
    "gmail nl": "Op do 12 mei 2022 om 10:15 schreef Shop Team <help@shop.example>:",
    "gmail pl": "czw., 12 maj 2022 o 10:15 Shop Team <help@shop.example> napisał(a):",
    "gmail cs": "čt 12. 5. 2022 v 10:15 odesílatel Shop Team <help@shop.example> napsal:",
    "gmail ru": "чт, 12 мая 2022 г. в 10:15, Shop Team <help@shop.example>:",
    "gmail uk": "чт, 12 трав. 2022 р. о 10:15 Shop Team <help@shop.example> пише:",
    "gmail sv": "Den tors 12 maj 2022 kl 10:15 skrev Shop Team <help@shop.example>:",
    "gmail da": "Den tor. 12. maj 2022 kl. 10.15 skrev Shop Team <help@shop.example>:",
    "gmail no": "tor. 12. mai 2022 kl. 10:15 skrev Shop Team <help@shop.example>:",
    "gmail fi": "to 12. toukok. 2022 klo 10.15 Shop Team (help@shop.example) kirjoitti:",
    "gmail hu": "Shop Team <help@shop.example> ezt írta (időpont: 2022. máj. 12., Cs, 10:15):",
    "gmail tr": "Shop Team <help@shop.example>, 12 May 2022 Per, 10:15 tarihinde şunu yazdı:",
    "gmail el": "Στις Πέμ 12 Μαΐ 2022 στις 10:15 π.μ., ο χρήστης Shop Team <help@shop.example> έγραψε:",
    "gmail he": "\u200fבתאריך יום ה׳, 12 במאי 2022 ב-10:15 מאת \u202aShop Team\u202c\u200f <\u202ahelp@shop.example\u202c\u200f>:\u202c",
    "gmail ar": "في الخميس، ١٢ مايو ٢٠٢٢ في ١٠:١٥ ص تمت كتابة ما يلي بواسطة Shop Team <help@shop.example>:",
    "gmail ja": "2022年5月12日(木) 10:15 Shop Team <help@shop.example>:",
    "gmail ko": "2022년 5월 12일 (목) 오전 10:15, Shop Team <help@shop.example>님이 작성:",
    "gmail zh": "Shop Team <help@shop.example> 于2022年5月12日周四 10:15写道：",
    "gmail vi": "Vào Th 5, 12 thg 5, 2022 vào lúc 10:15 Shop Team <help@shop.example> đã viết:",
    "gmail ro": "În joi, 12 mai 2022 la 10:15, Shop Team <help@shop.example> a scris:",
    "gmail id": "Pada tanggal Kam, 12 Mei 2022 pukul 10.15 Shop Team <help@shop.example> menulis:",
    "gmail th": "ในวันที่ พฤ. 12 พ.ค. 2022 เวลา 10:15 Shop Team <help@shop.example> เขียนว่า:",
    "apple en": "> On 12 May 2022, at 10:15, Shop Team <help@shop.example> wrote:",
    "apple en unquoted": "On May 12, 2022, at 10:15 AM, Shop Team <help@shop.example> wrote:",
    "apple ja": "2022/05/12 10:15、Shop Team <help@shop.example>のメール:",
    "apple zh": "在 2022年5月12日，上午10:15，Shop Team <help@shop.example> 写道：",
    "apple sk": "Dňa 12. 5. 2022 o 10:15 používateľ Shop Team <help@shop.example> napísal:",
    "thunderbird en": "On 5/12/22 10:15, Shop Team wrote:",
    "thunderbird de": "Am 12.05.22 um 10:15 schrieb Shop Team:",
    "thunderbird fr": "Le 12/05/2022 à 10:15, Shop Team a écrit\u00a0:",
    "thunderbird hr": "Dana 12. 5. 2022. u 10:15, Shop Team je napisao/la:",
    "mozilla, no date": "Shop Team wrote:",
    "yahoo": "On Thursday, May 12, 2022, 10:15:32 AM GMT+2, Shop Team <help@shop.example> wrote:",
    "yahoo classic": "--- On Thu, 5/12/11, Shop Team <help@shop.example> wrote:",
    "zoho": "---- On Thu, 12 May 2022 10:15:32 +0200 Shop Team <help@shop.example> wrote ----",
    "zoho bare address": "---- On Thu, 12 May 2022 10:15:32 +0200 help@shop.example wrote ---",
    "proton": "------- Original Message -------\nOn Thursday, May 12th, 2022 at 10:15 AM, Shop Team <help@shop.example> wrote:",
    "aol": "In a message dated 5/12/2022 10:15:32 AM Eastern Daylight Time, help@shop.example writes:",
    "lotus notes": "Shop Team/Example wrote on 12/05/2012 10:15:32 AM:",
    "yandex": '12.05.2022, 10:15, "Shop Team" <help@shop.example>:',
    "mail.ru": "Четверг, 12 мая 2022, 10:15 +03:00 от Shop Team <help@shop.example>:",
    "k-9": "Am 12. Mai 2022 10:15:32 MESZ schrieb Shop Team <help@shop.example>:",
    "eudora": "At 10:15 AM 5/12/2002, you wrote:",
    "outlook mobile": 'On Thu, May 12, 2016 at 10:15 AM +0200, "Shop Team" <help@shop.example<mailto:help@shop.example>> wrote:',
}

HEADER_BLOCKS = {
    "outlook en": "From: Shop Team <help@shop.example>\nSent: Thursday, May 12, 2022 10:15 AM\nTo: Mina\nSubject: Parcel",
    "outlook with mailto": "From: Shop [mailto:help@shop.example] \nSent: Thursday, May 12, 2016 10:15\nTo: Mina\nSubject: Parcel",
    "outlook starred": "*From:* Shop Team\n*Sent:* 12 May 2022 10:15\n*To:* Mina\n*Subject:* Parcel",
    "outlook wrapped": "From: Shop Team \n<help@shop.example> \nSent: Thursday, May 12, 2022 10:15 AM\nTo: Mina\nSubject: Parcel",
    "outlook web": "________________________________\nFrom: Shop <help@shop.example>\nSent: 12 May 2022\nTo: Mina\nSubject: x",
    "outlook de": "Von: Shop <help@shop.example>\nGesendet: Donnerstag, 12. Mai 2022 10:15\nAn: Mina\nBetreff: Paket",
    "outlook fr": "De : Shop <help@shop.example>\nEnvoyé : jeudi 12 mai 2022 10:15\nÀ : Mina\nObjet : Colis",
    "outlook es": "De: Shop <help@shop.example>\nEnviado el: jueves, 12 de mayo de 2022 10:15\nPara: Mina\nAsunto: Paquete",
    "outlook pt": "De: Shop <help@shop.example>\nEnviada em: 12 de maio de 2022 10:15\nPara: Mina\nAssunto: Pacote",
    "outlook it": "Da: Shop <help@shop.example>\nInviato: giovedì 12 maggio 2022 10:15\nA: Mina\nOggetto: Pacco",
    "outlook nl": "Van: Shop <help@shop.example>\nVerzonden: donderdag 12 mei 2022 10:15\nAan: Mina\nOnderwerp: Pakket",
    "outlook pl": "Od: Shop <help@shop.example>\nWysłano: czwartek, 12 maja 2022 10:15\nDo: Mina\nTemat: Paczka",
    "outlook cs": "Od: Shop <help@shop.example>\nOdesláno: čtvrtek 12. května 2022 10:15\nKomu: Mina\nPředmět: Balík",
    "outlook ru": "От: Shop <help@shop.example>\nОтправлено: 12 мая 2022 г. 10:15\nКому: Mina\nТема: Посылка",
    "outlook sv": "Från: Shop <help@shop.example>\nSkickat: den 12 maj 2022 10:15\nTill: Mina\nÄmne: Paket",
    "outlook da": "Fra: Shop <help@shop.example>\nSendt: 12. maj 2022 10:15\nTil: Mina\nEmne: Pakke",
    "outlook fi": "Lähettäjä: Shop <help@shop.example>\nLähetetty: 12. toukokuuta 2022 10:15\nVastaanottaja: Mina\nAihe: P",
    "outlook hu": "Feladó: Shop <help@shop.example>\nElküldve: 2022. május 12. 10:15\nCímzett: Mina\nTárgy: Csomag",
    "outlook tr": "Kimden: Shop <help@shop.example>\nGönderildi: 12 Mayıs 2022 10:15\nKime: Mina\nKonu: Paket",
    "outlook el": "Από: Shop <help@shop.example>\nΣτάλθηκε: Πέμπτη, 12 Μαΐου 2022\nΠρος: Mina\nΘέμα: Δέμα",
    "outlook he": "מאת: Shop <help@shop.example>\nנשלח: 12 מאי 2022\nאל: Mina\nנושא: חבילה",
    "outlook ar": "من: Shop <help@shop.example>\nتم الإرسال: 12 مايو 2022\nإلى: Mina\nالموضوع: طرد",
    "outlook zh-cn": "发件人: Shop <help@shop.example>\n发送时间: 2022年5月12日 10:15\n收件人: Mina\n主题: 包裹",
    "outlook zh-tw": "寄件者: Shop <help@shop.example>\n寄件日期: 2022年5月12日 10:15\n收件者: Mina\n主旨: 包裹",
    "foxmail": "发件人： Shop\n发送时间： 2022-05-12 10:15\n收件人： Mina\n主题： 包裹",
    "outlook ja": "差出人: Shop <help@shop.example>\n送信日時: 2022年5月12日 10:15\n宛先: Mina\n件名: 荷物",
    "outlook ko": "보낸 사람: Shop <help@shop.example>\n보낸 날짜: 2022년 5월 12일\n받는 사람: Mina\n제목: 소포",
    "outlook vi": "Từ: Shop <help@shop.example>\nĐã gửi: 12 tháng 5 2022\nĐến: Mina\nChủ đề: Bưu kiện",
    "hotmail": "Date: Thu, 12 May 2011 10:15:32 +0200\nSubject: Parcel\nFrom: help@shop.example\nTo: mina@home.example",
    "yahoo indented": "      From: Shop <help@shop.example>\n To: Mina \n Sent: Thursday, May 12, 2016 10:15 AM\n Subject: Parcel",
    "lotus notes": "From:        Shop/Example\nTo:        Mina\nCc:        \nDate:        12.05.2012 10:15\nSubject:        Parcel",
    "outlook 2003": "-----Original Message-----\nFrom: help@shop.example\nSent: 12 May 2003 10:15\nTo: Mina\nSubject: Parcel",
    "samsung de": "-------- Ursprüngliche Nachricht --------\nVon: Shop <help@shop.example>\nDatum: 12.05.22 10:15\nAn: Mina",
    "samsung tr": "-------- Orijinal mesaj --------\nKimden: Shop <help@shop.example>\nTarih: 12.05.2022",
    "qq": '------------------ 原始邮件 ------------------\n发件人: "Shop" <help@shop.example>;\n发送时间: 2022年5月12日',
    "proton hyphens": "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
    "rule and unknown language": "_______________\nOddi: Shop <help@shop.example>\nAnfonwyd: 12.05.2022 10:15\nAt: mina@home.example",
    "title in unknown language": "----- Llythyr cyntaf -----\nOddi: Shop\nAnfonwyd: 12 Mai\nAt: Mina",
    "another helpdesk": "##- Please write above this line -##",
}

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

KEPT = {
    "a sentence that reports": "On Monday he wrote:\nthe lid is cracked.\nI did not believe it.",
    "a sentence with a year": "In the letter that came on 12 May 2022 your colleague said:\nwe pay for the lid.",
    "own letter": "As I wrote on 12 May 2022 at 10:15:\nthe lid is cracked.",
    "own letter, date first": "On 12 May 2022 I wrote:\nthe lid is cracked.",
    "own letter de": "Am 12. Mai 2022 schrieb ich:\nDer Deckel ist gebrochen.",
    "own letter fr": "Le 12 mai 2022 j'ai écrit :\nle couvercle est cassé.",
    "on the other hand": "On the one hand it is cheap.\nOn the other hand, on average it breaks.",
    "an address with a colon": "Please answer to mina@home.example:\nthe other one is full.",
    "a meeting": "Can we talk on 12 May 2022 at 10:15:\n- lid\n- parcel",
    "a journey": "From: Berlin\nTo: Oslo\nDate: 12.05.2022\nPlease change it to two persons.",
    "a form": "Name: Mina Berg\nEmail: mina@home.example\nPhone: +49 30 1234567\nOrder: 4711",
    "changed details": "My new address is:\n\nMina Berg\nmina@home.example\n+49 30 1234567",
    "a table": "Two items:\n\nItem   Price\n------------\nLid    4\nBox    9\n\nPlease refund the lid.",
    "points with dashes": "Please check\n-- the lid\n-- the box\n\nThanks",
    "a rule between paragraphs": (
        "The lid is cracked and the box is wet, so I want my money back now.\n\n---\n\n"
        "Another thing that I would like to ask you is when the shop opens on Sunday.\n"
        "It would also help me to know whether you have any lids in blue colour."
    ),
    "sent from a place": "The lid is cracked.\n\nSent from my desk, where the phone never works.",
    "sent by mail": "The lid is cracked.\n\nI sent it from my phone yesterday.",
    "invoice sent by mail": "The lid is cracked.\n\nInvoice sent by mail",
    "they have been sent": "The lids are missing.\n\nYour page says they have been sent.",
    "a question about a notice": (
        "Hello,\n\nI got a confidential message of yours in error. I am not the intended recipient: should I delete\n"
        "the e-mail and its attachments, or is copying it prohibited?"
    ),
    "code": "It prints this:\n\n```\nOn 12 May 2022, Shop <help@shop.example> wrote:\n-- \nx\n```\n\nIs that right?",
    "pasted log": "The log says:\n\n> error 17\n> lid open\n> stop\n> halt\n> end",
    "a short quoted end": "It prints\n> error 17",
    "a table in markdown": "These are broken\n\n| lid | box |\n| --- | --- |\n| 1 | 2 |",
    "prompt": "SQL> select 1\nSQL> select 2",
    "pasted headers": (
        "These headers look wrong:\n\nReceived: from a.example\nMessage-ID: <1@a.example>\n"
        "From: Shop <help@shop.example>\nDate: Thu, 12 May 2022 10:15:32 +0200\nSubject: Parcel\nTo: mina@home.example"
    ),
    "a pasted mail": f"I got this strange mail:\n\n{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}",
    "dash and name": "The lid is cracked.\n\n-Mina",
    "closing": "The lid is cracked.\n\nThank you,\nMina",
    "postscript": "The lid is cracked.\n\nBest regards\nMina\n\nP.S. The box is wet as well.",
    "only a footer": "Sent from my iPhone",
    "only a signature": "-- \nMina",
    "only a quote": PREFIXED,
    "only a quote with attribution": f"{ATTRIBUTIONS['gmail en']}\n\n{PREFIXED}",
    "only header block": f"{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}",
    "empty": "",
    "blank": "\n \n",
}

FORWARDS = {
    "gmail": "---------- Forwarded message ---------",
    "gmail de": "---------- Weitergeleitete Nachricht ---------",
    "gmail ru": "---------- Переадресованное сообщение ---------",
    "thunderbird fr": "-------- Message transféré --------",
    "apple": "Begin forwarded message:",
    "apple de": "Anfang der weitergeleiteten Nachricht:",
    "apple es": "Inicio del mensaje reenviado:",
    "apple ja": "転送されたメッセージ:",
    "apple tr": "İletilen ileti başlangıcı:",
}


def inline(text: str) -> Reply:
    return Reply(text, "", "", inline=True)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_and_what_it_quotes_are_cut(attribution: str) -> None:
    reply = split(f"{NEW}\n\n{attribution}\n{PREFIXED}\n")
    assert (reply.new, reply.signature, reply.inline) == (NEW, "", False)
    assert reply.quoted == f"{attribution}\n{PREFIXED}"


@pytest.mark.parametrize("name", [name for name in ATTRIBUTIONS if name not in {"mozilla, no date", "apple en"}])
def test_a_quote_without_prefix_is_cut_at_its_attribution(name: str) -> None:
    assert new_text(f"{NEW}\n{ATTRIBUTIONS[name]}\n\n{QUOTE}") == NEW


@pytest.mark.parametrize("block", HEADER_BLOCKS.values(), ids=HEADER_BLOCKS)
def test_the_header_block_of_a_quote_and_everything_below_are_cut(block: str) -> None:
    reply = split(f"{NEW}\n\n{block}\n\n{QUOTE}")
    assert reply == Reply(NEW, f"{block}\n\n{QUOTE}", "", inline=False)


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


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_nothing_is_cut_from(text: str) -> None:
    assert split(text) == Reply(text, "", "", inline=False)


@pytest.mark.parametrize("marker", FORWARDS.values(), ids=FORWARDS)
@pytest.mark.parametrize("prefix", ["", "> "])
def test_a_forwarded_email_is_kept(marker: str, prefix: str) -> None:
    forwarded = f"{marker}\n\n{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}"
    text = "What is this?\n\n" + "\n".join(f"{prefix}{line}" for line in forwarded.split("\n"))
    assert split(text) == Reply(text, "", "", inline=False)


def test_a_forward_inside_a_quote_is_part_of_the_quote() -> None:
    text = f"{NEW}\n\n{ATTRIBUTIONS['gmail en']}\n\n{FORWARDS['gmail']}\n{HEADER_BLOCKS['outlook en']}\n\n{QUOTE}"
    assert new_text(text) == NEW


def test_answers_between_quoted_lines_keep_everything() -> None:
    text = f"Hi,\n{ATTRIBUTIONS['gmail en']}\n> Which colour?\nBlue.\n\n> How many?\n\nTwo.\n\n-- \nMina"
    assert split(text) == inline(text)


def test_an_answer_above_more_quoted_text_keeps_everything() -> None:
    text = f"{ATTRIBUTIONS['thunderbird en']}\n> Which colour?\n\nBlue.\n\n> We are open on Sunday as well, by the way."
    assert split(text) == inline(text)


def test_an_answer_above_the_rest_of_a_quoted_signature_is_the_new_text() -> None:
    text = f"{ATTRIBUTIONS['thunderbird en']}\n> Which colour?\n\nBlue.\n\n>\n> -- \n> Shop Team"
    assert new_text(text) == "Blue."


def test_an_answer_below_the_whole_quote_is_the_new_text() -> None:
    assert new_text(f"Hi,\n\n{ATTRIBUTIONS['thunderbird en']}\n{PREFIXED}\n\nBlue, please.") == "Hi,\n\n\nBlue, please."


def test_a_manual_quote_is_kept_with_its_answer() -> None:
    text = "> Which colour?\n\nBlue, please."
    assert split(text) == inline(text)


def test_a_manual_quote_above_a_program_quote_is_kept() -> None:
    text = f"> Which colour?\n\nBlue, please.\n\n{ATTRIBUTIONS['gmail en']}\n{PREFIXED}"
    assert new_text(text) == "> Which colour?\n\nBlue, please."


def test_a_long_last_quote_is_cut_without_an_attribution() -> None:
    quote = "> Dear Mina,\n> we have sent it.\n>\n> Your shop team"
    assert split(f"{NEW}\n\n{quote}") == Reply(NEW, quote, "", inline=False)


def test_a_wrapped_quoted_line_is_part_of_the_quote() -> None:
    quote = "> we have sent the second parcel on Monday and it should be with you on Tuesday\nor later.\n> Shop team"
    assert split(f"{NEW}\n\n{ATTRIBUTIONS['gmail en']}\n{quote}").new == NEW


def test_lines_with_initials_before_the_prefix_are_quoted() -> None:
    quote = "ST> Dear Mina,\nST> we have sent it."
    assert new_text(f"{ATTRIBUTIONS['thunderbird en']}\n\n{quote}\n\nIt came.") == "It came."


def test_every_line_is_in_one_part() -> None:
    text = f"{NEW}\n\nSent from my iPhone\n\n{ATTRIBUTIONS['gmail en']}\n{PREFIXED}\n\n-- \nMina"
    reply = split(text)
    parts = f"{reply.new}\n{reply.quoted}\n{reply.signature}".split("\n")
    assert sorted(line for line in parts if line) == sorted(line for line in text.split("\n") if line)


HOSTILE: dict[str, Callable[[int], str]] = {
    "one endless line": lambda size: "On " + "a " * (size // 2),
    "attribution ends": lambda size: "On 12 May 2022 at 10:15 a@b.example:\n" * (size // 37),
    "short ends": lambda size: "1:\n" * (size // 3),
    "open brackets": lambda size: ("<" * 300 + ":\n") * (size // 302),
    "addresses": lambda size: ("<a@" * 100 + ":\n") * (size // 302),
    "header labels": lambda size: "From: a@b.example\nTo: a\nFrom: b\n" * (size // 33),
    "rules": lambda size: "-----\n" * (size // 6),
    "numbers": lambda size: (("1" * 9 + " ") * 30 + ":\n") * (size // 302),
    "titled rules": lambda size: "-----Original-\n" * (size // 15),
    "prefixes": lambda size: "> " * (size // 2),
    "quote and text": lambda size: "On 12 May 2022 at 10:15 a@b.example wrote:\n" + "> a\nb\n" * (size // 6),
    "quote and footer": lambda size: (
        "On 12 May 2022 at 10:15 a@b.example wrote:\n" + "> a\n\nSent from my iPhone\n" * (size // 24)
    ),
    "footers": lambda size: "Sent from my iPhone\n--\n" * (size // 23),
    "notices": lambda size: (
        "confidential e-mail, recipient, delete, copy, in error, by mistake and so on\n\n" * (size // 78)
    ),
    "digits": lambda size: "+1 " * (size // 3),
    "empty lines": lambda size: "\n" * size,
    "fences": lambda size: "```\n" * (size // 4),
    "wide": lambda size: "：١٢：\n" * (size // 5),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_the_work_grows_with_the_size_and_no_faster(make: Callable[[int], str]) -> None:
    small, large = (lines_run(partial(split, make(size))) for size in (10_000, 20_000))
    assert large < 2.2 * small + 100


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_is_split(make: Callable[[int], str]) -> None:
    with no_hang():
        split(make(1_000_000))
