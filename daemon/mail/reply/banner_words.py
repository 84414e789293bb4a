"""Words of banners by what they speak of, in the languages of admins: where an email came from, what to do about it.

Alternatives of regular expressions on folded text; each begins a word unless its script has no spaces.
"""

# ruff: noqa: RUF001
# Letters of other scripts that look like Latin ones are meant.

from typing import Final

# The email came from somebody else than a colleague.
# "External" says it of an email or its sender; an external disk or link is a customer's.
_EXTERNAL_WHAT: Final = (
    r"e-?mail|mail|message|sender|source|address|party|organi|network|domain|origin|to\b|correspond|nachricht"
    r"|absender|quelle|adresse"
    r"|post\b|meddelande|mejl|avsändare|afsender|avsender|besked|bericht|afzender|bron|odes|kild|käll|e-post"
)
_WHAT_EXTERNAL: Final = (
    r"mail|message|courriel|expéditeur|source|adresse|personne|correo|mensaje|remitente|fuente|origen|mensagem"
    r"|origem"
    r"|mittente|messaggio|posta|fonte|indirizzo|expeditor|mesaj"
)
ORIGIN: Final = (
    rf"ext\b|(?:extern|ekstern)\w*(?=\W{{1,3}}(?:{_EXTERNAL_WHAT})|\W*$|\s?[^\w\s])"
    rf"|(?:{_WHAT_EXTERNAL})\W{{1,3}}e(?:x|s)tern"
    r"|extern[eao] (?:à|a|al|alla|ao)\b|(?:is|est|es|é|è|ist|von) extern|outside|internet|untrusted|unverified"
    r"|unknown|unfamiliar|stranger|non-\w|(?:did"
    r"|does|do"
    r"|is|was|has|have|could|can)(?: ?n[o'’]t| not) (?:\w+ )?(?:an employee|a colleague|originat|come|from|sent"
    r"|verif|authenticat)|außerhalb"
    r"|ausserhalb|unbekannt|nicht (?:zu|aus|von|bekannt)|dem unternehmen nicht|gefälscht|l'ext[ée]rieur"
    r"|ext[ée]rieure?s?\b|hors d|d'internet|inconnu|n'appartien|fuera de|exterior|ajen[oa] a|desconocid"
    r""
    r"|dall'estern|di fuori|non appart|sconosciut|da fuori|fora d[aoe]|desconhecid|buiten|niet van een"
    r"|onbekende? afz|spoza"
    r"|z zewn|zewn[ęe]trzn\w+ nadawc|(?:nadawc|wiadomo|mail)\w* zewn[ęe]trz|nieznan|utanför|utifrån|udefra|uden for"
    r"|utenfor|utenfra|внешн\w+ (?:письм|отправ|адрес|почт|сет|источ)|извне|за предел|неизвестн"
    r"|зовнішн|невідом|ulkopuol|ulkoi[ns]|külső|kívülről|mimo (?:organ|firm|spol|podnik)|dışından|dış kaynak|harici"
    r"|afara|εξωτερικ|εκτός|izvan|vanjsk|външ"
)
ORIGIN_INSIDE: Final = r"外部|社外|組織外|外网|외부|חיצוני|מחוץ|خارج"

# The email at hand, or its sender. A customer who reports of many writes of emails and senders.
MAIL: Final = (
    r"e-?mail\b|e mail\b|mail\b|message\b|sender\b|e-?mail[- ](?:is|was)\b|sent by\b|non-\w+ address|party\b"
    r"|external address\b|nachricht\b|absenders?\b|absendern?\b|post\b|courriel\b|m[ée]l\b|courrier\b"
    r"|exp[ée]diteur\b"
    r"|correo\b|mensaje\b|remitente\b|messaggio\b|mittente\b|posta\b|mensagem\b|remetente\b|bericht\b|afzender\b"
    r"|wiadomo[śs]ć\b|nadawc|mejlet\b|mejl\b|e-?post\b|e-postmeddelande|meddelandet?\b|avsändare|mailen\b|beskeden\b"
    r"|meddelelsen?\b|afsender|avsender|meldingen\b|письмо\b|сообщение\b|отправител|почта\b|адресат|лист\b"
    r"|повідомлення\b|відправник|zpráva\b|správa\b|odes[ií]latel|odosielate|viesti\b|sähköposti|lähettäj|üzenet"
    r"|feladó"
    r"|e-posta\b|ileti\b|mesaj|gönder|expeditor|μήνυμα|αποστολέα|poruka|pošiljatelj|писмо\b|съобщение\b|подател"
)
MAIL_INSIDE: Final = (
    r"メール|差出人|送信者|メッセージ|邮件|郵件|发件人|寄件|메일|발신|הודעה|דוא|השולח|رسالة|البريد|مرسل"
)

