"""Private names of libraries that we use are listed with a reason, and the installed libraries have them."""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SMTP = "aiosmtpd.smtp.SMTP"
IMAP = "imapclient.IMAPClient"
# (file, name): the class that has the name, and why we use it.
USED = {
    ("daemon/smtp/session.py", "_call_handler_hook"): (SMTP, "our DATA ends in the hook as aiosmtpd's does"),
    ("daemon/smtp/session.py", "_create_envelope"): (SMTP, "a fresh envelope after DATA and after an error"),
    ("daemon/smtp/session.py", "_getaddr"): (SMTP, "reads plain paths without the whole grammar, which is slow"),
    ("daemon/smtp/session.py", "_handler_coroutine"): (SMTP, "a dismissed session is cancelled"),
    ("daemon/smtp/session.py", "_original_transport"): (SMTP, "aborting TLS must abort the socket below it"),
    ("daemon/smtp/session.py", "_reader"): (SMTP, "DATA is read without aiosmtpd's unbounded lines"),
    ("daemon/smtp/session.py", "_reset_timeout"): (SMTP, "a running timer is kept; a new one for each command is slow"),
    ("daemon/smtp/session.py", "_timeout_cb"): (SMTP, "a client that is silent or slow gets a 421 first"),
    ("daemon/smtp/session.py", "_timeout_handle"): (SMTP, "aiosmtpd cancels it when the connection is lost"),
    ("daemon/imap/connection.py", "_command"): ("imaplib.IMAP4", "imapclient starts IDLE in the same way"),
    ("daemon/imap/connection.py", "_create_IMAP4"): (IMAP, "the reads of the connection are counted against a budget"),
    ("daemon/imap/connection.py", "_get_response"): (
        "imaplib.IMAP4",
        "news may come before the server's consent to IDLE",
    ),
    ("daemon/imap/connection.py", "_idle_tag"): (IMAP, "idle_done() finds our IDLE by its tag"),
    ("daemon/imap/connection.py", "_imap"): (IMAP, "the imaplib object has the socket and the commands"),
    ("daemon/imap/connection.py", "_poll_socket"): (
        IMAP,
        "what came with the consent is read already, so a poll would miss it",
    ),
    ("workers/notify/compose.py", "_write_lines"): (
        "email.generator.BytesGenerator",
        "text is written in one piece, which is much faster than line by line",
    ),
}
FILES = sorted(path for folder in ("daemon", "workers") for path in (ROOT / folder).rglob("*.py"))
OURS = ("daemon", "workers", "config", "templates")


def is_private(name: str) -> bool:
    return re.match(r"_(?!_)\w", name) is not None


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def foreign_names(tree: ast.AST) -> Iterator[str]:
    """Yield the private names that are imported, or taken from anything but self and cls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_self(node.value):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))


def own_names(tree: ast.AST) -> set[str]:
    """Return the private names that a class defines, or takes from self and cls."""
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and is_self(n.value)}
    functions = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    variables = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return {name for name in attributes | functions | variables if is_private(name)}


def library_names(kind: type) -> set[str]:
    """Return the names of a class and its bases that are not ours, with those that only instances have."""
    found: set[str] = set()
    for base in kind.__mro__:
        if base is not object and base.__module__.split(".")[0] not in OURS:
            found |= set(vars(base))
            try:
                source = inspect.getsource(base)
            except (OSError, TypeError):  # written in C
                continue
            found |= own_names(ast.parse(textwrap.dedent(source)))
    return found


def inherited_names(path: Path, tree: ast.Module) -> Iterator[str]:
    """Yield the private names of library classes that our subclasses use or override."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases and (names := own_names(node)):
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            yield from names & library_names(getattr(module, node.name))


def test_every_private_name_that_we_use_is_listed_and_no_other() -> None:
    found: set[tuple[str, str]] = set()
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        names = {*foreign_names(tree), *inherited_names(path, tree)}
        found |= {(str(path.relative_to(ROOT)), name) for name in names}
    assert found == USED.keys()


@pytest.mark.parametrize(("name", "owner"), sorted({(name, owner) for (_, name), (owner, _) in USED.items()}))
def test_the_installed_library_has_the_name(name: str, owner: str) -> None:
    module, _, kind = owner.rpartition(".")
    assert name in library_names(getattr(importlib.import_module(module), kind))


@pytest.mark.parametrize(
    "source",
    ["x._taken", "self.reader._taken = 1", "super()._taken()", "f()._taken", "from lib import _taken", "del x._taken"],
)
def test_a_use_of_a_private_name_is_found(source: str) -> None:
    assert list(foreign_names(ast.parse(source))) == ["_taken"]


@pytest.mark.parametrize(
    "source", ["x.public", "self._own", "cls._own", "x.__dict__", "from lib import public as _own"]
)
def test_public_names_and_our_own_are_no_use_of_a_private_name(source: str) -> None:
    assert list(foreign_names(ast.parse(source))) == []


def test_names_of_a_library_are_found_in_its_classes_and_in_their_instances() -> None:
    stream = importlib.import_module("asyncio").StreamReaderProtocol
    assert {"_get_close_waiter", "_stream_reader", "_paused"} <= library_names(stream)
