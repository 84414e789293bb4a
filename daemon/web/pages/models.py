"""Models and rules: the versions with their figures; promote, roll back, and rehearse before anything is in force."""

from typing import Any, Final

from fastapi import Response

from daemon.store import events
from daemon.text import harmless_line
from daemon.tickets.sign_in import Role
from daemon.web.pages.page import Page, PageError, Route
from daemon.web.tools import ModelsError

REHEARSED: Final = 200
LONGEST_PHRASE: Final = 200
SHORTEST_PHRASE: Final = 2


def show(page: Page) -> Response:
    """Show the versions of the model and the rules."""
    return _render(page)


def _render(page: Page, **more: Any) -> Response:  # noqa: ANN401 - values of a template
    settings, tools = page.services.settings, page.services.tools_in_place()
    context = {"rehearsal": None, "label": "", "phrase": "", "category": "", "mistake": ""} | more
    return page.render(
        "models.html",
        models=tools.models()[::-1],
        rules=settings.rules,
        categories=[one.name for one in settings.categories],
        is_admin=page.signed_in.role.includes(Role.ADMIN),
        may_rehearse=page.signed_in.role.includes(Role.MEMBER),
        number=REHEARSED,
        **context,
    )


def promote(page: Page) -> Response:
    """Use a version from now on; without one, the one before."""
    services, version = page.services, page.form.get("version") or None
    tools = services.tools_in_place()
    if version is not None and version not in {row["version"] for row in tools.models()}:
        raise PageError(404, "There is no such model.")
    try:
        done = tools.promote(version)
    except ModelsError as error:
        raise PageError(409, f"This model cannot be used: {error}") from None
    now, actor = services.clock.now(), page.signed_in.name
    services.store.write(
        lambda session: events.add(session, "model promoted", now, actor=actor, source="web", model=done)
    )
    return page.redirect("/ui/models", f"The model {done} is in use.")


def rehearse(page: Page) -> Response:
    """Show what a model or a rule would decide about the newest tickets; nothing is changed."""
    tools = page.services.tools_in_place()
    version, category = page.form.get("version") or None, page.form.get("category", "")
    phrase = harmless_line(page.form.get("phrase", ""), LONGEST_PHRASE).strip()
    if version is None:
        if category not in {one.name for one in page.services.settings.categories}:
            raise PageError(422, "Choose one of the categories.")
        if len(phrase) < SHORTEST_PHRASE:
            return _render(page, mistake="Write a phrase of two letters or more.", phrase=phrase, category=category)
    elif version not in {row["version"] for row in tools.models()}:
        raise PageError(404, "There is no such model.")
    try:
        rehearsal = tools.rehearse(version, (phrase, category) if version is None else None, REHEARSED)
    except ModelsError as error:
        raise PageError(409, f"This model cannot be used: {error}") from None
    label = f"the model {version}" if version else f"a rule for “{phrase}”"
    return _render(page, rehearsal=rehearsal, label=label, phrase=phrase, category=category)


ROUTES: Final = (
    Route("GET", "/ui/models", show, Role.VIEWER),
    Route("POST", "/ui/models/promote", promote, Role.ADMIN),
    Route("POST", "/ui/models/rehearse", rehearse, Role.MEMBER),
)
