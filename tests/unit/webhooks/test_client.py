"""A webhook is signed as the specification says, and reaches no internal address and no second server."""

import ipaddress
import socket
from collections.abc import Iterator

import pytest

from daemon.system.networks import is_allowed
from tests.support.webhooks import Server, serving
from workers.webhooks import client
from workers.webhooks.client import PostError, PostPolicy, post
from workers.webhooks.signature import headers

LOOPBACK = PostPolicy(("127.0.0.0/8",), 5)
NOWHERE = PostPolicy((), 5)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the reference libraries.
    found = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_make_two_signatures() -> None:
    first, second = "whsec_" + "AAAA" * 8, "whsec_" + "BBBB" * 8
    both = headers("msg_1", 1, b"{}", [first, second])["webhook-signature"].split(" ")
    alone = [headers("msg_1", 1, b"{}", [one])["webhook-signature"] for one in (first, second)]
    assert both == alone
    assert both[0] != both[1]


def test_a_body_and_its_headers_arrive(server: Server) -> None:
    status, text = post(f"http://127.0.0.1:{server.port}/hook?a=1", b'{"a": 1}', {"webhook-id": "msg_1"}, LOOPBACK)
    [(path, sent, body)] = server.got
    assert (status, text) == (200, "ok")
    assert (path, body, sent["webhook-id"]) == ("/hook?a=1", b'{"a": 1}', "msg_1")


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.status = 307
    assert post(f"http://127.0.0.1:{server.port}/hook", b"{}", {}, LOOPBACK)[0] == 307
    assert len(server.got) == 1


def test_a_long_answer_is_read_to_its_bound_only(server: Server) -> None:
    server.answer = b"x" * 1_000_000
    assert len(post(f"http://127.0.0.1:{server.port}/", b"{}", {}, LOOPBACK)[1]) == client.ANSWER_BYTES


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "0.0.0.0", "2130706433"]
)
def test_no_internal_address_is_reached(host: str, server: Server) -> None:
    with pytest.raises(PostError):
        post(f"http://{host}:{server.port}/", b"{}", {}, NOWHERE)
    assert server.got == []


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "0.0.0.0"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700:4700::1111"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(ipaddress.ip_address(address), ())


def test_a_name_with_one_internal_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: answers)
    with pytest.raises(PostError, match=r"10\.0\.0\.1"):
        post("https://rebinding.example/", b"{}", {}, NOWHERE)


def test_a_public_address_needs_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: answers)
    with pytest.raises(PostError, match="https"):
        post("http://shop.example/", b"{}", {}, NOWHERE)


def test_a_server_that_is_away_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(PostError):
            post(f"http://127.0.0.1:{port}/", b"{}", {}, LOOPBACK)
