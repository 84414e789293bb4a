"""Stand-ins for what workers reach outside the store: a mail server and a model."""

from collections.abc import Callable

from workers.transports.base import TransportFailure, UncertainFailure, no_record


class FakeTransport:
    """A transport that sends nothing; it fails, or calls a function, as the test sets it up."""

    def __init__(self) -> None:
        self.failures: list[TransportFailure] = []
        self.asked = 0
        self.then: Callable[[], None] = lambda: None

    def send(self, _mail_from: str, _recipient: str, _content: bytes, hand_over: Callable[[], None] = no_record) -> str:
        self.asked += 1
        failure = self.failures.pop() if self.failures else None
        if failure and not isinstance(failure, UncertainFailure):
            raise failure
        hand_over()
        if failure:
            raise failure
        self.then()
        return "250 taken"

    def probe(self) -> None: ...

    def cut(self) -> None: ...

    def close(self) -> None: ...


class NoModel:
    """A model_source that leaves all to the rules."""

    is_awaited = False

    def model(self) -> None:
        return None

    def certified(self) -> dict[str, float | None]:
        return {}
