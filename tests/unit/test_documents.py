"""The documents are short where they must be, complete, and their links lead somewhere."""

import re

import pytest

from tests.support.paths import ROOT

README_LINES = 150
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= README_LINES


def test_every_module_stands_in_the_tree_of_the_architecture_and_nothing_else_does() -> None:
    text, folder, listed = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8"), "", set()
    for line in text.split("## The tree")[1].split("\n## ")[0].splitlines():
        if match := re.match(r"\*\*(.+)/\*\*", line):
            folder = match[1]
        elif match := re.match(r"- `(.+?)`", line):
            listed.add(f"{folder}/{match[1]}")
    modules = {
        str(path.relative_to(ROOT))
        for root in ("daemon", "workers")
        for path in (ROOT / root).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }
    assert listed == modules


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_of_the_project(document: object) -> None:
    path = ROOT / str(document)
    missing = [link for link in LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()]
    assert missing == []
