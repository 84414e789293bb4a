"""Find out why a delivery failed, from status codes (RFC 3463) and the phrases of servers."""

import re
from dataclasses import dataclass
from typing import Final

from daemon.mail.dsn.phrases import PHRASES

PERMANENT: Final = frozenset({"user-unknown", "host-unknown", "moved", "not-accepting"})
"""The reasons that say something about the address itself: writing again, anything, to it is useless."""

_SCAN: Final = 4000
_DIAGNOSTIC: Final = 500

# Not next to another number: that would be an IP address or a version.
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_BASIC = re.compile(r"(?<![\d.:/#=-])([45][0-7]\d)(?![\d.:/]\d|\d|\.\d)(?=[-\s:,;)\]\"'#<.]|$)")
# Words in addresses, host names and paths of links are not a reason: antispam@, mx.antispam.example, /policy/.
# The host of a link is kept: www.spamhaus.org is a reason.
_LINK_PATH = re.compile(r"(https?://[^\s/]{1,200})/\S{1,500}")
_NAME = re.compile(
    r"[^\s<>@]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}|(?<![/.a-z0-9-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){2,8}"
)
# Said by the MTAs (Postfix, Exim), seen in transcripts of sessions (Sendmail), or known of KDDI (au, ezweb), which
# leaves the address out only then, and of Apache James (Verizon), which then lists the size of the message it took.
_AFTER_DATA = re.compile(
    r"(?:in reply to|after) (?:the )?(?:end of )?data\b|(?:^|\n)[> ]{0,8}data ?\n ?<<< ?5|(?:^|\n)data(?:\n|$)"
    r"|\b550 : user unknown|\n[ \t]{0,8}size \(in bytes\) ?:"
)

_OF_SENDER: Final = frozenset({"1.7", "1.8"})
"""RFC 3463 section 3.2: the address of the sender is bad, whatever "no such domain" beside it seems to say."""

_BY_STATUS: Final = {
    "1.0": "user-unknown",
    "1.1": "user-unknown",
    "1.2": "host-unknown",
    "1.3": "user-unknown",
    "1.4": "user-unknown",
    "1.6": "moved",
    "1.10": "not-accepting",
    "2.1": "suspended",
    "2.2": "mailbox-full",
    "2.3": "too-big",
    "3.2": "not-accepting",
    "3.4": "too-big",
    "4.4": "host-unknown",
    "4.7": "expired",
    "7.1": "policy",
}
"""RFC 3463 section 3: subject.detail, whatever the class."""

_STATUS_OF: Final = {
    "mailbox-full": "5.2.2",
    "too-big": "5.3.4",
    "expired": "4.4.7",
    "user-unknown": "5.1.1",
    "host-unknown": "5.1.2",
    "moved": "5.1.6",
    "not-accepting": "5.3.2",
    "suspended": "5.2.1",
    "network": "4.4.1",
}


def find_status(text: str) -> str | None:
    """Return the status in a text, such as "5.1.1": an enhanced code, else an SMTP reply code as "5.0.0".

    A specific code wins over an unspecific one ("5.0.0").
    """
    head = text[:_SCAN]
    best: str | None = None
    for match in _ENHANCED.finditer(head):
        status = ".".join(str(int(number)) for number in match.groups())
        if not status.endswith(".0.0"):
            return status
        best = best or status
    if best:
        return best
    basic = _BASIC.search(head)
    return f"{basic[1][0]}.0.0" if basic else None


def find_reason(status: str | None, text: str) -> str:
    """Return why a delivery failed, as one short word, from its text and else its status; "" if unknown.

    `text` is what the reporting system says about one recipient. It is searched first, because many servers answer
    every refusal with 5.1.1 or 5.0.0.
    """
    detail = status.partition(".")[2] if status else ""
    if detail in _OF_SENDER:
        return "sender-refused"
    return _reason_in(_after_code(text)) or _reason_in(text) or _BY_STATUS.get(detail, "")


def _after_code(text: str) -> str:
    """Return the text after the first code: the answer of the server, without the server name before it."""
    code = _ENHANCED.search(text, 0, _SCAN) or _BASIC.search(text, 0, _SCAN)
    return text[code.end() :] if code else ""


def _reason_in(text: str) -> str:
    """Return the reason of the first known phrase in a text, ignoring names and links."""
    bare = _NAME.sub(" ", _LINK_PATH.sub(r"\1", text[:_SCAN].lower().replace("\u2019", "'")))
    words = " ".join(bare.split())
    return next((reason for reason, phrases in PHRASES if any(phrase in words for phrase in phrases)), "")


def is_after_data(text: str) -> bool:
    """Return whether a server refused only after it had read the message (DATA, RFC 5321 section 4.1.1.4)."""
    lines = (" ".join(line.split()) for line in text[:_SCAN].lower().split("\n"))
    return bool(_AFTER_DATA.search("\n".join(lines)))


def status_of(reason: str) -> str | None:
    """Return the status (RFC 3463) for a reason, or None."""
    return _STATUS_OF.get(reason)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a report says about one recipient.

    `address` is in lower case, or "" if the report does not name it. `action` is a word of RFC 3464 section 2.3.3
    (failed, delayed, delivered, relayed, expanded) or "complaint". `reason` is a short word, "" if unknown.
    """

    address: str
    action: str
    status: str | None
    reason: str
    diagnostic: str

    @property
    def permanent(self) -> bool:
        """Whether no email can ever reach this address; a full mailbox or a refused message does not mean that.

        A report with neither reason nor code is believed: "failed" means that delivery was given up (RFC 3464
        section 2.3.3), and systems explain temporary failures.
        """
        if self.action != "failed":
            return False
        # A name server may answer again tomorrow; a directory that said "450 user unknown" for days will not change.
        if (self.status or "5")[0] != "5":
            return self.reason == "user-unknown"
        return self.reason in PERMANENT or not (self.reason or self.status)


def diagnose(address: str, action: str, status: str | None, text: str, notice: str = "") -> Failure:
    """Return the failure of one recipient from its action, its status field and the text of the server.

    `notice` is the text for people; it shows at which command the server refused.
    """
    spoken = find_status(text)
    if status is None or (status.endswith(".0.0") and spoken and spoken[0] == status[0]):
        status = spoken or status
    reason = find_reason(status, text)
    # Carriers in Japan and some filters answer "user unknown" to a message that they reject for its content. A
    # server that sends an enhanced code means it; Exchange Online uses its own codes for answers of other servers.
    if reason == "user-unknown" and not _names_address(status) and is_after_data(f"{text}\n{notice}"):
        reason = "refused-after-data"
    return Failure(address, action, status or status_of(reason), reason, " ".join(text[:_DIAGNOSTIC].split()))


def _names_address(status: str | None) -> bool:
    """Return whether a status is a registered status of an address (RFC 3463 section 3.2)."""
    detail = (status or "").partition(".")[2]
    return detail.startswith("1.") and detail in _BY_STATUS
