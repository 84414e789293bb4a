"""Models: list and show their versions, promote one, roll back."""

from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import ConfigDict

from daemon.store import events
from daemon.tickets.access import Scope
from daemon.web.api.rows import Answer, not_found
from daemon.web.auth import Caller, requires
from daemon.web.parameters import operations
from daemon.web.problems import Problem, ProblemError, documented
from daemon.web.services import Services, WebServices
from daemon.web.tools import ModelsError
from daemon.web.validation import NO_CONTROL

router = operations("models")
Reader = Annotated[Caller, requires(Scope.MODELS_READ)]
Writer = Annotated[Caller, requires(Scope.MODELS_WRITE)]
Version = Annotated[str, Path(max_length=80, pattern=NO_CONTROL, examples=["20261128-020244-1ee48854"])]

EXAMPLE: Final[dict[str, Any]] = {
    "version": "20261128-020244-1ee48854",
    "current": True,
    "state": "ok",
    "created": "2026-11-28T02:02:46+00:00",
    "examples": 1840,
    "accuracy": 0.93,
    "macro_f1": 0.92,
    "ece": 0.02,
    "reasons": ["regression set: macro-F1 0.912, accuracy 0.911, ECE 0.031 of 200"],
}
CHANGES: Final = documented(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT)


class Model(Answer):
    """A version of the model; the figures are those on held-out tickets when it was trained.

    `reasons` say why the training put it in force or not.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    version: str
    current: bool
    state: str
    created: str | None = None
    examples: int | None = None
    accuracy: float | None = None
    macro_f1: float | None = None
    ece: float | None = None
    reasons: tuple[str, ...] = ()


class Models(Answer):
    """All versions of the model, the oldest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"models": [EXAMPLE]}]})

    models: list[Model]


@router.get("/models", summary="List the versions of the model", responses=documented())
async def list_models(services: Services, _caller: Reader) -> Models:
    """List the versions of the model with their figures."""
    rows = await services.run(lambda: services.tools_in_place().models())
    return Models(models=[Model(**row) for row in rows])


@router.get("/models/{version}", summary="Show a version of the model", responses=documented(Problem.NOT_FOUND))
async def show_model(version: Version, services: Services, _caller: Reader) -> Model:
    """Show a version of the model with its figures."""
    return await services.run(lambda: _model(services, version))


@router.post("/models/rollback", summary="Use the previous model again", responses=CHANGES)
async def roll_back(services: Services, caller: Writer) -> Model:
    """Use the model that was in use before the present one. Workers load it within seconds."""
    return await services.run(lambda: _promote(services, None, caller.actor))


@router.post("/models/{version}/promote", summary="Use a version of the model", responses=CHANGES)
async def promote(version: Version, services: Services, caller: Writer) -> Model:
    """Use this version from now on. Workers load it within seconds."""

    def change() -> Model:
        _model(services, version)
        return _promote(services, version, caller.actor)

    return await services.run(change)


def _promote(services: WebServices, version: str | None, actor: str) -> Model:
    try:
        done = services.tools_in_place().promote(version)
    except ModelsError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    now = services.clock.now()
    services.store.write(lambda session: events.add(session, "model promoted", now, actor=actor, model=done))
    return _model(services, done)


def _model(services: WebServices, version: str) -> Model:
    for row in services.tools_in_place().models():
        if row["version"] == version:
            return Model(**row)
    raise not_found(f"model {version}")
