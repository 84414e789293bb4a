"""Write docs/CONFIGURATION.md and config/triaged.toml from the schema: `python -m config.document`.

The schema is the one source of every name, type, default, range and sentence; a test compares both files with it.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "CONFIGURATION.md"
EXAMPLE = ROOT / "config" / "triaged.toml"
WIDTH = 118
# The last word of a name says the unit.
UNITS = {"bytes": "bytes", "seconds": "seconds", "minutes": "minutes", "hours": "hours", "days": "days"}
PATTERNS = {
    r"^[\w .+-]{1,64}$": "1 to 64 letters, digits and `_ .+-`",
    r"^[\w .&/+-]{1,64}$": "1 to 64 letters, digits and `_ .&/+-`",
    r"^[^\x00-\x1f\x7f]{1,64}$": "1 to 64 characters, no control characters",
    r"^[^\x00-\x1f\x7f<>@]{1,64}$": "1 to 64 characters, no `< > @`",
    r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}$": "a language code such as `en` or `pt-BR`",
    r"^(/[A-Za-z0-9._~-]{1,64}){0,8}$": "a path such as `/helpdesk`",
    r"^[A-Za-z0-9.-]{1,253}$": "host names",
    r"^(https?://[^/?#@\s]{1,255}(/[A-Za-z0-9._~-]{1,64}){0,8})?$": "http or https URL",
    r"^([A-Za-z0-9-]{1,64})?$": "the name of a header",
    r"^https://[^/?#@\s]{1,255}(/[^?#\s]{0,255})?$|^http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/[^?#\s]{0,255})?$": (
        "https URL"
    ),
    r"^[!-~]{1,255}$": "1 to 255 printable ASCII characters without spaces",
    r"^[A-Z]{1,6}$": "1 to 6 letters A to Z",
    r"^https://[^/?#@\s]+([/?#]\S*)?$|^http://(127\.0\.0\.1|localhost)[:/][^@\s]*$": "https URL",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `default` and `example` are TOML, or "" where there is none."""

    name: str
    type: str
    default: str
    required: bool
    allowed: str
    example: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Table:
    """One section; `many` where the file may have several of it, `entries` those in force by default."""

    name: str
    many: bool
    sentence: str
    settings: tuple[Setting, ...]
    entries: tuple[Mapping[str, object], ...] = ()


def tables() -> Iterator[Table]:
    """Yield the sections in the order of the file, each table inside a table after it."""
    schema = Settings.model_json_schema()
    for name, entry in schema["properties"].items():
        many = entry.get("type") == "array"
        found = _resolve(entry["items"] if many else entry, schema)
        entries = tuple(entry["default"]) if many else ()
        yield Table(name, many, _text(found), tuple(_settings(found, schema)), entries)
        for inner, field in found["properties"].items():
            kind = _some(field)
            entries_below = kind.get("type") == "array"
            if "properties" in (below := _resolve(kind["items"] if entries_below else kind, schema)):
                yield Table(f"{name}.{inner}", entries_below, _text(below), tuple(_settings(below, schema)))


def _settings(section: dict[str, Any], schema: dict[str, Any]) -> Iterator[Setting]:
    for name, field in section["properties"].items():
        kind = _some(field)
        default = field.get("default")
        yield Setting(
            name,
            field.get("x-type") or _type(kind, schema),
            "" if default is None else literal(default),
            name in section.get("required", ()),
            _allowed(name, kind),
            literal(field["examples"][0]) if "examples" in field else "",
            _text(field),
        )


