"""A sentence or a list that several modules rely on stands in one of them: two copies would part unnoticed."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.support.paths import ROOT

FILES = sorted(path for folder in ("daemon", "workers", "config") for path in (ROOT / folder).rglob("*.py"))


def constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield name and value of the constants that are sentences, or lists of two items or more."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if says_much(value):
                yield name, ast.unparse(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if says_much(value):
                yield name, ast.unparse(value)


def says_much(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=str(text)):
            return text.strip().count(" ") > 1
        case ast.Tuple(elts=items) | ast.Set(elts=items) | ast.List(elts=items):
            return len(items) > 1 and not all(isinstance(item, ast.Constant) and item.value == "" for item in items)
        case ast.Call(func=ast.Name(id="frozenset"), args=[inner]):
            return says_much(inner)
    return False


def test_no_sentence_and_no_list_stands_in_two_modules() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for path in FILES:
        if "versions" not in path.parts:  # a migration keeps its own words
            for name, value in constants(ast.parse(path.read_text("utf-8"))):
                places[value].add(f"{path.relative_to(ROOT)}:{name}")
    assert {value: sorted(found) for value, found in places.items() if len(found) > 1} == {}


def test_a_sentence_and_a_list_are_found() -> None:
    found = constants(
        ast.parse('A = "DNS did not answer"\nB = (X.ONE, X.TWO)\nC: T = frozenset(("a", "b"))\nD = "word"')
    )
    assert [name for name, _ in found] == ["A", "B", "C"]
