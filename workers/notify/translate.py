"""Translate what our emails say: gettext catalogues (.po), ours and those of the admin, read when first needed."""

import gettext
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from daemon.mail.language import CommonWords, common_words
from workers.notify import sentences
from workers.notify.phrases import ENGLISH, PLACEHOLDER, Phrase, fill

DOMAIN: Final = "triaged"
MAX_BYTES: Final = 1024 * 1024
_OURS: Final = "templates/locale"
WORDS_CONTEXT: Final = "common words"
# By its most common words an email in a language is recognised; each catalogue has those of its language.
COMMON_WORDS: Final = (
    "the and you that with have not this are was from your for our please can would but what when which there been "
    "will is it we my me how do does did has they hello thanks regards could cannot still after an of to where should"
)


class CatalogueError(Exception):
    """A catalogue cannot be used; the message names the file and the problem."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file}: {what}")
        self.file, self.what = file, what


class Translation:
    """One language: says phrases, and translates the texts of templates."""

    def __init__(self, language: str, catalogues: gettext.NullTranslations) -> None:
        self.language, self._catalogues = language, catalogues
        self.right_to_left = _is_right_to_left(language)

    def say(self, phrase: Phrase) -> str:
        """Return a phrase in this language, as one line that is safe to show."""
        return fill(self._text_of(phrase), phrase, self)

    def day(self, day: date) -> str:
        """Return a day with the name of its month."""
        return ENGLISH.day(day) if self.language == ENGLISH.language else format_date(day, "long", self.language)

    def gettext(self, text: str) -> str:
        """Return a text in this language, or as it is."""
        return self._catalogues.gettext(text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form of a text for a number."""
        return self._catalogues.ngettext(singular, plural, count)

    def pgettext(self, context: str, text: str) -> str:
        """Return a text that has another meaning in another context."""
        return self._catalogues.pgettext(context, text)

    def npgettext(self, context: str, singular: str, plural: str, count: int) -> str:
        """Return the form for a number of a text that has another meaning in another context."""
        return self._catalogues.npgettext(context, singular, plural, count)

    def _text_of(self, phrase: Phrase) -> str:
        if phrase.plural:
            return self.ngettext(phrase.text, phrase.plural, phrase.count)
        return self.pgettext(phrase.context, phrase.text) if phrase.context else self.gettext(phrase.text)


class Translations:
    """All languages: ours, and the files LANGUAGE.po in the admin's directories, which come first, in that order."""

    def __init__(self, *own: Path) -> None:
        files_of = [sorted(filter(_is_meant, folder.iterdir())) for folder in own if folder.is_dir()]
        self._own = {path.stem: path for paths in reversed(files_of) for path in paths}
        self._codes = frozenset({ENGLISH.language, *ours(), *self._own})
        self._loaded: dict[str, Translation] = {}
        self._common: CommonWords | None = None
        self._sentences: tuple[str, ...] | None = None

    def languages(self) -> tuple[str, ...]:
        """Return the codes of all languages that have a catalogue."""
        return tuple(sorted(self._codes))

    def first_of(self, languages: Sequence[str]) -> Translation:
        """Return the first language that has a catalogue, itself or its parent as "de" for "de-AT"; else English."""
        found = (code for language in languages for code in _spellings(language) if code in self._codes)
        return self._get(next(found, ENGLISH.language))

    def _get(self, code: str) -> Translation:
        # Loaded twice by two threads at once, the second wins: both are the same.
        if code not in self._loaded:
            self._loaded[code] = Translation(code, self._load(code))
        return self._loaded[code]

    def common_words(self) -> CommonWords:
        """Return the most common words of all languages, by which an email in one of them is recognised."""
        if self._common is None:
            lists = {code: self._get(code).pgettext(WORDS_CONTEXT, COMMON_WORDS) for code in self.languages()}
            english = lists.pop(ENGLISH.language)
            own = {code: words for code, words in lists.items() if words != COMMON_WORDS}
            self._common = common_words({ENGLISH.language: english, **own})
        return self._common

    def team_sentences(self) -> tuple[str, ...]:
        """Return what our emails to teams say in all languages, to recognise it in an answer to one."""
        if self._sentences is None:
            self._sentences = sentences.of_team(_english(), [self._get(code) for code in self.languages()])
        return self._sentences

    def check(self) -> None:
        """Load every catalogue of the admin; raises CatalogueError at the first that cannot be used."""
        for language, path in self._own.items():
            if path.suffix != ".po" or not _is_language(language):
                raise CatalogueError(str(path), "not a catalogue; name it by its language, as in da.po")
            self._get(language)

    def _load(self, code: str) -> gettext.NullTranslations:
        path = self._own.get(code)
        if path is None:
            return _shipped(code)
        first = _translations(read(_text_of(path), code, str(path)))
        first.add_fallback(_shipped(code))
        return first


