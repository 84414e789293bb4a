"""A real IMAP server in a process of its own, with its emails in memory."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import IMAPClient

from tests.support.fakes import eventually

# The server keeps no reference to the task of a connection, so a garbage collection ends connections in use.
RUN = "import gc; gc.disable(); from pymap.main import main; main()"


@contextmanager
def pymap(port: int, *options: str) -> Iterator[None]:
    listen = ["--host", "127.0.0.1", "--port", str(port), *options]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *listen, "dict", "--demo-user", "user", "--demo-password", "pass"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: reachable(port))
        yield
    finally:
        process.kill()
        process.wait()


def reachable(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def other_client(port: int) -> Iterator[IMAPClient]:
    with IMAPClient("127.0.0.1", port, ssl=False) as client:
        client.login("user", "pass")
        client.select_folder("INBOX")
        yield client
