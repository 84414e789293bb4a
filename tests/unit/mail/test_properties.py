from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.mail.mime.attachment import part_contents
from daemon.mail.mime.parse import parse
from tests.support.message_invariants import broken_promises

FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_boundaries = count(1)

FIELD_NAMES = st.sampled_from(
    ["From", "To", "Cc", "Subject", "Date", "Message-ID", "References", "Content-Type", "Content-Disposition",
     "Content-Transfer-Encoding", "Content-ID", "X-Other", "from", "Received"],
)  # fmt: skip
FRAGMENTS = st.sampled_from(
    [b"=?utf-8?q?", b"?=", b"=?utf-8?b?", b"=?x?q?a?=", b'"', b"<", b">", b"(", b")", b"@", b",", b";", b":",
     b"\\", b"\r",
     b"\n", b"\r\n ", b"\t", b"\0", b"\x1b$B", b"\xff\xfe", b"ann@example.com", b"boundary=b",
     b"multipart/mixed", b"text/html",
     b"message/rfc822", b"charset=utf-7", b"name*0*=utf-8''%", b"filename=", b"base64", b"quoted-printable",
     b"9999", b"=3D"],
)  # fmt: skip
VALUES = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=8)), max_size=12).map(b"".join)
FIELDS = st.lists(st.tuples(FIELD_NAMES, VALUES), max_size=10).map(
    lambda fields: b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields)
)

LEAF_TYPES = st.sampled_from(
    [b"text/plain", b"text/html", b"text/plain; format=flowed", b"application/ms-tnef", b"message/delivery-status",
     b"image/png; name=a.png", b"text/plain; charset=gb2312", b"nonsense", b"application/pkcs7-mime"],
)  # fmt: skip
ENCODINGS = st.sampled_from([b"7bit", b"base64", b"quoted-printable", b"x-uuencode", b"nonsense"])
TREES = st.recursive(
    st.builds(
        lambda kind, encoding, body: (
            b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (kind, encoding, body)
        ),
        LEAF_TYPES,
        ENCODINGS,
        st.binary(max_size=60),
    ),
    lambda parts: st.one_of(
        st.builds(
            lambda kind, children, is_cut: multipart(kind, children, is_cut=is_cut),
            st.sampled_from([b"mixed", b"alternative", b"related", b"report", b"digest", b"signed", b"encrypted"]),
            st.lists(parts, max_size=4),
            st.booleans(),
        ),
        st.builds(lambda inner: b"Content-Type: message/rfc822\r\n\r\n" + inner, parts),
    ),
    max_leaves=12,
)


def multipart(kind: bytes, children: list[bytes], *, is_cut: bool) -> bytes:
    boundary = b"b%d" % (next(_boundaries) % 7)
    parts = b"".join(b"\r\n--" + boundary + b"\r\n" + child for child in children)
    end = b"" if is_cut else b"\r\n--" + boundary + b"--\r\n"
    return b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\r\n\r\n" + parts + end


@FEW
@given(TREES)
def test_every_tree_is_parsed(raw: bytes) -> None:
    assert broken_promises(raw, parse(raw)) == []


@FEW
@given(FIELDS, st.binary(max_size=100))
def test_every_header_is_parsed(fields: bytes, body: bytes) -> None:
    raw = fields + b"\r\n" + body
    assert broken_promises(raw, parse(raw)) == []


@FEW
@given(st.binary(max_size=500))
def test_any_bytes_are_parsed(raw: bytes) -> None:
    assert broken_promises(raw, parse(raw)) == []


@FEW
@given(TREES, st.data())
def test_a_damaged_email_is_parsed(raw: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(raw)))
    damaged = raw[:at] + data.draw(st.binary(max_size=4)) + raw[at + data.draw(st.integers(0, 5)) :]
    assert broken_promises(damaged, parse(damaged)) == []


WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
LINES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


@FEW
@given(LINES, WORDS, LINES, st.binary(max_size=200))
def test_email_composed_by_the_standard_library_is_read_back(
    subject: str, name: str, text: str, content: bytes
) -> None:
    composed = EmailMessage(policy=SMTP)
    composed["Subject"] = subject
    composed["From"] = Address(name, "ann", "customer.example")
    composed["To"] = "support@shop.example"
    composed.set_content(text)
    composed.add_attachment(content, maintype="application", subtype="pdf", filename="Größe.pdf")
    raw = composed.as_bytes()
    message = parse(raw)
    assert message.subject.split() == subject.split()
    assert [(address.name, address.email) for address in message.from_] == [(name, "ann@customer.example")]
    assert [address.email for address in message.to] == ["support@shop.example"]
    assert message.text.split() == text.split()
    assert [(file.filename, file.size) for file in message.attachments] == [("Größe.pdf", len(content))]
    [file] = message.attachments
    assert part_contents(raw, {file.part}) == {file.part: content}
    assert set(message.defects) == {"no-date", "no-message-id"}