@cache
def _shipped(code: str) -> gettext.NullTranslations:
    """Return our catalogue of a language, read once: several addresses may have templates of their own."""
    path = ours().get(code)
    if path is None:
        return gettext.NullTranslations()
    return _translations(read(path.read_text("utf-8"), code, f"{_OURS}/{code}"))


def _is_meant(path: Path) -> bool:
    """Say whether a file is one of the admin, and not what an editor keeps beside it: .da.po.swp, da.po~, #da.po#."""
    return not (path.name.startswith((".", "#")) or path.name.endswith("~"))


@cache
def _english() -> Catalog:
    """Return our catalogue of English, with the files that each text stands in."""
    return read(ours()[ENGLISH.language].read_text("utf-8"), ENGLISH.language, _OURS)


@cache
def ours() -> Mapping[str, Traversable]:
    """Return the catalogues of the package by language."""
    folders = (files("templates") / "locale").iterdir()
    found = ((folder.name, folder / "LC_MESSAGES" / f"{DOMAIN}.po") for folder in folders if folder.is_dir())
    return {language: path for language, path in found if path.is_file()}


def read(text: str, language: str, name: str) -> Catalog:
    """Read a catalogue; raises CatalogueError for one that is broken, or whose placeholders differ from the English."""
    try:
        catalogue = read_po(io.StringIO(text), locale=language, domain=DOMAIN, abort_invalid=True)
    except (PoFileError, ValueError, UnknownLocaleError) as error:
        raise CatalogueError(name, str(error)) from None
    for problem in problems(catalogue):
        raise CatalogueError(name, problem)
    return catalogue


def problems(catalogue: Catalog) -> Iterator[str]:
    """Yield what is wrong with translations: a placeholder too much, too few, or a percent sign of its own.

    A plural form may leave out a number, as "one line" does.
    """
    for message in catalogue:
        for sources, translation in _pairs(message.id, message.string):
            wanted = [set(PLACEHOLDER.findall(source)) for source in sources]
            found = set(PLACEHOLDER.findall(translation))
            needed = set.intersection(*wanted) if len(sources) == 1 else set.intersection(*wanted) - {"count", "num"}
            if not needed <= found <= set.union(*wanted):
                yield f"line {message.lineno}: the placeholders of {translation!r} differ from those of {sources[0]!r}"
            elif "%" in PLACEHOLDER.sub("", translation).replace("%%", ""):
                yield f"line {message.lineno}: a single % in {translation!r}; write %%"


def _pairs(source: object, target: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each translation that is not empty, with the English forms that it may stand for."""
    sources = (source,) if isinstance(source, str) else source
    targets = (target,) if isinstance(target, str) else target
    if isinstance(sources, (list, tuple)) and isinstance(targets, (list, tuple)) and sources != ("",):
        yield from ((tuple(map(str, sources)), str(one)) for one in targets if one)


def _translations(catalogue: Catalog) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CatalogueError(str(path), f"larger than {MAX_BYTES} bytes")
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise CatalogueError(str(path), "not UTF-8") from None
    except OSError as error:
        raise CatalogueError(str(path), f"cannot be read: {error.strerror}") from None


def _spellings(language: str) -> tuple[str, ...]:
    """Return the codes to look for: "pt-BR" as "pt_BR", then as "pt"."""
    code = language.replace("-", "_")
    return code, code.partition("_")[0].lower()


def _is_language(code: str) -> bool:
    try:
        Locale.parse(code)
    except (ValueError, UnknownLocaleError):
        return False
    return True


def _is_right_to_left(language: str) -> bool:
    return _is_language(language) and Locale.parse(language).text_direction == "rtl"
