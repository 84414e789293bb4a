"""What a rehearsal on the page of models counts as changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings
from daemon.cli.support.web_tools import HttpTools
from daemon.store import decisions
from daemon.store.store import Store
from daemon.vocabulary import DecidedBy
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.tickets_for_pages import DECIDED, accepted


def moved(case: Web, tmp_path: Path, phrase: str) -> list[tuple[str, str, str]]:
    settings = Settings(service={"state_dir": tmp_path})
    found = HttpTools(settings, case.store).rehearse(None, (phrase, "Login"), 10)
    assert found.tickets == 2
    return [(one.subject, one.category, one.new_category) for one in found.moved]


@pytest.mark.parametrize(("phrase", "expected"), [("opening", []), ("amount debited", ["Payment failed", "Sorted"])])
def test_a_rule_is_not_blamed_for_what_a_person_decided(
    store: Store, tmp_path: Path, phrase: str, expected: list[str]
) -> None:
    with web(store) as case:
        without_model = replace(DECIDED, category="General", team="MANUAL_REVIEW", confidence=0.0)
        accepted(case, mail(), without_model)
        accepted(case, mail(subject="Sorted"), without_model)
        by_person = replace(DECIDED, category="Technical", team="TECH_SUPPORT")
        case.store.write(
            lambda session: decisions.apply(session, 2, by_person, case.clock.now(), by=DecidedBy.PERSON, actor="ana")
        )
        assert sorted(subject for subject, _, _ in moved(case, tmp_path, phrase)) == expected
