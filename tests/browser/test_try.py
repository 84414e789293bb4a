"""Try an email that is dropped as a file, also a large one."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Site

DROP = """([head, size]) => {
  const data = new DataTransfer();
  data.items.add(new File([head, "QUFB".repeat(size / 4)], "large.eml", {type: "message/rfc822"}));
  const event = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
  document.querySelector("#email").dispatchEvent(event);
}"""
HEAD = (
    "From: ann@customer.example\r\nSubject: Payment failed\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nMy payment failed\r\n'
    '--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
)


def test_an_email_with_a_file_of_five_megabytes_is_tried(site: Site) -> None:
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui/try")
        page.evaluate(DROP, [HEAD, 5_000_000])
        expect(page.locator("#email")).to_have_value(re.compile(r"QUFBQUFB"))
        page.click("text=Try it")
        expect(page.locator("main")).to_contain_text("PAYMENTS_TEAM")
        expect(page.locator("main")).to_contain_text("a.pdf")
