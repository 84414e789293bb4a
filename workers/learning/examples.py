"""Read labelled tickets from CSV files; errors name the line."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from daemon.vocabulary import Priority
from workers.triage.preprocess import Case, clean

MAX_FIELD = 200_000
MAX_ROWS = 200_000


class ExampleError(ValueError):
    """A file of examples cannot be used; the message names the file, the line and the problem."""

    def __init__(self, source: str, line: int, problem: str) -> None:
        super().__init__(f"{source}{f', line {line}' if line else ''}: {problem}")
        self.source = source
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Example:
    """A ticket and its true category.

    `situation` and `voice` group similar examples. `verified` marks one that a person of this company confirmed, `own`
    one that its admin gave, `shipped` one of ours, which everybody may read. In a `guessed` one, the category is what
    the model says. `boilerplate` are the digests of blocks of
    text that are not read.
    """

    subject: str
    body: str
    category: str
    priority: Priority | None = None
    situation: str = ""
    voice: str = ""
    industry: str = ""
    verified: bool = False
    key: str = ""
    shipped: bool = False
    own: bool = False
    guessed: bool = False
    boilerplate: frozenset[str] = frozenset()
    at: datetime | None = None

    @property
    def case(self) -> Case:
        """Return the text as triage reads it."""
        return clean(self.subject, self.body, self.boilerplate)


def read_files(paths: Iterable[Path]) -> list[Example]:
    """Read several CSV files; raises ExampleError."""
    return [example for path in paths for example in read_file(path)]


def read_file(path: Path, categories: Collection[str] | None = None) -> list[Example]:
    """Read a CSV file with the columns subject, body and category (or label); raises ExampleError.

    Optional columns: id, priority, situation, voice, industry. `categories` are the allowed names, None allows any.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExampleError(path.name, 0, f"cannot be read: {error.strerror}") from error
    return list(parse(content, path.name, categories))


def parse(content: bytes, source: str, categories: Collection[str] | None = None) -> Iterator[Example]:
    """Yield the examples of a CSV file; raises ExampleError at the first bad line."""
    rows = csv.DictReader(io.StringIO(decoded(content, source), newline=""), strict=True)
    label = label_column(rows, source)
    try:
        for count, row in enumerate(rows):
            if count >= MAX_ROWS:
                raise ExampleError(source, rows.line_num, f"more than {MAX_ROWS:,} rows")
            yield example(row, label, source, rows.line_num, categories)
    except csv.Error as error:
        raise ExampleError(source, rows.line_num + 1, str(error)) from error


def decoded(content: bytes, source: str) -> str:
    """Decode UTF-8; raises ExampleError with the line of the first bad byte."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExampleError(source, content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from error
    at = text.find("\0")
    if at >= 0:
        raise ExampleError(source, text.count("\n", 0, at) + 1, "has a NUL character")
    return text


def label_column(rows: "csv.DictReader[str]", source: str) -> str:
    """Check the header and return the name of the column with the category; raises ExampleError."""
    try:
        columns = rows.fieldnames or ()
    except csv.Error as error:
        raise ExampleError(source, 1, str(error)) from error
    label = next((name for name in ("category", "label") if name in columns), None)
    missing = [name for name in ("subject", "body") if name not in columns] + ([] if label else ["category"])
    if missing or label is None:
        raise ExampleError(
            source, 1, f"the column {', '.join(missing)} is missing; found: {', '.join(columns) or 'none'}"
        )
    return label


def example(
    row: Mapping[str | None, str | None],
    label: str,
    source: str,
    line: int,
    categories: Collection[str] | None,
) -> Example:
    """Check one row; raises ExampleError."""
    if None in row or None in row.values():
        raise ExampleError(source, line, "has more or fewer fields than the header")
    fields = {str(name): str(value) for name, value in row.items()}
    if any(len(value) > MAX_FIELD for value in fields.values()):
        raise ExampleError(source, line, f"a field has more than {MAX_FIELD:,} characters")
    category = fields[label].strip()
    if not category or (categories is not None and category not in categories):
        known = f"; known: {', '.join(categories)}" if categories else ""
        raise ExampleError(source, line, f"the category {category!r} is unknown{known}")
    return Example(
        subject=fields["subject"],
        body=fields["body"],
        category=category,
        priority=priority(fields.get("priority", ""), source, line),
        situation=fields.get("situation", ""),
        voice=fields.get("voice", ""),
        industry=fields.get("industry", ""),
        key=fields.get("id", ""),
    )


def priority(text: str, source: str, line: int) -> Priority | None:
    """Return a priority, None for an empty field; raises ExampleError."""
    if not text.strip():
        return None
    try:
        found = Priority(text.strip().capitalize())
    except ValueError as error:
        raise ExampleError(source, line, f"the priority {text!r} is not Urgent, High, Medium or Low") from error
    return found
