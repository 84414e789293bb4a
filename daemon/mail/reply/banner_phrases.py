"""Phrases of the texts that mail gateways write into every email, in the languages of their admins."""

from typing import Final

from daemon.mail.text.line import split_folded

# Where the email came from, in the words of gateways.
OUTSIDE: Final = split_folded(
    "originated from outside; originated outside; originates from outside; comes from outside; came from outside",
    "sent from outside; received from outside; from an external; from external; external sender; external email",
    "external e-mail; external message; external mail; external source; outside of the organi; outside the organi",
    "outside your organi; outside of your organi; outside our organi; outside of our organi; outside of the company",
    "outside the company; outside of our; outside our company; outside our network; sender is not verified",
    "sender is outside; could not verify the identity of the sender; cannot verify the sender",
    "do not often get email from; don't often get email from; first time you received an email from",
    "externer absender; externe e-mail; externe mail; externen absender; von außerhalb; von extern",
    "außerhalb der organisation; außerhalb ihrer organisation; außerhalb unserer; provient de l'extérieur",
    "provient d'un expéditeur externe; expéditeur externe; externe à l'organisation; externe à votre organisation",
    "courriel externe; extérieur de l'organisation; remitente externo; correo externo; fuera de la organización",
    "fuera de su organización; mittente esterno; e-mail esterna; dall'esterno; esterno all'organizzazione",
    "externe afzender; buiten de organisatie; buiten uw organisatie; remetente externo; fora da organização",
    "e-mail externo; spoza organizacji; od nadawcy zewnętrznego; extern avsändare; utanför organisationen",
    "ekstern afsender; uden for organisationen; ekstern avsender; utenfor organisasjonen; untrusted sender",
    "not previously corresponded; outside your company; outside your network; externen quelle; externem absender",
    "externe quelle; externe nachricht; externer email; außerhalb des unternehmens; expéditeur extérieur",
    "expéditeur est externe; message externe; source externe; en dehors de l'organisation; hors de l'organisation",
    "extérieur à l'organisation; originó fuera; procede de fuera; viene de fuera; mensaje externo; origen externo",
    "proviene dall'esterno; messaggio esterno; fonte esterna; di fuori dell'organizzazione; externe bron",
    "extern bericht; van buiten; remetente de fora; origem externa; mensagem externa; fora da empresa",
    "zewnętrznej organizacji; z zewnątrz; zewnętrzny nadawca; wiadomość zewnętrzna; extern källa; utanför företaget",
    "eksternt; uden for virksomheden; utenfor bedriften; mimo organizaci; externího odesílatele; mimo organizácie",
    "externého odosielateľa; organisaation ulkopuolelta; ulkoinen lähettäjä; ulkopuoliselta; ulkoiselta lähettäjältä",
    "szervezeten kívülről; külső feladó; külső forrásból; afara organizației; expeditor extern; sursă externă",
    "izvan organizacije; vanjskog pošiljatelja; внешним отправителем; внешнего отправителя; извне",
    "внешний отправитель; за пределами организации; внешнее письмо; зовнішнього відправника; зовнішній відправник",
    "з-за меж організації; външен подател; извън организацията; εξωτερικό αποστολέα; εξωτερικός αποστολέας",
    "εκτός του οργανισμού; εκτός οργανισμού; kuruluş d\u0131ş\u0131ndan; şirket d\u0131ş\u0131ndan",
    "harici bir gönderici; d\u0131ş kaynak; harici gönderen; 組織外; 社外から; 社外の; 外部から送信; 外部送信者",
    "外部の送信者; 组织外部; 外部发件人; 外部邮件; 公司外部; 組織外部; 外部寄件者; 외부에서; 외부 발신자; 외부 메일",
    "조직 외부; מחוץ לארגון; שולח חיצוני; من خارج المؤسسة; خارج المنظمة; مرسل خارجي; kurum d\u0131ş\u0131ndan",
)
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
ANNOUNCED: Final = split_folded(
    "caution; warning; attention; external; notice; achtung; vorsicht; extern; alert; uwaga; varning; advarsel",
    "hinweis; let op; opgelet; precaución; atención; aviso; attenzione; avviso; cuidado; atenção; avertissement",
    "prudence; upozornění; varování; pozor; upozornenie; varoitus; huomio; figyelem; figyelmeztetés; atenție",
    "avertisment; внимание; предупреждение; увага; попередження; προσοχη; προσοχή; dikkat; uyar\u0131; 注意; 警告",
    "警示; 주의; 경고; oprez; upozorenje; אזהרה; זהירות; תשומת לב; تنبيه; تحذير",
)

