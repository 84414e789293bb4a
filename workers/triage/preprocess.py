"""Prepare the text for triage: the new words of the person, without greeting, signature, disclaimer and numbers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

import regex

from daemon.mail.reply.banner import without_gateway_text
from daemon.mail.reply.boilerplate import Block, trim
from daemon.mail.reply.gateway_tags import without_gateway_tags
from daemon.mail.reply.phrases import CLOSING, GREETING
from daemon.mail.reply.split import new_text
from daemon.text import normalized

MAX_SUBJECT = 500
MAX_TEXT = 100_000
MAX_BODY = 20_000
MAX_READ = 4000
SHORT_BODY = 25

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
PREFIX = re.compile(r"^\s*(?:re|aw|sv|vs|fwd?|wg|tr|rv|enc|rif|antw|doorst)\s*(?:\[\d{1,3}\])?\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """What triage reads of a ticket.

    `subject` and `body` are cleaned but otherwise as written; `written` is the body with greeting and closing. `read`
    is the input of the model: the subject twice, then the body, with numbers, addresses and URLs masked. `notes` say
    what was left out, `left_out` are the digests of the blocks that were, and `blocks` those that may be learned as
    boilerplate.
    """

    subject: str
    body: str
    read: str
    written: str = ""
    notes: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to read."""
        return not any(c.isalnum() for c in self.subject + self.body)


def clean(subject: str, text: str, boilerplate: Collection[str] = ()) -> Case:
    """Prepare an email from its subject and whole text; `boilerplate` are the digests of blocks that are not read."""
    notes = []
    whole = tidy(text[:MAX_TEXT])
    reply = without_gateway_text(new_text(whole))
    if len(subject) > MAX_SUBJECT or len(reply) > MAX_BODY:
        notes.append(f"only the first {MAX_BODY:,} characters were read")
    trimmed = trim(reply, boilerplate)
    if trimmed.left_out:
        notes.append("text that many senders' emails have was not read")
    subject = without_prefixes(tidy(subject[:MAX_SUBJECT]))
    body = without_formalities(trimmed.text[:MAX_BODY])
    if len(body) < SHORT_BODY:
        forwarded = forwarded_body(whole[:MAX_BODY])
        if forwarded:
            notes.append("the forwarded email was read because the message itself says little")
            inner = trim(without_gateway_text(new_text(forwarded)), boilerplate).text
            body = f"{body}\n{without_formalities(inner)}".strip()
    read = mask(f"{subject}\n{subject}\n{body}".strip()[:MAX_READ])
    return Case(subject, body, read, trimmed.text[:MAX_BODY], tuple(notes), trimmed.blocks, trimmed.left_out)


def tidy(text: str) -> str:
    """Remove invisible characters, unify line ends, and normalize to NFKC."""
    text = INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return normalized("NFKC", text).strip()


def without_prefixes(subject: str) -> str:
    """Strip prefixes such as `Re:`, `AW:` and `Fwd:`, and the tags of gateways such as `[EXTERNAL]`."""
    for _ in range(5):
        shorter = PREFIX.sub("", without_gateway_tags(subject), count=1)
        if shorter == subject:
            break
        subject = shorter
    return " ".join(subject.split())


PLEASANTRY = re.compile(
    r"\b(?:i )?hope (?:you(?:'re| are)|this (?:e-?mail|message|finds)|all is)[^.!?\n]{0,60}[.!?\n]?"
    r"|\blooking forward to (?:your|hear)[^.!?\n]{0,60}[.!?\n]?"
    r"|\b(?:many )?thanks? (?:you )?(?:so much )?in advance\b[.!]?"
    r"|\bplease (?:do not|don't) hesitate[^.!?\n]{0,60}[.!?\n]?|\bvielen dank im voraus\b[.!]?|\bmerci d'avance\b[.!]?"
    r"|\bgracias de antemano\b[.!]?|\bgrazie in anticipo\b[.!]?|\bobrigad[oa] desde já\b[.!]?|\balvast bedankt\b[.!]?",
    re.IGNORECASE,
)
# Each pleasantry contains one of these. Most texts contain none, and this search costs a tenth of the pattern.
PLEASANT = (
    "hope ",
    "looking forward to ",
    "in advance",
    "hesitate",
    "im voraus",
    "merci d'avance",
    "de antemano",
    "in anticipo",
    "desde já",
    "alvast bedankt",
)


def without_pleasantries(text: str) -> str:
    """Replace each polite phrase by a space."""
    return PLEASANTRY.sub(" ", text) if contains_any(text, PLEASANT) else text


POSTSCRIPT = re.compile(r"\s*p\.? ?s\b", re.IGNORECASE)
MAX_SIGNATURE_LINES = 15
LINES_AFTER_CLOSING = 60
MAX_SIGNATURE_LINE = 120


