"""Text that gateways, scanners and lawyers add to emails, for the measurement of what triage loses through it."""

# ruff: noqa: RUF001
# Letters of other scripts that look like Latin ones are meant.

from collections.abc import Mapping
from dataclasses import dataclass, replace

from workers.learning.examples import Example


@dataclass(frozen=True, slots=True)
class Addition:
    """Text around an email: before the subject, before the body and after the body."""

    subject: str = ""
    before: str = ""
    after: str = ""

    def on(self, example: Example) -> Example:
        """Return an email with the addition."""
        return replace(example, subject=self.subject + example.subject, body=self.before + example.body + self.after)


ADDITIONS: Mapping[str, Addition] = {
    "banner, English": Addition(
        before="CAUTION: This email originated from outside of the organization. Do not click links or open "
        "attachments unless you recognize the sender and know the content is safe. Never enter your password.\n\n"
    ),
    "banner, German": Addition(
        before="ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links und geben Sie "
        "keine Passwörter ein.\n\n"
    ),
    "banner, French": Addition(
        before="ATTENTION : ce courriel provient de l'extérieur de l'organisation. Ne cliquez pas sur les liens et "
        "n'ouvrez pas les pièces jointes si vous ne connaissez pas l'expéditeur.\n\n"
    ),
    "banner, Spanish": Addition(
        before="PRECAUCIÓN: Este correo proviene de fuera de la organización. No haga clic en enlaces ni abra archivos "
        "adjuntos si no conoce al remitente.\n\n"
    ),
    "banner, Italian": Addition(
        before="ATTENZIONE: Questa e-mail proviene dall'esterno dell'organizzazione. Non cliccare sui link e non "
        "aprire gli allegati.\n\n"
    ),
    "banner, Portuguese": Addition(
        before="ATENÇÃO: Este e-mail foi enviado por um remetente externo. Não clique em links nem abra anexos.\n\n"
    ),
    "banner, Dutch": Addition(
        before="LET OP: Deze e-mail is afkomstig van een externe afzender. Klik niet op links en open geen "
        "bijlagen.\n\n"
    ),
    "banner, Polish": Addition(
        before="UWAGA: Ta wiadomość pochodzi spoza organizacji. Nie klikaj linków i nie otwieraj załączników.\n\n"
    ),
    "banner, Swedish": Addition(
        before="VARNING: Detta e-postmeddelande kommer från en extern avsändare. Klicka inte på länkar och öppna inte "
        "bilagor.\n\n"
    ),
    "banner, Danish": Addition(
        before="ADVARSEL: Denne e-mail kommer fra en ekstern afsender. Klik ikke på links, og åbn ikke vedhæftede "
        "filer.\n\n"
    ),
    "tag [EXTERNAL]": Addition(subject="[EXTERNAL] "),
    "tag EXT:": Addition(subject="EXT: "),
    "Safe Links": Addition(
        after="\n\nhttps://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example%2Fpassword%2Freset"
        "&data=05%7C01%7Csupport%40help.example%7Cerror&sdata=invoice&reserved=0"
    ),
    "Proofpoint": Addition(
        after="\n\nhttps://urldefense.com/v3/__https://shop.example/login?invoice=7__;!!abc!password-refund-error$"
    ),
    "Mimecast": Addition(after="\n\nhttps://protect-eu.mimecast.com/s/PaymentLoginError?domain=shop.example"),
    "scanner": Addition(after="\n\nThis email has been scanned for viruses by Avast antivirus software."),
    "legal notice": Addition(
        after="\n\nThis e-mail and any attachments are confidential and intended only for the addressee. If you have "
        "received it in error, please notify the sender and delete it. Payment details sent by e-mail must be verified "
        "by telephone before any transfer."
    ),
    "tracking link": Addition(after="\n\n[https://track.example/open/password/invoice.gif?u=88]"),
    "safety tip of Microsoft": Addition(
        before="[You don't often get email from ann@customer.example. Learn why this is important at "
        "https://aka.ms/LearnAboutSenderIdentification ]\n\n"
    ),
    "safety tip, Japanese": Addition(
        before="ann@customer.example からのメールを受け取る頻度は高くありません。 これが重要である理由 "
        "<https://aka.ms/LearnAboutSenderIdentification>\n\n"
    ),
    "cells of a table": Addition(
        before="CAUTION\tExternal sender. Check the address, and take care with links, invoices and payment "
        "requests.\n\n"
    ),
    "button of a gateway": Addition(
        before="This is an external email. Allow sender <https://filter.example/payment> | Report "
        "<https://filter.example/error>\n\n"
    ),
    "own rule, English": Addition(
        before="IT Security: this e-mail does not come from a company mailbox. Check the address of the sender before "
        "you follow its links or share payment data.\n\n"
    ),
    "own rule, lower case": Addition(before="external email - be careful with links and files\n\n"),
    "own rule, between bars": Addition(
        before="-----------------------\nNote: message from outside the university. Never give out your password.\n"
        "-----------------------\n\n"
    ),
    "own rule, German": Addition(
        before="WARNUNG: Der Absender dieser Mail gehört nicht zum Unternehmen. Überprüfen Sie Rechnungen und "
        "Zahlungsaufforderungen telefonisch.\n\n"
    ),
    "own rule, French": Addition(
        before="[MESSAGE EXTERNE] Soyez vigilant : ne communiquez jamais votre mot de passe et vérifiez l'expéditeur "
        "avant tout paiement.\n\n"
    ),
    "own rule, Spanish": Addition(
        before="AVISO: Este mensaje se ha enviado desde el exterior de la empresa. No pulse en los enlaces ni "
        "facilite sus contraseñas.\n\n"
    ),
    "banner, Japanese": Addition(
        before="【注意】このメールは社外の差出人から送信されました。リンクや添付ファイルを開く前に送信者を確認し、パスワードを入力しないでください。\n\n"
    ),
    "banner, Russian": Addition(
        before="ВНИМАНИЕ: письмо получено от внешнего адресата. Не переходите по ссылкам, не вводите пароль и не "
        "оплачивайте счета.\n\n"
    ),
    "tags in a row": Addition(subject="[EXTERNAL] [SUSPICIOUS] Re: **EXT** "),
    "tag, Spanish": Addition(subject="[Correo Externo] "),
    "Proofpoint v2": Addition(
        after="\n\n"
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__shop.example_orders&d=DwMFaQ&c=payment&r=login&m=error"
    ),
    "Cisco": Addition(
        after="\n\nhttps://secure-web.cisco.com/1payment-login-error-password/https%3A%2F%2Fshop.example%2Forders"
    ),
    "Sophos": Addition(
        after="\n\n"
        "https://eu-west-1.protection.sophos.com?d=shop.example&u=aHR0cHM6Ly9zaG9wLmV4YW1wbGUv&t=payment&h=login-error"
    ),
    "scanner, Polish": Addition(
        after="\n\nTa wiadomość e-mail została sprawdzona pod kątem wirusów przez oprogramowanie AVAST."
    ),
    "scanner of a gateway": Addition(
        after="\n\nBarracuda Email Security Gateway has scanned this message for viruses and malicious content."
    ),
    "legal notice, German": Addition(
        after="\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind oder "
        "diese E-Mail irrtümlich erhalten haben, informieren Sie bitte den Absender und vernichten Sie diese "
        "Mail. Rechnungen und Zahlungsdaten sind nur in schriftlicher Form verbindlich."
    ),
    "legal notice, two languages": Addition(
        after="\n\nAVIS DE CONFIDENTIALITÉ / CONFIDENTIALITY NOTICE\nCe courriel est confidentiel et protégé. This "
        "e-mail is confidential and may be legally privileged. Unauthorized use of invoices, accounts or "
        "passwords in it is prohibited."
    ),
    "legal notice, Japanese": Addition(
        after="\n\n"
        "このメールには秘密情報が含まれている場合があります。誤って受信された場合は、お手数ですが送信者にご連絡の上、削除してくださいますようお願いいたします。請求や支払いの情報を第三者に開示することを禁じます。"
    ),
    "tracking pixel as text": Addition(after="\n\n[https://mailtrack.example/trace/refund-error.png?u=77]"),
}


