"""Words on pages stand apart, also where only a style shows them apart: a screen reader reads the text."""

import re
from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, send, signed_in, text_of
from tests.support.tickets_for_pages import UNSURE, accepted
from tests.support.web_tools import FakeTools

TOUCHING = re.compile(r"\w</(?:a|b|span|time|bdi)><(?:a|b|span|time|bdi)\b[^>]*>\w")
PATHS = ("/ui?status=ALL", "/ui/mail", "/ui/mail/1", "/ui/review", "/ui/insight", "/ui/models", "/ui/health")


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    rule = {"name": "lost", "category": "Payments", "priority": "High", "phrases": ["money lost"]}
    with web(store, tools=FakeTools(), **SETTINGS, rules=[rule]) as found:
        yield found


def test_no_word_touches_the_next_one(case: Web) -> None:
    reference, client = accepted(case, mail()), signed_in(case, MEMBER)
    accepted(case, mail(subject="Unsure"), UNSURE)
    send(client, f"/ui/tickets/{reference}/write", text="We look at it", kind="reply")
    send(client, f"/ui/tickets/{reference}/act", action="take")
    for path in (*PATHS, f"/ui/tickets/{reference}", f"/ui/tickets/{reference}/trace"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert TOUCHING.findall(answer.text) == [], path


def test_a_rule_reads_as_a_sentence(case: Web) -> None:
    shown = text_of(signed_in(case, MEMBER).get("/ui/models"))
    assert "decides Payments, with priority High or higher" in shown


def test_a_decision_of_triage_is_in_the_history(case: Web) -> None:
    reference, client = accepted(case, mail()), signed_in(case, MEMBER)
    shown = text_of(client.get(f"/ui/tickets/{reference}"))
    assert "UTC opened" in shown
    assert "UTC triaged: Payments, to PAYMENTS_TEAM" in shown
