"""Apply the rules of the admin: the first with a category decides, any may raise the priority, none may be slow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from daemon.vocabulary import Priority
from workers.triage import tokens
from workers.triage.policy import Rule, Where
from workers.triage.preprocess import Case

TIMEOUT = 0.05
MAX_SLOW = 3
MAX_PATTERN = 1000
MAX_LETTERS = 12
SYNTAX = frozenset("\\()[]{}|*+?^$")
FLAGS = regex.IGNORECASE | regex.VERSION0
# Texts on which a careless pattern is slow: long runs, near misses at the end, nested repeats.
PROBES = tuple(
    run
    for unit in ("a", "1", " ", "a ", "a1", "ab", "- ", ".", "\n", "a@a.", "not ", "é")
    for run in (unit * (3000 // len(unit)), unit * 28 + "!", unit * 1500 + "\0")
)


class RuleError(ValueError):
    """A rule cannot be used: it is empty, is not a regular expression, or is too slow."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched, and the words that it matched, as the person wrote them."""

    rule: Rule
    found: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The rule that decides, those that raise the priority, and the names of those that were skipped as too slow."""

    verdict: Hit | None
    raises: tuple[Hit, ...] = ()
    slow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A folded phrase, with single spaces, and the set of its words."""

    text: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Searchable:
    """A text, and its folded words as one line (` word word `) and as a set."""

    text: str
    line: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Searchable":
        """Prepare a text."""
        forms = tokens.forms(text)
        return cls(text, f" {' '.join(forms)} ", frozenset(forms))

    def phrase(self, phrase: Phrase) -> str | None:
        """Find a phrase at word boundaries; return it as written, or None."""
        at = self.line.find(f" {phrase.text} ")
        if at < 0:
            return None
        first = self.line.count(" ", 0, at)
        return tokens.excerpt(self.text, first, first + phrase.text.count(" "))


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern, once per process."""
    return regex.compile(pattern, FLAGS)


@lru_cache(maxsize=4096)
def folded(phrases: tuple[str, ...]) -> tuple[Phrase, ...]:
    """Fold the phrases of a rule, once per process."""
    cut = [tokens.forms(phrase) for phrase in phrases]
    return tuple(Phrase(" ".join(forms), frozenset(forms)) for forms in cut)


def check(rule: Rule) -> None:
    """Raise RuleError for a rule that can never match, decides nothing, or is too slow."""
    if not rule.phrases and not rule.patterns:
        raise RuleError(f"rule {rule.name!r} has neither phrases nor patterns")
    if rule.category is None and rule.priority is None:
        raise RuleError(f"rule {rule.name!r} has neither a category nor a priority")
    for phrase, found in zip(rule.phrases, folded(rule.phrases), strict=True):
        if not found.words:
            raise RuleError(f"rule {rule.name!r}: the phrase {phrase!r} has no words")
    for pattern in rule.patterns:
        check_pattern(rule.name, pattern)


def check_pattern(name: str, pattern: str) -> None:
    """Raise RuleError for a pattern that is not a regular expression, matches everything, or is slow on a probe."""
    if len(pattern) > MAX_PATTERN:
        raise RuleError(f"rule {name!r}: a pattern may have at most {MAX_PATTERN} characters")
    try:
        expression = compiled(pattern)
        if expression.search(""):
            raise RuleError(f"rule {name!r}: the pattern {pattern!r} matches every email")
        for probe in (*PROBES, *near_misses(pattern)):
            expression.search(probe, timeout=TIMEOUT)
    except (regex.error, OverflowError, MemoryError, RecursionError) as error:
        raise RuleError(f"rule {name!r}: {pattern!r} is not a regular expression: {error}") from error
    except TimeoutError as error:
        raise RuleError(f"rule {name!r}: the pattern {pattern!r} is too slow (more than 50 ms on a probe)") from error


def near_misses(pattern: str) -> Iterator[str]:
    """Yield texts of the letters of a pattern that almost match: a long run, then the letters in order."""
    letters = "".join(dict.fromkeys(c for c in pattern if c not in SYNTAX))[:MAX_LETTERS]
    for letter in dict.fromkeys(f"{letters}a1 "):
        yield f"{letter * 60}{letters}!"
        yield f"{letter * 3000}{letters}"


def match(case: Case, rules: Iterable[Rule]) -> Findings:
    """Match every rule against a ticket, in order."""
    rules = tuple(rules)
    parts = {where: Searchable.of(part(case, where)) for where in {rule.where for rule in rules}}
    hits: list[Hit] = []
    slow: list[str] = []
    for rule in rules:
        if len(slow) >= MAX_SLOW and rule.patterns:
            slow.append(rule.name)
            continue
        try:
            found = next(search(rule, parts[rule.where]), None)
        except TimeoutError:
            slow.append(rule.name)
        else:
            if found is not None:
                hits.append(Hit(rule, found))
    verdict = next((hit for hit in hits if hit.rule.category is not None), None)
    raises = tuple(hit for hit in hits if hit.rule.priority not in {None, Priority.PENDING} and hit is not verdict)
    return Findings(verdict, raises, tuple(slow))


def part(case: Case, where: Where) -> str:
    """Return the part of a ticket that a rule reads."""
    if where is Where.ANY:
        return f"{case.subject}\n{case.body}"
    return case.subject if where is Where.SUBJECT else case.body


def search(rule: Rule, where: Searchable) -> Iterator[str]:
    """Yield the words that each phrase or pattern of a rule matches; raises TimeoutError."""
    for phrase in folded(rule.phrases):
        # Most phrases have a word that the text lacks; this test is much cheaper than the search.
        if phrase.words <= where.words and (found := where.phrase(phrase)) is not None:
            yield found
    for pattern in rule.patterns:
        hit = compiled(pattern).search(where.text, timeout=TIMEOUT)
        if hit:
            yield hit[0]
