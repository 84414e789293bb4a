"""The frame that shows an email as its sender formatted it."""

from email.message import EmailMessage

from playwright.sync_api import BrowserContext, FrameLocator, Page, Route

from tests.browser.conftest import Site
from tests.support.tickets_for_pages import accepted

HTML = (
    "<p>See <a href='https://shop.example/orders/7'>your order</a></p>"
    f"<table><tr><td>Description</td><td>{'&nbsp;'.join(['word'] * 200)}</td></tr></table>"
)


def opened(site: Site, browser: BrowserContext) -> tuple[Page, FrameLocator]:
    """Return the page of a ticket, and the frame with its email."""
    email = EmailMessage()
    email["From"], email["To"], email["Subject"] = "Ann <ann@customer.example>", "support@example.com", "Order"
    email["Message-ID"] = "<order@customer.example>"
    email.set_content(HTML, subtype="html")
    reference = accepted(site.case, email.as_bytes().replace(b"\n", b"\r\n"))
    page = browser.new_page()
    page.goto(f"/ui/tickets/{reference}")
    page.click("text=As the sender formatted it")
    return page, page.frame_locator("iframe.email")


def test_a_link_opens_a_page_of_its_own_that_knows_nothing_of_ours(site: Site) -> None:
    asked: list[dict[str, str]] = []

    def shop(route: Route) -> None:
        asked.append(route.request.headers)
        route.fulfill(body="<title>Shop</title>", content_type="text/html")

    with site.visited() as browser:
        browser.route("https://shop.example/**", shop)
        page, frame = opened(site, browser)
        with browser.expect_page() as new:
            frame.locator("text=your order").click()
        new.value.wait_for_load_state()
        assert new.value.url == "https://shop.example/orders/7"
        assert new.value.title() == "Shop"
        assert new.value.evaluate("window.opener") is None
        assert new.value.evaluate("document.referrer") == ""
        assert frame.locator("text=your order").is_visible()
        assert page.url.startswith(site.url)
    assert [headers.get("referer") for headers in asked] == [None]


def test_a_narrow_column_beside_a_wide_one_keeps_its_words(site: Site) -> None:
    with site.visited(width=390) as browser:
        _, frame = opened(site, browser)
        cell = frame.locator("td").first
        lines = cell.evaluate(
            "e => { const r = document.createRange(); r.selectNodeContents(e); "
            "return new Set([...r.getClientRects()].map(one => one.top)).size }"
        )
        assert lines == 1
