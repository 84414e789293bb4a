"""Filters of the templates of emails, and the functions behind {% trans %}. Pure, but for the catalogues."""

import textwrap
from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from workers.notify.phrases import isolated
from workers.notify.translate import Translation, Translations

WIDTH: Final = 72


def breaks(text: str) -> Markup:
    """Escape text and keep its lines and indents, also in programs that ignore CSS for white space."""
    kept = str(escape(text)).replace("  ", "\u00a0 ").replace("\n", "<br>\n")
    return Markup(kept)  # noqa: S704 - escaped above


def inset(text: str) -> str:
    """Indent the text of a sender, so that nobody can imitate our own lines."""
    return "\n".join(f"  {line}".rstrip() for line in str(text).split("\n"))


def quoted(text: str) -> str:
    """Quote text as mail programs do."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).split("\n"))


@pass_context
def iso(context: Context, text: str) -> str:
    """Return a value so that its direction of writing does not change that of the sentence around it."""
    if context.eval_ctx.autoescape:
        return Markup(f"<bdi>{escape(text)}</bdi>")  # noqa: S704 - escaped
    return isolated(text, right_to_left=context.resolve("direction") == "rtl")


@pass_context
def strong(context: Context, text: str) -> str:
    """Return a value that stands out and is not broken over lines."""
    if context.eval_ctx.autoescape:
        return Markup(f'<strong style="white-space:nowrap"><bdi>{escape(text)}</bdi></strong>')  # noqa: S704 - escaped
    return isolated(text, right_to_left=context.resolve("direction") == "rtl")


def wrap(text: str) -> str:
    """Break the lines of plain text at 72 characters; long words, such as addresses, stay whole."""
    return "\n".join(map(_wrapped, str(text).split("\n")))


def _wrapped(line: str) -> str:
    # Most lines are short, and for these the library does nothing else.
    if len(line) <= WIDTH and line.isprintable():
        return line.rstrip()
    return "\n".join(textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False))


OWN_FILTERS: Final = {
    "breaks": breaks,
    "inset": inset,
    "iso": iso,
    "quoted": quoted,
    "strong": strong,
    "wrap": wrap,
}


def install_gettext(environment: Environment, translations: Translations) -> None:
    """Translate {% trans %} into the language that the context of a template names."""
    known: dict[str, Translation] = {}

    def of(context: Context) -> Translation:
        language = str(context.resolve("language"))
        if language not in known:
            known[language] = translations.first_of([language])
        return known[language]

    def filled(context: Context, text: str, values: Mapping[str, object]) -> str:
        return (Markup(text) if context.eval_ctx.autoescape else text) % values  # noqa: S704 - a text of ours

    @pass_context
    def gettext(context: Context, text: str, /, **values: object) -> str:
        return filled(context, of(context).gettext(text), values)

    @pass_context
    def ngettext(context: Context, singular: str, plural: str, num: int, /, **values: object) -> str:
        return filled(context, of(context).ngettext(singular, plural, num), {"num": num} | values)

    @pass_context
    def pgettext(context: Context, meaning: str, text: str, /, **values: object) -> str:
        return filled(context, of(context).pgettext(meaning, text), {"context": meaning} | values)

    @pass_context
    def npgettext(context: Context, meaning: str, singular: str, plural: str, num: int, /, **values: object) -> str:
        found = of(context).npgettext(meaning, singular, plural, num)
        return filled(context, found, {"context": meaning, "num": num} | values)

    # Not by the extension's own installer: its functions call ours by Jinja again, which costs more than the look-up.
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # the extension adds it
    environment.globals.update(gettext=gettext, ngettext=ngettext, pgettext=pgettext, npgettext=npgettext)
