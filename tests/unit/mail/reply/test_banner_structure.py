"""Banners that no phrase list has are found by their structure, and sentences of customers that resemble them stay."""

# ruff: noqa: RUF001
# Letters of other scripts that look like Latin ones are meant.

import pytest

from daemon.mail.reply.banner import without_gateway_text

QUESTION = "The parcel is still missing, and the payment page shows an error."
ANOTHER = "CAUTION: This email originated from outside of the organization. Do not click links or open attachments."
BANNERS = (
    (
        "[Some people who received this message don't often get email from ann@customer.example. Learn why this "
        "is important at https://aka.ms/LearnAboutSenderIdentification ]"
    ),
    (
        "Be careful with this message\nThe sender hasn't authenticated this message so Gmail can't verify that "
        "it actually came from them. Avoid clicking links, downloading attachments or replying with personal "
        "information."
    ),
    (
        "CAUTION: External Sender. This email was sent from outside your organisation via Barracuda. Verify "
        "requests for gift cards, bank details or passwords by phone."
    ),
    "**EXTERNAL MESSAGE** Stop, look and think before replying, clicking a link or opening an attachment.",
    (
        "**** This mail has been sent from an external source. Treat hyperlinks and attachments in this email "
        "with caution ****"
    ),
    "[FortiMail] External email: think twice prior to opening any file or following any URL.",
    (
        "Diese E-Mail kommt von außerhalb. Seien Sie bei Links, Anhängen und Zahlungsaufforderungen besonders "
        "aufmerksam."
    ),
    "EXTERNAL SENDER: Stop and think! Suspicious? Use the Phish Alert Button.",
    (
        "This email came from outside the company. If it looks suspicious, please report it with the Phish Alert "
        "button before clicking on anything."
    ),
    (
        "*************************************************************\n***  This email is from OUTSIDE the "
        "hospital. Be vigilant!  ***\n*************************************************************"
    ),
    (
        "-----------------------------------------\nNote: message from outside the university. Never give out "
        "your password.\n-----------------------------------------"
    ),
    "external email - be careful with links and files",
    "CAUTION",
    "EXTERN",
    "-- EXTERNAL EMAIL --",
    "[EXTERNAL EMAIL – USE CAUTION]",
    (
        "IT Security: this e-mail does not come from a company mailbox. Check the address of the sender before "
        "you follow its links or share payment data."
    ),
    ("Email from outside. Hover over links before you click, and forward doubtful emails to phishing@corp.example."),
    (
        "Reminder: The IT department will never ask for your password, PIN or payment details by email. This "
        "message came from the Internet."
    ),
    (
        "CAUTION:\nThis message was sent by someone outside the group.\nDo not follow its links or reply with "
        "account data unless you expected it."
    ),
    "This message did not originate from within Acme. Only open links or files if you were expecting them.",
    (
        "ACHTUNG! Diese Nachricht wurde von einer Adresse außerhalb der Stadtverwaltung gesendet. Bitte öffnen "
        "Sie Anhänge nur nach Prüfung und geben Sie niemals Zugangsdaten preis."
    ),
    "*** Externe Mail - Bitte Links und Anhänge mit Vorsicht behandeln ***",
    "externe mail! bitte keine links anklicken und keine passwörter eingeben",
    (
        "WARNUNG: Der Absender dieser Mail gehört nicht zum Unternehmen. Überprüfen Sie Rechnungen und "
        "Zahlungsaufforderungen telefonisch."
    ),
    (
        "[MESSAGE EXTERNE] Soyez vigilant : ne communiquez jamais votre mot de passe et vérifiez l'expéditeur "
        "avant tout paiement."
    ),
    (
        "Attention : cet e-mail a été envoyé par une personne extérieure à l'entreprise. Vérifiez les liens et "
        "les pièces jointes avant de les ouvrir."
    ),
    (
        "AVISO: Este mensaje se ha enviado desde el exterior de la empresa. No pulse en los enlaces ni facilite "
        "sus contraseñas si no reconoce al remitente."
    ),
    "*** CORREO EXTERNO *** Extreme la precaución con facturas, enlaces y archivos adjuntos.",
    (
        "Attenzione: il mittente di questa mail non appartiene all'azienda. Verificare i link e gli allegati "
        "prima di aprirli e non fornire mai la password."
    ),
    (
        "CUIDADO: esta mensagem teve origem fora da instituição. Não forneça a sua palavra-passe nem abra "
        "faturas inesperadas."
    ),
    "E-mail externo. Desconfie de links, boletos e pedidos de pagamento.",
    (
        "Waarschuwing: dit bericht komt niet van een collega. Klik alleen op links of bijlagen als u de afzender "
        "vertrouwt en geef nooit uw wachtwoord."
    ),
    "EXTERNE MAIL: wees alert op links, facturen en verzoeken tot betaling.",
    (
        "Uwaga! Wiadomość od nadawcy spoza firmy. Zachowaj ostrożność, nie podawaj hasła i nie otwieraj faktur, "
        "których się nie spodziewasz."
    ),
    "[ZEWNĘTRZNY] Sprawdź nadawcę, zanim klikniesz link lub zapłacisz fakturę.",
    "【注意】このメールは社外の差出人から送信されました。リンクや添付ファイルを開く前に送信者を確認し、パスワードを入力しないでください。",
    "※外部からのメールです。請求書やパスワードの要求には十分注意してください。",
    (
        "ВНИМАНИЕ: письмо получено от внешнего адресата. Не переходите по ссылкам, не вводите пароль и не "
        "оплачивайте счета без проверки отправителя."
    ),
    "Это письмо пришло из внешней сети. Будьте осторожны со ссылками и вложениями.",
    (
        "OBS! Mejlet kommer från någon utanför kommunen. Var försiktig med länkar och bilagor och lämna aldrig "
        "ut ditt lösenord."
    ),
    "POZOR: E-mail byl odeslán z adresy mimo firmu. Neklikejte na odkazy a nezadávejte heslo.",
    "DİKKAT: Bu e-posta kurum dışından gönderilmiştir. Bağlantılara tıklamayın, şifrenizi paylaşmayın.",
    "【外部邮件】请谨慎点击链接或打开附件，切勿透露密码。",
    "[외부메일] 외부에서 수신된 메일입니다. 링크 클릭 및 첨부파일 실행, 비밀번호 입력에 주의하세요.",
    (
        "** EXTERNAL ** Treat this message as untrusted. Avoid its attachments and hyperlinks when the author is "
        "a stranger to you."
    ),
    (
        "NOTICE: sent by a non-Fabrikam address. Look carefully at the domain, and never disclose login details "
        "or change bank data on request."
    ),
    (
        "This email originates from an Internet sender. Before you act on invoices or password requests, call "
        "the person on a known number."
    ),
    "Warning - outside mail\nOpen links and documents only when you are certain of the origin.",
    "[CAUTION: Non-UBC Email]",
    "Security note: unknown sender. Do not reveal passwords, one-time codes or card numbers.",
    "Hinweis: Der Absender ist dem Unternehmen nicht bekannt. Links bitte erst nach Rücksprache öffnen.",
    "AVERTISSEMENT : expéditeur inconnu de l'organisme. Méfiez-vous des liens et ne donnez aucun identifiant.",
    "PAS PÅ: Mailen kommer udefra. Åbn kun links og vedhæftede filer, hvis du kender afsenderen.",
    "HUOM! Viesti on tullut organisaation ulkopuolelta. Älä avaa linkkejä tai liitteitä äläkä anna salasanaasi.",
    "УВАГА! Лист надійшов із зовнішньої адреси. Не відкривайте вкладення та не вводьте пароль.",
)
NOTES = (
    "Barracuda Email Security Gateway has scanned this message for viruses, vandals and malicious content.",
    "Scanned by Sophos Email Protection. No threats were detected in this message.",
    "Diese Nachricht wurde von Hornetsecurity auf Schadsoftware und Spam untersucht.",
    (
        "__________ Information from ESET Mail Security, version of virus signature database 26114 (20221201) "
        "__________\n\nThe message was checked by ESET Mail Security.\nhttp://www.eset.com"
    ),
    "Это сообщение проверено на вирусы антивирусом Касперского. Угроз не обнаружено.",
    "Ta wiadomość e-mail została sprawdzona pod kątem wirusów przez oprogramowanie AVAST.",
    "Sender notified by Mailtrack <https://mailtrack.io?utm_source=gmail>",
    "Diese E-Mail wurde auf Viren und Spam überprüft.",
    "このメールはウイルスチェック済みです。",
    "[https://mailtrack.io/trace/mail/refund-error.png?u=77]",
    "![](https://t.sidekickopen.com/s3t/o/5/f18dQhb0S7payment-login.gif)",
)
CUSTOMERS = (
    "Warning about the sender of the parcel: it shows the wrong shop.",
    "External camera is not found, and the link to the driver is dead.",
    "External files cannot be attached in the form.",
    "External links, documents and attachments are stripped from replies.",
    "The external portal asks for a password twice, please check the login page.",
    "The link in the email from the external payment partner is dead, please check.",
    "Please verify that the external sender address is allowed.",
    "Please open the external link of the order, it shows the wrong product.",
    "Please do not share the password with the external partner, he left.",
    "An external company sent an invoice with a link. Please check the sender.",
    "Mail from an external partner bounces. Please check the attachment limit.",
    "The message from the external partner has an attachment that does not open. Please check.",
    "Message with attachment was rejected as external spam.",
    "Email with link was sent from outside, please block the sender.",
    "Achtung: Der externe Link in der Mail führt ins Leere. Bitte prüfen.",
    "Bitte prüfen Sie den externen Zugang, das Passwort geht nicht.",
    "Externe Mail mit Anhang kommt nicht durch. Bitte prüfen Sie den Filter.",
    "Attention : le lien externe dans le message est mort. Veuillez vérifier.",
    "Le message de l'expéditeur externe contient une pièce jointe illisible.",
    "El enlace externo del mensaje no abre. Por favor revise.",
    "O link externo no e-mail não abre. Por favor verifiquem.",
    "De externe link in de mail werkt niet. Controleer dit aub.",
    "Password reset mails go to the external address of a former colleague. Please stop that.",
    "Unknown sender, unknown invoice: is this from the shop?",
    "External hard disk: is it covered by the warranty?",
    "External sender column is missing in the report.",
    "Externe Tickets werden doppelt angelegt.",
    "Links in emails from an external sender are not clickable in the app.",
    "An external email address was added to the account by a stranger.",
    "Do not delete the account, the password mail has arrived meanwhile.",
    "Password is not accepted on the external login page.",
    "The login page warns about an external link.",
    "Caution: the new cap cracks when you screw it on too tight.",
    "Caution: your app charges the card twice if one presses Pay again.",
    "Warning, the download on the help page is broken.",
    "Attention : le lien de réinitialisation ne marche plus.",
    "Vorsicht, Ihre App bucht doppelt ab.",
    "Aviso: el enlace de pago no funciona.",
    "Atenção: o link de redefinição expirou de novo.",
    "Let op: de factuur klopt niet.",
    "Uwaga, link do hasła nie działa.",
    "注意：支払いが二重になっています。",
    "POZOR: faktura je špatně.",
    "External monitor stays black after the update.",
    "External sender addresses are rejected by your form.",
    "Externe Nutzer können sich nicht anmelden.",
    "L'écran externe reste noir.",
    "El disco externo no aparece.",
    "O disco externo não aparece.",
    "I got an external email that asked for my password.",
    "I got a message from outside your company that asked me to click a link, is it from you?",
    (
        "I received an email that says do not open attachments unless you recognize the sender, and your invoice "
        "was attached."
    ),
    "My mail program shows a banner that this email originated from outside of the organization when you write.",
    'Your emails arrive with the words "external sender" and my boss deletes them.',
    "An email from an external sender asked for my login. Is it yours?",
    "A phishing email in your name is going around. Do not click on it, you should tell customers.",
    "This email asks me to click a link and enter my password. Is that you?",
    "This message came from outside, not from your domain, and wants money.",
    "The sender of your invoice could not be verified, says my bank.",
    "The sender is not the shop, so the invoice must be fake.",
    "The attachments of your last email cannot be opened.",
    "Attachments will not open on the phone.",
    "Do not click twice on Pay, it charges twice. That is what your page says, and it happened.",
    "Do not open the new version, it deletes the photos.",
    "Do not send the parcel, the order is cancelled.",
    "Please verify the sender address of the parcel, it is the old one.",
    "Please be careful with the new address, the street name has two s.",
    "Report this email as spam is what the button does, but nothing happens.",
    "Stop! The order was a mistake.",
    "Suspicious charge of 49 euros on the card.",
    "Unverified sender is shown above all of your invoices.",
    "Spam folder has all of your invoices.",
    "Scanned the invoice as you asked, the upload fails.",
    "The scanner app is broken.",
    "First time buyer here, how does payment work?",
    "You do not often answer emails, do you?",
    "You have not previously charged for shipping.",
    "Secure code does not arrive.",
    "This is confidential, please: another customer's invoice is in my account.",
    "If the sender is unknown, the app deletes the message, and so the reset mail was lost.",
    "If you do not know the sender, the parcel goes back, said the driver.",
    "Unless you recognise the voucher, the order cannot be paid.",
    "Outside your organisation nobody can open the shared folder.",
    "From an external network, the login page stays blank.",
    "Von außerhalb der Firma komme ich nicht auf das Portal.",
    "Von extern ist das Portal nicht erreichbar.",
    "Depuis l'extérieur du bureau, la connexion échoue.",
    "Da fuori sede il portale non si apre.",
    "Извне портал не открывается.",
    "外部ディスクが認識されません。",
    "Klicken auf Bezahlen bewirkt nichts.",
    "Öffnen Sie keine neue Sendung, das Paket ist verloren.",
    "Bitte prüfen Sie die Rechnung, der Absender stimmt nicht.",
    "Keine Links in der Mail funktionieren.",
    "Cliquez vous-même sur le lien, il est mort.",
    "Non aprite un altro ticket, rispondete a questo.",
    "Não clique duas vezes, diz a tela, mas cobra duas.",
    "Nie otwieraj nowego zgłoszenia, zamknij stare.",
    "Не нажимается кнопка оплаты.",
    "このメールのリンクを押すとエラーになります。",
    "Warning: do not click the link in your own newsletter, it leads to a page full of viruses.",
    "Caution, do not open the attachment of your invoice mail, my scanner finds a virus in it.",
    "Caution: the email about the refund came from an external address and asks for card data, please check.",
    "Attention: an external email in the name of your shop asks customers for their password.",
    "Achtung: Eine externe Mail in Ihrem Namen fragt Kunden nach dem Passwort.",
    "Achtung, jemand verschickt von extern Mails mit Links in Ihrem Namen.",
    "Attention : un courriel externe demande le mot de passe au nom de votre boutique.",
    "Atención: un correo externo pide la contraseña en nombre de su tienda.",
    "Atenção: um e-mail externo pede a senha em nome da loja de vocês.",
    "Let op: een externe mail vraagt in uw naam om wachtwoorden.",
    "Внимание: внешнее письмо от вашего имени просит пароль.",
    'Banner "do not click links" appears above all your invoices.',
    'The warning "This message is from an external sender" is shown above your newsletter.',
    'The gateway blocks your invoice with "Caution: external email".',
    "Our mail filter marks your invoices as [EXTERNAL] and quarantines them.",
    "Phishing attempt with your logo, see below.",
    "Phishing: an email asks for the PIN.",
    "Phishing mail received, please take the page down.",
    "Fake invoice from an unknown sender with your logo.",
    "Someone from outside has logged in to the account.",
    "Password emails come from an unknown sender.",
    "CAUTION: HOT is printed on the lid, but it is cold coffee.",
    "Warning! Battery low. That is all the device shows.",
    "Alert: card declined. What now?",
    "Bulk order of 200 pieces, what is the price?",
    "Checked by two technicians, the router still fails.",
    "The sender's bank refused the transfer.",
    "The sender name on the card is wrong.",
    "Sender address cannot be changed in the shipping form.",
    "Message says the account is blocked.",
    "E-Mail mit dem Link kommt nicht an.",
    "Correo de confirmación no llega.",
    "Bericht over betaling komt niet aan.",
    "Careful: the link on page 3 of the manual is dead.",
    "Caution is advised with the new driver, it deletes presets.",
    "External invoices can no longer be imported.",
    "Externe Rechnungen lassen sich nicht importieren.",
    "Les utilisateurs externes ne reçoivent pas le lien.",
    "Los usuarios externos no pueden abrir los archivos.",
    "Gli utenti esterni non vedono gli allegati.",
    "Usuários externos não conseguem abrir os anexos.",
    "Внешние пользователи не могут открыть вложения.",
    "Do not click Save before the photo is loaded, otherwise everything is lost; please mend this.",
    "Never open two tickets, says the help page, but one is not answered.",
    "Only open orders are shown, the paid ones are missing.",
    "Only click works, tapping does not.",
    "Attachments from external senders are removed by your portal.",
    "Attachments from unknown senders crash the app.",
)


