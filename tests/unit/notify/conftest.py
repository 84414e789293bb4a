"""A renderer of our own templates, made once."""

import pytest

from workers.notify.render import Renderer


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()
