import pytest

from daemon.mail.mime.tree import MAX_DEPTH, MAX_PARTS, split
from tests.support.work import no_hang

MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
PLAIN = b"Content-Type: text/plain\r\n\r\n"


def tree(raw: bytes) -> list[tuple[int, str, bytes]]:
    """Return depth, type and encoded body of each part; the body of a multipart is omitted."""
    return [
        (entity.depth, entity.content_type, b"" if entity.children else entity.buffer[entity.start : entity.end])
        for entity in split(raw)[0].walk()
    ]


TREES = [
    (b"", [(0, "text/plain", b"")]),
    (b"\r\nhello", [(0, "text/plain", b"hello")]),
    (b"Content-Type: nonsense\r\n\r\nhello", [(0, "text/plain", b"hello")]),
    (b"Content-Type: text\r\nContent-Type: text/html\r\n\r\nhello", [(0, "text/html", b"hello")]),
    (MIXED + b"--b\r\n\r\none\r\n--b--\r\n", [(0, "multipart/mixed", b""), (1, "text/plain", b"one")]),
    (
        MIXED + b"preamble\r\n--b  \r\n\r\none\r\n\r\n--b\r\n" + PLAIN + b"two\r\n--b--\r\nepilogue",
        [(0, "multipart/mixed", b""), (1, "text/plain", b"one\r\n"), (1, "text/plain", b"two")],
    ),
    # No end; parts after the end; a boundary with the same start; a part without its blank line.
    (MIXED + b"--b\r\n\r\none", [(0, "multipart/mixed", b""), (1, "text/plain", b"one")]),
    (
        MIXED + b"--b\n\none\n--b--\n\n--b\n\ntwo\n--b--\n",
        [(0, "multipart/mixed", b""), (1, "text/plain", b"one"), (1, "text/plain", b"two")],
    ),
    (MIXED + b"--b\n\n--bc\n--b--", [(0, "multipart/mixed", b""), (1, "text/plain", b"--bc")]),
    (MIXED + b"--b\njust text\n--b--", [(0, "multipart/mixed", b""), (1, "text/plain", b"just text")]),
    # The boundary is missing or wrong in the header, but visible in the body; or there is none at all.
    (
        b"Content-Type: multipart/mixed\n\n--x\nContent-Type: text/html\n\none\n--x--\n",
        [(0, "multipart/mixed", b""), (1, "text/html", b"one")],
    ),
    (
        b"Content-Type: multipart/mixed; boundary=y\n\n--x\nContent-Type: text/html\n\none\n--x--\n",
        [(0, "multipart/mixed", b""), (1, "text/html", b"one")],
    ),
    (MIXED + b"lost", [(0, "multipart/mixed", b"lost")]),
    # A part of an inner multipart without an end stops at the outer delimiter.
    (
        MIXED + b'--b\nContent-Type: multipart/mixed; boundary="c"\n\n--c\n\none\n--b\n\ntwo\n--b--',
        [
            (0, "multipart/mixed", b""),
            (1, "multipart/mixed", b""),
            (2, "text/plain", b"one"),
            (1, "text/plain", b"two"),
        ],
    ),
    (
        b"Content-Type: message/rfc822\n\nSubject: x\n\ninner",
        [(0, "message/rfc822", b""), (1, "text/plain", b"inner")],
    ),
    (
        b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKaW5uZXI=",
        [(0, "message/rfc822", b""), (1, "text/plain", b"inner")],
    ),
    (
        b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ninner\n--b--",
        [(0, "multipart/digest", b""), (1, "message/rfc822", b""), (2, "text/plain", b"inner")],
    ),
    (b"Subject: x\rContent-Type: text/html\r\rold Macintosh", [(0, "text/html", b"old Macintosh")]),
]


@pytest.mark.parametrize(("raw", "expected"), TREES)
def test_an_email_is_split_into_its_parts(raw: bytes, expected: list[tuple[int, str, bytes]]) -> None:
    assert tree(raw) == expected


def test_indexes_count_the_parts_in_order() -> None:
    raw = MIXED + b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\ninner\n--b\n\ntwo\n--b--"
    found = list(split(raw)[0].walk())
    assert [entity.index for entity in found] == [0, 1, 2, 3]
    assert [entity.embedded for entity in found] == [False, False, True, False]


DEFECTS = [
    (MIXED + b"lost", {"bad-boundary", "lost-boundary"}),
    (MIXED + b"--b\n\none", {"no-end-boundary"}),
    (b"Content-Type: nonsense\n\n", {"bad-content-type"}),
    (MIXED + b"--b\n\nx\n" * (MAX_PARTS + 1), {"too-many-parts", "no-end-boundary"}),
    (b"Content-Type: message/rfc822\n\n" * (MAX_DEPTH + 2), {"too-deep"}),
]


@pytest.mark.parametrize(("raw", "defects"), DEFECTS)
def test_damage_is_named(raw: bytes, defects: set[str]) -> None:
    assert set(split(raw)[1]) == defects


def test_parts_and_depth_are_bounded() -> None:
    assert len(list(split(MIXED + b"--b\n\nx\n" * 5000)[0].walk())) <= MAX_PARTS
    assert max(entity.depth for entity in split(b"Content-Type: message/rfc822\n\n" * 5000)[0].walk()) <= MAX_DEPTH


def test_a_boundary_that_looks_like_a_type_and_a_parameter_stays() -> None:
    head = b'Content-Type: multipart/mixed; boundary="a/b c=d"\r\n\r\n'
    assert tree(head + b"--a/b c=d\r\n\r\none\r\n--a/b c=d--\r\n")[1:] == [(1, "text/plain", b"one")]


@pytest.mark.parametrize("start", [b"x", b"a/b", b"a/b x"])
def test_a_type_with_many_spaces_is_read_in_linear_time(start: bytes) -> None:
    with no_hang():
        split((b"Content-Type: " + start + b" " * 100_000 + b"y\r\n") * 2 + b"\r\n")
