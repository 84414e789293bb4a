"""Each kind of job has one actor in a file of its own, and the contract of import-linter keeps them apart."""

import ast
import tomllib
from pathlib import Path

from daemon.store.jobs import JobKind
from tests.support.paths import ROOT

FOLDER = ROOT / "workers" / "actors"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def has_actor(path: Path) -> bool:
    tree = ast.parse(path.read_text("utf-8"))
    return any(isinstance(node, ast.ClassDef) and node.name.endswith("Actor") for node in tree.body)


def test_each_kind_of_job_has_an_actor_in_the_file_of_its_name() -> None:
    assert {path.stem for path in FOLDER.glob("*.py") if has_actor(path)} == {str(kind) for kind in JobKind}


def test_the_contract_names_every_actor() -> None:
    [modules] = [each["modules"] for each in CONTRACTS if each["type"] == "independence"]
    assert modules == [f"workers.actors.{kind}" for kind in sorted(JobKind)]
