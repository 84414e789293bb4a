"""Words that mail programs write around a quote, a signature or a forward, in many languages.

Matching is on casefolded text without formatting characters. The *_PARTS match anywhere in a word: stems, and scripts
without spaces.
"""

# ruff: noqa: RUF001
# Letters of other scripts that look like Latin ones are meant.

import re
from typing import Final

from daemon.mail.phrase_table import split_phrases


def _folded(*lines: str) -> tuple[str, ...]:
    """Return the casefolded phrases of a table."""
    return tuple(phrase.casefold() for phrase in split_phrases(*lines))


WROTE: Final = frozenset(
    _folded(
        "wrote; writes; schrieb; écrit; ecrit; escribió; escribio; escreveu; scritto; scrisse; schreef",
        "geschreven; skrev; skreiv; kirjoitti; napisał; napisała; napisal; napisala; napísal; napísala; napisao",
        "pisze; píše; piše; писал; писала; написал; написала; написав; пише; пишет; написа; írta; írja; yazdı",
        "yazmış; έγραψε; כתב; כתבה; كتب; كتبت; نوشت; viết; menulis; scris; rašė; parašė; rakstīja; kirjutas",
        "skrifaði; escrigué; escriure; idatzi; shkroi; ysgrifennodd; लिखा; লিখেছেন; எழுதியது",
    )
)
WROTE_PARTS: Final = _folded(
    "写道; 寫道; 写到; のメール; のメッセージ; 書きました; 書き込み; 작성; 쓴 글; 씀; เขียน",
)
# What Horde writes before the name of the author.
QUOTING: Final = _folded(
    "quoting; zitat von; citando a; citando; citeren; citat fra; citerar; siterer; lainaus; cytowanie; cytat z; cituji",
    "citát; idézet; цитирую; цитирование; citat od; citát od; 引用; quoting from; zitiere",
)

_LABELS: Final = {
    "other": _folded(
        "cc; bcc; cci; cco; ccn; kopie; copie; copia; cópia; kopia; kopi; kopio; másolat; bilgi; копия; копія",
        "κοιν.; κοινοποίηση; 抄送; 副本; 참조; สำเนา; đồng gửi; עותק; نسخة; reply-to; reply to; antwort an",
        "risposta; rispondi a; répondre à; responder a; importance; wichtigkeit; priority; priorität; attachments",
        "anlagen; anhänge; pièces jointes; allegati; adjuntos; sent by; 組織; organization",
    ),
    "date": _folded(
        "date; datum; data; fecha; dato; dátum; tarih; дата; ημερομηνία; תאריך; التاريخ; تاريخ; تاریخ; 日期; 时间",
        "時間; 日付; 日時; 날짜; วันที่; ngày; tanggal; dată; kuupäev; datums; päivämäärä; päiväys; päivä; dags",
        "dagsetning; date et heure; दिनांक",
    ),
    "to": _folded(
        "to; an; à; a; pour; para; til; till; do; komu; кому; до; aan; vastaanottaja; címzett; kime; alıcı; προς; אל",
        "إلى; الى; به; 收件人; 收件者; 宛先; 받는 사람; 받는사람; 받는이; ถึง; đến; tới; người nhận; kepada",
        "untuk; către; pentru; kam; kellele; saaja; za; prima; primatelj; destinatario; destinatari; destinatário",
        "destinataire; empfänger; ontvanger; mottagare; modtager; mottaker; odbiorca; adresát; adresat; prejemnik",
        "príjemca; nori; प्रति; per a",
    ),
    "subject": _folded(
        "subject; betreff; betrifft; objet; sujet; asunto; assunto; oggetto; onderwerp; ämne; emne; aihe; temat",
        "předmět; predmet; tárgy; konu; тема; относно; предмет; θέμα; נושא; الموضوع; موضوع; 主题; 主題; 主旨",
        "件名; 제목; เรื่อง; chủ đề; tiêu đề; subjek; perihal; judul; subiect; tema; teema; temats; naslov",
        "zadeva; assumpte; efni; gaia; pwnc; विषय; subjekt; thema",
    ),
    "sent": _folded(
        "sent; gesendet; envoyé; envoyé le; date d'envoi; enviado; enviado el; enviado em; enviada; enviada em",
        "enviada el; inviato; inviato il; data invio; verzonden; verstuurd; skickat; sendt; wysłano; wysłane",
        "odesláno; odoslané; отправлено; отправлен; надіслано; дата отправки; lähetetty; elküldve; küldve",
        "gönderildi; gönderilme tarihi; gönderme tarihi; στάλθηκε; απεστάλη; נשלח; تم الإرسال; أرسلت; أرسل",
        "تاريخ الإرسال; ارسال شده; 发送时间; 发送日期; 發送時間; 寄件日期; 傳送時間; 送信日時; 送信日; 보낸 날짜",
        "보낸날짜; ส่งเมื่อ; วันที่ส่ง; đã gửi; ngày gửi; dikirim; terkirim; trimis; trimis la; data trimiterii",
        "išsiųsta; saadetud; nosūtīts; poslano; послато; изпратено; enviat; sent on; sent at",
    ),
    "from": _folded(
        "from; von; de; da; van; fra; från; od; от; від; lähettäjä; feladó; kimden; gönderen; από; מאת; من; از",
        "发件人; 發件人; 寄件者; 寄件人; 差出人; 送信者; 보낸 사람; 보낸사람; 보낸이; จาก; ผู้ส่ง; từ; người gửi",
        "dari; de la; expeditor; saatja; kellelt; nuo; siuntėjas; sūtītājs; pošiljatelj; šalje; odesílatel",
        "odosielateľ; remitente; remetente; expéditeur; mittente; afzender; absender; avsändare; avsender",
        "afsender; nadawca; отправитель; відправник; подател; пошиљалац; frá; nork; oddiwrth; प्रेषक; nga",
        "pengirim",
    ),
}
LABELS: Final = {label: kind for kind, labels in _LABELS.items() for label in labels}

