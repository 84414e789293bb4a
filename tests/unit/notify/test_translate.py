"""Catalogues: complete, with the same placeholders everywhere, up to date, and extended by an admin with one file."""

from pathlib import Path

import pytest

from daemon.mail.language import detect
from workers.notify import catalogue
from workers.notify.contexts import acknowledgement
from workers.notify.phrases import FSI, PDI, phrase, plural
from workers.notify.reasons import reason
from workers.notify.render import Renderer, TemplateProblem
from workers.notify.sample_tickets import MARK, REFERENCE
from workers.notify.samples import SAMPLES
from workers.notify.translate import CatalogueError, Translations, ours, problems, read

LANGUAGES = tuple(sorted(ours()))
MIN_SENTENCE = 20
DANISH = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Hello,"
msgstr "Hej,"
"""


def text_of(language: str) -> str:
    return ours()[language].read_text("utf-8")


def test_ten_languages_or_more_are_shipped() -> None:
    assert Translations().languages() == LANGUAGES
    assert {"ar", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_complete_and_nothing_in_it_is_fuzzy(language: str) -> None:
    messages = [message for message in read(text_of(language), language, language) if message.id]
    assert [m.id for m in messages if m.fuzzy or not (all(m.string) if isinstance(m.string, tuple) else m.string)] == []
    assert {(m.id, m.context) for m in messages} == {(m.id, m.context) for m in catalogue.template() if m.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_says_the_same_twice(language: str) -> None:
    forms = [
        form
        for message in read(text_of(language), language, language)
        for form in (message.string if isinstance(message.string, tuple) else (message.string,))
    ]
    sentences = [[one for one in form.split(".") if len(one) > MIN_SENTENCE] for form in forms]
    assert [found for found in sentences if len({one.strip() for one in found}) < len(found)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_placeholders_of_a_translation_are_those_of_the_english(language: str) -> None:
    assert list(problems(read(text_of(language), language, language))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_make_locale_would_change_nothing(language: str) -> None:
    source = catalogue.template()
    assert catalogue.written(catalogue.updated(text_of(language), language, source)) == text_of(language)


def test_the_template_for_new_languages_is_up_to_date() -> None:
    assert (catalogue.LOCALE / "triaged.pot").read_text("utf-8") == catalogue.written(catalogue.template())


@pytest.mark.parametrize("translation", ["Guten Tag %(nmae)s,", "Guten Tag,", "Guten Tag %(name)s, 100%"])
def test_a_translation_with_other_placeholders_is_refused(translation: str) -> None:
    text = f'msgid "Hello %(name)s,"\nmsgstr "{translation}"\n'
    with pytest.raises(CatalogueError, match="line"):
        read(text, "de", "de.po")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sample_renders_in_every_language(language: str) -> None:
    renderer = Renderer()
    for kind, view in SAMPLES:
        rendered = renderer.render(kind, view, [language])
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in rendered.html
        assert rendered.text.endswith(f"\nref:{MARK}\n")


@pytest.mark.parametrize(
    ("languages", "greeting"),
    [
        (["de"], "Guten Tag,"),
        (["de-AT"], "Guten Tag,"),
        (["pt_BR"], "Olá,"),
        (["sv", "fr"], "Bonjour,"),
        (["sv"], "Hello,"),
        ([], "Hello,"),
    ],
)
def test_the_first_language_that_is_known_is_spoken(languages: list[str], greeting: str) -> None:
    view = acknowledgement(REFERENCE, "Support", MARK, verified=False)
    assert Renderer().render("acknowledgement", view, languages).text.startswith(f"{greeting}\n")


def test_a_value_is_isolated_in_a_sentence_of_the_other_direction() -> None:
    arabic = Translations().first_of(["ar"])
    assert f"{FSI}Ann Lee{PDI}" in arabic.say(phrase("Not ours: %(category)s", category="Ann Lee"))
    english = Translations().first_of(["en"])
    assert english.say(phrase("Not ours: %(category)s", category="\u0641\u0646\u064a")).endswith(PDI)
    assert FSI not in english.say(phrase("Not ours: %(category)s", category="Login"))


@pytest.mark.parametrize(("count", "shown"), [(1, "1 wiersz"), (3, "3 wiersze"), (12, "12 wierszy")])
def test_a_plural_has_the_form_of_its_number(count: int, shown: str) -> None:
    lines = plural("%(count)s more line", "%(count)s more lines", count, count=count)
    assert shown in Translations().first_of(["pl"]).say(lines)


@pytest.mark.parametrize(
    ("stored", "german"),
    [
        ("Payments with 92% confidence", "Payments mit 92% Sicherheit"),
        ("92.0% confidence, 60.0% needed: fixed threshold", "92.0% Sicherheit, 60.0% nötig: feste Schwelle"),
        ("a reason of no known form", "a reason of no known form"),
    ],
)
def test_a_stored_reason_is_said_in_another_language(stored: str, german: str) -> None:
    assert Translations().first_of(["de"]).say(reason(stored)) == german
    assert str(reason(stored)) == stored


def test_an_admin_adds_a_language_with_one_file(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "da.po").write_text(DANISH, "utf-8")
    renderer = Renderer(tmp_path)
    renderer.check()
    text = renderer.render("acknowledgement", acknowledgement(REFERENCE, "Support", MARK, verified=False), ["da"]).text
    assert text.startswith("Hej,\n\nThank you")


def test_an_admin_may_replace_one_sentence_of_ours(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "de.po").write_text(DANISH.replace("Hej", "Moin"), "utf-8")
    view = acknowledgement(REFERENCE, "Support", MARK, verified=False)
    text = Renderer(tmp_path).render("acknowledgement", view, ["de"]).text
    assert text.startswith("Moin,\n\nvielen Dank")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("da.po", 'msgid "Hello,"\nmsgstr "%(evil)99999999s"\n', "placeholders|single %"),
        ("da.mo", "x", "not a catalogue"),
        ("nonsense-language.po", "", "not a catalogue"),
    ],
)
def test_a_broken_catalogue_of_the_admin_is_named(tmp_path: Path, name: str, content: str, why: str) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / name).write_text(content, "utf-8")
    with pytest.raises(TemplateProblem, match=why) as caught:
        Renderer(tmp_path).check()
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hello, my card was charged twice for order 20931. Can you refund one payment?"),
        ("de", "Ich kann mich seit gestern nicht anmelden, die E-Mail zum Zurücksetzen kommt nie an."),
        ("fr", "L'application plante quand j'ouvre les paramètres."),
        ("es", "No puedo iniciar sesión desde ayer, el correo para restablecer la contraseña no llega."),
        ("it", "Da ieri non riesco ad accedere, l'e-mail per reimpostare la password non arriva."),
        ("pt", "Não consigo entrar desde ontem, o e-mail para redefinir a senha não chega."),
        ("nl", "Waar is mijn pakket? Het zou maandag worden geleverd."),
        ("pl", "Od wczoraj nie mogę się zalogować, e-mail do zmiany hasła nie przychodzi."),
        ("ja", "昨日からログインできません。パスワード再設定のメールが届きません。"),
        ("ar", "لا أستطيع تسجيل الدخول منذ أمس ولم يصل بريد إعادة التعيين."),
        ("", "Hej, jag kan inte logga in sedan igår och återställningsmejlet kommer aldrig fram."),
        ("", "Здравствуйте, деньги списали дважды."),
        ("", "您好 我的卡被重复扣款两次 请退款。"),
        ("", "20931"),
        ("", ""),
        ("de", "Wo bleibt mein Paket?\n> Hello, where is the parcel that you have sent to me?"),
    ],
)
def test_the_language_of_an_email_is_found_by_its_common_words(language: str, text: str) -> None:
    assert detect(text, Translations().common_words()) == language
