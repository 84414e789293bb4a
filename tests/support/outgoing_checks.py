"""Check every email that goes out of a conversation, whatever it is about."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import Final

from daemon.mail import token, verp
from daemon.mail.text.html import html_to_text
from daemon.mail.token import Purpose
from daemon.text import domain_of
from tests.support.helpdesk import read, text_of
from tests.support.smtp_sink import Received

OURS: Final = "@example.com"
SUPPORT: Final = "support@example.com"
REFERENCE: Final = re.compile(r"\[(HD-[0-9A-Z]{4}-[0-9A-Z]{4})\]")
# Words of our emails to teams, and addresses of teams: none may reach a customer.
INTERNAL: Final = re.compile(
    r"Category:|Priority:|Team:|_TEAM|not verified|set by a rule|Taken by|#(?:take|send|spam|drop) +\("
    r"|Why |Your reply to this email|\bmailto:|-team@example\.com|review@example\.com",
)
WORD: Final = re.compile(r"[^\W\d_]{4,}")
# Buttons stand in the text as commands, below a sentence that says so.
BUTTON: Final = re.compile(r"^  #\w+.*$|Reply with one of these as the first line:", re.MULTILINE)


def faults(taken: Sequence[Received], keys: tuple[bytes, ...], address: str = SUPPORT) -> Iterator[str]:
    """Yield what is wrong with the emails of a run, which all come from one of our addresses, a sentence each."""
    threads: dict[tuple[str, str], tuple[list[EmailMessage], list[EmailMessage]]] = defaultdict(lambda: ([], []))
    for one in taken:
        email = read(one.content)
        shown = f"{email['Subject']!r} to {', '.join(one.rcpts)}"
        for fault in (*_everywhere(one, email, keys, address), *_by_reader(one, email, keys, address)):
            yield f"{shown}: {fault}"
        reference = REFERENCE.search(str(email["Subject"]))
        if reference is None:
            yield f"{shown}: no reference in the subject"
            continue
        threads[one.rcpts[0], reference[1]][is_for_team(one, email, keys)].append(email)
    for (recipient, name), (for_customer, for_team) in threads.items():
        if not _is_one_thread(for_customer, for_team):
            yield f"the {len(for_team)} emails about {name} to {recipient} are not in one thread"


def _is_one_thread(for_customer: Sequence[EmailMessage], for_team: Sequence[EmailMessage]) -> bool:
    """Return whether all emails for a team refer to the same one, a customer's if the recipient got such ones too.

    It need not be the first that came: one that is tried again comes later.
    """
    known = [{*str(email["References"] or "").split(), str(email["Message-ID"])} for email in for_team]
    return any(all(str(head["Message-ID"]) in one for one in known) for head in for_customer or for_team)


def _everywhere(one: Received, email: EmailMessage, keys: tuple[bytes, ...], address: str) -> Iterator[str]:
    if one.rcpts != [email["To"]]:
        yield f"the envelope says {one.rcpts}"
    yield from _sender(email, address)
    if any(len(line) > 998 for line in one.content.split(b"\r\n")) or b"\n" in one.content.replace(b"\r\n", b""):
        yield "its lines are not those of RFC 5322"
    wanted = Purpose.TEAM if is_for_team(one, email, keys) else Purpose.CUSTOMER
    for field in ("Reply-To", "Message-ID", "X-Triaged-Loop"):
        found = list(token.find_genuine(str(email[field]), keys))
        if [held.purpose for held in found] != [wanted]:
            yield f"{field} has {len(found)} tokens of the right purpose"
        elif not found[0].is_for(one.rcpts[0], keys):
            yield f"the token in {field} is somebody else's"
    for held in token.find_genuine(_all_text(one, email), keys):
        if not held.is_for(one.rcpts[0], keys) or held.purpose is not wanted:
            yield "a token of somebody else is in it"
    parents = str(email["References"] or "").split()
    if email["In-Reply-To"] and parents[-1:] != [email["In-Reply-To"]]:
        yield "In-Reply-To is not the last of References"


def _sender(email: EmailMessage, address: str) -> Iterator[str]:
    """Yield where an email does not come from our address: From, the address for replies, and the Message-ID."""
    local, _, domain = address.partition("@")
    shapes = {
        "From": rf".*<{re.escape(address)}>",
        "Reply-To": rf".*<{re.escape(local)}\+[a-z2-7]+@{re.escape(domain)}>",
        "Message-ID": rf"<[^@]+@{re.escape(domain)}>",
    }
    for name, shape in shapes.items():
        if not re.fullmatch(shape, str(email[name])):
            yield f"{name} is {email[name]}"


def _by_reader(one: Received, email: EmailMessage, keys: tuple[bytes, ...], address: str) -> Iterator[str]:
    text, html = text_of(email), html_of(email)
    in_text, in_html = words(text), words(html)
    if is_for_team(one, email, keys):
        if one.mail_from != address or email["Auto-Submitted"] != "auto-generated":
            yield f"it comes from {one.mail_from!r} and is {email['Auto-Submitted']}"
        missing = words(BUTTON.sub("", text)) - in_html
        if missing:
            yield f"the HTML lacks {sorted(missing)}"
        return
    if in_text != in_html:
        yield f"text and HTML differ in {sorted(in_text ^ in_html)}"
    internal = INTERNAL.search(f"{email['Subject']}\n{text}\n{html}")
    if internal:
        yield f"it says {internal[0]!r}"
    if email["Auto-Submitted"] == "auto-replied":
        if one.mail_from not in {"", "<>"}:
            yield f"an acknowledgement with the envelope sender {one.mail_from}"
    elif email["Auto-Submitted"] or email["X-Auto-Response-Suppress"]:
        yield "an answer of a person that says it is automatic"
    elif verp.delivery_of([one.mail_from], keys) is None or domain_of(one.mail_from) != domain_of(address):
        yield f"an answer with the envelope sender {one.mail_from}"


def is_for_team(one: Received, email: EmailMessage, keys: tuple[bytes, ...]) -> bool:
    """Say whether an email goes to a team or a member; a member who asked something is a customer."""
    as_customer = any(held.purpose is Purpose.CUSTOMER for held in token.find_genuine(str(email["Reply-To"]), keys))
    return one.rcpts[0].endswith(OURS) and not (as_customer and email["Auto-Submitted"] != "auto-generated")


def words(text: str) -> frozenset[str]:
    """Return the words of a text, without addresses and tokens."""
    plain = re.sub(r"\S+@\S+|\bref:\S+|[a-z2-7]{34,}", " ", text)
    return frozenset(word.lower() for word in WORD.findall(plain))


def html_of(email: EmailMessage) -> str:
    """Return the HTML of an email as text."""
    html = email.get_body(("html",))
    return html_to_text(html.get_content()) if html else ""


def _all_text(one: Received, email: EmailMessage) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in email.items())
    html = email.get_body(("html",))
    return f"{headers}\n{text_of(email)}\n{html.get_content() if html else ''}\n{one.mail_from}"
