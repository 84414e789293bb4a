"""Phrases of absence notes and of receipts in prose, in the languages of mail programs and their users."""

from typing import Final

from daemon.mail.text.line import split_folded

ABSENCE_SUBJECTS: Final = frozenset(
    split_folded(
        "out of office; out of the office; out-of-office; ooo; oof; auto; vacation; on vacation; holiday; on holiday",
        "annual leave; on leave; on annual leave; away; away from office; absence; absence notice; not in the office",
        "maternity leave; parental leave; abwesend; abwesenheit; abwesenheitsnotiz; abwesenheitsmeldung; urlaub",
        "im urlaub; nicht im büro; nicht im haus; außer haus; elternzeit; ferienabwesenheit; absence du bureau",
        "absent; absente; en congé; congés; en vacances; message d'absence; fuera de oficina; fuera de la oficina",
        "ausente; ausencia; de vacaciones; vacaciones; fuori sede; fuori ufficio; assente; assenza; in ferie; ferie",
        "afwezig; afwezigheid; niet aanwezig; met vakantie; op vakantie; vakantie; nieobecność; nieobecność w biurze",
        "nieobecny; nieobecna; poza biurem; urlop; ausência; fora do escritório; férias; em férias; frånvaro",
        "frånvaromeddelande; inte på kontoret; semester; på semester; fravær; fraværsbesked; fraværsmelding",
        "ikke på kontoret; på ferie; poissa; poissaolo; poissaoloilmoitus; lomalla; nepřítomnost; mimo kancelář",
        "dovolená; neprítomnosť; dovolenka; szabadságon; távollét; irodán kívül; concediu; în concediu; absență",
        "odsotnost; godišnji odmor; izvan ureda; в отпуске; отпуск; отсутствие; нет в офисе; відпустка",
        "\u0443 відпустці; відсутність; отпуска; απουσία; εκτός γραφείου; izindeyim; ofis d\u0131\u015f\u0131",
        "ofis d\u0131\u015f\u0131nda; 不在; 不在通知; 不在のお知らせ; 休暇; 休暇中; 外出; 休假; 外出通知; 不在办公室",
        "休假通知; 부재중; 부재 알림; 휴가; מחוץ למשרד; خارج المكتب; ไม่อยู่ที่สำนักงาน",
    )
)
"""Whole subjects, or what stands before the colon or in brackets at the end. People write them too."""

