"""Drop an email that is no UTF-8 on Try: its bytes arrive as they are in the file."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from daemon.store.store import Store
from tests.browser.conftest import Site, served
from tests.support.http import web
from tests.support.pages import SETTINGS
from tests.support.web_tools import FakeTools

DROP = """(bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "old.eml", {type: "message/rfc822"}));
  const event = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
  document.querySelector("#email").dispatchEvent(event);
}"""
HEAD = "From: ann@customer.example\r\nSubject: Zahlung\r\nContent-Type: text/plain; charset={}\r\n\r\n"


@pytest.fixture
def tools() -> FakeTools:
    return FakeTools()


@pytest.fixture
def page(sqlite_store: Store, chromium: Browser, tools: FakeTools) -> Iterator[Page]:
    with (
        web(sqlite_store, tools=tools, **SETTINGS) as case,
        served(case) as url,
        Site(case, url, chromium).visited() as browser,
    ):
        page = browser.new_page()
        page.goto("/ui/try")
        yield page


def drop(page: Page, raw: bytes) -> None:
    page.evaluate(DROP, list(raw))
    expect(page.locator("#email")).to_have_value(re.compile(r"^From: ann"))


GERMAN, RUSSIAN, QUOTED = (
    "Zahlung f\u00fcr M\u00e4rz",
    "\u041f\u043b\u0430\u0442\u0451\u0436",
    "\u20ac 5 \u201egut\u201c",
)


@pytest.mark.parametrize(("charset", "text"), [("iso-8859-1", GERMAN), ("koi8-r", RUSSIAN), ("windows-1252", QUOTED)])
def test_bytes_of_an_old_charset_are_kept_also_the_second_time(
    page: Page, tools: FakeTools, charset: str, text: str
) -> None:
    raw = (HEAD.format(charset) + f"{text}\r\n").encode(charset)
    drop(page, raw)
    for _ in range(2):
        tools.tried = b""
        page.click("text=Try it")
        page.wait_for_load_state()
        assert tools.tried == raw


def test_an_email_in_utf_8_stays_readable(page: Page, tools: FakeTools) -> None:
    raw = (HEAD.format("utf-8") + "Gr\u00fc\u00dfe \u652f\u6255\u3044\r\n").encode()
    drop(page, raw)
    assert "Gr\u00fc\u00dfe" in page.input_value("#email")
    page.click("text=Try it")
    page.wait_for_load_state()
    assert tools.tried == raw


def test_what_is_pasted_over_it_is_utf_8_again(page: Page, tools: FakeTools) -> None:
    drop(page, (HEAD.format("iso-8859-1") + "M\u00e4rz").encode("iso-8859-1"))
    page.fill("#email", "")
    page.fill("#email", "From: a@b.example\n\nGr\u00fc\u00dfe")
    page.click("text=Try it")
    page.wait_for_load_state()
    assert tools.tried == "From: a@b.example\r\n\r\nGr\u00fc\u00dfe".encode()


def test_a_long_email_of_such_bytes_fits_into_the_form(page: Page, tools: FakeTools) -> None:
    drop(page, HEAD.format("koi8-r").encode() + b"\xd0" * 400_000)
    page.click("text=Try it")
    page.wait_for_load_state()
    assert tools.tried.count(b"\xd0") > 150_000
