"""The page for a request that never came to a page, such as one that is too large or one of too many."""

from fastapi import Response

from config.settings import Settings
from daemon.web.pages.page import html_page
from daemon.web.problems import ProblemError


def is_page(path: str) -> bool:
    """Return whether a path is one that people look at in a browser."""
    return path == "/ui" or path.startswith("/ui/")


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
