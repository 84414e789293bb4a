"""Render views to subject, text and HTML with Jinja2 templates: ours, or those of the admin with the same name."""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from daemon.text import harmless_line
from workers.notify import filters
from workers.notify.contexts import View, context
from workers.notify.filters import OWN_FILTERS
from workers.notify.samples import SAMPLES
from workers.notify.translate import CatalogueError, Translations

MAX_OUTPUT: Final = 512 * 1024
SUFFIX: Final = ".j2"
LOCALE: Final = "locale"
FORMS: Final = ("subject", "txt", "html")
# Filters that neither turn off escaping nor make the output much larger than the input.
FILTERS: Final = (
    *("capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last", "length"),
    *("list", "lower", "replace", "reverse", "round", "string", "title", "trim", "truncate", "upper", "wordcount"),
)
TESTS: Final = ("defined", "undefined", "none", "number", "string", "true", "false", "odd", "even", "in", "==", "eq")


class TemplateProblem(Exception):  # noqa: N818 - a message for the admin
    """A template cannot be used; the message names the file, the line and the problem."""

    def __init__(self, file: str, line: int | None, what: str) -> None:
        super().__init__(f"{file}, line {line}: {what}" if line else f"{file}: {what}")
        self.file = file
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class Rendered:
    """The output of the templates. `fault` is the reason why those of the admin were not used, or ""."""

    subject: str
    text: str
    html: str
    fault: str = ""


class Renderer:
    """Renders emails with the templates of the package; a file in one of `overrides` replaces that of its name.

    The first directory that has a file wins. Files in a folder "locale" are languages. Templates are read once; make a
    new renderer to read changed files.
    """

    def __init__(self, *overrides: Path | None) -> None:
        self._overrides = tuple(path for path in overrides if path is not None)
        for path in self._overrides:
            if not path.is_dir():
                raise TemplateProblem(str(path), None, "no such directory")
        self.translations = Translations(*(path / LOCALE for path in self._overrides))
        self._ours = _environment((), self.translations)
        self._environment = _environment(self._overrides, self.translations) if self._overrides else self._ours

    def render(self, kind: str, view: View, languages: Sequence[str] = ()) -> Rendered:
        """Return the rendered email of this kind in the first of the languages that is known; raises TemplateProblem.

        If a template of the admin fails, ours are used instead: the email is more important than its looks.
        """
        values = context(view, self.translations.first_of(languages))
        try:
            return _render(self._environment, kind, values)
        except TemplateProblem as problem:
            if self._environment is self._ours:
                raise
            return replace(_render(self._ours, kind, values), fault=str(problem))

    def check(self) -> None:
        """Render every template with each sample; raises TemplateProblem at the first that fails."""
        known = [name for name in PackageLoader("templates", "mail").list_templates() if name.endswith(SUFFIX)]
        for path in (path for folder in self._overrides for path in sorted(folder.iterdir())):
            if path.name == LOCALE and path.is_dir():
                self._check_languages()
                continue
            if path.name not in known:
                raise TemplateProblem(str(path), None, f"no template has this name; known are {', '.join(known)}")
            _refuse_unreadable(path)
        english = self.translations.first_of(())
        for kind, view in SAMPLES:
            if not _render(self._environment, kind, context(view, english)).subject:
                raise TemplateProblem(f"{kind}.subject{SUFFIX}", None, "renders an empty subject")

    def _check_languages(self) -> None:
        try:
            self.translations.check()
        except CatalogueError as error:
            raise TemplateProblem(error.file, None, error.what) from None


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file():
        # To read a pipe would wait for ever.
        raise TemplateProblem(str(path), None, "cannot be read: not a file")
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TemplateProblem(str(path), None, "not UTF-8") from None
    except OSError as error:
        raise TemplateProblem(str(path), None, f"cannot be read: {error.strerror}") from None


def _render(environment: Environment, kind: str, values: dict[str, object]) -> Rendered:
    subject, text, html = (_fill(environment, f"{kind}.{form}{SUFFIX}", values) for form in FORMS)
    return Rendered(harmless_line(subject), text.strip("\n") + "\n", html)


def _fill(environment: Environment, name: str, values: dict[str, object]) -> str:
    try:
        return _bounded(environment.get_template(name).generate(values))
    except TemplateSyntaxError as error:
        raise TemplateProblem(error.filename or name, error.lineno, error.message or "syntax error") from None
    except TemplateNotFound as error:
        raise TemplateProblem(name, None, f"there is no template {error.name}") from None
    except Exception as error:  # noqa: BLE001 - an expression in a template can raise anything
        file, line = _place(error, name)
        raise TemplateProblem(file, line, harmless_line(str(error)) or type(error).__name__) from None


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox without multiplication of text, method calls and globals, which could make huge output."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Allow products and remainders only of numbers."""
        if operator == "**" or not all(isinstance(side, (int, float)) for side in (left, right)):
            raise SecurityError(f"{operator} is not allowed here")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: object) -> bool:
        """Allow only macros, super() and the functions of {% trans %}.

        Undefined raises its own error, which names the variable.
        """
        return isinstance(obj, (Macro, BlockReference, Undefined)) or id(obj) in self._functions

    @cached_property
    def _functions(self) -> frozenset[int]:
        return frozenset(map(id, self.globals.values()))


class _Compiled(BytecodeCache):
    """Keeps what each template was compiled to, in memory: each brand and each reload has an environment of its own.

    Jinja compares the source, so a changed file is compiled again.
    """

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with the code of its template, if that is known."""
        if (code := self._codes.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a bucket."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


_COMPILED: Final = _Compiled()


def _environment(overrides: Sequence[Path], translations: Translations) -> _Environment:
    packaged: list[BaseLoader] = [PackageLoader("templates", "mail")]
    loaders = [FileSystemLoader(overrides), *packaged] if overrides else packaged
    environment = _Environment(
        loader=ChoiceLoader(loaders),
        undefined=StrictUndefined,
        # select_autoescape looks at the end of the name, which is always .j2.
        autoescape=lambda name: name is None or name.endswith(f".html{SUFFIX}"),
        auto_reload=False,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.globals.clear()
    environment.policies["ext.i18n.trimmed"] = True
    filters.install_gettext(environment, translations)
    environment.filters = {name: environment.filters[name] for name in FILTERS} | OWN_FILTERS
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


def _bounded(pieces: Iterable[str]) -> str:
    taken, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_OUTPUT:
            raise SecurityError(f"renders more than {MAX_OUTPUT} characters")
        taken.append(piece)
    return "".join(taken)


def _place(error: Exception, name: str) -> tuple[str, int | None]:
    """Return the file and line of the template that raised an error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(SUFFIX)]
    return (frames[-1].filename, frames[-1].lineno) if frames else (name, None)
