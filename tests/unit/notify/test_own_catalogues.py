"""The directory of an admin's own catalogues."""

from pathlib import Path

import pytest

from workers.notify.translate import CatalogueError, Translations

SWEDISH = 'msgid ""\nmsgstr "Language: sv\\n"\n\nmsgid "Hello,"\nmsgstr "Hej,"\n'


@pytest.mark.parametrize("left", [".sv.po.swp", "sv.po~", "#sv.po#", ".git"])
def test_what_an_editor_leaves_beside_a_catalogue_is_ignored(tmp_path: Path, left: str) -> None:
    (tmp_path / "sv.po").write_text(SWEDISH, "utf-8")
    (tmp_path / left).write_bytes(b"\xff")
    found = Translations(tmp_path)
    found.check()
    assert found.first_of(["sv"]).gettext("Hello,") == "Hej,"


def test_a_file_that_is_no_catalogue_is_named(tmp_path: Path) -> None:
    (tmp_path / "swedish.txt").write_text(SWEDISH, "utf-8")
    with pytest.raises(CatalogueError, match=r"swedish\.txt: not a catalogue"):
        Translations(tmp_path).check()
