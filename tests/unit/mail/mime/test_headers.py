import pytest

from daemon.mail.mime.headers import MAX_BLOCK, MAX_FIELDS, read_block, read_structured

BLOCKS = [
    (b"A: 1\r\nB: 2\r\n\r\nbody", [("a", "1"), ("b", "2")], b"body", ()),
    (b"A: 1\nB:2\n\nbody", [("a", "1"), ("b", "2")], b"body", ()),
    (b"A : 1\n\nbody", [("a", "1")], b"body", ()),
    (b"A: 1\r\n  more\r\n\tand more\r\n\r\nbody", [("a", "1 more and more")], b"body", ()),
    (b"A: 1\r\n", [("a", "1")], b"", ()),
    (b"\r\nbody", [], b"body", ()),
    (b"", [], b"", ()),
    (b"From ann Mon Mar 2\nA: 1\n\nbody", [("a", "1")], b"body", ()),
    (b">From ann Mon Mar 2\nA: 1\n\nbody", [("a", "1")], b"body", ()),
    (
        b"A: 1\nno field here\nSubject: 2\n\nbody",
        [("a", "1 no field here"), ("subject", "2")],
        b"body",
        ("bad-header-line",),
    ),
    (b"A: 1\nHello there,\nbody", [("a", "1")], b"Hello there,\nbody", ("no-blank-line",)),
    (b"gateway line\nTo: 1\n\nbody", [("to", "1")], b"body", ("bad-header-line",)),
    (b"\xef\xbb\xbfA: 1\n\nbody", [("a", "1")], b"body", ()),
    (b"A: 1\n--b:1\nTo: 2\n\nbody", [("a", "1")], b"--b:1\nTo: 2\n\nbody", ("no-blank-line",)),
    (b"A: 1\n \nTo: 2\n\nbody", [("a", "1"), ("to", "2")], b"body", ()),
    (b"A: 1\n \n\t2\n\nbody", [("a", "1 2")], b"body", ()),
    (b"A: 1\n \nbody", [("a", "1")], b"body", ()),
    (b"A: a\rb\n\nbody", [("a", "a b")], b"body", ()),
    (b"A: a\0b\n\nbody", [("a", "ab")], b"body", ()),
    ("A: Jörg\n\n".encode(), [("a", "Jörg")], b"", ()),
    ("A: Jörg\n\n".encode("cp1252"), [("a", "Jörg")], b"", ()),
    (b"A: \x1b$B%F%9%H\x1b(B\n\n", [("a", "テスト")], b"", ()),
    (
        b"A: \xd0\xd2\xc9\nContent-Type: text/plain; charset=koi8-r\n\n",
        [("a", "при"), ("content-type", "text/plain; charset=koi8-r")],
        b"",
        (),
    ),
]


@pytest.mark.parametrize(("raw", "fields", "body", "defects"), BLOCKS)
def test_a_block_gives_its_fields_and_where_the_body_starts(
    raw: bytes, fields: list[tuple[str, str]], body: bytes, defects: tuple[str, ...]
) -> None:
    block = read_block(raw, 0, len(raw))
    assert list(block.fields) == fields
    assert raw[block.end :] == body
    assert block.defects == defects


@pytest.mark.parametrize(
    "raw",
    [
        b"A: 1\n" * (MAX_FIELDS + 1) + b"\nbody",
        b"A: 1\r\n" * (MAX_FIELDS + 1) + b"\r\nbody",
        b"A: " + b"1\n " * MAX_BLOCK + b"\n\nbody",
    ],
)
def test_the_body_is_found_after_a_header_that_is_too_long(raw: bytes) -> None:
    block = read_block(raw, 0, len(raw))
    assert block.defects == ("long-header",)
    assert len(block.fields) <= MAX_FIELDS
    assert raw[block.end :] == b"body"


STRUCTURED = [
    ("text/plain", "text/plain", {}),
    ('Text/HTML; Charset="UTF-8"', "text/html", {"charset": "UTF-8"}),
    ("text/plain; charset=utf-8; format=flowed;", "text/plain", {"charset": "utf-8", "format": "flowed"}),
    ("text/plain (comment); charset=utf-8 (Unicode)", "text/plain", {"charset": "utf-8"}),
    (";; charset = utf-8", "", {"charset": "utf-8"}),
    ('a/b; name="a;b\\"c"', "a/b", {"name": 'a;b"c'}),
    ('a/b; name="open', "a/b", {"name": "open"}),
    ("a/b; name=two words.txt; x=y", "a/b", {"name": "two words.txt", "x": "y"}),
    ("a/b; junk; name=c", "a/b", {"name": "c"}),
    ('a/b; name="=?utf-8?q?J=C3=B6rg?="', "a/b", {"name": "Jörg"}),
    ("a/b; name*=utf-8'de'J%C3%B6rg", "a/b", {"name": "Jörg"}),
    ("a/b; name*=J%C3%B6rg", "a/b", {"name": "Jörg"}),
    ("a/b; name*1=g.txt; name*0*=iso-8859-1''J%F6r", "a/b", {"name": "Jörg.txt"}),
    ("a/b; name=old; name*=utf-8''new", "a/b", {"name": "new"}),
    ('a/b; name*0="=?utf-8?q?J=C3=B6?="; name*1="rg"', "a/b", {"name": "Jörg"}),
    ("a/b; name*=utf-8''a%0D%0Ab%00", "a/b", {"name": "a b"}),
]


@pytest.mark.parametrize(("text", "value", "params"), STRUCTURED)
def test_a_structured_value_gives_its_parameters(text: str, value: str, params: dict[str, str]) -> None:
    found = read_structured(text)
    assert found.value == value
    assert found.params == params