def _resolve(entry: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry
    return found


def _some(field: dict[str, Any]) -> dict[str, Any]:
    """Return what a setting is where it is set."""
    found: dict[str, Any] = next((kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"), field)
    return found


def _text(entry: dict[str, Any]) -> str:
    return " ".join(entry["description"].split())


def _type(kind: dict[str, Any], schema: dict[str, Any]) -> str:
    if "properties" in _resolve(kind, schema):
        return "table"
    if "enum" in kind:
        return "one of"
    if kind["type"] == "array":
        item = _type(kind["items"], schema)
        return f"list of {item}{'es' if item.endswith('s') else 's'}"
    if kind["type"] == "object":
        return "table of names and secrets"
    plain = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    known = {"password": "secret", "path": "path"}
    form = kind.get("format")
    return known.get(form, form) if form else plain[kind["type"]]


def _allowed(name: str, kind: dict[str, Any]) -> str:
    parts = [", ".join(f"`{word}`" for word in kind.get("enum", ()))]
    least, most = kind.get("minimum"), kind.get("maximum")
    parts += [f"{_number(least)} to {_number(most)}" if least is not None and most is not None else ""]
    parts += [f"{_number(least)} or more" if least is not None and most is None else ""]
    parts += [f"more than {_number(kind['exclusiveMinimum'])}" if "exclusiveMinimum" in kind else ""]
    parts += [f"at most {_number(most)}" if least is None and most is not None else ""]
    parts += [f"less than {_number(kind['exclusiveMaximum'])}" if "exclusiveMaximum" in kind else ""]
    parts += [f"at least {kind['minItems']}" if "minItems" in kind else ""]
    parts += [PATTERNS[kind["pattern"]] if "pattern" in kind else ""]
    parts += [UNITS.get(name.rpartition("_")[2], "")]
    return "; ".join(part for part in parts if part)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else str(value)


def literal(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key} = {literal(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def reference() -> str:
    """Return docs/CONFIGURATION.md."""
    parts = [INTRODUCTION]
    for table in tables():
        heading = f"[[{table.name}]]" if table.many else f"[{table.name}]"
        parts.append(f"## {heading}\n\n{table.sentence}\n")
        parts.append("| setting | type | default | allowed, unit | meaning |\n|---|---|---|---|---|")
        parts += [_row(setting) for setting in table.settings]
        parts.append("")
    return "\n".join(parts)


def _row(setting: Setting) -> str:
    default = "required" if setting.required else f"`{setting.default}`" if setting.default else "not set"
    example = f" Example: `{setting.example}`." if setting.example else ""
    cells = (f"`{setting.name}`", setting.type, default, setting.allowed, setting.sentence + example)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def example() -> str:
    """Return config/triaged.toml: every setting with its sentence and its default."""
    return "\n".join([HEADER, *(line for table in tables() for line in _section(table))])


def _section(table: Table) -> Iterator[str]:
    if table.many and "." in table.name:
        # A list in the section above is in force, and TOML allows only one of the two forms.
        yield from _comment(f"[[{table.name}]]: {table.sentence}")
        yield from _explanations(table)
        yield ""
        return
    yield from _comment(table.sentence)
    if table.entries:
        yield from _explanations(table)
        for entry in table.entries:
            yield f"[[{table.name}]]"
            yield from (f"{key} = {literal(value)}" for key, value in entry.items() if value is not None)
            yield ""
        return
    off = "# " if table.many or "." in table.name else ""
    yield f"{off}[[{table.name}]]" if table.many else f"{off}[{table.name}]"
    for setting in table.settings:
        yield from _comment(_explained(setting))
        hidden = "" if setting.default and not off else "# "
        value = setting.example or setting.default if off else setting.default or setting.example
        if setting.type != "table":
            yield f"{hidden}{setting.name} = {value}"
    yield ""


def _explanations(table: Table) -> Iterator[str]:
    for setting in table.settings:
        yield from _comment(f"{setting.name}: {_explained(setting)}", indent="  ")


def _explained(setting: Setting) -> str:
    return f"{setting.sentence} ({setting.allowed.replace('`', '')})" if setting.allowed else setting.sentence


def _comment(sentence: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        sentence, WIDTH, initial_indent=f"## {indent}", subsequent_indent=f"## {indent}", break_on_hyphens=False
    )


def write() -> None:
    """Write both files."""
    REFERENCE.write_text(reference(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")


HEADER = f"""\
## Every setting of triaged with its default. Copy what you change to /etc/triaged/triaged.toml (or ./triaged.toml).
## A line that begins with "# " is a setting that is not set: remove the "# ". Lines that begin with "##" explain.
## A setting can also come from the environment, {PREFIX}SECTION__KEY=value, and a secret from a systemd credential,
## a file named section.key. The environment wins over credentials, and these over this file.
## `triaged check` shows what is in force. Written by `make docs` from config/schema.
"""

INTRODUCTION = f"""\
# Configuration

Every section and setting. Written by `make docs` from `config/schema`, as is the file to copy from,
[config/triaged.toml](../config/triaged.toml).

Nothing is needed for a first run. triaged reads the file that `--config FILE` names, else the one in
`{PREFIX}CONFIG`, else `./triaged.toml`. What comes later in this list wins:

1. the defaults below;
2. the file, in TOML;
3. systemd credentials: files named `section.key`, such as `outgoing.password`, or `imap.work.password` for the
   mailbox `work`;
4. the environment: `{PREFIX}SECTION__KEY`, such as `{PREFIX}OUTGOING__PASSWORD`; lists and tables are written in JSON.

A mistake stops triaged at once with exit code 78 and one line: file, key, what is wrong, what would be right. A file
that holds a secret must be readable by its owner only. `triaged check` shows what is in force, secrets masked.
SIGHUP makes the workers take changed templates, rules, team addresses, categories, `[triage]` and acknowledgement
limits; everything else needs a restart, and so does HTTP for every change.
"""

if __name__ == "__main__":
    write()
