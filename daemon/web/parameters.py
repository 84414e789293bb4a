"""Refuse what an operation does not have: a misspelled filter would list everything, a body be ignored."""

import json
from typing import get_args, get_origin

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute

from daemon.web.problems import Problem, ProblemError, invalid


async def refuse_unknown(request: Request) -> None:
    """Raise ProblemError for a parameter that is unknown, or that is given more than once."""
    given = [name for name, _ in request.query_params.multi_items()]
    if not given:
        return
    route = request.scope.get("route")
    declared = route.dependant.query_params if isinstance(route, APIRoute) else []
    known = {one.alias: _is_list(one.field_info.annotation) for one in declared}
    for name in given:
        field = f"query.{name[:100]}"
        if name not in known:
            there_are = f"one of {', '.join(known)}" if known else "this operation has no parameters"
            raise invalid(field, f"unknown; {there_are}")
        if given.count(name) > 1 and not known[name]:
            raise invalid(field, "given more than once")


def operations(tag: str) -> APIRouter:
    """Return a router for operations of the API, each of which refuses parameters that it does not have."""
    return APIRouter(tags=[tag], dependencies=[Depends(refuse_unknown)])


async def refuse_body(request: Request) -> None:
    """Raise ProblemError for a body of an operation without one; an empty object says nothing, so it may stay."""
    route = request.scope.get("route")
    if request.method == "GET" or not isinstance(route, APIRoute) or route.body_field is not None:
        return
    body = await request.body()
    try:
        said = json.loads(body) if body.strip() else None
    except (ValueError, RecursionError) as error:
        raise ProblemError(Problem.BAD_REQUEST, f"the body is not JSON: {error}") from None
    if said:
        raise invalid("body", "this operation takes none; leave it out")


def _is_list(annotation: object) -> bool:
    """Return whether a type is a list, or one that may be absent."""
    return get_origin(annotation) is list or any(get_origin(one) is list for one in get_args(annotation))
