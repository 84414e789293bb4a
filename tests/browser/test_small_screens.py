"""Pages on the screen of a phone: what is on them can be read and pressed."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.browser.conftest import Site
from tests.support.emails import mail
from tests.support.pages import VIEWER
from tests.support.tickets_for_pages import DECIDED, UNSURE, accepted

# Height, left and right edge of each label that is shown, chart by chart.
LABELS = """[...document.querySelectorAll("svg.chart:not(.shares)")]
    .map(chart => [...chart.querySelectorAll("text.label")]
    .map(one => one.getBoundingClientRect()).filter(box => box.width)
    .map(box => [box.height, box.left, box.right]))"""


# Top, bottom, left and right edge of each text in the charts of shares, and the height of its letters.
NAMES = """[...document.querySelectorAll("svg.shares")].map(chart => [...chart.querySelectorAll("text")]
    .map(one => one.getBoundingClientRect()).map(box => [box.top, box.bottom, box.left, box.right]))"""


@pytest.mark.parametrize("width", [390, 800])
def test_names_in_charts_of_shares_are_readable_and_apart(site: Site, width: int) -> None:
    for name in ("Payments", "A category whose name is as long as a whole sentence about it"):
        accepted(site.case, mail(subject=name), replace(DECIDED, category=name))
    with site.visited(width=width) as browser:
        page = browser.new_page()
        page.goto("/ui/insight")
        charts = page.evaluate(NAMES)
        assert len(charts) == 2
        for texts in charts:
            assert len(texts) == 4
            for name, share in (texts[:2], texts[2:]):
                assert name[3] < share[2]
                assert share[3] <= width
                assert name[1] - name[0] >= 11
            assert texts[0][1] < texts[2][0]


@pytest.mark.parametrize("width", [390, 800])
def test_labels_of_charts_are_readable_and_apart(site: Site, width: int) -> None:
    accepted(site.case, mail())
    with site.visited(width=width) as browser:
        page = browser.new_page()
        page.goto("/ui/insight")
        charts = page.evaluate(LABELS)
        assert len(charts) == 5
        for labels in charts:
            assert len(labels) >= 3
            assert min(height for height, _, _ in labels) >= 11
            assert all(right < left for (_, _, right), (_, left, _) in pairwise(labels))
            assert max(right for _, _, right in labels) <= width


def test_buttons_that_wrap_do_not_touch(site: Site) -> None:
    reference = accepted(site.case, mail())
    with site.visited(width=390) as browser:
        page = browser.new_page()
        page.goto(f"/ui/tickets/{reference}")
        send, keep = (page.locator(f"button[value={kind}]").bounding_box() for kind in ("reply", "note"))
        assert send
        assert keep
        assert keep["y"] >= send["y"] + send["height"] + 4 or keep["x"] >= send["x"] + send["width"] + 4


def test_the_choices_of_the_review_do_not_touch_the_button_for_spam(site: Site) -> None:
    accepted(site.case, mail(), UNSURE)
    with site.visited(width=390) as browser:
        page = browser.new_page()
        page.goto("/ui/review")
        last, spam = page.locator(".choices button").last.bounding_box(), page.locator("[data-key=s]").bounding_box()
        assert last
        assert spam
        assert spam["y"] >= last["y"] + last["height"] + 8


def test_a_viewer_is_led_to_no_page_that_refuses_them(site: Site) -> None:
    with site.visited(VIEWER) as browser:
        page = browser.new_page()
        page.goto("/ui")
        for path in page.eval_on_selector_all("nav.site a", "all => all.map(one => one.getAttribute('href'))"):
            answer = page.goto(path)
            assert answer
            assert answer.status == 200, path


def test_a_mistake_at_the_end_of_a_long_page_is_seen(site: Site) -> None:
    reference = accepted(site.case, mail(body="long\r\n" * 100))
    with site.visited(width=390, scripts=False) as browser:
        page = browser.new_page()
        page.goto(f"/ui/tickets/{reference}")
        page.fill("#into", "HD-NONE")
        page.click("button[value=merge]")
        box = page.locator("#mistake").bounding_box()
        assert box
        assert 0 <= box["y"] <= 900
        assert page.input_value("#into:focus") == "HD-NONE"


def test_a_long_email_leaves_the_choices_of_the_review_in_sight(site: Site) -> None:
    accepted(site.case, mail(body="It does not work\r\n" * 200), UNSURE)
    with site.visited(width=390) as browser:
        page = browser.new_page()
        page.goto("/ui/review")
        box = page.locator(".choices button").first.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 900
