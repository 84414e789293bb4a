"""Whatever is sent, the answer is one of those in docs/openapi.json, and without a token it is 401.

The requests are made from the document: right ones, and ones that are wrong in one place. `make api-test` makes more.
"""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from daemon.store.engine import make_engine
from daemon.store.maintenance import schema
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.web.api import events
from daemon.web.documents import WRITTEN
from daemon.web.tools import ModelsError
from tests.support.emails import inbound, mail
from tests.support.http import Web, web
from tests.support.web_tools import FakeTools
from workers.webhooks.publisher import Publisher

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is for development: make api-test installs it")

from schemathesis.checks import CHECKS, load_all_checks  # noqa: E402 - only where it is installed

load_all_checks()
DOCUMENT: dict[str, Any] = json.loads(WRITTEN.read_text("utf-8"))
# The token is ours to set: no request is made with another one by chance.
for _methods in DOCUMENT["paths"].values():
    for _operation in _methods.values():
        del _operation["security"]
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
# What a document cannot say is no fault: a team that is not configured, a ticket that is not there.
ANSWERS = CHECKS.get_by_names(
    [
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_headers_conformance", "response_schema_conformance"),
    ]
)
REFUSALS = CHECKS.get_by_names(["negative_data_rejection"])
REFUSED = {"checks": {"negative_data_rejection": {"expected-statuses": [400, 404, 413, 415, 422]}}}
# Ids and names of what the store has, for the paths.
STORED = {
    "ticket": "1",
    "mail": "1",
    "job": "1",
    "delivery": "1",
    "attachment": "1",
    "answer": "1",
    "version": "one",
    "webhook": "shop",
}
EXAMPLES = int(os.environ.get("EXAMPLES", "10"))
URL = "http://localhost"

bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
each_operation = pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
# A request without parameters and body cannot be wrong.
with_input = pytest.mark.parametrize(
    ("method", "path"),
    [(m, p) for m, p in OPERATIONS if {"parameters", "requestBody"} & DOCUMENT["paths"][p][m.lower()].keys()],
)


class Tools(FakeTools):
    """Two models, and no model before them."""

    def promote(self, version: str | None) -> str:
        if version is None:
            raise ModelsError("there is no previous model")
        return version


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The application on a store with one of everything."""
    # A stream of events ends at once.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "STREAM_SECONDS", 0.0)
        yield from filled(tmp_path_factory)


def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'triaged.db'}"
    engine = make_engine(url)
    schema.upgrade(engine)
    engine.dispose()
    store = Store(url)
    try:
        with web(store, tools=Tools(), http={"token_requests_per_minute": 1_000_000}) as found:
            fill(found)
            yield found
    finally:
        store.close()


def fill(case: Web) -> None:
    webhook = {"name": "shop", "url": "https://shop.example/hooks"}
    assert case.client.post("/webhooks", json=webhook).status_code == 201
    case.opened(email="ana@example.com", name="Ana")
    Publisher(case.store, case.clock, timedelta(days=30)).publish()
    case.client.post("/tickets/1/reply", json={"text": "Done."})
    case.client.post("/tickets/1/notes", json={"text": "Really."})
    case.intake.accept(inbound(b"Auto-Submitted: auto-replied\r\n" + mail()))

    def kill(session: Any) -> None:
        session.get(Job, 1).state = "dead"

    case.store.write(kill)


def requests(case: Web, method: str, path: str, mode: Any) -> "st.SearchStrategy[Any]":
    api = schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config.from_dict(REFUSED))
    api.app = case.app
    return api[path][method].as_strategy(generation_mode=mode)


def call(request: Any, token: str | None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request.headers = {k: v for k, v in (request.headers or {}).items() if k.lower() not in {"authorization", "host"}}
    return request.call(base_url=URL, headers=headers)


@each_operation
def test_every_answer_to_a_right_request_is_documented(method: str, path: str, case: Web) -> None:
    wanted = requests(case, method, path, schemathesis.GenerationMode.POSITIVE)

    @bounded
    @given(wanted, st.booleans())
    def check(request: Any, stored: bool) -> None:
        if stored and request.path_parameters:
            request.path_parameters = {name: STORED[name] for name in request.path_parameters}
        request.validate_response(call(request, case.token), checks=ANSWERS)

    check()


@with_input
def test_a_wrong_request_is_refused_as_documented(method: str, path: str, case: Web) -> None:
    wanted = requests(case, method, path, schemathesis.GenerationMode.NEGATIVE)

    @bounded
    @given(wanted)
    def check(request: Any) -> None:
        request.validate_response(call(request, case.token), checks=[*ANSWERS, *REFUSALS])

    check()


@each_operation
def test_nothing_is_answered_without_authentication(method: str, path: str, case: Web) -> None:
    wanted = requests(case, method, path, schemathesis.GenerationMode.POSITIVE)

    @bounded
    @given(wanted, st.sampled_from([None, "triaged_" + "x" * 43, case.token[:-1]]))
    def check(request: Any, token: str | None) -> None:
        answer = call(request, token)
        assert answer.status_code == 401
        request.validate_response(answer, checks=ANSWERS)

    check()
