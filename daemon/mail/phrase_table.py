"""Read tables of phrases that are written in lines, with semicolons between the phrases."""


def split_phrases(*lines: str) -> tuple[str, ...]:
    """Return the phrases of a table, in order."""
    return tuple(phrase.strip() for line in lines for phrase in line.split(";"))