# Of invented companies, in words that no phrase list has. Without learning each may cost more than a point.
UNKNOWN: Mapping[str, Addition] = {
    "Novaplex, top": Addition(
        before="Novaplex Shield let this pass after step 3 of 4. Password, invoice or payment asked for? Ring "
        "extension 4410 before you answer.\n\n"
    ),
    "Novaplex, end": Addition(
        after="\n\nPassed on by Novaplex Shield. A blocked account, a refund and a crashed program are "
        "favourite pretexts of fraud: our learning portal shows how to tell them.\n\nNovaplex Ltd, error and incident "
        "desk, open day and night for questions about refused payments and lost passwords"
    ),
    "Wolkentor, German top": Addition(
        before="Wolkentor hat diese Post durchgesehen. Geht es um Kennwort, Rechnung oder Zahlung, dann rufen "
        "Sie bitte zuerst die Leitstelle unter 0800 1234 an.\n\n"
    ),
    "Wolkentor, German end": Addition(
        after="\n\nDurchgesehen von der Poststelle Wolkentor. Anmeldung gesperrt, Absturz oder Fehler im Programm? Die "
        "Leitstelle hilft Tag und Nacht, auch bei Fragen zu Rechnungen und Erstattungen."
    ),
    "Brisemail, French end": Addition(
        after="\n\nCe pli est passé par Brisemail. Mot de passe perdu, facture inconnue, paiement refusé ou panne : le "
        "guichet numérique répond jour et nuit à vos questions de sécurité."
    ),
    "Brisemail, Spanish top": Addition(
        before="Brisemail revisó este envío. Si se le pide la contraseña, una factura o un pago, llame antes al "
        "mostrador digital, que atiende de día y de noche.\n"
    ),
    "Brisemail, Japanese end": Addition(
        after="\n\nこの通信はブリーズメールの検査所を通過しました。パスワード、請求書、支払いの依頼、エラーの連絡には、"
        "返信の前に必ず相談窓口へ電話で確認をお願いいたします。"
    ),
}