ORIGINAL_PARTS: Final = _folded(
    "origin; ursprüngliche; ursprungligt; oorspronkelijk; opprinnelig; oprindelig; alkuperäinen; oryginaln",
    "původní; pôvodn; исходн; оригинал; начальн; первоначал; вихідн; eredeti; orijinal; özgün; αρχικό",
    "πρωτότυπο; הודעה מקורית; الرسالة الأصلية; پیام اصلی; 原始; 原邮件; 元のメッセージ; 원본; ต้นฉบับ; gốc",
    "asli; izvorn; algne; pirminis; sākotnēj; mensagem original; upprunaleg; reply above",
)
FORWARD_PARTS: Final = _folded(
    "forward; weitergeleitet; transféré; transfere; reenviad; reencaminhad; encaminhad; inoltrat",
    "doorgestuurd; vidarebefordra; videresend; edelleenlähetetty; välitetty; przekazan; przekazyw; přeposlan",
    "preposlan; переслан; пересыла; переадрес; перенаправлен; továbbít; iletilen; yönlendirilen; προωθ; הועבר",
    "מועבר; معاد توجيه; محولة; 转发; 轉寄; 轉發; 転送; 전달; ส่งต่อ; chuyển tiếp; diteruskan; redirecționat",
    "proslijeđen; posredovan; persiųst; edastatud; pārsūtīt; препратен; пренасочен; reenviat; áframsend",
)

