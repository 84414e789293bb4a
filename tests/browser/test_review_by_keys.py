"""Twenty reviews are twenty keys: none leads to a page in between, and each loads one page."""

import pytest

from tests.browser.conftest import Site
from tests.support.review_by_keys import clear, fill, is_cleared

TICKETS = 20
KEYS = 9


@pytest.mark.parametrize("width", [390, 1280])
def test_a_person_clears_twenty_reviews_with_twenty_keys(site: Site, width: int) -> None:
    categories = [one.name for one in site.case.settings.categories][:KEYS]
    wanted = fill(site.case, categories, TICKETS)
    with site.visited(width=width) as browser:
        effort = clear(browser.new_page(), wanted)
    assert effort.presses == TICKETS
    assert effort.loads == TICKETS + 1
    assert is_cleared(site.case.store, wanted)
