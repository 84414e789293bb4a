"""Render views to subject, text and HTML with Jinja2 templates: ours, or those of the admin with the same name."""

import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from daemon.text import harmless_line
from workers.notify.contexts import View, context
from workers.notify.samples import SAMPLES

MAX_OUTPUT: Final = 512 * 1024
SUFFIX: Final = ".j2"
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
    """Renders emails with the templates of the package; a file in the directory `overrides` replaces one by its name.

    Templates are read once; make a new renderer to read changed files.
    """

    def __init__(self, overrides: Path | None = None) -> None:
        if overrides is not None and not overrides.is_dir():
            raise TemplateProblem(str(overrides), None, "no such directory")
        self._overrides = overrides
        self._ours = _environment(None)
        self._environment = _environment(overrides) if overrides else self._ours

    def render(self, kind: str, view: View) -> Rendered:
        """Return the rendered email of this kind; raises TemplateProblem.

        If a template of the admin fails, ours are used instead: the email is more important than its looks.
        """
        try:
            return _render(self._environment, kind, view)
        except TemplateProblem as problem:
            if self._environment is self._ours:
                raise
            return replace(_render(self._ours, kind, view), fault=str(problem))

    def check(self) -> None:
        """Render every template with each sample; raises TemplateProblem at the first that fails."""
        known = [name for name in PackageLoader("templates", "mail").list_templates() if name.endswith(SUFFIX)]
        for path in sorted(self._overrides.iterdir()) if self._overrides else ():
            if path.name not in known:
                raise TemplateProblem(str(path), None, f"no template has this name; known are {', '.join(known)}")
            _refuse_unreadable(path)
        for kind, view in SAMPLES:
            if not _render(self._environment, kind, view).subject:
                raise TemplateProblem(f"{kind}.subject{SUFFIX}", None, "renders an empty subject")


def _refuse_unreadable(path: Path) -> None:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TemplateProblem(str(path), None, "not UTF-8") from None
    except OSError as error:
        raise TemplateProblem(str(path), None, f"cannot be read: {error.strerror}") from None


def _render(environment: Environment, kind: str, view: View) -> Rendered:
    values = context(view)
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
        """Allow only macros and super(). Undefined raises its own error, which names the variable."""
        return isinstance(obj, (Macro, BlockReference, Undefined))


def _environment(overrides: Path | None) -> _Environment:
    packaged: list[BaseLoader] = [PackageLoader("templates", "mail")]
    loaders = [FileSystemLoader(overrides), *packaged] if overrides else packaged
    environment = _Environment(
        loader=ChoiceLoader(loaders),
        undefined=StrictUndefined,
        # select_autoescape looks at the end of the name, which is always .j2.
        autoescape=lambda name: name is None or name.endswith(f".html{SUFFIX}"),
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS} | OWN_FILTERS
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


def _breaks(text: str) -> Markup:
    """Escape text and keep its lines and indents, also in programs that ignore CSS for white space."""
    kept = str(escape(text)).replace("  ", "\u00a0 ").replace("\n", "<br>\n")
    return Markup(kept)  # noqa: S704 - escaped above


def _command(text: str) -> Markup:
    """Escape a command so that no line breaks between the dashes of an option and its name."""
    kept = re.sub(r"--[a-z-]+", r'<span style="white-space:nowrap">\g<0></span>', str(escape(text)))
    return Markup(kept)  # noqa: S704 - escaped above


def _inset(text: str) -> str:
    """Indent the text of a sender, so that nobody can imitate our own lines."""
    return "\n".join(f"  {line}".rstrip() for line in str(text).split("\n"))


def _quoted(text: str) -> str:
    """Quote text as mail programs do."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).split("\n"))


OWN_FILTERS: Final = {"breaks": _breaks, "command": _command, "inset": _inset, "quoted": _quoted}


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