SENT_FROM: Final = frozenset(
    _folded(
        "sent; gesendet; versendet; envoyé; envoyée; enviado; enviada; enviat; inviato; inviata; verzonden",
        "verstuurd; skickat; sendt; wysłane; wysłano; wysłana; odesláno; odoslané; poslané; poslano; posláno",
        "отправлено; надіслано; изпратено; послато; lähetetty; elküldve; küldve; gönderildi; στάλθηκε; εστάλη",
        "נשלח; أرسلت; أُرسلت; ارسال; trimis; trimisă; išsiųsta; nosūtīts; saadetud; dikirim; gửi; bidalia",
        "bidalita; written; geschrieben; posted; écrit; مُرسل; مرسل",
    )
)
SENT_FROM_PARTS: Final = _folded(
    "发自; 寄自; 傳送; 发送; 發送; 送信; 보냄; 보낸; ส่งจาก; से भेजा",
)
GET_PROGRAM: Final = frozenset(
    _folded(
        "get; obtenir; obtenez; téléchargez; télécharger; obtener; obtén; obtenga; descargar; obter; obtenha",
        "baixe; scarica; ottieni; holen; laden; download; downloaden; hämta; hent; skaff; hanki; pobierz",
        "získejte; stáhnout; stiahnuť; скачать; скачайте; получить; завантажити; λήψη; indir; 获取; 下载适用于",
        "取得; descarcă; preuzmi; töltse; letöltés; beziehen; الحصول",
    )
)
FOOTER_OPENERS: Final = frozenset(
    _folded(
        "von; vom; az; mit; diese; dieser; dieses; this; cet; ce; este; esta; questo; questa; deze; dit; denne; detta",
        "tento; tato; táto; эта; это; цей; được; message; nachricht; email; e-mail; mensaje; mensagem; messaggio",
        "bericht; ข้อความ",
    )
)
DEVICES: Final = _folded(
    "iphon; ipad; ipod; android; galaxy; samsung; huawei; xiaomi; redmi; oneplus; nokia; htc; motorola",
    "xperia; pixel; blackberry; windows; outlook; gmail; yahoo; aol; mailbox; airmail; thunderbird; proton",
    "k-9; mobil; phone; smartphone; handy; cellphone; tablet; device(?!s); gerät; appareil; téléphone; móvil",
    "celular; telefon; telefoon; телефон; смартфон; мобиль; fairemail; bluemail; typeapp; superhuman; zoho",
    "macbook; imac; 手机; 手機; 携帯; スマートフォン; 휴대폰; nine(?![a-z]); cell(?![a-z]); spark(?![a-z])",
    "mail app; tuta(?![a-z]); mailspring; почты mail; яндекс; yandex; web\\.de; gmx",
)

