"""How names, values and errors are written, on either engine."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name as SQL has it, whatever characters it is made of."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A text as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"


def first_line(error: object, lines: int = 1) -> str:
    """What of an engine's message a user can act on, without a full stop."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(said[:lines]).rstrip(".") or type(error).__name__
