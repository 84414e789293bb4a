"""Each line of the tree in docs/ARCHITECTURE.md says what its module says about itself, once and in order."""

import ast
import re
from itertools import groupby

from tests.support.paths import ROOT


def test_each_line_is_the_first_sentence_of_its_module() -> None:
    wrong = {path: said for path, said in _lines() if said != _first_line(path)}
    assert wrong == {}


def test_the_modules_of_a_folder_stand_in_order_and_once() -> None:
    for folder, group in groupby(_lines(), key=lambda line: line[0].rpartition("/")[0]):
        names = [path for path, _ in group]
        assert names == sorted(set(names)), folder


def _lines() -> list[tuple[str, str]]:
    text, folder, found = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8"), "", []
    for line in text.split("## The tree")[1].split("\n## ")[0].splitlines():
        if match := re.match(r"\*\*(.+)/\*\*", line):
            folder = match[1]
        elif match := re.match(r"- `(.+?)` (.+)", line):
            found.append((f"{folder}/{match[1]}", match[2]))
    return found


def _first_line(path: str) -> str:
    return (ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or "").partition("\n")[0]
