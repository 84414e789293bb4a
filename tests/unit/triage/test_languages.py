# ruff: noqa: RUF001 - words of other scripts
"""The word groups of many languages: what counts where, and which words mean something else in another language."""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping

import pytest

from tests.support.paths import CONFIG
from workers.learning.trainer import shipped_lexicon
from workers.triage import language, lexicon, tokens
from workers.triage.lexicon import Lexicon, Matches

SHIPPED = shipped_lexicon()
# Words that belong to different groups in two languages. Each counts only where the text shows its language; a new
# one here needs a look at both meanings.
COLLISIONS = {
    "akun", "charges", "defect*", "hang", "lost", "nett", "rate", "rekening", "report", "suspend",
    "tarif*", "violat*", "不 良", "更 新", "異 常",
}  # fmt: skip


def read(text: str, book: Lexicon = SHIPPED) -> Matches:
    return book.find(tokens.forms(text))


def groups(text: str) -> set[str]:
    return {SHIPPED.groups[group] for group, _, _ in read(text).entries}


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("Dzień dobry, zapomniałem hasła i nie mogę się zalogować", "password"),
        ("dzien dobry, prosze o zwrot pieniedzy, nie dziala od wczoraj", "refund"),
        ("Şifremi unuttum, hesabıma giremiyorum ama neden", "password"),
        ("SIFREMI UNUTTUM, hesabima giremiyorum ama neden", "password"),
        ("نسيت كلمة المرور ولا أستطيع الدخول إلى حسابي", "password"),
        ("שלום, שכחתי את הסיסמה שלי", "password"),
        ("Ξέχασα τον κωδικό μου και δεν μπορώ να μπω", "locked_out"),
        ("パスワードを忘れてログインできません", "password"),
        ("请问怎么退款，我被重复扣款了", "refund"),
        ("비밀번호를 잊어버렸어요", "password"),
        ("ลืมรหัสผ่าน เข้าระบบไม่ได้", "password"),
        ("मैं पासवर्ड भूल गया हूँ", "password"),
        ("Jeg har glemt adgangskoden, og jeg kan ikke logge ind", "password"),
    ],
)
def test_groups_are_found_in_other_scripts_and_without_spaces(text: str, group: str) -> None:
    assert group in groups(text)


@pytest.mark.parametrize("name", ["examples/general", "examples/login", "examples/payments", "examples/technical"])
def test_no_shipped_example_is_taken_for_another_language(name: str) -> None:
    with (CONFIG / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        texts = [f"{row['subject']}\n{row['body']}" for row in csv.DictReader(file)]
    assert [text for text in texts if read(text).other] == []


def test_a_new_language_changes_nothing_in_a_text_of_the_first() -> None:
    first = {"en": {"common": ["the", "my", "is"], "error": ["error*"]}}
    both = {**first, "da": {"common": ["er", "min", "og"], "fix": ["my", "lost", "error"]}}
    text = "The error is on my lost page"
    alone, together = read(text, lexicon.build(first)), read(text, lexicon.build(both))
    assert together.entries == alone.entries
    assert together.words == alone.words


def test_words_of_a_new_language_count_where_the_text_shows_it() -> None:
    book = lexicon.build(
        {"en": {"common": ["the"], "error": ["fejl"]}, "da": {"common": ["er", "min"], "fix": ["lost"]}}
    )
    assert [book.groups[group] for group, _, _ in read("min lost er", book).entries] == ["fix"]
    assert read("the lost", book).entries == []


@pytest.mark.parametrize("entry", ["łódka", "lodka", "LODKA"])
def test_letters_are_found_as_people_type_them(entry: str) -> None:
    book = lexicon.build({"en": {"order": ["łódka"]}})
    assert read(entry, book).entries


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ik kan niet inloggen op mijn account", "Dutch"),
        ("Ich habe das Passwort vergessen", "German"),
        ("Не могу войти в аккаунт, пишет ошибка", "Russian"),
        ("zzgh plok", "unknown, Latin script"),
        ("123", "unknown"),
    ],
)
def test_a_language_has_a_name(text: str, name: str) -> None:
    found = tokens.forms(text)
    assert language.name(text, language.shown(SHIPPED, SHIPPED.find(found), Counter(found))) == name


def test_equal_meanings_are_one_object_because_there_are_thousands() -> None:
    for table in (SHIPPED.exact, SHIPPED.stems, SHIPPED.following):
        assert len(set(map(id, table.values()))) == len(set(table.values()))


def test_more_signs_than_a_byte_holds_are_counted_for_their_language_only() -> None:
    book = lexicon.build({"en": {"common": ["the"]}, "da": {"common": ["ere*"]}})
    found = book.find([f"ere{at}" for at in range(70_000)])
    assert (found.signs, found.languages) == ([70_000], [1])


def test_words_with_another_meaning_in_another_language_are_listed() -> None:
    assert {*collisions(SHIPPED.exact, ""), *collisions(SHIPPED.stems, "*")} == COLLISIONS


def collisions(table: Mapping[str, lexicon.Senses], ending: str) -> set[str]:
    """Return the entries that two languages put in groups of which they share none."""
    found = set()
    for text, (senses, _) in table.items():
        meant: dict[int, set[int]] = defaultdict(set)
        for group, known in senses:
            for each in range(len(SHIPPED.languages)):
                if known >> each & 1:
                    meant[each].add(group)
        if any(a.isdisjoint(b) for a in meant.values() for b in meant.values()):
            found.add(text + ending)
    return found