# What does harm when it is opened or given away.
RISK: Final = (
    r"links?\b|hyperlink|urls?\b|attach|files?\b|documents?\b|passwor|credential|log-?in (?:details|data|page)"
    r"|sign[- ]in|sensitive|personal (?:info|data)|card (?:numbers|data|details)|account data|bank data|bank details"
    r"|one-time code|access code|qr code|anh[aä]ng|anlage|dateien|kennw|zugangsdaten|anmeldedaten|liens?\b"
    r"|pi[èe]ces? jointe|fichier|mot de passe|identifiant|enlace|adjunto|archivo|contraseñ|credencial|datos de"
    r"|collegament|allegat|credenzial|dati di|anexo|ligaç|senha|palavra|bijlage|wachtwoord|linki?\b|za[łl][ąa]cznik"
    r"|has[łl]|loginu|länk|bilag|lösenord|vedhæft|adgangskode|lenke|vedlegg|passord|ссыл|вложен|парол|посилан"
    r"|вкладен"
    r"|odkaz|příloh|hesl|linkke|liitte|salasan|csatolm|jelsz|hivatkoz|bağlant|ekler|şifre|parola|ataşament|συνδέσμ"
    r"|συνημμέν|κωδικ|privit|lozink|poveznic|прикачен|връзк"
)
RISK_INSIDE: Final = (
    r"リンク|添付|パスワード|链接|連結|附件|密码|密碼|링크|첨부|비밀번호|קישור|קבצים|סיסמ|روابط|مرفقات|كلمة"
)
# What else a reader is told to look at.
MATTER: Final = (
    r"payment|invoice|gift card|domain|sender|instructions|bills?\b|anything in it|suspicious|phish|zahlungs"
    r"|rechnung"
    r"|absender|verdächtig|facture|virement|paiement|expéditeur|factura|pago|remitente|fattur|pagament|mittente"
    r"|fatura"
    r"|boleto|factu|betaling|afzender|faktur|nadawc|avsändar|betal|afsender|avsender|счет|отправител|відправник"
    r"|odesílatel|lähettäj|gönder"
)
MATTER_INSIDE: Final = r"請求書|送信者|发件人|발신"
# On what it depends.
CONDITION: Final = (
    r"before (?:you|click|open|follow|act)|unless|if you|when you|only (?:if|when)|prior to|bevor|nur wenn|falls"
    r"|avant d|antes de|prima di|voordat|zanim|innan|før du|прежде|než|mielőtt|înainte"
)

# Being careful, wherever it stands in a sentence.
CARE: Final = (
    r"harmful|dangerous|schädlich|gefährlich|dangereu|peligros|pericolos|be (?:very |extremely |particularly "
    r"|more )?(?:careful|cautious|wary|vigilant|alert)|(?:use|with|exercise|take"
    r"|extreme|proceed with) (?:great |extra |extreme )?(?:caution|care)\b|beware|watch out|stop and think"
    r"|stop,? look"
    r"|think (?:before|twice)|never ask|look out for|if in doubt|when in doubt|vorsicht (?:bei|vor|mit|beim)"
    r"|mit vorsicht|(?:seien|sei) sie|aufmerksam|im zweifel|soyez|faites (?:preuve|attention)|prudence avec"
    r"|attention aux|m[ée]fiez|extreme la|tenga (?:cuidado|precauc)|desconf[ií]e|con precauci|fare attenzione"
    r"|prestare attenzione|con cautela|diffid|tenha cuidado|cuidado com|wees|pas op|zachowaj|uważaj|ostrożn"
    r"|var försiktig|vær (?:forsigtig|forsiktig|opmærksom|oppmerksom)|будьте|осторожны|обережн|buďte|varovais"
    r"|dikkatli"
    r"|προσέχ|bądź"
)
CARE_INSIDE: Final = r"注意して|ご注意|謹慎|谨慎|주의|切勿|זהיר|احذر"

