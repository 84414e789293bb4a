"""A value that is computed once for all who ask within a few seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Cached(Generic[T]):
    """A value of `compute` that is at most `seconds` old; callers that come while it is computed wait for the same.

    An error is not kept. Belongs to the event loop.
    """

    def __init__(self, compute: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._compute, self._seconds = compute, seconds
        self._task: asyncio.Future[T] | None = None
        self._until = 0.0

    async def get(self) -> T:
        """Return the value; raises what its computation raises."""
        if self._task is None or (self._task.done() and monotonic() >= self._until):
            self._task = asyncio.ensure_future(self._run())
        # A caller that gives up must not end the computation for the others.
        return await asyncio.shield(self._task)

    async def _run(self) -> T:
        self._until = 0.0
        value = await self._compute()
        self._until = monotonic() + self._seconds
        return value