@pytest.mark.parametrize("banner", BANNERS)
@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_a_banner_above_the_words_of_a_customer_is_not_read(banner: str, gap: str) -> None:
    assert without_gateway_text(f"{banner}{gap}Hello, {QUESTION}\n\n{QUESTION}") == f"Hello, {QUESTION}\n\n{QUESTION}"


@pytest.mark.parametrize("note", NOTES)
def test_the_note_of_a_scanner_below_the_words_of_a_customer_is_not_read(note: str) -> None:
    assert without_gateway_text(f"{QUESTION}\n\nKind regards\nAnn\n\n{note}") == f"{QUESTION}\n\nKind regards\nAnn"


@pytest.mark.parametrize("said", CUSTOMERS)
@pytest.mark.parametrize("form", ["{said}", "{said}\n\n{more}", "{said}\n{more}", "{said} {more}", "{more}\n\n{said}"])
def test_what_a_customer_writes_is_read(said: str, form: str) -> None:
    text = form.format(said=said, more=QUESTION)
    assert without_gateway_text(text) == text


@pytest.mark.parametrize("said", CUSTOMERS)
@pytest.mark.parametrize("above", [f"{ANOTHER}\n\n", "EXTERNAL EMAIL\n", "[EXTERNAL]\n"])
def test_what_a_customer_writes_below_a_banner_is_read(said: str, above: str) -> None:
    assert without_gateway_text(f"{above}{said}\n\n{QUESTION}") == f"{said}\n\n{QUESTION}"


@pytest.mark.parametrize("banner", BANNERS[:20])
def test_a_banner_above_a_long_letter_without_a_gap_is_not_read(banner: str) -> None:
    letter = f"Hello, {QUESTION} " + "It was paid on Monday. " * 40
    assert without_gateway_text(f"{banner}\n{letter}") == letter.strip()


def test_words_in_lower_case_below_a_label_are_read() -> None:
    assert without_gateway_text("EXTERNAL EMAIL\nlinks do not open in the app") == "links do not open in the app"