# How a sentence begins that tells the reader what to do.
COMMAND: Final = (
    r"(?:please |always |only |just |and |also |first )*(?:do not|don'?t|never|avoid|check|verify|inspect|confirm"
    r"|examine|treat|think|stop|hover|look (?:carefully|closely|at)|make sure|ensure|(?:only )?open|click|follow"
    r"|report|forward|handle|mind|if you|unless|before you|only|verify|double[- ]check|trust|refrain|contact|call"
    r"|exercise|use|take|be mindful|review)\b|(?:bitte|veuillez|merci de|por favor|si prega di|gelieve|proszę"
    r"|пожалуйста|prosím"
    r"|lütfen)\b|\w+en sie\b|(?:niemals|nie|keine)\b|(?:links|anh[äa]nge|anmeldedaten|passwörter|rechnungen"
    r"|zugangsdaten)\b.{0,60}\b(?:öffnen|behandeln|weitergeben|prüfen|(?:an)?klicken|melden|eingeben)\b|(?:ne |n'"
    r"|ne jamais)\w*|v[ée]rifie[zr]|[ée]vite[zr]|signale[zr]|cliquez|ouvrez|contr[ôo]le[zr]|(?:no|nunca) \w+"
    r"|compruebe"
    r"|verifique|revise|evite|confirme|informe|non \w+|verifica|controlla|evita|segnala|apri|(?:não|nunca) \w+"
    r"|confira"
    r"|desconfie|klik|open|controleer|verifieer|geef|deel|vertrouw|meld|nie \w+|sprawd[źz]|zweryfikuj|klicka|öppna"
    r"|kontrollera|lämna|klik|åbn|kontroll[eé]r|ikke \w+|åpne|(?:kun|bare) \w+|не \w+|\w+(?:йте|ите|ьте)\b"
    r"|ne\w{4,}te\b|ověř|neot|nekl|älä|älkää|tarkista|ne \w+|ellenőri|nu \w+|μην |ελέγξτε|\w+(?:mayın|meyin)\b"
)
COMMAND_INSIDE: Final = (
    r"ないで(?:くだ|下)さい|注意|谨慎|謹慎|勿|请不要|請不要|마세요|마십시오|주의|אין ל|אל ת|לא ל|لا ت|الرجاء"
    r"|tıklamay|açmay|doğrulay|paylaşmay"
)

# How a line announces such advice.
LABEL: Final = (
    r"caution|warning|attention|notice|note|alert|security (?:note|notice|alert)|external|reminder|achtung|vorsicht"
    r"|warnung|hinweis|extern|avertissement|prudence|precauci[óo]n|atenci[óo]n|aviso|attenzione|avviso|cuidado"
    r"|aten[çc][ãa]o|let op|opgelet|waarschuwing|uwaga|ostrzeżenie|obs|varning|advarsel|pas på|pozor|upozorn\w+"
    r"|varování|varoitus|huom\w*|figyelem|внимание|осторожно|предупреждение|увага|попередження|dikkat|uyarı|atenție"
    r"|προσοχή|oprez|注意|警告|警示|주의|경고|※"
)

# People speak of themselves, and of what the reader has; a banner knows neither.
OWN: Final = (
    r"my|me|mine|we|us|i'(?:m|ve|ll|d)|i (?:am|have|had|got|get|was|can|cannot|did|do|will|would|need|want|see|saw"
    r"|think|just|received|tried|still|paid)|ich|mir|mich|mein\w{0,2}|wir|je (?:n[e']|suis|vous|v\w+|souhaite|peux"
    r"|re[çc]ois|l\w?)|j'\w+|moi|mon|nous|yo|mi|mis|mio|mia|miei|io|ho|eu|meu|minha|ik|mij|mijn|wij|ons|says|said"
    r"|told"
    r"|asked|sagt|steht|dice|diz|zegt|pisze|пишет|mnie|mój|moj\w{1,2}|mam|jag|jeg|mig|min|mitt|mě|můj|moje|ben|benim"
    r"|bana|я|мне|меня|мой|моя|мою|моё|мои|нам|нас|мені|мене|мій|моя"
)
OWN_INSIDE: Final = r"私|僕|弊社|当方|我|제가|저희|우리|저는"
# Of the reader's things, those of a banner.
YOUR: Final = (
    r"(?:your|ihre?[nmrs]?|votre|vos|uw|jouw|su|sus|sua|suas|seu|seus|vostr\w|państwa|waszej|twoj\w+"
    r"|ваш\w{0,3}) (?!(?:it\b|organi|compan|network|institut|email security|passw|credential|log-?in (?:details"
    r"|data)"
    r"|personal|account (?:data|details)|help|service desk|security|computer|kennw|zugangs|anmelde|unternehmen"
    r"|daten\b"
    r"|mot|identifi|entreprise|donn|coordonn|contrase|clave|datos|empresa|credencial|credenzial|dati|aziend|senha"
    r"|dados|palavra|wachtw|gegevens|inlog|has|dan|парол|данн|организ|учетн|it-))\w"
)
# What a scanner did, and what it looked for.
SCAN: Final = (
    r"scanned|checked|(?:über|ge)prüft|untersucht|durchsucht|analys[ée]|vérifié|analiza|verificad"
    r"|controllat|escane|gecontroleerd|gescand|sprawdzon|przeskanowan|провер|перевірен|kontrollerad|skann|zkontrol"
    r"|tarand|tarkist|ellenőr|scanat|verificat|スキャン|チェック|検査|扫描|掃描|检查|검사"
)
THREAT: Final = (
    r"v[ií]rus|viren|malware|threat|malicious|schadsoftware|wirus|virů|вирус"
    r"|вірус|ウイルス|病毒|바이러스|szkodliw|злонамерен"
)
