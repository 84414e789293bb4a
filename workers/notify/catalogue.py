"""Extract what our emails say and update the catalogues: `make locale`."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from daemon.mail.command_table import COMMANDS
from workers.notify.translate import COMMON_WORDS, DOMAIN, WORDS_CONTEXT

ROOT: Final = Path(__file__).resolve().parents[2]
LOCALE: Final = ROOT / "templates" / "locale"
KEYWORDS: Final = {"phrase": None, "plural": (1, 2), "term": ((1, "c"), 2)}
TRANS: Final = {"gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
TEMPLATES: Final = {"trimmed": "true"}
# A catalogue changes only with what it says.
FIXED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_HEADER: Final = "# What triaged says in its emails. CONTRIBUTING.md says how to add a language."
_WORDS_COMMENT: Final = "Not a translation: about 45 of the most common words of your language, in lower case."


def template() -> Catalog:
    """Return all messages of templates and code, without translations."""
    catalogue = Catalog(project=DOMAIN, domain=DOMAIN, creation_date=FIXED, revision_date=FIXED, fuzzy=False)
    catalogue.header_comment = _HEADER
    catalogue.add(COMMON_WORDS, context=WORDS_CONTEXT, auto_comments=[_WORDS_COMMENT])
    for file, method in _sources():
        for line, message, comments, context in extract(
            method, io.BytesIO(file.read_bytes()), {**KEYWORDS, **TRANS}, (), _options(method)
        ):
            catalogue.add(message, None, [(str(file.relative_to(ROOT)), line)], auto_comments=comments, context=context)
    for spec in COMMANDS:
        catalogue.add(spec.help, locations=[("daemon/mail/command_table.py", 1)])
    return catalogue


def updated(text: str, language: str, source: Catalog) -> Catalog:
    """Return a catalogue with all messages of `source`; new ones have no translation, old ones are dropped."""
    catalogue = read_po(io.StringIO(text), locale=language, domain=DOMAIN)
    catalogue.update(source, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = FIXED
    catalogue.fuzzy = False
    return catalogue


def written(catalogue: Catalog) -> str:
    """Return the text of a catalogue."""
    text = io.BytesIO()
    write_po(text, catalogue, width=100, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    return text.getvalue().decode().rstrip("\n") + "\n"


def _sources() -> Iterator[tuple[Path, str]]:
    for file in sorted((ROOT / "templates" / "mail").glob("*.j2")):
        yield file, "jinja2.ext:babel_extract"
    for file in sorted((ROOT / "workers" / "notify").glob("*.py")):
        yield file, "python"


def _options(method: str) -> dict[str, str]:
    return dict(TEMPLATES) if "jinja2" in method else {}


def main() -> None:
    """Write the template and update every catalogue."""
    source = template()
    (LOCALE / f"{DOMAIN}.pot").write_text(written(source), "utf-8")
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        language = path.parents[1].name
        path.write_text(written(updated(path.read_text("utf-8"), language, source)), "utf-8")


if __name__ == "__main__":
    main()
