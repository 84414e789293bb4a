"""`triaged check` asks the OpenID Connect provider as a sign-in does, and says where it sends people back to."""

import pytest

from tests.support.cli import Case
from tests.support.fakes import FakeClock
from tests.support.oidc_provider import SECRET, oidc_provider
from tests.support.ports import free_port


def found(
    case: Case, monkeypatch: pytest.MonkeyPatch, issuer: str, url: str = "https://help.example.com"
) -> list[tuple[str, str]]:
    values = {"PUBLIC_URL": url, "OIDC__ISSUER": issuer, "OIDC__CLIENT_ID": "triaged"}
    for name, value in {**values, "OIDC__CLIENT_SECRET": SECRET}.items():
        monkeypatch.setenv(f"TRIAGED_HTTP__{name}", value)
    assert SECRET not in case.run("check").out
    return [(row["state"], row["text"]) for row in case.run("check", "--json").rows if row["what"] == "oidc"]


def test_a_provider_that_answers_is_named_with_the_redirect_uri(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with oidc_provider(FakeClock()) as provider:
        [(state, text)] = found(case, monkeypatch, provider.issuer)
    said = f"{provider.issuer} answers, with 1 key; the redirect URI is https://help.example.com/ui/oidc/callback"
    assert (state, text) == ("ok", said)


def test_the_uri_after_a_sign_out_is_named_where_there_is_one(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with oidc_provider(FakeClock()) as provider:
        provider.metadata["end_session_endpoint"] = f"{provider.issuer}/end"
        [(state, text)] = found(case, monkeypatch, provider.issuer)
    assert (state, text.endswith("callback, the one after a sign-out https://help.example.com/ui/sign-in")) == (
        "ok",
        True,
    )


def test_a_provider_that_does_not_answer_fails(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, text)] = found(case, monkeypatch, f"http://127.0.0.1:{free_port()}")
    assert (state, "cannot be reached" in text) == ("fail", True)


def test_another_issuer_fails_with_the_right_one(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with oidc_provider(FakeClock()) as provider:
        [(state, text)] = found(case, monkeypatch, f"{provider.issuer}/")
    assert (state, f"names itself {provider.issuer}," in text) == ("fail", True)


def test_an_unknown_way_back_is_a_warning(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with oidc_provider(FakeClock()) as provider:
        [(state, text)] = found(case, monkeypatch, provider.issuer, "")
    assert (state, "only this host" in text) == ("warn", True)


def test_nothing_is_said_without_a_provider(case: Case) -> None:
    assert [row for row in case.run("check", "--json").rows if row["what"] == "oidc"] == []
