"""Emails that attack whoever looks at them: in a real browser no script of theirs runs, and no request leaves."""

import base64

import pytest
from playwright.sync_api import Request

from tests.browser.conftest import Site
from tests.support.emails import inbound
from tests.support.pages import ADMIN
from tests.support.tickets_for_pages import UNSURE, accepted

EVIL = "https://evil.example"
SCRIPTS = (
    "<script>window.hacked=1;alert(1)</script>",
    f'"><img src={EVIL}/x onerror=window.hacked=1>',
    "<svg onload=window.hacked=1>",
    "{{7*7}}{% raw %}</textarea></title></style><script>window.hacked=1</script>",
    "javascript:window.hacked=1//",
)
HTML = f"""<html><head><base href={EVIL}><meta http-equiv=refresh content="0;url={EVIL}/away">
<link rel=stylesheet href={EVIL}/a.css><style>@import url({EVIL}/b.css);body{{background:url({EVIL}/c)}}</style></head>
<body background={EVIL}/d onload="top.hacked=1"><script>top.hacked=1;parent.document.title='hacked'</script>
<img src={EVIL}/pixel srcset="{EVIL}/big 2x"><video src={EVIL}/v autoplay poster={EVIL}/p></video>
<iframe src={EVIL}/f srcdoc="<script>top.hacked=1</script>"></iframe><object data={EVIL}/o></object><embed src={EVIL}/e>
<form action={EVIL}/form><button formaction="javascript:top.hacked=1">Send</button></form>
<a id=link href="javascript:top.hacked=1">click</a><a href="{EVIL}/click" ping="{EVIL}/ping" target=_top>out</a>
<svg><image href={EVIL}/s /><a xlink:href="javascript:top.hacked=1"><text>x</text></a></svg>
<math><mtext><table><mglyph><style><img src=x onerror=top.hacked=1></style></mglyph></table></mtext></math>
<p style="background-image:url({EVIL}/e);position:fixed;inset:0">cover</p></body></html>"""


def hostile(script: str) -> bytes:
    """Return an email that attacks by its name, subject, text, HTML and file name."""

    def word(text: str) -> str:
        return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="

    return "\r\n".join(
        (
            f"From: {word(script)} <ann@customer.example>",
            "To: support@example.com",
            f"Subject: {word(script)}",
            f"Message-ID: <{base64.b32encode(script.encode()).decode()[:40].rstrip('=')}@customer.example>",
            'Content-Type: multipart/mixed; boundary="b"',
            "",
            "--b",
            'Content-Type: multipart/alternative; boundary="c"',
            "",
            "--c",
            "Content-Type: text/plain; charset=utf-8",
            "",
            f"{script}\r\n> {script}\r\n-- \r\n{script}",
            "--c",
            "Content-Type: text/html; charset=utf-8",
            "",
            HTML.replace("\n", "\r\n"),
            "--c--",
            "--b",
            "Content-Type: text/html",
            f'Content-Disposition: attachment; filename="{word(script)}"',
            "",
            f"<script>{script}</script>",
            "--b--",
            "",
        )
    ).encode()


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_runs_and_no_request_leaves(site: Site, script: str) -> None:
    reference = accepted(site.case, hostile(script), UNSURE)
    site.case.intake.accept(inbound(b"Auto-Submitted: auto-replied\r\n" + hostile(script + " again")))
    left: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((site.url, "data:", "about:")):
            left.append(request.url)

    with site.visited(ADMIN) as browser:
        page = browser.new_page()
        browser.on("request", note)
        page.on("dialog", lambda dialog: left.append(f"dialog {dialog.message}"))
        ticket = f"/ui/tickets/{reference}"
        for path in (
            "/ui?status=ALL",
            f"/ui?text={script[:20]}",
            ticket,
            f"{ticket}/trace",
            "/ui/review",
            "/ui/mail",
            "/ui/mail/2",
        ):
            page.goto(path)
            for summary in page.locator("details > summary").all():
                summary.click()
            page.wait_for_load_state("networkidle")
            assert page.evaluate("window.hacked") is None, path
            assert page.locator("img, svg, script:not([src])").count() == 0, path
        page.goto(ticket)
        page.locator("summary", has_text="As the sender formatted it").click()
        frame = page.frame_locator("iframe.email")
        frame.locator("text=cover").wait_for()
        frame.locator("text=click").first.click()
        assert page.evaluate("window.hacked") is None
        assert page.title().startswith(reference)
        # The same content without its frame is as powerless.
        page.goto("/ui/messages/1/html")
        assert page.evaluate("window.hacked") is None
        assert page.locator("script, iframe, form, img[src^=http], object, svg").count() == 0
        assert page.evaluate("location.origin + '|' + self.origin").endswith("|null")
    assert left == []
