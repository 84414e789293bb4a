import pytest

from daemon.mail.text.html import MAX_LAID_OUT, html_to_text, strip_tags

RULE = "_" * 32
PAGES = [
    ("", ""),
    ("plain &amp; simple", "plain & simple"),
    ("<p>one</p><p>two</p>", "one\n\ntwo"),
    ("<div>one</div><div>two</div>", "one\ntwo"),
    ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
    ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
    ("a\n  b\t<b> c</b>", "a b c"),
    ("<p class=MsoNormal>one</p><p class=MsoNormal>two</p>", "one\ntwo"),
    ("<p style='margin:0 0 0 0'>one</p><p style='margin: 0'>two</p>", "one\ntwo"),
    ("<pre>a\n  b\n</pre>c", "a\n  b\n\nc"),
    ("<h1>Title</h1>text", "Title\n\ntext"),
    ("a<hr>b", f"a\n{RULE}\nb"),
    # Lists and tables.
    ("<ul><li>one<li>two<ul><li>deep</ul></ul>end", "* one\n* two\n  * deep\n\nend"),
    ("<ol><li>one</li><li><p>two</p></li></ol>", "1. one\n2. two"),
    ("<table><tr><th>a<th>b<tr><td>1<td>2</table>c", "a\tb\n1\t2\nc"),
    ("<table><tr><td><table><tr><td>x</table></table>", "x"),
    # Links and images.
    ('<a href="https://a.example/x">here</a>', "here <https://a.example/x>"),
    ('<a href="https://a.example/">a.example</a>', "a.example"),
    ('<a href="mailto:ann@a.example">ann@a.example</a>', "ann@a.example"),
    ('<a href="javascript:alert(1)">x</a><a href="data:,x">y</a>', "xy"),
    ('<a href="https://a.example/"></a>b', "b"),
    ('<img alt="Logo"><img src="cid:1"><img alt="pixel" width="1" height="1">', "[Logo]"),
    # Quotes.
    ("new<blockquote type=cite>old<br>older</blockquote>", "new\n\n> old\n> older"),
    ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
    ("<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>in</blockquote>", "    in"),
    ("<blockquote class=gmail_quote style='border:none'>in</blockquote>", "> in"),
    (
        "new<div class='yahoo_quoted' id='yahoo_quoted_1'><div>On x Ann wrote:</div>old</div>",
        "new\n\n> On x Ann wrote:\n> old",
    ),
    ("new<div id=OLK_SRC_BODY_SECTION>old</div>", "new\n\n> old"),
    ("new<div id=divRplyFwdMsg>Von: Ann</div>old", f"new\n{RULE}\nVon: Ann\nold"),
    ("new<hr id=stopSpelling>Von: Ann", f"new\n{RULE}\nVon: Ann"),
    ("new<div id=appendonsend></div><hr><div id=x_divRplyFwdMsg>De: Ann</div>", f"new\n{RULE}\nDe: Ann"),
    ("new<div style='border:none;border-top:solid #E1E1E1 1.0pt'>From: Ann</div>", f"new\n{RULE}\nFrom: Ann"),
    ("new<div class=gmail_signature>Ann</div>", "new\n-- \nAnn"),
    ("new<br>-- <br><div class=gmail_signature>Ann</div>", "new\n--\nAnn"),
    # Hidden text.
    ("<head><title>t</title></head><style>x{}</style><script>alert(1)</script>a", "a"),
    ("<div style='display:none'>preview</div><span hidden>x</span><p style='mso-hide: all'>y</p>a", "a"),
    ("<span style='font-size:0px'>x</span><i style='font-size:0.9em'>a</i>", "a"),
    ("<!-- x --><![if !mso]>a<![endif]>", "a"),
    ("<template>x</template><select><option>x</select>a", "a"),
    ("From: Ann <ann@a.example>", "From: Ann <ann@a.example>"),
    ("a&#0;b&#xD800;c", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"),
]


@pytest.mark.parametrize(("html", "text"), PAGES)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


BOMBS = ["<div>" * 5000, "<b>" * 5000, "<p>" + "<b id=1>" * 9 + "</p><p>x" * 100_000, "<!--" * 10_000, "<" * 10_000]


@pytest.mark.parametrize("html", BOMBS)
def test_html_that_is_too_deep_keeps_its_words(html: str) -> None:
    assert "the end" in html_to_text(f"{html}--><p>the end")


def test_text_after_the_limit_is_kept() -> None:
    text = html_to_text(f"<p>start</p>{'<p>x</p>' * (MAX_LAID_OUT // 8)}<script>code</script><p>the end</p>")
    assert text.startswith("start\n\nx")
    assert text.endswith("the end")
    assert "code" not in text


def test_tags_are_removed_without_a_tree() -> None:
    assert strip_tags("<style>x</style><p>a &lt; b</p>\n\n<br>c") == "a < b\nc"