# What to do about it.
ADVICE: Final = split_folded(
    "do not click; don't click; do not open; don't open; links or attachments; links and attachments",
    "open attachments; opening attachments; clicking links; clicking on links; click on links; recognize the sender",
    "recognise the sender; know the content is safe; use caution; exercise caution; exercise extreme caution",
    "be cautious; caution when; think before you click; do not enter your; do not provide; verify the sender",
    "report suspicious; report this email as; learn why this is important; treat with caution; trust the sender",
    "klicken sie nicht; klicken sie nur; keine links; öffnen sie keine; anhänge nur; seien sie vorsichtig",
    "ne cliquez pas; n'ouvrez pas; soyez prudent; no haga clic; no abra; tenga cuidado; non cliccare; non aprire",
    "prestare attenzione; klik niet; open geen; wees voorzichtig; não clique; não abra; tenha cuidado",
    "never enter your; never share your; never provide your; never give your; do not share your; do not reply with",
    "niemals ihr passwort; keine passwörter; ne communiquez pas; ne saisissez pas; nie klikaj; nie otwieraj",
    "klicka inte; öppna inte; klik ikke; åbn ikke; ikke klikk; ikke åpne; click on any links; open any attachments",
    "before opening links; before opening attachments; before clicking; consider carefully whether",
    "think twice before; vermeiden sie es; warum dies wichtig; prüfen sie den absender; pourquoi cela est important",
    "pourquoi c'est important; por qué es importante; por qué esto es importante; por qué es esto importante",
    "scopri perché; perché è importante; waarom dit belangrijk is; por que isso é importante; dlaczego jest to ważne",
    "nie otwierać; nie klikać; varför det här är viktigt; hvorfor dette er vigtigt; hvorfor dette er viktig",
    "neklikejte; neotevírejte; neotvárajte; älä avaa; älä klikkaa; älkää avatko; älkää; ne kattintson; ne nyissa",
    "nu accesați; nu deschideți; nu faceți clic; ne otvarajte; ne klikajte; не переходите; не открывайте",
    "не нажимайте; не відкривайте; не натискайте; не отваряйте; μην κάνετε κλικ; μην ανοίγετε; t\u0131klamay\u0131n",
    "açmay\u0131n; 添付ファイルを開; 添付ファイルやリンク; ご注意ください; 请勿点击; 請勿點選; 請勿按; 不要点击",
    "请勿打开; 클릭하거나; 클릭하지; 열지 마; 주의하; אין ללחוץ; אל תלחץ; לא ללחוץ; لا تنقر; لا تفتح",
    "ne cliquez sur aucun; n'ouvrez aucun; vorsicht beim öffnen; öffnen sie anhänge; when in doubt; if in doubt",
    "trick victims into clicking; clickable urls may have been modified; powered by inky",
)
# A note of a scanner, at the end or the beginning.
SCANNED: Final = split_folded(
    "scanned for virus; scanned for malware; scanned for spam; scanned by; been checked for viruses",
    "was checked for viruses; virus-free.; no virus found; no viruses found; free of viruses; found to be clean",
    "is believed to be clean; protected by mimecast; delivered by mimecast; email security.cloud; messagelabs",
    "mailscanner; auf viren geprüft; virenfrei; keine viren; analysé par; vérifié par l'antivirus; sin virus",
    "senza virus; без вирусов; been checked by; to report this email as spam; to report this message as spam",
)
# How such a note begins; a customer may write about a scan in the middle of a sentence.
NOTES: Final = split_folded(
    "e-mail; email; mail; message; the message; incoming mail; outgoing mail; information from; click here; garanti",
    "l'absence; dieses e-mail; this; diese; ce; cet; este; questa; questo; deze; dit; это; disclaimer; nachricht",
)
# Letters and blanks only.
LABELS: Final = split_folded(
    "extern e mail; externe e mail; external e mail; ext e mail; external email use caution; externer absender",
    "expéditeur externe; remitente externo; mittente esterno; remetente externo; correo externo; email externo",
    "e mail externo; email esterna; externí; externý; ekstern; eksternt; ulkoinen; külső; zewnętrzny; zewnętrzna",
    "внешнее; внешний; внешнее письмо; внешняя почта; зовнішній; harici; 外部; 外部邮件; 外部郵件; 外部メール; 社外",
    "社外メール; 외부; 외부메일; 외부 메일; disarmed; spam high; spam low; spam medium; warning virus detected",
    "warning attachment unscanned; warning message encrypted; caution message contains suspicious url content",
    "caution message contains redirect url content; warning unscannable extraction failed",
    "external; external email; external e-mail; external sender; external mail; external message; ext; ext mail",
    "extern; externe; externe e-mail; externe mail; externo; esterno; external!; caution; warning; caution external",
    "caution external email; warning external; warning external email; attention external; outside sender; spam",
    "spam?; suspected spam; possible spam; probable spam; potential spam; bulk; marketing; suspicious",
    "suspicious email; unverified sender; phishing?; virus scanned; checked; encrypted; secure; not virus scanned",
)
