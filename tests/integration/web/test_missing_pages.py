"""What is not there, or not offered, is a page in a browser and problem details in a program."""

import pytest

from daemon.store.store import Store
from tests.support.http import Web, problem, web
from tests.support.pages import MEMBER, SETTINGS, signed_in

# As browsers send it when somebody follows a link; the second is the default of Java.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


def get(case: Web, path: str, accept: str) -> tuple[int, str]:
    answer = signed_in(case, MEMBER).get(path, headers={"Accept": accept})
    return answer.status_code, answer.headers["content-type"].partition(";")[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/ui/files/none.css", 404), ("/ui/none", 404), ("/docs/files/none.js", 404), ("/docs/none", 404), ("/none", 401)],
)
def test_somebody_who_looks_gets_a_page(path: str, status: int, sqlite_store: Store) -> None:
    with web(sqlite_store, **SETTINGS) as case:
        assert get(case, path, BROWSER) == (status, "text/html")


@pytest.mark.parametrize("path", ["/docs/files/none.js", "/none", "/tickets"])
@pytest.mark.parametrize("accept", [JAVA, "*/*", "application/json"])
def test_a_program_gets_problem_details(path: str, accept: str, sqlite_store: Store) -> None:
    with web(sqlite_store, **SETTINGS) as case:
        assert get(case, path, accept)[1] == "application/problem+json"


def test_a_wrong_method_on_a_page_is_a_page(sqlite_store: Store) -> None:
    with web(sqlite_store, **SETTINGS) as case:
        answer = signed_in(case, MEMBER).request("PUT", "/ui/mail")
        assert (answer.status_code, answer.headers["content-type"]) == (405, "text/html; charset=utf-8")
        assert answer.headers["allow"]


def test_a_ticket_that_is_not_there_is_a_problem_for_a_program(sqlite_store: Store) -> None:
    with web(sqlite_store) as case:
        assert problem(case.client.get("/tickets/99")) == (404, "not-found")
