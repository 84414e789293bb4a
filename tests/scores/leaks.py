"""Answer each of our emails to teams in the form of each mail program, and count what of ours would leave.

usage: python -m tests.scores.leaks [--gate] [--show]

Two figures: lines of ours in what the customer would get (0 is the limit), and clean answers that were held (3 %).
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer import CutAnswer, OurMarks, read_answer
from daemon.mail.reply.our_marks import squeeze
from daemon.mail.text.html import html_to_text
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.vocabulary import MailKind
from tests.support.mail_clients import CLIENTS, SIGNATURE, STYLES, Original, reply
from workers.notify.compose import OutgoingMail, as_bytes
from workers.notify.contexts import View
from workers.notify.render import Rendered, Renderer
from workers.notify.sample_tickets import MARK
from workers.notify.samples import SAMPLES
from workers.notify.translate import Translations

NOW = datetime(2026, 11, 2, 10, 31, tzinfo=UTC)
KEY = b"leak"
TEAM = "payments-team@example.com"
SUPPORT = "support@example.com"
CUSTOMER = "ann.lee@customer.example"
HELD_LIMIT = 0.03
SENTENCES = Translations().team_sentences()
TO_CUSTOMERS = (MailKind.ACKNOWLEDGEMENT, MailKind.ANSWER)
WRITTEN = (
    ("Hello Ann,", "we have found your payment and booked it today. Sorry for the trouble!", "Kind regards"),
    ("Done.",),
    ("Dear Ms Lee,", "which category did you choose, Payments or Login? The ticket is yours: HD-7K3Q-M9XY.", "Thanks"),
    ("Hi,", "1. Open the page https://shop.example/orders", "2. Press “Pay again”: it must say “booked”", "Ana"),
    ("Team: our team has looked at it.", "Priority: high. From: 2 November, to: 4 November.", "Subject: your refund"),
)
INLINE = ("It was booked this morning.", "Yes, I have looked: everything is in order now.")
# What programs add to an answer by themselves.
FOOTERS = ("Von meinem iPhone gesendet", "Get Outlook for iOS", "Get Outlook for iOS <https://aka.ms/o0ukef>")
# How well the ticket is known when the answer is cut: as it was sent, changed meanwhile, or by the templates only.
KNOWLEDGE = ("as sent", "changed", "templates only")


@dataclass(frozen=True)
class TeamEmail:
    """An email of ours to a team: `words` are those of the customer in it."""

    name: str
    rendered: Rendered
    words: str
    original: Original


@dataclass(frozen=True)
class Result:
    """What became of one answer: lines of ours in it, words of the agent that are missing, and why it was held."""

    name: str
    knowledge: str
    internal: tuple[str, ...]
    lost: tuple[str, ...]
    held: tuple[str, ...]


def team_emails(renderer: Renderer) -> list[TeamEmail]:
    """Return every sample of our emails to teams, rendered, composed and read back."""
    token = Token(Purpose.TEAM, 7, digest(TEAM, KEY), (NOW + timedelta(days=30)).date())
    mark = sign(token, KEY)
    views = [(kind, view) for kind, view in SAMPLES if kind not in TO_CUSTOMERS]
    return [_team_email(renderer, f"{kind} {number}", kind, view, mark) for number, (kind, view) in enumerate(views)]


def _team_email(renderer: Renderer, name: str, kind: MailKind, view: View, mark: str) -> TeamEmail:
    made = renderer.render(kind, view)
    rendered = Rendered(made.subject, made.text.replace(MARK, mark), made.html.replace(MARK, mark))
    outgoing = OutgoingMail(
        kind=kind,
        sender_name="Example Support",
        sender_address=SUPPORT,
        recipient=TEAM,
        reply_to=f"support+{mark}@example.com",
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=f"<{mark}.1@example.com>",
        in_reply_to="",
        references=(),
        loop_token=mark,
        files=(),
        date=NOW,
        boundary_seed="0123456789abcdef",
    )
    words = "\n".join(getattr(getattr(view, part, None), "text", "") for part in ("new", "rest"))
    return TeamEmail(name, rendered, words.strip("\n"), Original.read(as_bytes(outgoing)))


def answers(email: TeamEmail) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Yield the name, the bytes and the expected words of an answer in each form and style."""
    lines = [line.strip() for line in email.words.split("\n") if len(line.strip()) > 20 and not line.startswith(">")]
    below = dict(zip([line[:20] for line in (*lines[:1], *lines[-1:])], INLINE, strict=False))
    for number, client in enumerate(CLIENTS):
        for place, style in enumerate(STYLES):
            paragraphs = WRITTEN[(number + place) % len(WRITTEN)]
            shown = {part: words for part, words in below.items() if style == "inline"}
            used = "top" if style == "inline" and not shown else style
            raw = reply(client, email.original, paragraphs, style=used, below=shown)
            expected = (*(shown.values() if shown else paragraphs), *SIGNATURE)
            yield f"{email.name}, {client}, {style}", raw, expected


