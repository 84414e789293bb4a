"""Make triage die, hang or eat memory on emails that say so: installed into a process before it becomes triaged."""

import os
import resource
import signal
import time
from typing import Any, Final

DIE, HANG, EAT = "poison that kills", "poison that hangs", "poison that eats"
TIME_LIMIT_MS: Final = 2_000
ADDRESS_SPACE: Final = 4 * 1024**3


def install() -> None:
    """Wrap the decision, and shorten the time limit of a job from minutes to seconds."""
    # A process must be told of its failpoints before it loads our modules.
    from workers import app  # noqa: PLC0415
    from workers.actors import triage  # noqa: PLC0415

    setattr(app, "TIME_LIMIT_MS", TIME_LIMIT_MS)  # noqa: B010 - a type checker would not let a constant be set
    decide = getattr(triage, "decide")  # noqa: B009 - nor a name be taken that is only imported there

    def poisoned(case: Any, *arguments: Any) -> Any:
        said = str(case)
        if DIE in said:
            os.kill(os.getpid(), signal.SIGKILL)
        if HANG in said:
            while True:
                time.sleep(0.01)
        if EAT in said:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, resource.RLIM_INFINITY))
            list(range(10**10))
        return decide(case, *arguments)

    setattr(triage, "decide", poisoned)  # noqa: B010
