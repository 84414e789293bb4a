"""The content of a DATA command: its end, its dots, its size, and what follows it."""

import tracemalloc
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.smtp.dot_reader import DotReader

LIMIT = 1000


@dataclass(frozen=True)
class Result:
    content: bytes | None
    size: int
    too_large: bool
    rest: bytes


def read(chunks: list[bytes], limit: int = LIMIT) -> Result:
    """Return what a reader makes of chunks; a content of None has not ended."""
    reader, rest = DotReader(limit), b""
    for chunk in chunks:
        rest += chunk if reader.ended else reader.feed(chunk)
    content = reader.content() if reader.ended else None
    return Result(content, reader.size, reader.too_large, rest)


def stuffed(content: bytes) -> bytes:
    """Return a content of whole lines as a client sends it, with the final dot."""
    lines = content.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n"


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n..\r\n...b\r\n.\r\n", b"a\r\n.\r\n..b\r\n"),
        (b"a.\r\n.\r\n", b"a.\r\n"),
        (b"a\r\n\r\n.\r\n", b"a\r\n\r\n"),
        (b"a\r\r\n.\r\n", b"a\r\r\n"),
        (b"nul \0 and \xff\r\n.\r\n", b"nul \0 and \xff\r\n"),
    ],
)
def test_content_ends_at_the_lone_dot_and_loses_its_transparency_dots(sent: bytes, content: bytes) -> None:
    assert read([sent]).content == content


# Each of these ends the content for some other server (RFC 5321 section 4.1.1.4 forbids it).
SMUGGLING = [
    b"\n.\n",
    b"\n.\r\n",
    b"\n.\r",
    b"\r.\r",
    b"\r.\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\n.\n\r\n",
    b"\n\n.\r\n",
    b"\r\r.\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n. \r\n",
    b"\r\n .\r\n",
    b"\r\n..\r\n",
]


@pytest.mark.parametrize("end", SMUGGLING)
def test_only_crlf_dot_crlf_ends_the_content(end: bytes) -> None:
    smuggled = b"MAIL FROM:<ceo@example.com>\r\n"
    assert read([b"first" + end + smuggled]).content is None
    result = read([b"first" + end + smuggled + b".\r\n"])
    assert result.content == (b"first" + end + smuggled).replace(b"\r\n.", b"\r\n")
    assert result.rest == b""


@pytest.mark.parametrize("start", [b".\n", b".\r", b".\r\r\n", b"\n.\r\n", b".\n\r\n"])
def test_the_first_line_follows_the_same_rule(start: bytes) -> None:
    assert read([start]).content is None


def test_bare_cr_and_lf_stay_in_the_content() -> None:
    assert read([b"a\nb\rc\n\r\r\nd\r\n.\r\n"]).content == b"a\nb\rc\n\r\r\nd\r\n"


def test_input_after_the_end_is_returned() -> None:
    commands = b"MAIL FROM:<a@x.example>\r\nDATA\r\nsecond\r\n.\r\n"
    assert read([b"first\r\n.\r\n" + commands]).rest == commands
    assert read([b"first\r\n.\r", b"\n" + commands]).rest == commands


FRAGMENTS = st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"a", b"xyz", b"\0"])
SENT = st.lists(FRAGMENTS, max_size=40).map(b"".join)


@given(SENT, st.lists(st.integers(0, 60)), st.integers(0, 40))
def test_chunking_does_not_change_the_result(sent: bytes, cuts: list[int], limit: int) -> None:
    bounds = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    chunks = [sent[a:b] for a, b in pairwise(bounds)]
    assert b"".join(chunks) == sent
    assert read(chunks, limit) == read([sent], limit)
    assert read([bytes([byte]) for byte in sent], limit) == read([sent], limit)


@given(SENT)
def test_the_result_equals_a_simple_reference_implementation(sent: bytes) -> None:
    before, end, rest = (b"\r\n" + sent).partition(b"\r\n.\r\n")
    result = read([sent])
    if end:
        content = (before + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]
        assert result == Result(content, len(content), too_large=False, rest=rest)
    else:
        dots = (b"\r\n" + sent).count(b"\r\n.")
        assert result == Result(None, len(sent) - dots, too_large=False, rest=b"")


@given(st.lists(FRAGMENTS, max_size=40).map(b"".join), SENT)
def test_dot_stuffed_content_is_restored(text: bytes, commands: bytes) -> None:
    content = text + b"\r\n"
    result = read([stuffed(content) + commands], limit=10_000)
    assert result.content == content
    assert result.rest == commands


@pytest.mark.parametrize(("over", "too_large"), [(-1, False), (0, False), (1, True), (2, True), (3, True), (5, True)])
def test_the_limit_counts_no_transparency_dots(*, over: int, too_large: bool) -> None:
    content = b"..\r\n" * 100
    content += b".." + b"x" * (LIMIT + over - len(content) + 101 - 4) + b"\r\n"
    for chunks in ([content + b".\r\n"], [content, b".\r\n"], [content + b".\r", b"\n"]):
        result = read(chunks)
        assert (result.size, result.too_large) == (LIMIT + over, too_large)
        assert result.content == (b"" if too_large else content.replace(b"..", b"."))


@given(SENT, st.lists(st.integers(0, 60)), st.integers(0, 10))
def test_an_oversized_content_is_counted_without_its_dots(text: bytes, cuts: list[int], limit: int) -> None:
    content = text.replace(b"\r\n.\r\n", b"\r\n..\r\n") + b"\r\n"
    sent = stuffed(content)
    bounds = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    result = read([sent[a:b] for a, b in pairwise(bounds)], limit)
    assert (result.size, result.too_large) == (len(content), len(content) > limit)


def test_content_that_will_exceed_the_limit_is_reported_before_its_end() -> None:
    reader = DotReader(LIMIT)
    reader.feed(b"x" * (LIMIT + 3))
    assert not reader.too_large
    reader.feed(b"x")
    assert reader.too_large


def test_an_oversized_stream_is_counted_and_not_kept() -> None:
    reader, chunk, number = DotReader(LIMIT), b"short\r\n" * 1000, 2000
    tracemalloc.start()
    try:
        for _ in range(number):
            reader.feed(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(chunk)
    assert reader.size == number * len(chunk)
    assert reader.feed(b".\r\nNOOP\r\n") == b"NOOP\r\n"
    assert reader.content() == b""


def test_content_before_the_end_and_input_after_it_are_errors() -> None:
    reader = DotReader(LIMIT)
    reader.feed(b"a\r\n")
    with pytest.raises(ValueError, match="has not ended"):
        reader.content()
    reader.feed(b".\r\n")
    with pytest.raises(ValueError, match="has ended"):
        reader.feed(b"b")
