"""Phrases of the texts that mail gateways write into every email, in the languages of their admins."""

from typing import Final

from daemon.mail.text.line import split_folded

# What Microsoft writes above the first email of somebody, and Cisco above a suspicious one; no word of a customer.
FIRST_CONTACT: Final = split_folded(
    "email security system has determined the message",
    "you don't often get email from; you do not often get email from; sie erhalten nicht oft e",
    "sie erhalten nicht häufig e; vous n'obtenez pas souvent d'e-mail; vous ne recevez pas souvent",
    "vous n'obtenez pas souvent de courrier; no suele recibir correo; no recibe a menudo correo; non ricevi spesso",
    "non si ricevono spesso; u ontvangt niet vaak; je ontvangt niet vaak; você não costuma receber; não recebe",
    "nie otrzymujesz często; nieczęsto otrzymujesz; du får inte ofta; du får ikke ofte; du mottar ikke ofte",
    "et saa usein; nedostáváte často; často nedostávate; nem gyakran kap; nu primiți frecvent; вы нечасто получаете",
    "ви нечасто отримуєте; δεν λαμβάνετε συχνά; s\u0131k e-posta alm\u0131yorsunuz",
    "s\u0131k s\u0131k e-posta alm\u0131yorsunuz; メールを受け取ることはあまりありません",
    "メールを頻繁に受け取っていません; 您不经常收到; 您很少收到; 您不常收到; 자주 받지 않",
)
# How a gateway begins such a sentence, or speaks of the email that it changed.
SUBJECTS: Final = split_folded(
    "this e-mail; this email; this message; this mail; this sender; the sender; you don't often; you do not often",
    "diese e-mail; diese mail; diese nachricht; dieser absender; ce message; cet e-mail; ce courriel; cet email",
    "este mensaje; este correo; este email; esta mensagem; este e-mail; questa e-mail; questa email",
    "questo messaggio; deze e-mail; deze email; dit bericht; ta wiadomość; ten e-mail; detta e-post; denne e-mail",
    "denne meddelelse; denne e-post; detta meddelande; detta mejl; denne mail; denne meldingen; tento e-mail",
    "tento email; tato zpráva; táto správa; tämä viesti; tämä sähköposti; ez az e-mail; ez az üzenet; acest e-mail",
    "acest mesaj; ova poruka; ovaj e-mail; это письмо; это сообщение; данное письмо; этот; цей лист; це повідомлення",
    "това съобщение; αυτό το μήνυμα; το μήνυμα αυτό; bu e-posta; bu ileti; bu mesaj; このメール; このメッセージ",
    "本メール; 此邮件; 本邮件; 该邮件; 此電子郵件; 此郵件; 이 이메일; 이 메일; 이 메시지; הודעה זו; دا البريد",
    "هذه الرسالة; هذا البريد",
)
# A note of a scanner, at the end or the beginning.
SCANNED: Final = split_folded(
    "scanned for virus; scanned for malware; scanned for spam; scanned by; been checked for viruses",
    "was checked for viruses; virus-free.www; virus-free. www; no virus found; no viruses found; free of viruses",
    "found to be clean; message was checked by; virus signature database; notified by mailtrack",
    "is believed to be clean; protected by mimecast; delivered by mimecast; email security.cloud; messagelabs",
    "mailscanner; auf viren geprüft; virenfrei; keine viren; analysé par; vérifié par l'antivirus; sin virus",
    "senza virus; без вирусов; been checked by; to report this email as spam; to report this message as spam",
)
# How such a note begins; a customer may write about a scan in the middle of a sentence.
NOTES: Final = split_folded(
    "sender notified; e-mail; email; mail; message; the message; incoming mail; outgoing mail; information from",
    "click here; garanti; l'absence; dieses e-mail; this; diese; ce; cet; este; questa; questo; deze; dit; это",
    "disclaimer; nachricht",
)
# Whole labels, whatever the punctuation.
LABELS: Final = split_folded(
    "extern e mail; externe e mail; external e mail; ext e mail; внешнее; внешний; внешняя; зовнішній; harici; 外部",
    "外部邮件; 外部郵件; 外部メール; 社外; 社外メール; 외부; 외부메일; disarmed; spam high; spam low; spam medium",
    "warning virus detected; warning attachment unscanned; warning message encrypted; warning",
    "caution message contains suspicious url content; caution message contains redirect url content; caution",
    "warning unscannable extraction failed; spam; spam?; suspected spam; possible spam; probable spam; potential spam",
    "bulk; marketing; suspicious; suspicious email; phishing?; suspected phishing; possible phishing; virus scanned",
    "checked; encrypted; secure; not virus scanned; unchecked; mass mail; подозрительно; external!",
)
# A label of such words has one of the marks.
LABEL_MARKS: Final = frozenset(
    split_folded(
        "external; ext; extern; externe; externer; externes; externo; externa; esterno; esterna; ekstern; eksternt",
        "externt; externí; externý; outside; untrusted; unverified; ulkoinen; külső; zewnętrzny; zewnętrzna; внешнее",
        "внешний; внешняя; зовнішній; harici; 外部; 社外; 외부; 외부에서; vanjski; външен; εξωτερικός; εξωτερικό",
    )
)
LABEL_WORDS: Final = LABEL_MARKS | frozenset(
    split_folded(
        "e; mail; email; mails; message; sender; origin; warning; caution; attention; notice; alert; use; exercise",
        "with; be; careful; from; this; is; an; the; of; organization; organisation; company; proceed; care",
        "suspected; spam; suspicious; achtung; vorsicht; absender; nachricht; courriel; expéditeur; prudence; correo",
        "remitente; mensaje; mittente; messaggio; remetente; mensagem; bericht; afzender; nadawca; wiadomość; письмо",
        "почта; avsändare; mejl; afsender; avsender; post; 메일; メール; 邮件",
    )
)
