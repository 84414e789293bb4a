"""What is ours and must not reach a customer: tokens, lines of our emails, links; and what a customer wrote."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from daemon.mail import reference, token
from daemon.mail.reply.banner import banner_end, is_first_contact, notes_start
from daemon.mail.reply.rewritten_link import original_link
from daemon.mail.text.line import fold, plain_digits
from daemon.text import normalized

_MAX_TEXT: Final = 400_000
_MAX_LINES: Final = 2000
# The start of a long line is enough to find it.
_MAX_LINE: Final = 320
_EMOJI: Final = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
_SIGNS: Final = re.compile(r"[\W_]+")
MARK: Final = re.compile(rf"\bref:\s?{token.SHAPE}", re.IGNORECASE)
_COMMAND: Final = re.compile(r"\btriaged (?:tickets|deliveries|mail|jobs) [a-z]")
_OUR_COMMAND: Final = re.compile(r"\btriaged (?:tickets|deliveries|mail|jobs) [a-z]+(?: \S*\d\S*)?")
# The line of a similar ticket, also of an email that is not known: "HD-7K3Q-M9XY (Payments, answered by Ana in 2 h)".
_SIMILAR: Final = re.compile(
    rf"\W{{0,40}}({reference.MADE.pattern})\s?[(\uff08][^,\u060c\u3001]{{1,100}}[,\u060c\u3001].{{1,200}}[)\uff09]\W{{0,40}}"
)
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,100}@[^\s<>@]{1,200}")
_LABEL: Final = re.compile(r"([^\W\d_][\w ]{1,20}?)\s*[:\t\uff1a]")
# Programs write the target of a link behind its text, or leave it out; Proofpoint adds its host in brackets.
_TARGET: Final = re.compile(
    r"<(?:https?|mailto|tel):[^<>\s]{0,4000}>|\[(?:https?:|mailto:)[^\[\]\s]{0,4000}\]", re.IGNORECASE
)
_URL: Final = re.compile(r"<?https?://[^\s<>]{1,4000}>?", re.IGNORECASE)
_HOST: Final = re.compile(r"\[[\w.-]{1,100}\.[a-z]{2,20}\]", re.IGNORECASE)
# A shorter line counts only where it is a whole line of the other text: "ok" is part of many words.
_PART: Final = 8
# What programs write for an image.
_IMAGE: Final = re.compile(r"\[(?:cid|image|inline image|img|bild)\s?[:\d][^\[\]]{0,200}\]", re.IGNORECASE)
# A line of ours that a person does not write by chance.
_SENTENCE: Final = 16
_ALIKE: Final = 0.6
_MOST: Final = 0.8
_SHORT: Final = 10
# Fewer letters are of a list, such as "1." or "Re".
_WORD: Final = 3
_WORDS_ALIKE: Final = 3


class LineKind(StrEnum):
    """Who wrote a line; LIKE_OURS resembles a line of ours. Images and rules are BLANK."""

    BLANK = "blank"
    OURS = "ours"
    LIKE_OURS = "like ours"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OurMarks:
    """What is known of a ticket when an answer to one of our emails is cut.

    `keys` verify tokens, whether expired or not. `customers` are the addresses whose own tokens may stay.
    `emails` are the texts of our emails to the team that the answer may quote, made from the text and from the HTML:
    each of their lines is ours unless a customer wrote it. `returned` are those that returned an email to its author.
    `sent_texts` are answers that customers have; `own_texts` is what the author wrote and nobody got. Our emails show
    both, and people use the same words again. `phrases` are sentences of the templates of the team.
    `customer_texts` are the texts of the customers' emails on the ticket. `addresses` are ours and the teams', in
    lower case: they show whose email a header block or an attribution quotes. `tickets` are the ticket and those merged
    into it: a token of the team for another one shows that our email about that one was pasted.
    """

    keys: tuple[bytes, ...]
    today: date
    customers: frozenset[str] = frozenset()
    emails: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    customer_texts: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()
    returned: tuple[str, ...] = ()
    sent_texts: tuple[str, ...] = ()
    own_texts: tuple[str, ...] = ()
    tickets: frozenset[int] = frozenset()


def squeeze(text: str) -> str:
    """Return letters and digits only, casefolded: what clients keep, however they wrap, quote and decorate a text."""
    if not text.isascii():
        text = plain_digits(normalized("NFKC", text))
    return _SIGNS.sub("", fold(text))


def emoji(text: str) -> str:
    """Return the emoji of a text; they may be all that a person answers."""
    return "".join(_EMOJI.findall(text))


def _letters(line: str) -> str:
    """Return the letters and digits of a line without the targets of its links, which programs and gateways change.

    Of a line without any, its emoji.
    """
    if "://" in line or "mailto:" in line or "[" in line:
        line = original_link(line)
        return squeeze(_HOST.sub(" ", _TARGET.sub(" ", line))) or squeeze(line)
    return squeeze(line) or emoji(line)


class Ours:
    """Tells who wrote a line, by what we and the customer sent."""

    def __init__(self, marks: OurMarks) -> None:
        self._addresses, self._keys, self._tickets = marks.addresses, marks.keys, marks.tickets
        self._customer_lines = _squeezed_lines(marks.customer_texts)
        self._customer = "".join(self._customer_lines)[:_MAX_TEXT]
        self._customer_set = frozenset(self._customer_lines)
        emails = (*marks.emails, *marks.returned)
        written = [line for email in emails for line in email[:_MAX_TEXT].split("\n")]
        self.known = 0 < len(written) <= _MAX_LINES
        sent = written[:_MAX_LINES]
        self._our_lines = dict.fromkeys(line for line in map(_letters, sent) if line)
        self._our_text = "".join(self._our_lines)
        self._sent_before = frozenset(_squeezed_lines((*marks.sent_texts, *marks.own_texts)))
        self._banners = frozenset(squeeze(text[: banner_end(text)]) for text in marks.customer_texts)
        self._notes = frozenset(squeeze(text[notes_start(text) :]) for text in marks.customer_texts)
        templates = _read_templates(marks.phrases)
        self._phrases = templates.letters
        words = dict.fromkeys((*map(_words, sent), *templates.words))
        self._our_words = [each for each in words if len(each) >= _WORDS_ALIKE]
        self._labels = _labels(sent) | templates.labels
        lines = [line for line in _without_members(self._our_lines, marks) if line not in self._customer]
        phrases = [phrase for phrase in templates.sentences if phrase not in self._customer]
        self._by_start: dict[str, list[str]] = {}
        for sentence in (*phrases, *lines):
            self._by_start.setdefault(sentence[:_SENTENCE], []).append(sentence)
        self._lines, self._templates = (sorted(some, key=len, reverse=True) for some in (lines, phrases))

    def kinds(self, lines: Iterable[str]) -> list[LineKind]:
        """Return who wrote each of the lines of a quote, which have no prefix."""
        found: list[LineKind] = []
        at = -1
        for line in lines:
            kind, at = self._kind(line, at)
            found.append(kind)
        return found

    def _kind(self, line: str, after: int) -> tuple[LineKind, int]:
        """Return the kind of a line and where it ends in the customer's text; `after` is that of the line before."""
        words = _letters(line)[:_MAX_LINE] if len(line) < _MAX_TEXT else ""
        if not words or _IMAGE.fullmatch(line.strip()):
            return LineKind.OURS if MARK.search(line) else LineKind.BLANK, after
        if after >= 0 and self._customer.startswith(words, after):
            return LineKind.CUSTOMER, after + len(words)
        if self._is_customers(line, words):
            return LineKind.CUSTOMER, self._customer.find(words) + len(words) if words in self._customer else -1
        if self._is_line_of_ours(words) or self.is_ours(line):
            return LineKind.OURS, -1
        return LineKind.LIKE_OURS if self._resembles(line, words) else LineKind.UNKNOWN, -1

    def is_ours(self, line: str) -> bool:
        """Return whether a line is certainly ours.

        It is half of sentences of our emails at least, a mark, a command or a line about a similar ticket. What else
        has a sentence of ours may be the agent's, such as "the team PAYMENTS_TEAM": then it holds the answer.
        """
        line = line[:_MAX_TEXT]
        words, whole = _letters(line), squeeze(line)
        if self._is_customers(line, words):
            return False
        if MARK.search(line) or _COMMAND.search(line) or _is_of_similar_ticket(line):
            return True
        found = self._sentences_in(words if words == whole else f"{words}\n{whole}")
        return 0 < len(words) <= 2 * sum(map(len, found))

    def mixed(self, lines: Iterable[str]) -> list[str]:
        """Return the lines that are ours and have words of a member, too: these are left out with ours."""
        return [line.strip() for line in lines if self.is_ours(line) and self._has_more(line[:_MAX_TEXT])]

    def _has_more(self, line: str) -> bool:
        """Return whether a line has words that are neither ours nor a customer's, beside a line that we sent.

        What is beside a sentence of a template may be ours as well: the names and times of another state.
        """
        words = _letters(line)
        if self._is_line_of_ours(words) or self._is_customers(line, words):
            return False
        is_sent = MARK.search(line) or _COMMAND.search(line) or _is_of_similar_ticket(line)
        for pattern in (MARK, _OUR_COMMAND, _ADDRESS):
            line = pattern.sub(" ", line)
        rest = _letters(line)
        if not is_sent and not any(sent in rest for sent in self._lines):
            return False
        for sentence in (*self._lines, *self._templates):
            rest = rest.replace(sentence, " ")
        return any(len(part) >= _WORD and not self._is_known(part) for part in rest.split())

    def goes_on(self, line: str, rest: str) -> bool:
        """Return whether a line is the end of a quoted one that a program wrapped without a prefix."""
        words = squeeze(rest[:_MAX_TEXT])
        joined = squeeze(line[:_MAX_TEXT]) + words
        return bool(words) and (joined in self._our_text or joined in self._customer)

    def names_us(self, line: str) -> bool:
        """Return whether a line has one of our addresses, as an attribution of our email has."""
        lowered = line[:_MAX_TEXT].lower()
        return "@" in lowered and any(address in lowered for address in self._addresses)

    def is_mark_of_another(self, line: str) -> bool:
        """Return whether a line is the mark of our email to a team about another ticket."""
        if not self._tickets or not MARK.search(line[:_MAX_TEXT]):
            return False
        found = token.find_genuine(line[:_MAX_TEXT], self._keys)
        return any(one.purpose is token.Purpose.TEAM and one.ticket_id not in self._tickets for one in found)

    def sent_before(self, line: str) -> bool:
        """Return whether a line is of an earlier answer, which programs quote as well."""
        return _letters(line[:_MAX_TEXT]) in self._sent_before

    def between_gateway_text(self, text: str) -> tuple[int, int]:
        """Return start and end of an answer without what a gateway wrote around it.

        A member may write the same words as a gateway. It certainly was one if the email of the customer has them, too.
        """
        start, end = banner_end(text), notes_start(text)
        is_banner = squeeze(text[:start]) in self._banners or is_first_contact(text[:start])
        return start if is_banner else 0, end if squeeze(text[end:]) in self._notes else len(text)

    def has_sentence_of_ours(self, text: str) -> bool:
        """Return whether a text contains a sentence of ours, wrapped in whatever way."""
        words, shown = squeeze(text), "".join(map(_letters, text.split("\n")))
        return bool(self._sentences_in(f"{words}\n{shown}"))

    def _sentences_in(self, letters: str) -> list[str]:
        """Return the sentences of ours in squeezed lines.

        Each has _SENTENCE letters at least and is found by the first of them: to search for each of a thousand would
        take longer.
        """
        starts = {start for at in range(len(letters)) if (start := letters[at : at + _SENTENCE]) in self._by_start}
        return [each for start in starts for each in self._by_start[start] if each in letters]

    def _is_customers(self, line: str, words: str) -> bool:
        """Return whether a line is of a customer, also where a gateway wrote another link into it."""
        if words in self._customer_set or (len(words) >= _PART and words in self._customer):
            return True
        parts = [part for part in map(squeeze, _URL.split(_HOST.sub(" ", line))) if part] if "://" in line else []
        return bool(parts) and all(len(part) >= _PART and part in self._customer for part in parts)

    def _is_known(self, words: str) -> bool:
        """Return whether letters are of a line of ours or of a customer."""
        return self._is_line_of_ours(words) or self._is_customers("", words)

    def _is_line_of_ours(self, words: str) -> bool:
        return words in self._our_lines or (len(words) >= _PART and words in self._our_text)

    def _resembles(self, line: str, words: str) -> bool:
        """Return whether a line is probably ours: the ticket may have changed since we sent it."""
        if words in self._phrases:
            return True
        if _labels((line,)) & self._labels:
            return True
        own = _words(line)
        if len(own) < _WORDS_ALIKE:
            return False
        return any(_are_alike(own, ours) for ours in self._our_words)


