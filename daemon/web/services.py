"""What a request handler may use: the parts of the process, handed in by the composition root."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, TypeVar, cast
from weakref import WeakKeyDictionary

from fastapi import Depends, Request

from config.settings import Settings
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.tickets.batch import Batch
from daemon.tickets.intake import Intake, Wake
from daemon.web.problems import unavailable
from daemon.web.tools import WebTools

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class WebServices:
    """The parts of the process that HTTP uses. A reload replaces `settings`.

    `threads` is where everything runs that waits for the database; `wake` offers jobs after their commit. `has_room`
    says whether the disk has room for what comes in. `tools` is None where the process cannot ask the model. `url`
    returns the URL by which people reach us, for links. `closing` says that the process stops, so that long
    requests end.
    """

    settings: Settings
    store: Store
    intake: Intake
    keyring: Keyring
    clock: Clock
    wake: Wake
    threads: ThreadPoolExecutor
    has_room: Callable[[], bool]
    tools: WebTools | None = None
    url: Callable[[], str] = lambda: "http://localhost"
    closing: Callable[[], bool] = lambda: False
    # A service has one loop, and tests have many.
    _batches: WeakKeyDictionary[asyncio.AbstractEventLoop, Batch] = field(default_factory=WeakKeyDictionary)

    @property
    def batch(self) -> Batch:
        """Return the batch in which the requests of this event loop are stored."""
        loop = asyncio.get_running_loop()
        if (found := self._batches.get(loop)) is None:
            found = self._batches[loop] = Batch(self.intake)
        return found

    async def run(self, work: Callable[[], T]) -> T:
        """Run a function that may wait, such as for the database, in one of the threads, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def tools_in_place(self) -> WebTools:
        """Return the tools; raises ProblemError where the process has none."""
        if self.tools is None:
            raise unavailable("this process cannot ask the model", 60)
        return self.tools


def services_of(request: Request) -> WebServices:
    """Return the services of the application that handles a request."""
    return cast(WebServices, request.app.state.services)


async def _services(request: Request) -> WebServices:
    """Return the services as a dependency; FastAPI would call one that is not async in a thread."""
    return services_of(request)


Services = Annotated[WebServices, Depends(_services)]
