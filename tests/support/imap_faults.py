"""Faults of an IMAP server, for `ImapServer.fault`."""

import time

from tests.support.imap import mail
from tests.support.imap_server import Connection


def hang_up(connection: Connection, tag: str) -> None:
    del tag
    connection.hang_up()


def say_bye(connection: Connection, tag: str) -> None:
    del tag
    connection.send("+ idling", "* BYE going down")


def hang(connection: Connection, tag: str) -> None:
    del connection, tag


def consent_then_hang_up(connection: Connection, tag: str) -> None:
    del tag
    connection.send("+ idling")
    connection.hang_up()


def news_before_consent(connection: Connection, tag: str) -> bool:
    del tag
    connection.server.inbox.add(mail("early"))
    connection.send(f"* {len(connection.server.inbox.emails)} EXISTS")
    return True


def news_with_consent(connection: Connection, tag: str) -> None:
    connection.server.inbox.add(mail("together"))
    connection.send(f"+ idling\r\n* {len(connection.server.inbox.emails)} EXISTS")
    while connection.file.readline().strip() != b"DONE":
        pass
    connection.send(f"{tag} OK idled")


def news_in_two_pieces(connection: Connection, tag: str) -> None:
    connection.server.inbox.add(mail("together"))
    connection.send("+ idling")
    connection.sock.sendall(f"* {len(connection.server.inbox.emails)} EXI".encode())
    time.sleep(0.3)
    connection.sock.sendall(b"STS\r\n")
    while connection.file.readline().strip() != b"DONE":
        pass
    connection.send(f"{tag} OK idled")


def deaf(connection: Connection, tag: str) -> None:
    connection.send("+ idling")
    while connection.file.readline().strip() != b"DONE":
        pass
    connection.send(f"{tag} OK idled")


def short_literal(connection: Connection, tag: str) -> None:
    connection.send("* 1 FETCH (UID 1 BODY[] {500}", "Subject: short", ")", f"{tag} OK fetched")


def broken_off(connection: Connection, tag: str) -> None:
    del tag
    connection.send("* 1 FETCH (UID 1 BODY[] {500}", "Subject: short")
    connection.hang_up()


def nothing(connection: Connection, tag: str) -> None:
    connection.send(f"{tag} OK fetched")


def no_string(connection: Connection, tag: str) -> None:
    connection.send("* 1 FETCH (UID 1 BODY[] NIL)", f"{tag} OK fetched")


def refusal(connection: Connection, tag: str) -> None:
    connection.send(f"{tag} NO cannot")


def nonsense(connection: Connection, tag: str) -> None:
    connection.send("* 1 FETCH " + "(" * 3000, f"{tag} OK fetched")


def endless(connection: Connection, tag: str) -> None:
    del tag
    connection.send("* 1 FETCH (UID 1 BODY[] {9000000000}")


def flood(connection: Connection, tag: str) -> None:
    del tag
    while True:
        connection.send(*["* OK " + "x" * 1000] * 100)


def drip(connection: Connection, tag: str) -> None:
    del tag
    connection.send("* 1 FETCH (UID 1 BODY[] {500}")
    while True:
        connection.sock.sendall(b"x")
        time.sleep(0.02)