def _is_of_similar_ticket(line: str) -> bool:
    found = _SIMILAR.fullmatch(line)
    return found is not None and reference.is_made_by_us(found[1])


def _are_alike(own: frozenset[str], ours: frozenset[str]) -> bool:
    """Return whether a line may be one of ours in another state, such as "Ticket HD-7K3Q-M9XY: open"."""
    same = len(own & ours)
    return same >= _ALIKE * max(len(own), len(ours)) or (same >= _MOST * len(own) and len(ours) <= _SHORT)


def _words(line: str) -> frozenset[str]:
    return frozenset(word for word in _SIGNS.split(fold(line[:1000])) if word)


def _squeezed_lines(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in map(_letters, text[:_MAX_TEXT].split("\n")) if line]


def _without_members(lines: Iterable[str], marks: OurMarks) -> Iterator[str]:
    """Yield the lines of our emails that are long enough to be a sentence, without those that members wrote.

    What the author wrote and nobody got may have a line of ours: then another of our emails has it too.
    """
    sent = "".join(_squeezed_lines(marks.sent_texts))[:_MAX_TEXT]
    own = "".join(_squeezed_lines(marks.own_texts))[:_MAX_TEXT]
    elsewhere = frozenset(_squeezed_lines(marks.emails)) if own else frozenset()
    for line in lines:
        if len(line) >= _SENTENCE and line not in sent and (line in elsewhere or line not in own):
            yield line


def _labels(lines: Iterable[str]) -> frozenset[str]:
    """Return the folded labels with which lines begin, such as "priority" of "Priority: High"."""
    return frozenset(fold(match[1]) for line in lines if (match := _LABEL.match(line.strip())))


@dataclass(frozen=True, slots=True)
class _Templates:
    """The sentences of the templates: letters of all, letters of the long ones, words of each, and labels."""

    letters: frozenset[str]
    sentences: tuple[str, ...]
    words: tuple[frozenset[str], ...]
    labels: frozenset[str]


# The templates seldom change, and reading them takes longer than all other preparation for an answer.
@lru_cache(maxsize=16)
def _read_templates(phrases: tuple[str, ...]) -> _Templates:
    letters = tuple(dict.fromkeys(map(squeeze, phrases)))
    sentences = tuple(phrase for phrase in letters if len(phrase) >= _SENTENCE)
    return _Templates(frozenset(letters), sentences, tuple(dict.fromkeys(map(_words, phrases))), _labels(phrases))
