"""Files of settings for tests."""

from pathlib import Path


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "test.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


SHOP = """
[support]
addresses = ["help@example.com", { address = "Billing@Shop.example", name = "Shop", category = "Payments" }]
[[outgoing.servers]]
name = "shop"
host = "mail.shop.example"
"""
