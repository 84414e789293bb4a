"""Print what triage loses through text that gateways, scanners and lawyers add; `--gate` fails above one point.

usage: python -m tests.scores.boilerplate [--gate]

The model learns from our examples without three voices and is measured on the emails of these voices, with and without
each addition. Banners and footers that no phrase list knows are measured once they were learned from other emails.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from daemon.tickets.boilerplate import LEARNED_DOMAINS
from workers.learning import training
from workers.learning.examples import Example, read_files
from workers.learning.metrics import measure
from workers.learning.trainer import shipped_examples, shipped_lexicon
from workers.triage.classifier import Model

LEFT_OUT = frozenset(("phone-lowercase", "polite-long", "angry-short"))
MOST_LOST = 0.01
# Emails of other voices from which an unknown addition is learned.
TAUGHT = 40


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


def learned(addition: Addition, examples: Sequence[Example]) -> frozenset[str]:
    """Return what is learned from emails with an addition, each of a domain of its own."""
    seen: Counter[str] = Counter()
    for example in examples:
        seen.update(block.digest for block in addition.on(example).case.blocks)
    return frozenset(digest for digest, domains in seen.items() if domains >= LEARNED_DOMAINS)


def accuracy(model: Model, examples: Sequence[Example]) -> float:
    """Return the share of right categories."""
    chances = model.predict_many([example.case for example in examples])
    return measure(training.answers([e.category for e in examples], model.category.labels, chances)).accuracy


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 where more than one point is lost")
    options = parser.parse_args()
    corpus = read_files(shipped_examples())
    kept = [example for example in corpus if example.voice not in LEFT_OUT]
    model = training.train(kept, shipped_lexicon(), datetime.now(UTC))[0]
    tested = [example for example in corpus if example.voice in LEFT_OUT]
    plain = accuracy(model, tested)
    print(f"without an addition    {plain:.3f} of {len(tested)}")
    lost = {name: plain - accuracy(model, list(map(addition.on, tested))) for name, addition in ADDITIONS.items()}
    taught = kept[:TAUGHT]
    wrong = learned(Addition(), [*kept, *tested])
    print(f"blocks of the emails themselves that were learned: {len(wrong)}")
    for name, addition in UNKNOWN.items():
        known = learned(addition, taught)
        added = [addition.on(example) for example in tested]
        lost[name] = plain - accuracy(model, [replace(example, boilerplate=known) for example in added])
        print(f"{name:22s} loses {100 * (plain - accuracy(model, added)):5.2f} points before it is learned")
    for name, points in lost.items():
        print(f"{name:22s} loses {100 * points:5.2f} points{'   DROPPED' if points > MOST_LOST else ''}")
    return int(options.gate and (max(lost.values()) > MOST_LOST or bool(wrong)))


if __name__ == "__main__":
    sys.exit(main())