ABSENT: Final = split_folded(
    "out of the office; out of office; away from the office; away from my desk; away until; away from my email",
    "not in the office; on vacation; on holiday; on leave; on annual leave; on parental leave; on maternity leave",
    "be away; am away; am travelling; am traveling; am currently unavailable; will be unavailable; nicht im büro",
    "nicht im haus; außer haus; im urlaub; in urlaub; nicht erreichbar; nicht am arbeitsplatz; abwesend",
    "in elternzeit; nicht im dienst; je suis absent; suis absente; actuellement absent; serai absent; en congé",
    "en vacances; hors du bureau; en déplacement; fuera de la oficina; fuera de oficina; estoy ausente",
    "estaré ausente; de vacaciones; ausente hasta; fuori sede; fuori ufficio; sono assente; sarò assente; in ferie",
    "ben afwezig; niet aanwezig; met vakantie; op vakantie; niet op kantoor; afwezig tot; jestem nieobecn",
    "poza biurem; na urlopie; będę nieobecn; przebywam na urlopie; fora do escritório; estou ausente",
    "estarei ausente; de férias; em férias; inte på kontoret; på semester; är ledig; tillbaka på kontoret",
    "ikke på kontoret; på ferie; holder ferie; har ferie; er fraværende; poissa toimistolta; olen lomalla",
    "olen poissa; mimo kancelář; na dovolené; nejsem přítom; nebudu přítom; mimo kancelárie; na dovolenke",
    "szabadságon; nem vagyok az irodában; irodán kívül; în concediu; nu sunt la birou; na godišnjem odmoru",
    "izvan ureda; na dopustu; в отпуске; нет в офисе; вне офиса; отсутствую; \u0443 відпустці; відсутн; в отпуска",
    "εκτός γραφείου; απουσιάζω; σε άδεια; izindeyim; ofis d\u0131\u015f\u0131nda; 不在に; 休暇; 外出して; 休业",
    "正在休假; 休假中; 不在办公室; 外出,; 出差; 부재중; 휴가; בחופשה; מחוץ למשרד; خارج المكتب; في إجازة",
)
AROUND_ABSENCE: Final = split_folded(
    "thank you for your e; thank you for your m; thanks for your e; thanks for your m; thank you for contacting",
    "thank you for writing; back in the office; i will return; will be back; returning on; return to the office",
    "when i return; upon my return; on my return; when i am back; when i'm back; no access to; limited access",
    "not have access; not be checking; not checking; as soon as possible; please contact; please call",
    "please write to; please email; urgent; in urgent; emergency; will be forwarded; not be forwarded",
    "is not being forwarded; will get back to you; will answer; will reply; will respond; auto-reply",
    "automatic reply; automatically; vielen dank für ihre; danke für ihre; danke für deine; vielen dank für deine",
    "wieder erreichbar; wieder im büro; wieder für sie da; wieder zurück; wird nicht weiterge; werden nicht weiterge",
    "wird weiterge; wird nicht gelesen; keinen zugriff; eingeschränkten zugriff; dringend; wenden sie sich",
    "kontaktieren sie; nach meiner rückkehr; nach meinem urlaub; beantworten; merci de; merci pour; merci de votre",
    "de retour; à mon retour; en cas d'urgence; pour toute urgence; contacter; contactez; consulterai; gracias por",
    "de regreso; a mi regreso; a mi vuelta; en caso de urgencia; urgente; contacte con; póngase en contacto",
    "grazie per; al mio rientro; al mio ritorno; rientrerò; urgenz; contattare; risponderò; bedankt voor; weer terug",
    "bij mijn terugkeer; dringende; neem contact; contact opnemen; doorgestuurd; niet gelezen; dziękuję za; pilnych",
    "proszę o kontakt; po powrocie; wrócę; obrigado pel; obrigada pel; ao regressar; quando regressar; ao retornar",
    "assuntos urgentes; em caso de urgência; tack för; åter på; tillbaka; brådskande; kontakta; vid akuta; tak for",
    "takk for; er tilbage; er tilbake; haster; hastesaker; kontakt venligst; vennligst kontakt; kiitos viest; palaan",
    "kiireellis; ota yhteyttä; děkuji za; děkuji, že; po návratu; naléhav; kontaktujte; ďakujem za; köszönöm",
    "visszatér; sürgős; keressék; mulțumesc; revin; urgențe; hvala; povratku; спасибо за; вернусь; срочн",
    "обращайтесь; свяжитесь; дякую; терміново; повернусь; благодаря; ευχαριστώ; επείγον; επιστρέψω; teşekkür; acil",
    "d\u00f6n\u00fc\u015f; ありがとうございます; 戻り次第; ご連絡; 急ぎ; 緊急; 返信いたし; 感谢; 谢谢; 回来; 紧急",
    "请联系; 回复; 감사; 연락; 긴급; 복귀; תודה; דחוף; شكرا; عاجل",
    # Without access to email: what a customer has no access to may be the account.
    "sem acesso ao e-mail; sem acesso ao email; sem acesso ao meu e; sin acceso al correo; sin acceso a mi correo",
    "senza accesso alla posta; senza accesso alla mail; senza accesso all'e-mail; toegang tot mijn e-mail",
    "toegang tot mijn mail; lees mijn e-mail niet; lees mijn mail niet; bez dostępu do poczty; bez dostępu do e-mail",
    "に戻ります; より出社; から出社; 出社いたします; لن أتمكن من الرد; سأعود; يرجى الاتصال; يرجى التواصل",
)
THANKS: Final = split_folded(
    "thank; vielen dank; danke; merci; gracias; grazie; bedankt; dzięku; obrigad; tack; tak for; takk; kiito; děkuj",
    "ďakuj; köszön; mulțum; hvala; спасибо; дякую; благодар; ευχαριστ; teşekkür; ありがとう; 感谢; 谢谢; 感謝; 감사",
    "תודה; شكر",
)
DECLARED: Final = split_folded(
    "this is an automated response; this is an automated reply; this is an automated message",
    "this is an automated email; this is an automated e-mail; this is an automated mail",
    "this is an automated notification; this is an automatic response; this is an automatic reply",
    "this is an automatic message; this is an automatic email; this is an auto-reply; this is an auto reply",
    "this is an autoreply; this is an auto-response; this is an auto response; this is an auto-generated",
    "this is an auto generated; this is an automatically generated; this is a system generated",
    "this is a system-generated; this message is automated; this message was generated automatically",
    "this message was automatically; this message is automatically; this email was automatically",
    "this email is automatically; this e-mail was automatically; this email was generated automatically",
    "dies ist eine automatische antwort; dies ist eine automatische nachricht; dies ist eine automatische e-mail",
    "dies ist eine automatische mail; dies ist eine automatische benachrichtigung",
    "dies ist eine automatisch generierte; dies ist eine automatisch erzeugte; dies ist eine automatisch erstellte",
    "dies ist eine automatisierte; das ist eine automatische antwort; diese e-mail wurde automatisch",
    "diese antwort wurde automatisch; diese nachricht wurde automatisch; diese mail wurde automatisch",
    "ceci est un message automatique; ceci est une réponse automatique; cet e-mail est automatique",
    "cet e-mail est généré; este es un mensaje automático; esta es una respuesta automática",
    "este mensaje se ha generado automáticamente; questo è un messaggio automatico; questa è una risposta automatica",
    "dit is een automatisch antwoord; dit is een automatisch bericht; dit is een automatisch gegenereerd",
    "dit is een automatische; dit bericht is automatisch; to jest automatyczna odpowiedź",
    "to jest wiadomość automatyczna; ta wiadomość została wygenerowana automatycznie",
    "wiadomość wygenerowana automatycznie; esta é uma mensagem automática; esta é uma resposta automática",
    "detta är ett automatiskt; detta är ett autosvar; det här är ett automatiskt; dette er en automatisk",
    "dette er et automatisk; tämä on automaattinen; toto je automatická; toto je automaticky; ez egy automatikus",
    "это автоматический ответ; это автоматическое сообщение; данное письмо сформировано авто; これは自動",
    "このメールは自動; 本メールは自動; 本邮件由系统自动; 此邮件由系统自动; 这是自动; 這是自動; 본 메일은 자동",
)
"""How a program says at the beginning of a sentence that it wrote the text."""

