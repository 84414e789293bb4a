"""References in documents, help texts and examples can be typed as they stand: their check character is right."""

import re
from pathlib import Path

from daemon.mail.reference import find_references
from tests.support.paths import ROOT
from workers.notify.sample_tickets import REFERENCE

SHOWN = re.compile(r"\bHD-[2-9A-Z]{4}-[2-9A-Z]{4}\b")
PLACES = ("README.md", "docs", "config", "daemon", "workers", "templates")
SUFFIXES = {".md", ".json", ".toml", ".py", ".html", ".j2", ".po", ".pot"}


def test_every_reference_that_is_shown_is_valid() -> None:
    shown = [
        (str(path.relative_to(ROOT)), reference)
        for path in _files()
        for reference in SHOWN.findall(path.read_text("utf-8"))
    ]
    assert [(path, reference) for path, reference in shown if not find_references(reference, "HD")] == []
    assert len(shown) > 50


def test_the_sample_tickets_have_a_reference_of_the_usual_form() -> None:
    assert find_references(REFERENCE, "HD") == (REFERENCE,)


def _files() -> list[Path]:
    paths = [
        path for place in PLACES for path in ((ROOT / place).rglob("*") if (ROOT / place).is_dir() else [ROOT / place])
    ]
    return [path for path in paths if path.suffix in SUFFIXES]