CONFIDENTIAL: Final = _folded(
    "confidential; privileged; vertraulich; confidentiel; confidencia; riservat; confidenzial; vertrouwelijk",
    "poufn; důvěrn; dôvern; конфиденциальн; конфіденц; поверителн; luottamuksell; fortrolig; konfidenti",
    "bizalmas; gizli; εμπιστευτικ; confidențial; 机密; 保密; 機密; 秘密; 기밀; سري; חסוי; סודי; rahasia",
    "zaupn; povjerljiv",
)
MISTAKEN: Final = _folded(
    "in error; by mistake; not the intended; not an intended; irrtüm; nicht der richtige",
    "nicht der beabsichtigte; par erreur; por error; por erro; por engano; per errore; ten onrechte",
    "abusievelijk; niet voor u bestemd; omyłk; pomyłk; omyl; ошиб; помилк; téved; yanlış; misstag",
    "ved en fejl; ved en feil; vahingossa; erehdys; εκ παραδρομής; λάθος; din greșeal; 误; 誤; 잘못; بالخطأ",
    "בטעות; greškom; pomot",
)
DISCLAIMER_GROUPS: Final = (
    CONFIDENTIAL,
    MISTAKEN,
    _folded(
        "recipient; addressee; empfänger; adressat; destinataire; destinatari; destinatár; ontvanger",
        "geadresseerde; adresát; odbiorc; получател; адресат; одержувач; címzett; alıcı; vastaanottaj; modtager",
        "mottak; mottagar; παραλήπτ; 収信; 收件; 受取; 受信; 수신; المستلم; נמען; person or entity; personne",
    ),
    _folded(
        "delete; destroy; lösch; vernicht; supprim; détrui; elimin; destru; borr; cancell; apag; verwijder; usuni",
        "skasow; smaž; vymaž; удал; видал; törö; silin; silme; radera; slet; poist; διαγρά; șterge; 删除; 刪除",
        "削除; 破棄; 삭제; حذف; מחק; notify; benachrichtig; informier; avertir; notifi; avvis",
    ),
    _folded(
        "e-mail; email; message; nachricht; mail; courriel; courrier; correo; mensaje; mensagem; messaggio; bericht",
        "wiadomo; zpráv; správ; сообщени; письм; почт; повідомл; levél; üzenet; ileti; posta; viesti; meddel; besked",
        "μήνυμα; 邮件; 郵件; メール; 메일; رسالة; הודעה",
    ),
    _folded(
        "disclos; copy; copying; distribut; dissemin; unauthori; prohibited; weitergabe; unbefugt",
        "nicht gestattet; untersagt; verboten; divulg; interdit; difus; diffus; prohib; proib; vietat; verspreid",
        "zabronion; rozpowszech; zakáz; запрещ; заборон; tilos; yasak; förbjud; forbud; kielletty; απαγορεύ",
        "interzis; 禁止; 금지; يحظر; אסור",
    ),
    _folded(
        "attachment; virus; liab; anhäng; anlagen; haft; allegat; adjunt; anexo; pièces jointes; bijlage",
        "załącznik; příloh; вложени; melléklet; bilag; liite; 附件; 添付; 첨부",
    ),
)
SAVE_PAPER: Final = (
    _folded(
        "environment; umwelt; environnement; ambient; milieu; miljö; miljø; środowisk; prostřed; окружающ; природ",
        "ympäristö; környezet; çevre; planet; trees; bäume",
    ),
    _folded(
        "print; druck; imprim; stamp; afdruk; skriv; tulost; druk; tisk; распечат; печат; nyomtat; yazdır",
    ),
)
# How people begin a letter.
GREETING: Final = re.compile(
    r"^\s*(?:hi|hey|hello|hallo|dear|good (?:morning|afternoon|evening|day)|greetings"
    r"|to whom it may concern|guten (?:tag|morgen|abend)"
    r"|sehr geehrte[rsn]?|liebe[rs]?|moin|servus|grüezi|bonjour|bonsoir|salut|madame|monsieur|chère?s?"
    r"|hola|buen(?:os|as) (?:días|tardes|noches)"
    r"|estimad[oa]s?|olá|oi|bom dia|boa (?:tarde|noite)|prezad[oa]s?|ciao|buon(?:giorno|asera)|salve"
    r"|gentil[ei]|spettabile"
    r"|goede(?:morgen|middag|navond|ndag)|beste|geachte)\b[^\n.?!:]{0,40}?(?:[,.!:\n-]|$)+",
    re.IGNORECASE,
)
# Greetings that triage does not cut.
FURTHER_GREETINGS: Final = re.compile(
    r"\s*(?:(?:dzień dobry|witam|szanown\w+|dobrý den|hej|hei|god dag|tisztelt|bună|merhaba|sayın|здравствуйте"
    r"|добрый|доброго|вітаю|שלום|مرحبا|السلام)(?![^\W_]{3})|お世話|拝啓|こんにちは|您好|你好|안녕하세요)[^\n.?]{0,40}(?:[,.!:、。，！\n-]|$)",
    re.IGNORECASE,
)
# A line such as "Kind regards, Ana". Triage reads emails without it, so its accuracy depends on these words.
CLOSING: Final = re.compile(
    r"^\s*(?:(?:with )?(?:best|kind|warm|many thanks and|thanks and|thanks &) regards|regards|best(?: wishes)?"
    r"|cheers|rgds|br"
    r"|(?:yours )?sincerely|yours (?:faithfully|truly)|respectfully"
    r"|(?:mit )?(?:freundlichen?|viele|beste|liebe|schöne) gr(?:ü|ue)(?:ß|ss)en?|mfg|vg|lg|hochachtungsvoll"
    r"|(?:bien )?cordialement|bien à vous|(?:sincères |meilleures )?salutations"
    r"|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|cordialmente"
    r"|atenciosamente|(?:com os melhores )?cumprimentos|abraços|(?:un |cordiali |distinti )?salut[io]"
    r"|(?:met )?vriendelijke groet(?:en)?|groeten|groetjes|mvg)"
    r"\b[\s,.!:;-]{0,5}(?:[^\W\d_][\w.'-]{0,30}\s?){0,4}$",
    re.IGNORECASE,
)
# Closings that triage does not cut.
FURTHER_CLOSINGS: Final = re.compile(
    r"^\s*(?:pozdrawiam|(?:serdecznie |z )?(?:pozdrowieni|poważani)\w+"
    r"|(?:med )?(?:vänlig\w*|venlig\w*|vennlig) h[äi]ls\w+|mvh"
    r"|s uvažením|с уважением|saygılarımla|敬具|(?:何卒)?(?:宜しく|よろしく)お願い\w*|此致"
    r"|مع (?:أطيب |خالص )?(?:ال)?تحيات\w*"
    r")[\s,.!、。،:-]{0,5}$",
    re.IGNORECASE,
)