SIGN_OFFS: Final = split_folded(
    "regards; best; kind regards; best regards; many thanks; thanks; thank you,; cheers; sincerely; yours; with kind",
    "mit freundlichen; freundliche; viele grüße; beste grüße; liebe grüße; schöne grüße; gruß; mfg; cordialement",
    "bien à vous; bien cordialement; sincères salutations; saludos; un saludo; atentamente; cordiali saluti; saluti",
    "met vriendelijke; groet; pozdrawiam; z poważaniem; atenciosamente; cumprimentos; med vänlig; vänliga hälsningar",
    "hälsningar; med venlig; venlig hilsen; med vennlig; hilsen; ystävällisin; s pozdravem; s pozdravom; üdvözlettel",
    "\u0441 уважением; з повагою; με εκτίμηση; sayg\u0131lar; よろしく; 以上; 此致; 敬礼; 감사합니다; בברכה",
)

RECEIPT_SUBJECTS: Final = frozenset(
    split_folded(
        "read; not read; read receipt; read confirmation; gelesen; ungelesen; nicht gelesen; lesebestätigung; lu",
        "non lu; accusé de lecture; leído; no leído; confirmación de lectura; letto; non letto; conferma di lettura",
        "gelezen; niet gelezen; leesbevestiging; lida; não lida; lido; confirmação de leitura; läst; ej läst",
        "läskvitto; læst; ikke læst; lest; ikke lest; luettu; lukukuittaus; przeczytano; przeczytane",
        "nie przeczytano; přečteno; přečtené; elolvasva; citit; прочтено; прочитано; не прочитано; okundu; 開封済み",
        "開封確認; 已读; 已讀; 읽음; נקרא",
    )
)
DELIVERY_SUBJECTS: Final = frozenset(
    split_folded(
        "delivered; relayed; expanded; zugestellt; weitergeleitet; remis; relayé; transmis; entregado; retransmitido",
        "consegnato; recapitato; inoltrato; bezorgd; doorgestuurd; dostarczono; przekazano; levererat",
        "vidarebefordrat; leveret; levert; videresendt; entregue; retransmitida; toimitettu; doručeno; доставлено",
        "iletildi; 配信済み; 已送达; 已传递",
    )
)
"""Subjects of mail systems that write about a delivery without a report."""

READ: Final = split_folded(
    "was read on; was displayed on; was opened on; has been read; was deleted without being read; has been displayed",
    "a été lu; a été affiché; a été supprimé sans; se leyó; fue leído; ha sido leído; se eliminó sin; è stato letto",
    "è stata letta; è stato eliminato senza; is gelezen; is verwijderd zonder; foi lida; foi lido; foi excluída sem",
    "lästes; har lästs; togs bort utan; blev læst; er læst; blev slettet uden; ble lest; er lest; ble slettet uten",
    "on luettu; poistettiin luke; została przeczytana; został przeczytany; usunięta bez; byla přečtena; elolvasta",
    "a fost citit; было прочитано; было прочтено; удалено без; okundu; 開封されました; 已读; 已阅读; 被阅读",
    "읽었습니다",
)
RECEIPT_STARTS: Final = split_folded(
    "your message; your mail; your email; this is a return receipt; this is a read receipt; this is a receipt",
    "this receipt; the message; ihre nachricht; ihre e-mail; dies ist eine empfangs; dies ist eine lese",
    "votre message; ceci est un accusé; su mensaje; el mensaje; este es un acuse; il messaggio; il tuo messaggio",
    "uw bericht; sua mensagem; a sua mensagem; a mensagem; ditt meddelande; meddelandet; din meddelelse; meldingen",
    "viestisi; twoja wiadomość; wiadomość; vaše zpráva; üzenete; mesajul; ваше сообщение; iletiniz",
    "mesaj\u0131n\u0131z; メッセージ; 送信したメッセージ; 您的邮件; 您发送; 邮件; 이 메시지",
)
