"""Rules: matching, refusing and skipping them."""

import time
import tomllib

import pytest

from daemon.vocabulary import Priority
from tests.scores import bench
from tests.support.domain_values import rule
from tests.support.paths import CONFIG, ROOT
from workers.triage import rules
from workers.triage.policy import Rule, Where
from workers.triage.preprocess import clean
from workers.triage.rules import RuleError

SHIPPED = CONFIG / "rules.toml"
PHRASE = rule("r", "Payments", phrases=("can't pay", "mot de passe oublié"))


def shipped() -> tuple[Rule, ...]:
    found = []
    for fields in tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["rules"]:
        fields["phrases"], fields["patterns"] = tuple(fields.get("phrases", ())), tuple(fields.get("patterns", ()))
        if "priority" in fields:
            fields["priority"] = Priority(fields["priority"])
        found.append(rule(fields.pop("name"), fields.pop("category", None), **fields))
    return tuple(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I CAN'T  PAY today", "CAN'T  PAY"),
        ("i can’t pay", "can’t pay"),  # noqa: RUF001 - the apostrophe of phones
        ("cant pay!", "cant pay"),
        ("can't\npay", "can't\npay"),
        ("Mot de passe OUBLIE", "Mot de passe OUBLIE"),
        ("I can't payment", None),
        ("pecan't pay", None),
    ],
)
def test_a_phrase_matches_whole_words_regardless_of_typing(text: str, found: str | None) -> None:
    hit = rules.match(clean("", text), (PHRASE,)).verdict
    assert (hit.found if hit else None) == found


@pytest.mark.parametrize(
    ("where", "subject", "hits"),
    [
        (Where.SUBJECT, "urgent", True),
        (Where.BODY, "urgent", False),
        (Where.ANY, "urgent", True),
        (Where.SUBJECT, "x", False),
    ],
)
def test_a_rule_reads_only_its_part(where: Where, subject: str, hits: bool) -> None:
    reads = rule("r", "General", phrases=("urgent",), where=where)
    assert bool(rules.match(clean(subject, "nothing here"), (reads,)).verdict) is hits


def test_the_first_rule_with_a_category_decides_and_others_raise() -> None:
    book = (
        rule("raise", priority=Priority.HIGH, phrases=("help",)),
        rule("first", "Login", phrases=("help",)),
        rule("second", "General", phrases=("help",)),
    )
    findings = rules.match(clean("", "help me"), book)
    assert findings.verdict is not None
    assert findings.verdict.rule.name == "first"
    assert [hit.rule.name for hit in findings.raises] == ["raise"]


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"(z|zz)+q$", r"(?:q|qq)+$", r"([a-z]|[a-m])+;$", r"(\d|\d\d)+x$"])
def test_a_slow_pattern_is_refused_when_it_is_loaded(pattern: str) -> None:
    with pytest.raises(RuleError, match="slow"):
        rules.check(rule("r", "General", patterns=(pattern,)))


def test_a_slow_pattern_is_skipped_and_named() -> None:
    evil = rule("evil", "General", patterns=(r"(z|zz)+q$",))
    began = time.monotonic()
    findings = rules.match(clean("", "z" * 60 + "q!"), (evil, rule("good", "Login", phrases=("nothing",))))
    assert findings.slow == ("evil",)
    assert findings.verdict is None
    assert time.monotonic() - began < 1.0


def test_after_a_few_slow_patterns_the_others_are_skipped() -> None:
    book = tuple(rule(f"evil {n}", "General", patterns=(r"(z|zz)+q$",)) for n in range(200))
    began = time.monotonic()
    findings = rules.match(clean("", "z" * 60 + "q!"), book)
    assert len(findings.slow) == 200
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    "bad",
    [
        rule("r", "General"),
        rule("r", phrases=("x",)),
        rule("r", "General", phrases=("...",)),
        rule("r", "General", patterns=("(",)),
        rule("r", "General", patterns=("a*",)),
        rule("r", "General", patterns=("a" * 2000,)),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(bad: Rule) -> None:
    with pytest.raises(RuleError):
        rules.check(bad)


def test_the_shipped_rules_are_usable_and_note_their_precision() -> None:
    for one in shipped():
        rules.check(one)
        assert one.precision


def test_the_benchmarks_list_each_shipped_rule_that_raises_the_priority() -> None:
    table = [f"| {one.name} | {one.priority} | {one.category or 'any'} |" for one in shipped() if one.priority]
    head = "| rule that matches | priority | category |\n|---|---|---|\n"
    assert head + "\n".join(table) + "\n\n" in (ROOT / "docs" / "BENCHMARKS.md").read_text("utf-8")


def test_the_scores_judge_the_shipped_rules() -> None:
    assert bench.shipped_policy().rules == shipped()


def test_the_reference_case_is_decided_by_a_shipped_rule() -> None:
    hit = rules.match(clean("Payment failed", "Amount debited but not credited"), shipped()).verdict
    assert hit is not None
    assert (hit.rule.category, hit.rule.priority) == ("Payments", Priority.HIGH)
    assert hit.found == "debited but not credited"
