"""A ticket has the language of its customer, whatever a gateway and a lawyer write around the email."""

import pytest
from sqlalchemy import select

from daemon.store.models import Ticket
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.pipeline import Pipeline

ENGLISH = (
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless "
    "you recognize the sender and know the content is safe.\n\n"
)
GERMAN = (
    "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links und geben Sie keine "
    "Passwörter ein, wenn Sie den Absender nicht kennen.\n\n"
)
NOTICE = (
    "\n\nCe message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de leurs "
    "destinataires. Si vous recevez ce message par erreur, merci de le détruire et d'en avertir l'expéditeur."
)


@pytest.mark.parametrize(
    ("before", "said", "after", "language"),
    [
        (ENGLISH, "Guten Tag,\n\nich kann die Rechnung nicht öffnen.\n\nViele Grüße\nAnn", NOTICE, "de"),
        (GERMAN, "Hello,\n\nI cannot open the invoice of this month.\n\nKind regards\nAnn", "", "en"),
        (GERMAN, "", "", ""),
    ],
)
def test_additions_do_not_choose_the_language(
    sqlite_store: Store, before: str, said: str, after: str, language: str
) -> None:
    pipeline = Pipeline(sqlite_store, 0)
    pipeline.accept(mail(subject="", body=before + said + after))
    pipeline.work()
    with sqlite_store.read() as session:
        assert session.execute(select(Ticket.language)).scalar_one() == language
