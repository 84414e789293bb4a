"""A setting has one default, in config/schema."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from types import ModuleType
from typing import get_args, get_type_hints

import pytest

import daemon.policies
import workers.policies


def values_in(kind: object) -> Iterator[type]:
    """Yield the dataclasses of our own that make up a type, the type itself among them."""
    for part in get_args(kind):
        yield from values_in(part)
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
        for part in get_type_hints(kind).values():
            yield from values_in(part)


def built_by(module: ModuleType) -> set[type]:
    """Return the dataclasses that the public functions of a module return, with those inside them."""
    functions = [found for found in vars(module).values() if getattr(found, "__module__", "") == module.__name__]
    return {kind for function in functions for kind in values_in(get_type_hints(function)["return"])}


BUILT = sorted(built_by(daemon.policies) | built_by(workers.policies), key=lambda kind: kind.__name__)


def test_every_domain_value_is_found() -> None:
    names = {kind.__name__ for kind in BUILT}
    assert names >= {"Identity", "ListenerConfig", "ActorConfig", "MailConfig", "SendLimits", "Thresholds"}
    assert names >= {"TriagePolicy", "Category", "Rule"}


@pytest.mark.parametrize("kind", BUILT, ids=lambda kind: kind.__name__)
def test_a_value_built_from_settings_has_no_defaults(kind: type) -> None:
    defaults = [f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING]
    assert defaults == []
