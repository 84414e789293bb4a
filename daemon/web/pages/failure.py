"""The page for a request that never came to a page, such as one that is too large or one of too many."""

from collections.abc import Mapping

from fastapi import Request, Response

from config.settings import Settings
from daemon.web import problems
from daemon.web.pages.page import html_page
from daemon.web.problems import ProblemError


def answer(settings: Settings, request: Request, error: ProblemError) -> Response:
    """Return the answer to a request that has a problem: people get a page, programs get problem details."""
    path = request.scope["path"].removeprefix(settings.http.root_path)
    if _is_page(path) or _looks(request.method, request.headers):
        return response(settings, error)
    return problems.response(error)


def _is_page(path: str) -> bool:
    """Return whether a path is one that people look at in a browser."""
    return path == "/ui" or path.startswith("/ui/")


def _looks(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether somebody looks at an address in a browser; no program asks for XHTML."""
    return method == "GET" and "application/xhtml+xml" in headers.get("accept", "")


def response(settings: Settings, error: ProblemError) -> Response:
    """Return the answer for people; who is signed in is not known."""
    context: dict[str, object] = {
        "base": settings.http.root_path,
        "support": settings.support.name,
        "user": None,
        "said": "",
        "path": "",
        "ticket": "",
        "stranger": False,
        "text": f"{error.problem.title}: {error.detail}.",
        "form": {},
    }
    answer = html_page("error.html", error.problem.status, context)
    answer.headers.update(error.headers)
    return answer