# The reply reader keeps closings because people typed them. Here they are cut with the lines after them: job titles and
# company names are full of words such as "payment", which cost 37 points of accuracy.
def without_closing(text: str) -> str:
    """Cut the closing phrase and the lines after it if these look like a name, a title and an address."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if at and CLOSING.match(line) and is_signature(lines[at + 1 : at + LINES_AFTER_CLOSING]):
            return "\n".join(lines[:at])
    return text


def is_signature(lines: Sequence[str]) -> bool:
    """Return whether lines look like a name, a title and an address: few and short, no postscript."""
    filled = list(islice((line for line in lines if line.strip()), MAX_SIGNATURE_LINES + 1))
    wordy = any(len(line) > MAX_SIGNATURE_LINE or POSTSCRIPT.match(line) for line in filled)
    return len(filled) <= MAX_SIGNATURE_LINES and not wordy


def without_formalities(text: str) -> str:
    """Return new text without greeting, closing and pleasantries, or all of it if nothing would be left."""
    kept = without_closing(text.strip())
    kept = without_pleasantries(GREETING.sub("", kept, count=1)).strip()
    return kept if any(c.isalnum() for c in kept) else text.strip()


FORWARD = re.compile(
    r"^\s*(?:-{2,}.{0,40}(?:forwarded|original|weitergeleitete|ursprüngliche|transféré|reenviado|encaminhada|inoltrato"
    r"|doorgestuurd).{0,40}-{2,}|begin forwarded message:|_{10,})\s*$",
    re.IGNORECASE,
)
HEADER_LINE = re.compile(r"^[>\s]*(?:\*?[A-Za-zÀ-ÿ-]{2,12}\*?\s?:|-{3,}|_{3,})")
SUBJECT_LINE = re.compile(
    r"^[>\s]*\*?(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp)\*?\s?:\s*", re.IGNORECASE
)


def forwarded_body(text: str) -> str:
    """Return the subject and body of a forwarded email without its other headers, "" if there is none."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if FORWARD.match(line)), None)
    if start is None:
        return ""
    kept = [
        SUBJECT_LINE.sub("", line)
        for line in lines[start + 1 :]
        if SUBJECT_LINE.match(line) or not HEADER_LINE.match(line)
    ]
    return "\n".join(line.lstrip("> ") for line in kept).strip()


# The model needs to know that there is a number, not which one. The patterns below are slow on text without a match, so
# each has a quick test for something that all its matches contain. A pattern that starts with a small set of characters
# is quick without one.
MEANINGFUL_NUMBERS = frozenset({"2", "400", "401", "403", "404", "408", "429", "500", "502", "503", "504"})
URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]{1,2000}|<(?:url|link)>", re.IGNORECASE)
URL_SIGNS = ("://", "www.", "<")
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|<e?-?mail>", re.IGNORECASE)
EMAIL_SIGNS = ("@", "<")
CODE = re.compile(
    r"\b(?:0x[0-9a-f]{2,16}|(?:err|ns_error|dns|ssl|sec)_[a-z0-9_]{2,40})\b"
    r"|\b(?P<word>(?:error|code|fehler|fehlercode|erreur|errore|erro|fout|foutcode|status"
    r"|http)[ :#]{1,3})[a-z]{0,4}[-:]?\d{1,8}\b",
    re.IGNORECASE,
)
CODE_SIGNS = ("0x", "_", "erro", "code", "fehler", "erreur", "fout", "status", "http")
AMOUNT = r"\d[\d.,]{0,15}"
CURRENCY = r"[$€£₹¥]"
CURRENCY_AFTER = r"usd|eur|euros?|gbp|inr|rs|dollars?|bucks|pounds?|quid|chf|brl|reais|pesos"
CURRENCY_BEFORE = r"usd|eur|gbp|inr|rs\.?|chf"
MONEY = re.compile(
    rf"{CURRENCY}\s?{AMOUNT}|\b{AMOUNT}\s?(?:{CURRENCY}|(?:{CURRENCY_AFTER})\b)|\b(?:{CURRENCY_BEFORE})\s?{AMOUNT}",
    re.IGNORECASE,
)
MONEY_SIGN = regex.compile(
    rf"\d(?:(?<=(?:{CURRENCY}|{CURRENCY_BEFORE})\s?\d)|[\d.,]{{0,15}}\s?(?:{CURRENCY}|{CURRENCY_AFTER}))",
    regex.IGNORECASE | regex.VERSION0,
)
NUMBER = r"[#\d](?:(?<=#)\d|(?<=\d)(?<!\w\d))[\w.,:/-]{0,30}"
FIGURES = re.compile(NUMBER)
NUMBERS = re.compile(rf"{NUMBER}|\b[A-Za-z]{{1,8}}-?\d{{3,}}[\w-]{{0,30}}|<(?:number|phone|id)>", re.IGNORECASE)
NUMBERS_SIGN = re.compile(r"[\d<](?:(?<=<)|(?<=[A-Za-z-]\d)\d\d)")


def mask(text: str) -> str:
    """Replace each address, URL, error code, amount and number by a word."""
    if contains_any(text, URL_SIGNS):
        text = URL.sub(" xxurl ", text)
    if contains_any(text, EMAIL_SIGNS):
        text = EMAIL.sub(" xxmail ", text)
    if contains_any(text, CODE_SIGNS):
        text = CODE.sub(lambda match: f"{match['word'] or ''} xxcode ", text)
    if MONEY_SIGN.search(text):
        text = MONEY.sub(" xxmoney ", text)
    numbers = NUMBERS if NUMBERS_SIGN.search(text) else FIGURES
    return numbers.sub(masked_number, text)


def contains_any(text: str, signs: Sequence[str]) -> bool:
    """Return whether a text contains any of these strings, ignoring case."""
    lowered = text.lower()
    return any(sign in lowered for sign in signs)


def masked_number(match: re.Match[str]) -> str:
    """Keep small meaningful numbers such as 2FA, 404 or 4k; mask the rest."""
    found = match[0]
    digits = sum(c.isdigit() for c in found)
    mixed = any(c.isalpha() for c in found)
    return found if found in MEANINGFUL_NUMBERS or (mixed and digits == 1) else " xxnum "