def marks_for(email: TeamEmail, emails: Sequence[TeamEmail], knowledge: str) -> OurMarks:
    """Return what is known when an answer to an email is cut."""
    texts: tuple[str, ...] = ()
    if knowledge == "as sent":
        texts = (email.rendered.text, html_to_text(email.rendered.html))
    elif knowledge == "changed":
        other = next(other for other in emails if other.name.split()[0] == email.name.split()[0] and other is not email)
        texts = (other.rendered.text, html_to_text(other.rendered.html))
    return OurMarks(
        keys=(KEY,),
        today=NOW.date(),
        customers=frozenset((CUSTOMER,)),
        emails=texts,
        phrases=SENTENCES,
        customer_texts=(email.words,),
        addresses=frozenset((SUPPORT, TEAM)),
    )


def judge(name: str, knowledge: str, cut: CutAnswer, expected: Sequence[str], email: TeamEmail) -> Result:
    """Compare what would leave with what the agent wrote; anything else that is not the customer's is ours."""
    allowed = {squeeze(line) for line in (*expected, *FOOTERS)}
    words = squeeze(email.words)
    shown = (*cut.text.split("\n"), *html_to_text(cut.html).split("\n"))
    internal = [line for line in shown if squeeze(line) and squeeze(line) not in allowed and squeeze(line) not in words]
    both = squeeze(cut.text), squeeze(html_to_text(cut.html))
    lost = [line for line in expected if any(squeeze(line) not in one for one in both)]
    return Result(name, knowledge, () if cut.leaks else tuple(internal), tuple(lost), cut.leaks)


def results() -> Iterator[Result]:
    """Yield the result of every answer, with each kind of knowledge."""
    emails = team_emails(Renderer(None))
    for email in emails:
        for knowledge in KNOWLEDGE:
            if knowledge == "changed" and sum(one.name.split()[0] == email.name.split()[0] for one in emails) == 1:
                continue
            marks = marks_for(email, emails, knowledge)
            for name, raw, expected in answers(email):
                yield judge(name, knowledge, read_answer(parse(raw), raw, marks), expected, email)


def main() -> int:
    """Print the figures; with --gate, return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--show", action="store_true", help="print each answer that is not as expected")
    options = parser.parse_args()
    found = list(results())
    for result in found if options.show else ():
        if result.internal or result.lost or result.held:
            print(f"{result.name} ({result.knowledge})", *result.internal, sep="\n    OURS ")
            print(*("", *result.lost), sep="\n    LOST ")
            print(*("", *result.held), sep="\n    HELD ")
    counts: Counter[str] = Counter()
    for result in found:
        counts[f"answers, {result.knowledge}"] += 1
        counts[f"held, {result.knowledge}"] += bool(result.held)
        counts["lost"] += bool(result.lost and not result.held)
        counts["internal"] += len(result.internal)
    print(f"lines of ours in {len(found):,} answers: {counts['internal']} (limit 0)")
    print(f"answers with words of the agent missing, and not held: {counts['lost']} (limit 0)")
    for knowledge in KNOWLEDGE:
        held, all_of_them = counts[f"held, {knowledge}"], counts[f"answers, {knowledge}"]
        limit = f" (limit {HELD_LIMIT:.0%})" if knowledge == KNOWLEDGE[0] else ""
        print(f"held although clean, ticket known {knowledge}: {held / all_of_them:.1%}{limit}")
    too_many = counts["held, as sent"] > HELD_LIMIT * counts["answers, as sent"]
    return int(options.gate and bool(counts["internal"] or counts["lost"] or too_many))


if __name__ == "__main__":
    sys.exit(main())
