"""The settings of the OpenID Connect provider: what is refused, and where its secret may come from."""

from pathlib import Path

import pytest

from config.settings import ConfigError, load

RIGHT = '[http]\npublic_url = "https://help.example.com"\n[http.oidc]\nissuer = "{issuer}"\nclient_id = "triaged"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "triaged.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "issuer", ["https://login.example.com", "https://a.example/realms/x/", "http://127.0.0.1:80/x"]
)
def test_an_issuer_is_a_url_by_tls_or_on_this_host(tmp_path: Path, issuer: str) -> None:
    oidc = load(written(tmp_path, RIGHT.format(issuer=issuer))).http.oidc
    assert oidc is not None
    assert (oidc.issuer, oidc.label) == (issuer, "Company login")


@pytest.mark.parametrize(
    "issuer",
    [
        *("http://login.example.com", "http://127.0.0.1.evil.example", "ftp://x", "", "https://", "https://u:p@host"),
        *("https://host/?a=1", "https://host/#a", "http://localhost@evil.example"),
    ],
)
def test_another_issuer_is_refused(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.oidc\.issuer"):
        load(written(tmp_path, RIGHT.format(issuer=issuer)))


def test_the_secret_comes_from_a_credential_and_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, RIGHT.format(issuer="https://a.example"))
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "triaged_http.oidc.client_secret").write_text("from a credential\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert secret(path) == "from a credential"
    monkeypatch.setenv("TRIAGED_HTTP__OIDC__CLIENT_SECRET", "from the environment")
    assert secret(path) == "from the environment"


def test_a_file_with_the_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    path = written(tmp_path, RIGHT.format(issuer="https://a.example") + 'client_secret = "x"\n')
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="holds a secret"):
        load(path)


def secret(path: Path) -> str:
    oidc = load(path).http.oidc
    assert oidc is not None
    return oidc.client_secret.get_secret_value()
